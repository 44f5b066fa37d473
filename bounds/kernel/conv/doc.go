// Package conv evaluates the limit kernels of convolutional ReLU networks exactly: the kernel of the
// last features (NNGP) and the tangent kernel (NTK, called CNTK for these networks), with a dense head
// on all pixels or on their mean (global average pooling, GAP).
//
// A [Net] says which network; [New] makes a [Kernel] for images of one [Shape]; [Kernel.Pair],
// [Kernel.Gram], [Kernel.Cross] and [Kernel.Block] evaluate it.
//
//	net := conv.Net{Depth: 20, Filter: 3, Head: conv.GAP}
//	k, err := conv.New(net, conv.Shape{Channels: 3, Height: 32, Width: 32}, conv.Options{})
//	gram, err := k.Gram(ctx, images)
//
// # The network
//
// An image has C0 channels of P x Q pixels. Layer h = 1..L convolves with filters of q x q weights,
// q odd, stride 1, and takes the ReLU; in the NTK convention all weights are N(0,1) and
//
//	u^(1) = W^(1) * x,   u^(h) = W^(h) * sqrt(2/(C q^2)) relu(u^(h-1)),   v = sqrt(2/(C q^2)) relu(u^(L)).
//
// The vanilla head is f = sum_pixels sum_channels w v, with a weight for each of both, the GAP head
// f = sum_channels w mean_pixels(v). With blocks, layers 2..L are grouped, and the block that starts
// from u adds its output to u: u^(h+b) = u^(h) + beta * (b layers from u^(h)).
//
// # The recursion (Arora et al. 2019, section 4)
//
// Let A sum a tensor T[ij,i'j'] over the patch, (A T)[ij,i'j'] = sum_{|a|,|b| <= (q-1)/2}
// T[i+a j+b, i'+a j'+b]. Then Sigma^(1) = A(x . x') and Theta^(1) = Sigma^(1), or 0 when the first layer
// is fixed. With s, s' the roots of the diagonals and cos t = Sigma^(h)/(s s'),
//
//	K = s s' (sin t + (pi-t) cos t)/(pi q^2),   D = (pi-t)/(pi q^2),
//	Sigma^(h+1) = A K,   Theta^(h+1) = A(D Theta^(h) + K).
//
// After the last layer the head sums K (NNGP) and D Theta^(L) + K (NTK; without K when the last layer is
// fixed) over ij = i'j' (vanilla), or takes the mean over all ij, i'j' (GAP). There is no patch sum after
// the last activation: the first version of the paper prints one, the network that it defines has none.
// A block has Sigma^(h+b) = Sigma^(h) + beta^2 A K and the same for Theta, because fresh weights have
// mean zero (derived here).
//
// # How it is computed
//
// A couples only entries of equal offset (i'-i, j'-j). Taken modulo the image, each offset is a plane of
// P x Q entries that goes through all layers on its own and stays in the first-level cache; zero padding
// becomes two cuts. The vanilla head needs the plane of offset (0,0) alone, GAP all P Q of them.
// With t = 1 - cos, all correlations being in [0, 1] after a ReLU, arccos and the rest of the kernel are
// sqrt(t) P(t) and t sqrt(t) H(t) with polynomials P and H: one square root an entry, which is free where it is computed
// beside the polynomials (with AVX-512 in float64 the kernel is no faster without any root, and slower with one by Newton's
// method from VRSQRT14PD, whose multiply-adds compete with those of the polynomials). Assembly takes one polynomial for
// all of [0, 1], plain Go short ones from a table.
//
// # Accuracy
//
// In float64 the polynomials err by less than a rounding of the result. A correlation that cannot be told
// from one (1 - cos below 24 roundings, the most that rounding makes of parallel patches) counts as one, so that
// repeated images and constant regions are exact. Patches that are nearly but not exactly parallel lose
// half the digits of D, as in any recursion on correlations: an error of up to sqrt(2*44u)/pi in D, 3e-8 in
// float64 (u = 2^-53) and 7e-4 in float32 (u = 2^-24). Sums over C0 channels make it sqrt(2*(44+C0)u)/pi, which tells
// with thousands of channels. [Kernel.Check] recomputes a sample in float64.
//
// Zero padding takes a share of the features in each layer, of small images most: a deep network's fall below the range
// of the type there (1 x 1 pixels: 3^-2L), and residual blocks can make them too large. Both are errors.
//
// References:
//
//	[Arora2019] S. Arora, S. Du, W. Hu, Z. Li, R. Salakhutdinov, R. Wang, On Exact Computation with an
//	    Infinitely Wide Neural Net, NeurIPS 2019.
//	[ChoSaul2009] Y. Cho and L. Saul, Kernel Methods for Deep Learning, NIPS 2009.
package conv
