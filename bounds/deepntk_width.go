package bounds

import (
	"fmt"
	"math"

	"convergo/bounds/kernel"
)

// OneLayerNTKVariance returns the exact variance of one entry of the empirical tangent kernel of a
// ReLU network with one hidden layer of the given width, in the NTK convention with all weights
// Gaussian and all layers trained, on two unit inputs at the given angle:
//
//	(1/m) [ 2 J2/pi + 4 r k1 + 6 r^2 k0 - (k1 + r k0)^2 ],   r = cos(angle),
//	J2 = 3 sin cos + (pi - angle)(1 + 2 cos^2),
//
// with k0, k1 the arc-cosine kernels of package kernel. It is 12/m for equal inputs and 0 for
// antipodal ones. The mean is kernel.NTK(1) at every width. The entry is the average of m copies of
// 2 relu(u) relu(v) + 2 r a^2 1{u>0} 1{v>0}, and E[2 relu(u)^2 relu(v)^2] = J2/pi.
func OneLayerNTKVariance(angle float64, width int) float64 {
	sin, r := math.Sin(angle), math.Cos(angle)
	k0 := (math.Pi - angle) / math.Pi
	k1, _ := kernel.NNGPStep(angle)
	j2 := 3*sin*r + (math.Pi-angle)*(1+2*r*r)
	mean := k1 + r*k0
	return (2*j2/math.Pi + 4*r*k1 + 6*r*r*k0 - mean*mean) / float64(width)
}

// OneLayerNTKDeviation returns a number that max_{ij} |K_ij - kernel.NTK(1)_ij| exceeds with
// probability at most delta, for the network of OneLayerNTKVariance on n unit inputs:
//
//	2 (sqrt(12 t/m) + 4 t/m),   t = log(2 n(n+1)/delta).
//
// Each of the two nonnegative summands of an entry has k-th moment at most (k!/2) 6 4^{k-2}, so that
// Bernstein's inequality holds with variance 6 and scale 4 on both sides.
func OneLayerNTKDeviation(n, width int, delta float64) (float64, error) {
	if n < 1 || width < 1 || !(delta > 0 && delta < 1) {
		return 0, fmt.Errorf("bounds: %d samples, width %d, delta = %v; sizes must be positive and delta in (0, 1)", n, width, delta)
	}
	return 2 * bernstein(math.Log(2*float64(n)*float64(n+1)/delta), width), nil
}

// ForwardGramError returns e_1, ..., e_H such that, with probability at least 1-delta, the Gram
// matrices of the features of all hidden layers of a ReLU network in the NTK convention satisfy
// max_{ij} |(F_h F_h^T)_ij - kernel.NNGP(h)_ij| <= e_h at once, on n unit inputs:
//
//	e_h = e_{h-1} [1 + (1/sqrt(1-e_{h-1}^2) - 1)/pi] + (1 + e_{h-1}) (sqrt(12 t/n_h) + 4 t/n_h),
//
// e_0 = 0, t = log(n(n+1)H/delta). From the first e_h >= 1 on there is no bound, and e_h = +Inf.
//
// Given layer h-1, the products of layer h deviate from their mean by the second term (Bernstein as in
// OneLayerNTKDeviation). The map from one covariance of a pair to the next has a Jacobian of row sum
// at most 1 + (c-1)/pi, c = (q + 1/q)/2 for the ratio q of the two norms, and c <= 1/sqrt(1-e^2) where
// the squared norms are within e of one. Hence errors add over the layers instead of multiplying.
func ForwardGramError(widths []int, n int, delta float64) ([]float64, error) {
	if n < 1 || !(delta > 0 && delta < 1) {
		return nil, fmt.Errorf("bounds: %d samples at delta = %v; need at least one and delta in (0, 1)", n, delta)
	}
	errors := make([]float64, len(widths))
	t := math.Log(float64(n) * float64(n+1) * float64(len(widths)) / delta)
	e := 0.0
	for h, width := range widths {
		if width < 1 {
			return nil, fmt.Errorf("bounds: width of hidden layer %d is %d; every width must be at least 1", h+1, width)
		}
		if e < 1 {
			e = e*(1+(1/math.Sqrt(1-e*e)-1)/math.Pi) + (1+e)*bernstein(t, width)
		}
		if e >= 1 {
			e = math.Inf(1)
		}
		errors[h] = e
	}
	return errors, nil
}

// bernstein is sqrt(12 t/m) + 4 t/m.
func bernstein(t float64, width int) float64 {
	m := float64(width)
	return math.Sqrt(12*t/m) + 4*t/m
}
