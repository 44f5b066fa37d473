//go:build !amd64 || noasm

package fmablas

import (
	"runtime"

	"golang.org/x/sys/cpu"
)

// assembly returns the loops in assembly, the fastest first.
func assembly() []*loops { return nil }

// hasFMA says whether math.FMA is one instruction.
var hasFMA = func() bool {
	switch runtime.GOARCH {
	case "arm64", "loong64", "ppc64", "ppc64le", "riscv64", "s390x":
		return true
	case "amd64":
		return cpu.X86.HasFMA
	}
	return false
}()
