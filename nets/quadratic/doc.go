// Package quadratic holds two-layer networks with the activation z^2 as functions of all their weights: the loss with its
// first and second derivatives, and a way down to points where the gradient vanishes and no direction curves down.
//
// Such a network f(x) = sum_l v_l <w_l, x>^2 = x^T M x is a quadratic form, with M = W^T diag(v) W. Its derivatives are
// short: with the residuals r_i = f(x_i) - y_i and S = sum_i r_i x_i x_i^T, the loss L = (1/2n) sum_i r_i^2 has
//
//	grad_W L = (2/n) diag(v) W S,      grad_v L = (1/n) (w_l^T S w_l)_l,
//	Hess L   = (1/n) J^T J + (2/n) (diag(v) (x) S in W; S w_l between w_l and v_l).
//
// Hessians are dense: the package is meant for some dozens of weights.
package quadratic
