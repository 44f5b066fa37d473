//go:build !amd64 || noasm

package kernel

// assembly returns the loops that this machine can run, the fastest first.
func assembly() []vectorLoop { return nil }
