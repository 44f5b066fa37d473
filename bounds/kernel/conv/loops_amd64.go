//go:build !noasm

package conv

//go:generate go run -C internal/gen . -out ../../loops_amd64.s -stubs ../../stubs_amd64.go -pkg conv

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// assembly returns the loops in assembly that this machine can run, the fastest first.
func assembly[T float]() []loops[T] {
	var sets []loops[T]
	double := lanes[T]() == 8
	add := func(name string, f64, f32 [4]func(*byte)) {
		f := f32
		if double {
			f = f64
		}
		sets = append(sets, loops[T]{
			name:     name,
			multiply: func(a *multiplyArgs[T]) { f[0]((*byte)(unsafe.Pointer(a))) },
			box:      func(a *boxArgs[T]) { f[1]((*byte)(unsafe.Pointer(a))) },
			relu:     func(a *reluArgs[T]) { f[2]((*byte)(unsafe.Pointer(a))) },
			signed:   func(a *reluArgs[T]) { f[3]((*byte)(unsafe.Pointer(a))) },
		})
	}
	if cpu.X86.HasAVX512F {
		add("avx512",
			[4]func(*byte){multiplyAVX512F64, boxAVX512F64, reluAVX512F64, signedAVX512F64},
			[4]func(*byte){multiplyAVX512F32, boxAVX512F32, reluAVX512F32, signedAVX512F32})
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		add("avx2",
			[4]func(*byte){multiplyAVX2F64, boxAVX2F64, reluAVX2F64, signedAVX2F64},
			[4]func(*byte){multiplyAVX2F32, boxAVX2F32, reluAVX2F32, signedAVX2F32})
	}
	return sets
}
