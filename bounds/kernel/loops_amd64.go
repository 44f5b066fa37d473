//go:build !noasm

package kernel

//go:generate go run -C internal/gen . -out ../../loops_amd64.s -stubs ../../stubs_amd64.go -pkg kernel

import "golang.org/x/sys/cpu"

// assembly returns the loops that this machine can run, the fastest first.
func assembly() []vectorLoop {
	var all []vectorLoop
	if cpu.X86.HasAVX512F {
		all = append(all, vectorLoop{"avx512", 8, turnsAVX512})
	}
	if cpu.X86.HasAVX2 {
		all = append(all, vectorLoop{"avx2", 4, turnsAVX2})
	}
	return all
}
