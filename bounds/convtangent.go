package bounds

import "math"

// ConvolutionalTangentDeviation bounds the standard deviation of the tangent kernel of a convolutional ReLU network
// with one hidden layer of the given number of channels and q x q filters, at its start in the NTK convention, both
// layers trained. patches and others are the norms of the patches of the two images, pixel by pixel. With a dense head on
// all pixels it is
//
//	(2/q^2) sqrt(3 (S^2 + S'^2)/channels),   S = sum_s |patch_s|^2,
//
// and with global average pooling S = ((1/pixels) sum_s |patch_s|)^2 (derived here).
//
// The kernel is an average of independent Z_c, one a channel, and |Z_c| is at most the mean of its values at (x,x) and (z,z).
// There it is (2/q^2) (T_1 + T_2), T_1 = sum_s relu(u_s)^2 with E T_1^2 <= (3/2) S^2 by Minkowski, T_2 = |sum_s w_s 1{u_s>0}
// patch_s|^2, given the gates a square of Gaussians with E T_2^2 <= 3 (sum_s 1{u_s>0} |patch_s|^2)^2, in mean at most (3/2)
// S^2: E (T_1 + T_2)^2 <= 6 S^2. With pooling T_1 = (sum_s relu(u_s))^2 and T_2 = w^2 |sum_s 1{u_s>0} patch_s|^2 over
// pixels^2, with the same bounds.
func ConvolutionalTangentDeviation(patches, others []float64, filter, channels int, pooled bool) float64 {
	size := func(norms []float64) (s float64) {
		for _, v := range norms {
			if pooled {
				s += v / float64(len(norms))
			} else {
				s += v * v
			}
		}
		if pooled {
			s *= s
		}
		return s
	}
	s, t := size(patches), size(others)
	return 2 / float64(filter*filter) * math.Sqrt(3*(s*s+t*t)/float64(channels))
}
