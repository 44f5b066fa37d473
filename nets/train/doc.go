// Package train moves the weights of two-layer networks: gradient descent, with
// [Momentum] or a [MiniBatch] if asked, finely stepped gradient flow, the
// linearised dynamics that the theory compares them with, and rounds of masked
// sub-networks.
//
// A Descent owns a run. Its Step allocates nothing. Run drives it under a
// context and records the trace that a claim asks for; Descend is both in one
// call.
package train
