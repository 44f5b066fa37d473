// Package dataset states the facts of a data set on which convergence theory depends: how close
// its samples come, the certified smallest eigenvalues of its limit kernels, and how its labels lie in the
// spectrum. It knows samples and labels only, no theorem and no network: predictions take these
// facts as their input.
//
// With H the Gram matrix of a limit kernel on n samples of unit norm and y their labels, the facts of
// labels are
//
//	y'H^{-1}y        the squared norm of the kernel interpolant, in the label measure sqrt(2 y'H^{-1}y/n)
//	                 of [Arora2019fine, Theorem 5.1] (stated)
//	its shuffled mean  the mean of y'H^{-1}y over all orders of the labels, exactly (derived, see Shuffled)
//	alignment        the share of |y|^2 in the span of the leading eigenvectors of H, which gradient descent
//	                 fits first
//	margin           max over unit functions f of the kernel's space of min_i y_i f(x_i), for labels +-1
//
// References:
//
//	[Arora2019fine] S. Arora, S. Du, W. Hu, Z. Li, R. Wang, Fine-Grained Analysis of Optimization and
//	    Generalization for Overparameterized Two-Layer Neural Networks, ICML 2019.
package dataset
