// Package subquadratic holds the parts of training an m-wide multi-layer network for less than m^2 a step, each of which
// counts the operations that it spends:
//
//   - [Activation], a shifted ReLU that leaves most neurons silent, and [Sparse] vectors of the others;
//   - [Lazy], a matrix that keeps its changes as factors of low rank;
//   - [Network], which runs forward and backward over active neurons alone, with Gram matrices by their Khatri-Rao form and
//     Gauss-Newton steps of one layer;
//   - [Tree], which finds the preactivations above a threshold without looking at all;
//   - [TensorSketch] of Khatri-Rao rows, and [Conjugate] gradients for preconditioned systems;
//   - [Newton], Gauss-Newton for the first layer of a two-layer network.
//
// Costs are counted in multiply-adds, never timed: they are the same on any machine. Nothing here predicts what they should
// be; that is in package bounds/shifted.
package subquadratic
