//go:build !noasm

package fmablas

//go:generate go run -C internal/gen . -out ../../loops_amd64.s -stubs ../../stubs_amd64.go -pkg fmablas

import "golang.org/x/sys/cpu"

var hasFMA = cpu.X86.HasFMA

// assembly returns the loops in assembly that this machine can run, the fastest first.
func assembly() []*loops {
	var sets []*loops
	if cpu.X86.HasAVX512F {
		sets = append(sets, wrap("avx512", 8, 24, tileAVX512, combineAVX512, dotAVX512))
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		sets = append(sets, wrap("avx2", 4, 12, tileAVX2, combineAVX2, dotAVX2))
	}
	return sets
}

func wrap(name string, rows, columns int, tile func(a, b, c *float64, k, stepA, stepB, stride int, alpha float64),
	combine func(dst, rows, c *float64, n, terms, stride int), dot func(x, y, sums *float64, blocks int)) *loops {
	return &loops{
		name: name, rows: rows, columns: columns,
		tile: func(a, b, c []float64, k, stepA, stepB, stride int, alpha float64) {
			_, _, _ = a[(k-1)*stepA+rows-1], b[(k-1)*stepB+columns-1], c[(rows-1)*stride+columns-1]
			tile(&a[0], &b[0], &c[0], k, stepA, stepB, stride, alpha)
		},
		combine: func(dst, rows, c []float64, stride int) {
			if len(dst) == 0 || len(c) == 0 {
				return
			}
			_ = rows[(len(c)-1)*stride+len(dst)-1]
			combine(&dst[0], &rows[0], &c[0], len(dst), len(c), stride)
		},
		dot: func(x, y []float64, sums *[lanes]float64) {
			if len(x) == 0 {
				clear(sums[:])
				return
			}
			_ = y[len(x)-1]
			dot(&x[0], &y[0], &sums[0], len(x)/lanes)
		},
	}
}
