//go:build !noasm

package fmablas

//go:generate go run -C internal/gen . -out ../../loops_amd64.s -stubs ../../stubs_amd64.go -pkg fmablas

import "golang.org/x/sys/cpu"

var hasFMA = cpu.X86.HasFMA

// assembly returns the loops in assembly that this machine can run, the fastest first.
func assembly() []*loops {
	var sets []*loops
	if !cpu.X86.HasAVX2 || !cpu.X86.HasFMA {
		return nil
	}
	if cpu.X86.HasAVX512F {
		sets = append(sets, wrap(&routines{tileAVX512, combineAVX512, rowAVX512, dotsAVX512, panel1AVX512, panel3AVX512},
			loops{name: "avx512", rows: 8, columns: 24, inner: innerAVX512}))
	}
	return append(sets, wrap(&routines{tileAVX2, combineAVX2, rowAVX2, dotsAVX2, panel1AVX2, panel3AVX2},
		loops{name: "avx2", rows: 4, columns: 12, inner: innerAVX2}))
}

// routines are the assembly for one instruction set; they read and write no memory where the arguments leave none.
type routines struct {
	tile           func(a, b, c *float64, k, stepA, stepB, stride int, alpha float64, fresh bool)
	combine        func(dst, rows, c *float64, n, terms, stride int)
	row            func(dst, rows, c *float64, n, terms, stride, step int, alpha float64)
	dots           func(out, a, x *float64, rows, n, stride int, alpha float64)
	panel1, panel3 func(dst, src *float64, terms, step int)
}

// wrap gives the routines to the loops, with checks of all lengths.
func wrap(r *routines, l loops) *loops {
	l.tile = func(a, b, c []float64, k, stepA, stepB, stride int, alpha float64, fresh bool) {
		_, _, _ = a[(k-1)*stepA+l.rows-1], b[(k-1)*stepB+l.columns-1], c[(l.rows-1)*stride+l.columns-1]
		r.tile(&a[0], &b[0], &c[0], k, stepA, stepB, stride, alpha, fresh)
	}
	l.combine = func(dst, rows, c []float64, stride int) {
		if len(dst) == 0 || len(c) == 0 {
			return
		}
		_ = rows[(len(c)-1)*stride+len(dst)-1]
		r.combine(&dst[0], &rows[0], &c[0], len(dst), len(c), stride)
	}
	l.row = func(dst, rows, c []float64, terms, stride, step int, alpha float64) {
		if len(dst) == 0 || terms == 0 {
			return
		}
		_, _ = rows[(terms-1)*stride+len(dst)-1], c[(terms-1)*step]
		r.row(&dst[0], &rows[0], &c[0], len(dst), terms, stride, step, alpha)
	}
	l.dots = func(out, a, x []float64, stride int, alpha float64) {
		if len(out) == 0 || len(x) == 0 {
			return
		}
		_ = a[(len(out)-1)*stride+len(x)-1]
		r.dots(&out[0], &a[0], &x[0], len(out), len(x), stride, alpha)
	}
	l.panel = func(dst, src []float64, terms, step, width int) {
		_, _ = dst[terms*width-1], src[(terms-1)*step+width-1]
		if width == l.columns {
			r.panel3(&dst[0], &src[0], terms, step)
		} else {
			r.panel1(&dst[0], &src[0], terms, step)
		}
	}
	l.fourRows = fourRowsFast
	return &l
}

func fourRowsFast(dst, src []float64, terms, stride, width int) {
	whole := terms &^ 3
	if whole > 0 {
		_, _ = dst[(whole-1)*width+3], src[3*stride+whole-1]
		fourRowsAVX2(&dst[0], &src[0], whole/4, stride, width)
	}
	if whole < terms {
		fourRows(dst[whole*width:], src[whole:], terms-whole, stride, width)
	}
}

// innerAVX512 and innerAVX2 name the routine, so that the sum need not leave the stack.
func innerAVX512(x, y []float64) float64 {
	var sum float64
	if len(x) > 0 {
		_ = y[len(x)-1]
		dotsAVX512(&sum, &x[0], &y[0], 1, len(x), 0, 1)
	}
	return sum
}

func innerAVX2(x, y []float64) float64 {
	var sum float64
	if len(x) > 0 {
		_ = y[len(x)-1]
		dotsAVX2(&sum, &x[0], &y[0], 1, len(x), 0, 1)
	}
	return sum
}
