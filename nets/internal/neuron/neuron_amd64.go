//go:build !noasm

package neuron

//go:generate go run -C internal/gen . -out ../../neuron_amd64.s -stubs ../../stubs_amd64.go -pkg neuron

import "golang.org/x/sys/cpu"

// assembly returns the loops in assembly that this machine can run, the fastest first.
func assembly() []loops {
	var sets []loops
	if cpu.X86.HasAVX512F {
		sets = append(sets, wrap("avx512", combineAVX512, weighAVX512, addAVX512, stepAVX512))
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		sets = append(sets, wrap("avx2", combineAVX2, weighAVX2, addAVX2, stepAVX2))
	}
	return sets
}

func wrap(name string, combine func(dst, rows, c *float64, n, terms, stride int, add bool),
	weigh func(coef, e, z *float64, n int, scale float64), add func(u, z *float64, n int, weight float64),
	step func(w, z, u, coef, x, xt, e *float64, n, d, strideX, strideXT int, scale, weight float64)) loops {
	return loops{
		name: name,
		combine: func(dst, rows, c []float64, stride int, add bool) {
			_ = rows[(len(c)-1)*stride+len(dst)-1]
			combine(&dst[0], &rows[0], &c[0], len(dst), len(c), stride, add)
		},
		weigh: func(coef, e, z []float64, scale float64) { weigh(&coef[0], &e[0], &z[0], len(z), scale) },
		add:   func(u, z []float64, weight float64) { add(&u[0], &z[0], len(z), weight) },
		step: func(s *Samples, w, z []float64, t *Step) {
			e, u, coef := t.E[:s.n], t.U[:s.n], t.Coef[:s.n]
			step(&w[0], &z[0], &u[0], &coef[0], &s.x[0], &s.xt[0], &e[0], s.n, s.d, s.strideX, s.strideT, t.Scale, t.Weight)
		},
	}
}
