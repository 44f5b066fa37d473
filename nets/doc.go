// Package nets holds two-layer networks
//
//	f(x) = s * sum_r a_r phi(w_r . x),    r = 1..m,
//
// with everything that the convergence theorems say about them at one point of
// weight space: outputs, activation patterns, gradients, Jacobians and Gram
// matrices. Package train moves the weights.
//
// The output scale s is explicit: 1/sqrt(m) is the NTK scaling of the theorems
// ([NTKScale]), 1/m the mean-field scaling ([MeanFieldScale]).
//
// Shapes are those of the theorems: a sample is a row of the n x d matrix X, a
// neuron is a row of the m x d matrix W, and preactivations and patterns are
// m x n, one neuron a row. Layers names the weights that a gradient or a Gram
// matrix is taken with respect to.
//
// All of the package is single-threaded and deterministic: one trial is one
// goroutine, and trials run side by side.
package nets
