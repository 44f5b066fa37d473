package conv

import (
	"testing"
	"time"
)

func TestMicro(t *testing.T) {
	best := time.Hour
	for range 50 {
		start := time.Now()
		x := 1
		for i := 0; i < 1000000; i++ {
			x = x*3 + 1
		}
		sink = x
		best = min(best, time.Since(start))
	}
	t.Logf("GHz if 4 cycles/iter: %.2f", 4e6/float64(best.Nanoseconds()))
	for _, l := range instructions[float64]() {
		n := 32 * 32
		a := reluArgs[float64]{sigma: make([]float64, n), theta: make([]float64, n), s: make([]float64, 2*n), r: make([]float64, 2*n), s2: make([]float64, 2*n), r2: make([]float64, 2*n), constants: constants[float64](3), rows: 32, width: 32, stride: 64, terms: terms}
		for i := range a.s {
			a.s[i], a.s2[i], a.r[i], a.r2[i] = 1, 1, 1, 1
		}
		for i := range a.sigma {
			a.sigma[i] = float64(i) / float64(n)
		}
		best := time.Hour
		for range 3000 {
			start := time.Now()
			l.relu(&a)
			best = min(best, time.Since(start))
		}
		b := boxArgs[float64]{make([]float64, n+16)[8:], make([]float64, n+16)[8:], a.s, a.s, 32, 32}
		bb := time.Hour
		if l.box != nil {
			for range 3000 {
				start := time.Now()
				l.box(&b)
				bb = min(bb, time.Since(start))
			}
		}
		t.Logf("%s relu %v box %v", l.name, best, bb)
	}
}

var sink int
