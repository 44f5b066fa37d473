package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestCatoniEndsByHand evaluates the two supermartingales from their definition,
// as products, and looks for the ends on a grid.
func TestCatoniEndsByHand(t *testing.T) {
	const alpha, deviation, planned, n = 0.01, 2.0, 40, 60
	c, err := NewCatoniCS(alpha, deviation, planned)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(8, 9))
	var xs []float64
	for range n {
		x := 3 + deviation*rng.NormFloat64()
		xs = append(xs, x)
		if err := c.Add(x); err != nil {
			t.Fatal(err)
		}
	}
	inside := func(m float64) bool {
		above, below := 1.0, 1.0
		for i, x := range xs {
			l := math.Sqrt(2*math.Log(2/alpha)/math.Max(planned, float64(i+1))) / deviation
			factor := func(y float64) float64 { // exp(phi(y)) by cases
				if y >= 0 {
					return 1 + y + y*y/2
				}
				return 1 / (1 - y + y*y/2)
			}
			above *= factor(l*(x-m)) * math.Exp(-l*l*deviation*deviation/2)
			below *= factor(-l*(x-m)) * math.Exp(-l*l*deviation*deviation/2)
		}
		return above <= 2/alpha && below <= 2/alpha
	}
	lo, hi := c.Interval()
	const step = 1e-3
	for m := -5.0; m < 11; m += step {
		if in := inside(m); in != (m >= lo && m <= hi) && !(math.Abs(m-lo) <= step) && !(math.Abs(m-hi) <= step) {
			t.Fatalf("%v is inside %v, the interval is [%v, %v]", m, in, lo, hi)
		}
	}
	if want := 2 * deviation * math.Sqrt(2*math.Log(2/alpha)/n); hi-lo > 2.2*want || hi-lo < want/2 || lo > 3 || hi < 3 {
		t.Errorf("[%v, %v] is %v wide, about %v is right", lo, hi, hi-lo, want)
	}
	if !(math.Abs(c.Mean()-mean(xs)) <= 1e-12) || c.N() != n || c.Kind() != Catoni {
		t.Errorf("mean %v of %d", c.Mean(), c.N())
	}
}

func mean(xs []float64) float64 {
	s := 0.0
	for _, x := range xs {
		s += x
	}
	return s / float64(len(xs))
}

func TestCatoniNeedsValues(t *testing.T) {
	c, err := NewCatoniCS(1e-6, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.Add(0.5); err != nil {
			t.Fatal(err)
		}
	}
	if lo, hi := c.Interval(); !math.IsInf(lo, -1) && lo > -50 || !math.IsInf(hi, 1) && hi < 50 {
		t.Errorf("two values give [%v, %v]", lo, hi)
	}
	for _, bad := range []func() error{
		func() error { _, e := NewCatoniCS(0.1, 0, 0); return e },
		func() error { _, e := NewCatoniCS(0.1, math.NaN(), 0); return e },
		func() error { _, e := NewCatoniCS(2, 1, 0); return e },
		func() error { _, e := NewCatoniCS(0.1, 1, -1); return e },
		func() error { return c.Add(math.Inf(1)) },
	} {
		if bad() == nil {
			t.Error("nonsense is accepted")
		}
	}
}

func ExampleCatoniCS() {
	c, err := NewCatoniCS(0.05, 1, 100)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 100 {
		if err := c.Add(float64(i % 2)); err != nil {
			fmt.Println(err)
			return
		}
	}
	lo, hi := c.Interval()
	fmt.Printf("%.2f in [%.2f, %.2f]\n", c.Mean(), lo, hi)
	// Output: 0.50 in [0.23, 0.77]
}

// TestCatoniContradicts: values of one law with the stated deviation, whatever
// the law, deny it with probability at most alpha; those that spread half as much
// again do nearly always.
func TestCatoniContradicts(t *testing.T) {
	const alpha, runs, n = 0.05, 1000, 400
	for k, l := range []struct {
		name string
		draw func(*rand.Rand) float64
	}{
		{"normal", func(r *rand.Rand) float64 { return r.NormFloat64() }},
		{"exponential", func(r *rand.Rand) float64 { return r.ExpFloat64() }},
		{"rare", func(r *rand.Rand) float64 { return indicator(r.Float64() < 0.01) / math.Sqrt(0.0099) }},
	} {
		rng := rand.New(rand.NewPCG(31, uint64(k)))
		count := func(deviation float64) (denied int) {
			for range runs {
				c, _ := NewCatoniCS(alpha, deviation, 0)
				ever := false
				for range n {
					_ = c.Add(l.draw(rng))
					ever = ever || c.Contradicted()
				}
				if ever {
					denied++
				}
			}
			return denied
		}
		atMost4Sigma(t, l.name, count(1), runs, alpha)
		if denied := count(2. / 3); l.name != "rare" && denied < 9*runs/10 {
			t.Errorf("%s: a deviation too small by half is denied in %d of %d runs", l.name, denied, runs)
		}
	}
}
