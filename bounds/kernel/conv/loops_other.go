//go:build !amd64 || noasm

package conv

// assembly returns the loops in assembly, the fastest first.
func assembly[T float]() []loops[T] { return nil }
