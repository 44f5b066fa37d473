// Package homogeneous implements fully connected networks of any depth and any number of outputs with activations that are
// linear on either side of zero, deep linear networks above all, and the training loss as a function of one flat vector of
// weights: value, gradient, Hessian and their products with a direction.
//
// A network of n weight layers of sizes d_0, ..., d_n has no biases:
//
//	h(x) = W_n s(W_{n-1} s(... s(W_1 x))),  s(z) = a_+ max(z, 0) - a_- max(-z, 0),
//
// with W_j (d_j x d_{j-1}) row by row in the vector of weights theta, layer after layer. The loss is
//
//	f(theta) = sum_i ell(h(x_i), y_i), or its mean.
//
// Second derivatives are exact where no preactivation of a hidden layer is zero: s has none there, and a tangent goes
// forward and backward with the network (Pearlmutter 1994).
//
// With the rows of the identity as inputs, the sum of squares is (1/2)||W_n ... W_1 - Lambda||_F^2, Lambda = Y^T, the loss of
// whitened data.
//
// References:
//
//	[Pearlmutter1994]  Pearlmutter. Fast Exact Multiplication by the Hessian. Neural Computation 6 (1994) 147-160.
package homogeneous
