package bounds_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
)

func TestBestTheta(t *testing.T) {
	th := bounds.BestTheta
	within(t, "root", 8*th*th-9*th+2+1, 1, 1e-15)
	value := func(th float64) float64 { return 2 * (1 - th) * (1 - 2*th) * th * th }
	within(t, "c theta^2", value(th), 0.050429, 1e-5)
	for x := 0.001; x < 0.5; x += 0.001 {
		if value(x) > value(th)+1e-15 {
			t.Errorf("theta = %g beats BestTheta", x)
		}
	}
	within(t, "width constant", bounds.CertificateWidth(1, 1, 1, th), 1001, 5e-4)
	// At that width the mean flip fraction at R' meets the budget exactly (small step).
	const s, e0, s0 = 1.3, 0.2, 0.4
	m := bounds.CertificateWidth(s, e0, s0, th)
	c, err := bounds.Certify(bounds.Instance{Width: int(m), S: s, LambdaMin0: s0, Residual0: e0, Step: 1e-12}, th)
	if err != nil {
		t.Fatal(err)
	}
	within(t, "budget at the width", bounds.FlipProbabilityBound(c.Radius), c.FlipBudget, 1e-3)
}

func TestCertifyArithmetic(t *testing.T) {
	in := bounds.Instance{Width: 400, S: 2, LambdaMin0: 0.25, Residual0: 0.1, Step: 0.1}
	c, err := bounds.Certify(in, 0.25)
	if err != nil {
		t.Fatal(err)
	}
	// theta = 1/4: beta = 4/3 - .4 = 14/15, c = 9/16 * 14/15 = .525.
	within(t, "theta", c.Theta, 0.25, 0)
	within(t, "beta", c.Beta, 14.0/15, 1e-14)
	within(t, "c", c.C, 0.525, 1e-14)
	within(t, "radius", c.Radius, 2*2*0.1/(20*0.525*0.25), 1e-14)
	within(t, "budget", c.FlipBudget, 0.25/64, 1e-14)
	within(t, "rate", c.Rate, 1-0.1*0.525*0.25, 1e-14)
	within(t, "floor", c.LambdaMin, 9.0/16*0.25, 1e-14)
	if ok, margin := c.Holds(c.FlipBudget); !ok || margin != 1 {
		t.Errorf("at the budget: %v, %v", ok, margin)
	}
	if ok, margin := c.Holds(2 * c.FlipBudget); ok || margin != 0.5 {
		t.Errorf("at twice the budget: %v, %v", ok, margin)
	}
	if ok, _ := c.Holds(math.NaN()); ok {
		t.Error("holds for NaN")
	}

	within(t, "neuron budget", c.NeuronBudget, c.FlipBudget*(2-c.Theta)/c.Theta, 1e-14)
	within(t, "load by samples", c.Load(c.FlipBudget/2, 1), 0.5, 1e-14)
	within(t, "load by neurons", c.Load(1, c.NeuronBudget/4), 0.25, 1e-14)
	if !math.IsNaN(c.Load(-1, 0)) || !math.IsNaN(c.Load(0, math.NaN())) || c.Load(0, 0) != 0 {
		t.Error("loads of nonsense, or of nothing")
	}
	// The steps at which the two proofs promise the same rate bound the second one.
	edge := in
	edge.Step = (2 - 3*0.25) / (2 * 0.75) / (in.S * in.S)
	x := edge.Step * in.S * in.S
	within(t, "rate at the edge", (2-x)*0.5625-0.4375/(2-x), 0.5625*(2*0.5/0.75-x), 1e-12)
	for _, f := range []float64{0.999, 1.001} {
		step := edge
		step.Step *= f
		c, err := bounds.Certify(step, 0.25)
		if err != nil || (c.NeuronBudget > 0) != (f < 1) {
			t.Errorf("step %v of the edge: budget %v, error %v", f, c.NeuronBudget, err)
		}
	}

	p, err := bounds.CertifyPaper(bounds.Instance{Width: 400, S: 2, LambdaMin0: 0.25, Residual0: 0.1, Step: 0.1}, 0.3)
	if err != nil {
		t.Fatal(err)
	}
	within(t, "paper radius", p.Radius, 4*2*0.1/(20*0.3), 1e-14)
	within(t, "paper budget", p.FlipBudget, 0.02525513*0.3/4, 1e-6)
	within(t, "paper neuron budget", p.NeuronBudget, 0.3/16, 1e-14)
	within(t, "paper beta", p.Beta, 1.55051-0.4, 1e-5)
	within(t, "paper theta", p.Theta, 0.1589186, 2e-7)
	within(t, "paper c", p.C, 0.5, 0)
	within(t, "paper floor", p.LambdaMin, 0.15, 1e-14)
	within(t, "paper rate", p.Rate, 1-0.1*0.15, 1e-14)

	for want, f := range map[string]func() error{
		"theta":              func() error { _, err := bounds.Certify(in, 0.5); return err },
		"beta":               func() error { i := in; i.Step = 1; _, err := bounds.Certify(i, 0.25); return err },
		"width":              func() error { i := in; i.Width = 0; _, err := bounds.Certify(i, 0.25); return err },
		"positive definite":  func() error { i := in; i.LambdaMin0 = 0; _, err := bounds.Certify(i, 0.25); return err },
		"residual":           func() error { i := in; i.Residual0 = math.NaN(); _, err := bounds.Certify(i, 0.25); return err },
		"step size":          func() error { i := in; i.Step = 0; _, err := bounds.Certify(i, 0.25); return err },
		"S = ":               func() error { i := in; i.S = 0; _, err := bounds.Certify(i, 0.25); return err },
		"(3/4) lambda_0":     func() error { _, err := bounds.CertifyPaper(in, 0.5); return err },
		"exceeds 0.55":       func() error { i := in; i.Step = 0.2; _, err := bounds.CertifyPaper(i, 0.3); return err },
		"at least one neuro": func() error { i := in; i.Width = -1; _, err := bounds.CertifyPaper(i, 0.3); return err },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}

// train runs gradient descent on a two-layer ReLU network from an antisymmetric start and calls see
// with the residual norm, the largest movement and the weights of every step.
func train(x *mat.Dense, y []float64, m int, eta float64, steps int, rng *rand.Rand, see func(k int, e, moved float64, w *mat.Dense)) {
	n, d := x.Dims()
	w, a := gaussian(m, d, rng), make([]float64, m)
	for r := range m / 2 {
		a[r], a[m/2+r] = 1, -1
		w.SetRow(m/2+r, w.RawRowView(r))
	}
	start := mat.DenseCopyOf(w)
	e := make([]float64, n)
	for k := range steps {
		var z mat.Dense
		z.Mul(w, x.T())
		for i := range n {
			e[i] = -y[i]
			for r := range m {
				e[i] += a[r] * max(0, z.At(r, i)) / math.Sqrt(float64(m))
			}
		}
		var moved float64
		for r := range m {
			var s float64
			for j := range d {
				s += (w.At(r, j) - start.At(r, j)) * (w.At(r, j) - start.At(r, j))
			}
			moved = max(moved, math.Sqrt(s))
		}
		see(k, mat.Norm(mat.NewVecDense(n, e), 2), moved, w)
		for r := range m {
			for i := range n {
				if z.At(r, i) >= 0 {
					g := e[i] * a[r] / math.Sqrt(float64(m))
					for j := range d {
						w.Set(r, j, w.At(r, j)-eta*g*x.At(i, j))
					}
				}
			}
		}
	}
}

// A network inside the hypothesis obeys the conclusion; one far outside breaks it.
func TestCertificateOnNetworks(t *testing.T) {
	for _, test := range []struct {
		n, d, m   int
		label     float64
		certified bool
	}{
		{5, 10, 2000, 0.002, true},
		{5, 3, 100, 20, false},
	} {
		broken := 0
		for seed := range uint64(6) {
			rng := rand.New(rand.NewPCG(seed, 77))
			x := sphere(test.n, test.d, rng)
			y := make([]float64, test.n)
			for i := range y {
				y[i] = test.label * float64(1-2*rng.IntN(2))
			}
			_, s2 := extremes(gram(x))
			eta := 0.2 / s2
			var c bounds.Certificate
			last := 0.0
			train(x, y, test.m, eta, 60, rng, func(k int, e, moved float64, w *mat.Dense) {
				lmin, _ := extremes(finiteGram(x, w))
				if k == 0 {
					var err error
					c, err = bounds.Certify(bounds.Instance{Width: test.m, S: math.Sqrt(s2), LambdaMin0: lmin, Residual0: e, Step: eta}, bounds.BestTheta)
					if err != nil {
						t.Fatal(err)
					}
					var z mat.Dense
					z.Mul(w, x.T())
					most := 0
					for i := range test.n {
						count := 0
						for r := range test.m {
							if math.Abs(z.At(r, i)) <= c.Radius {
								count++
							}
						}
						most = max(most, count)
					}
					if ok, margin := c.Holds(float64(most) / float64(test.m)); ok != test.certified {
						t.Fatalf("n=%d, m=%d: hypothesis %v with margin %v", test.n, test.m, ok, margin)
					}
				} else if e*e > c.Rate*last*last*(1+1e-10) || moved > c.Radius || lmin < c.LambdaMin {
					broken++
				}
				last = e
			})
		}
		if (broken == 0) != test.certified {
			t.Errorf("n=%d, m=%d: conclusion violated at %d steps, certified %v", test.n, test.m, broken, test.certified)
		}
	}
}

func ExampleCertify() {
	c, err := bounds.Certify(bounds.Instance{
		Width: 20000, S: 1.5, LambdaMin0: 0.3, Residual0: 0.03, Step: 0.1,
	}, bounds.BestTheta)
	if err != nil {
		fmt.Println(err)
		return
	}
	ok, margin := c.Holds(0.002) // the measured fraction of fragile neurons within c.Radius
	fmt.Printf("R' = %.4f, applies: %v, margin %.1f\n", c.Radius, ok, margin)
	// Output: R' = 0.0049, applies: true, margin 6.2
}
