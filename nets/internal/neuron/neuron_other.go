//go:build !amd64 || noasm

package neuron

// assembly returns the loops in assembly, the fastest first.
func assembly() []loops { return nil }
