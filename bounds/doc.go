// Package bounds holds the explicit constants of the convergence theory of two-layer networks in the
// 1/sqrt(m) scaling: what a theorem predicts, as pure functions of the sizes it depends on.
//
// One file per theme:
//
//	separation.go     lower and upper bounds on lambda_0 = lambda_min(H^inf) from the geometry
//	concentration.go  Gram matrix at initialisation: Hoeffding, matrix Chernoff, exact second moment
//	flips.go          activation flips when weights move by R, and what they do to the Gram matrix
//	movement.go       how far the weights of a converging network move
//	certificate.go    the instance certificate: a deterministic convergence theorem for one network
//	width.go          sufficient widths, as a list of requirements that can be tabulated
//	masked.go         training masked sub-networks: rates, error region, widths
//	margin.go         optimal margins of planar data, kernels and features, between two certificates
//	coupled.go        coupled initialisation: margins, widths and times on the circle
//	residual.go       size of the residual at initialisation
//	linear.go         gradient descent and flow on quadratics; descent lemma, PL, Gauss-Newton
//	momentum.go       heavy ball and Nesterov on quadratics
//	nesterov.go       powers of their residual matrices with constants, and what flips add to them
//	nesterovwidth.go  a convergence theorem for Nesterov's method on networks, and its width
//	spectrum.go       closed-form spectra of structured data; eigenvalue inequalities
//	deepntk.go        deep tangent kernels: eigenvalue bounds and finite-width laws
//	relunorm.go       norms and gates of ReLU layers at the start: exact moments, tails, how many gates can be flipped
//	depthangle.go     how angles shrink from layer to layer
//	localdescent.go   gradient descent of deep networks near a solution; close pairs; the width of Allen-Zhu et al.
//	whitened.go       sampled kernels near their mean: both extreme eigenvalues, and the width that makes them invertible
//	isotropic.go      kernels on random inputs: parts by degree, the induced ridge, ridge risk; bounds on lambda_min
//
// Vocabulary: n samples of unit norm in R^d with data matrix X (n x d), S = ||X||_2, width m, failure
// probability delta, residual e = u - y, loss L = ||e||^2/2 (a sum), weights N(0, I) unless a scale
// kappa is named: a radius R for N(0, kappa^2 I) weights counts as R/kappa.
//
// Every function says whether its constant is printed in the source (stated), follows from the printed
// proof (literal) or was derived for this project; derivations are in the comments. Outside its domain
// (delta not in (0,1), a negative width, ...) a formula returns NaN rather than a plausible number.
// Vacuous bounds are returned as they are: a lower bound may be 0, a probability bound is capped at 1.
//
// References:
//
//	[Du2019] S. Du, X. Zhai, B. Poczos, A. Singh, Gradient Descent Provably Optimizes
//	    Over-parameterized Neural Networks, ICLR 2019, arXiv 1810.02054.
//	[Munteanu2022] A. Munteanu, S. Omlor, Z. Song, D. Woodruff, Bounding the Width of Neural Networks
//	    via Coupled Initialization, ICML 2022, arXiv 2206.12802.
//	[Tropp2012] J. Tropp, User-Friendly Tail Bounds for Sums of Random Matrices, FoCM 2012.
//	[Lessard2016] L. Lessard, B. Recht, A. Packard, Analysis and Design of Optimization Algorithms via
//	    Integral Quadratic Constraints, SIAM J. Optim. 2016.
package bounds

import "math"

// when returns v inside the domain of a formula and NaN outside it.
func when(domain bool, v float64) float64 {
	if !domain {
		return math.NaN()
	}
	return v
}

func isProbability(delta float64) bool { return delta > 0 && delta < 1 }
