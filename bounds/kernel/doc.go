// Package kernel evaluates the limit kernels of two-layer networks, and of ReLU networks of any depth,
// in closed form.
//
// A network f(W,x) = (1/sqrt m) sum_r a_r phi(w_r . x) with |a_r| = 1 and w_r ~ N(0, I_d) has, as
// the width m grows, two kernels that govern its training:
//
//   - the derivative kernel H(x,x') = (x . x') E[phi'(w . x) phi'(w . x')], when W is trained; for the
//     ReLU this is the H^inf whose smallest eigenvalue is the lambda_0 of the papers;
//   - the feature kernel Sigma(x,x') = E[phi(w . x) phi(w . x')], when the output layer is trained.
//
// [ReLU], [Erf], [Sine], ... are derivative kernels, [ReLUFeature], [ErfFeature], ... feature kernels.
// For networks with H hidden ReLU layers the sums over layers of products of both are [NTK], the tangent
// kernel when all layers are trained, [NTKTerm], its part that belongs to one layer, and [NNGP], the
// kernel of the last features; [NTKFactors] converts widths and weight variances.
//
// A [Kernel] is evaluated on a pair of inputs of any norm ([Kernel.Of]), on the cosine of unit inputs
// ([Kernel.At]) or on a whole data set ([Kernel.Gram], [Kernel.Cross]). [Kernel.Lambda0] is the
// smallest eigenvalue of the Gram matrix with a rigorous error bound, [Kernel.Coefficient] the power
// series behind the lower bounds on it.
//
// Angles near 0 and near pi are computed from the chords to x' and to -x' and never from an arccosine of a clamped inner
// product, so that repeated and antipodal inputs have the angles 0 and pi exactly, and a Gram matrix
// that is singular in theory is singular to rounding (1e-15, not 1e-9). Between arccos 0.8 and its complement to pi, where an
// arccosine loses nothing, the inner products of a Gram matrix come from a matrix product.
//
// References:
//
//	[ChoSaul2009] Y. Cho and L. Saul, Kernel Methods for Deep Learning, NIPS 2009 (arc-cosine kernels).
//	[Williams1997] C. Williams, Computing with Infinite Networks, NIPS 1997 (erf).
//	[Du2019] S. Du, X. Zhai, B. Poczos, A. Singh, Gradient Descent Provably Optimizes
//	    Over-parameterized Neural Networks, ICLR 2019.
//	[Arora2019] S. Arora, S. Du, W. Hu, Z. Li, R. Salakhutdinov, R. Wang, On Exact Computation with an
//	    Infinitely Wide Neural Net, NeurIPS 2019.
//	[Nguyen2021] Q. Nguyen, M. Mondelli, G. Montufar, Tight Bounds on the Smallest Eigenvalue of the
//	    Neural Tangent Kernel for Deep ReLU Networks, ICML 2021.
package kernel
