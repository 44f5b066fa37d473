// Package residual implements the three architectures of Du et al. (2019): fully connected, residual and convolutional
// residual networks of width m with any smooth activation, trained in whichever layers one likes.
//
// An input x^(0) is a matrix of p positions by d_0 channels. A patch map phi gathers at each position the q positions
// around it, with zeros beyond the edges, so that ||x||_F <= ||phi(x)||_F <= sqrt q ||x||_F. With x^(h) of p
// positions by m channels,
//
//	x^(1) = (s/sqrt m) sigma(phi(x^(0)) W_1^T),
//	x^(h) = x^(h-1) + (b/sqrt m) sigma(phi(x^(h-1)) W_h^T),  h = 2..H,
//	f(x)  = <a, x^(H)>,
//
// where all entries of the W_h and of a are N(0,1). In the paper s = sqrt(c_sigma) and b = c_res/H. One position, p =
// q = 1, is the residual network; a plain network has x^(h) = (s/sqrt m) sigma(W_h x^(h-1)) in every layer instead.
//
// Layers are numbered 1..H as in the paper; H+1 is the output layer a.
//
// The gradient of f(x_i) with respect to W_h is D_h^T phi(x_i^(h-1)), with one row of D_h a position, and
//
//	D_h = (b/sqrt m) sigma'(Z_h) o B_h,  B_H = a,  B_{h-1} = B_h + phi^T(D_h W_h),
//
// so that the Gram matrix J J^T is a sum over the layers of inner products of such matrices.
//
// All products run on the calling goroutine.
//
// References:
//
//	[Du2019deep]  Du, Lee, Li, Wang, Zhai. Gradient Descent Finds Global Minima of Deep Neural Networks. ICML 2019.
package residual
