// Package deep implements fully connected networks of any depth and shape with
// one output, and their neural tangent kernel at finite width.
//
// A network has L weight layers of widths n_0 = d, n_1, ..., n_{L-1}, n_L = 1
// and no biases:
//
//	F_0 = X,  Z_l = F_{l-1} W_l^T,  F_l = s_l sigma(Z_l)  (l = 1..L-1),
//	f(X) = kappa F_{L-1} W_L^T,
//
// with one sample a row and one neuron a row of W_l (n_l x n_{l-1}). The two
// conventions of the literature differ in the factors s_l and in the law of the
// weights; see [Convention]. A network of L weight layers has L-1 hidden layers:
// what [Arora2019] calls depth L is depth L+1 here.
//
// The tangent kernel never needs the n x P Jacobian. With the backward rows
//
//	B_L = kappa 1,  B_l = s_l sigma'(Z_l) o (B_{l+1} W_{l+1}),
//
// the gradient of f(x_i) with respect to W_l is the outer product of row i of
// B_l and row i of F_{l-1}, so that
//
//	K = J J^T = sum_{l=1}^{L} (F_{l-1} F_{l-1}^T) o (B_l B_l^T),
//
// where o is the entrywise product. [Pass] holds these matrices for one batch
// and offers the kernel, its terms, and products with J and J^T.
//
// All products run on the calling goroutine, by package fmablas: results depend
// neither on GOMAXPROCS nor on the BLAS that the program uses elsewhere.
//
// References:
//
//	[Arora2019]   Arora, Du, Hu, Li, Salakhutdinov, Wang. On Exact Computation
//	              with an Infinitely Wide Neural Net. NeurIPS 2019.
//	[Nguyen2021]  Nguyen, Mondelli, Montufar. Tight Bounds on the Smallest
//	              Eigenvalue of the Neural Tangent Kernel for Deep ReLU Networks.
//	              ICML 2021.
package deep
