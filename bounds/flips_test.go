package bounds_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"

	"convergo/bounds"
)

func TestFlipProbability(t *testing.T) {
	for _, r := range []float64{0, 1e-6, 0.1, 1, 3} {
		want := 2*distuv.UnitNormal.CDF(r) - 1
		if got := bounds.FlipProbability(r); !(math.Abs(got-want) <= 1e-15) {
			t.Errorf("p_R at %g: %v, want %v", r, got, want)
		}
		if bounds.FlipProbability(r) > bounds.FlipProbabilityBound(r) {
			t.Errorf("p_R exceeds R sqrt(2/pi) at R = %g", r)
		}
	}
	within(t, "small R", bounds.FlipProbability(1e-8)/bounds.FlipProbabilityBound(1e-8), 1, 1e-12)
}

// Every tail bound is compared with the exact binomial tail, for one sample.
func TestFlipTails(t *testing.T) {
	for _, m := range []int{1, 10, 100, 5000} {
		for _, p := range []float64{0.001, 0.02, 0.3} {
			b := distuv.Binomial{N: float64(m), P: p}
			for _, delta := range []float64{0.5, 0.05, 1e-4} {
				exceed := func(phat float64) float64 { return 1 - b.CDF(math.Floor(phat*float64(m)*(1+1e-12))) }
				for what, phat := range map[string]float64{
					"Bernstein": bounds.BernsteinFlips(p, 1, m, delta),
					"Hoeffding": bounds.HoeffdingFlips(p, 1, m, delta),
					"binomial":  bounds.BinomialFlips(p, 1, m, delta),
				} {
					if got := exceed(phat); got > delta*(1+1e-9)+1e-14 {
						t.Errorf("%s, m=%d, p=%g: P(exceed) = %v > %v", what, m, p, got, delta)
					}
				}
				q := bounds.BinomialFlips(p, 1, m, delta)
				if q > 0 && exceed(q-1/float64(m)) <= delta*(1-1e-9) {
					t.Errorf("m=%d, p=%g, delta=%g: the quantile %v is not the smallest", m, p, delta, q)
				}
			}
			atLeast := 1 - b.CDF(math.Ceil(2*p*float64(m))-1)
			if bound := bounds.DoubleFlipsFailure(p, 1, m); atLeast > bound+1e-14 {
				t.Errorf("m=%d, p=%g: P(>= 2mp) = %v over %v", m, p, atLeast, bound)
			}
		}
	}
}

// The deterministic part of Du et al. (2019) against adversarial movements, and its control.
func TestGramStability(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, d, m := rapid.IntRange(1, 6).Draw(t, "n"), rapid.IntRange(1, 8).Draw(t, "d"), rapid.IntRange(1, 200).Draw(t, "m")
		r := rapid.SampledFrom([]float64{0.003, 0.03, 0.3}).Draw(t, "R")
		attack := rapid.IntRange(-1, n-1).Draw(t, "attack")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 7))
		x, w := sphere(n, d, rng), gaussian(m, d, rng)
		count := make([]int, n)
		most := 0
		var z mat.Dense
		z.Mul(w, x.T())
		for i := range n {
			for s := range m {
				if math.Abs(z.At(s, i)) <= r*(1+1e-12) {
					count[i]++
				}
			}
			most = max(most, count[i])
		}
		phat := float64(most) / float64(m)
		moved := mat.DenseCopyOf(w)
		for s := range m {
			step := sphere(1, d, rng).RawRowView(0)
			size := r
			if attack >= 0 {
				step, size = x.RawRowView(attack), -math.Copysign(r, z.At(s, attack))
			}
			for j := range d {
				moved.Set(s, j, w.At(s, j)+size*step[j])
			}
		}
		h0, h1, g := finiteGram(x, w), finiteGram(x, moved), gram(x)
		var diff mat.Dense
		diff.Sub(h1, h0)
		if mat.Norm(&diff, 2) > bounds.GramShift(n, phat)+1e-12 {
			t.Fatalf("||H - H(0)||_F = %v over %v", mat.Norm(&diff, 2), bounds.GramShift(n, phat))
		}
		for i := range n {
			for j := range n {
				if !(math.Abs(diff.At(i, j)) <= bounds.GramEntryShift(g.At(i, j), count[i], count[j], m)+1e-12) {
					t.Fatalf("entry (%d,%d) moved by %v", i, j, diff.At(i, j))
				}
			}
		}
		l0, _ := extremes(h0)
		l1, _ := extremes(h1)
		_, s2 := extremes(g)
		if floor := bounds.LambdaMinAfterFlips(max(0, l0), math.Sqrt(s2), phat); l1 < floor-1e-12 {
			t.Fatalf("lambda_min fell to %v below %v", l1, floor)
		}
	})
}

func TestFlipConstants(t *testing.T) {
	within(t, "kappa_*", bounds.KappaStar, 0.1589186, 2e-7)
	within(t, "kappa_*^2", bounds.FlipBudget(1, 1), 0.02525513, 2e-7)
	within(t, "Lemma 4.1", bounds.MarkovFlips(1, 1, 1, 0.5), 0.7979/0.5, 1e-4)
	within(t, "sqrt(2 pi)/16", bounds.PrintedRadius(1, 1, 0.5), 0.1567*0.5, 4e-4)
	// At the printed radius the Gram moves by exactly lambda_0/4.
	within(t, "closure", 4*49*bounds.PrintedRadius(7, 0.2, 0.1)/(math.Sqrt(2*math.Pi)*0.1), 0.05, 1e-14)
	within(t, "Hoeffding", bounds.HoeffdingFlips(0.1, 2, 50, 0.1), 0.1+math.Sqrt(math.Log(20))/10, 1e-14)
	within(t, "entry", bounds.GramEntryShift(-0.5, 3, 5, 10), 0.4, 1e-15)
	within(t, "Gram matrix", bounds.GramShift(3, 0.1), 0.6, 1e-15)
	// (d): from (3/4) lambda_0 with the flip budget used up, lambda_0/2 is left.
	within(t, "(d)", bounds.LambdaMinAfterFlips(0.75*0.3, 1.7, bounds.FlipBudget(0.3, 1.7)), 0.15, 1e-14)
	if bounds.LambdaMinAfterFlips(0.1, 1, 1) != 0 {
		t.Error("a void lower bound is not 0")
	}
	isNaN(t, map[string]float64{
		"p_R": bounds.FlipProbability(-1), "bound": bounds.FlipProbabilityBound(-1), "bernstein": bounds.BernsteinFlips(0.1, 1, 0, 0.1),
		"hoeffding": bounds.HoeffdingFlips(0.1, 1, 1, 0), "binomial": bounds.BinomialFlips(2, 1, 1, 0.1),
		"double": bounds.DoubleFlipsFailure(-1, 1, 1), "markov": bounds.MarkovFlips(1, 1, 1, 1),
		"entry": bounds.GramEntryShift(1, -1, 0, 1), "shift": bounds.GramShift(0, 1), "jacobian": bounds.JacobianShift(1, -1),
		"after": bounds.LambdaMinAfterFlips(-1, 1, 0), "budget": bounds.FlipBudget(1, 0),
		"radius": bounds.PrintedRadius(0, 1, 0.1), "scale": bounds.NoFlipScale(1, 2, 1, 0),
	})
}

// The union bound is nearly attained at n=6, d=5, m=100, delta=.2.
func TestNoFlipScale(t *testing.T) {
	const n, d, m, delta, rho, trials = 6, 5, 100, 0.2, 1.0, 1000
	beta := bounds.NoFlipScale(n, m, rho, delta)
	rng := rand.New(rand.NewPCG(9, 9))
	x := sphere(n, d, rng)
	failures := 0
	for range trials {
		var z mat.Dense
		z.Mul(gaussian(m/2, d, rng), x.T())
		low := math.Inf(1)
		for _, v := range z.RawMatrix().Data {
			low = min(low, beta*math.Abs(v))
		}
		if low <= rho {
			failures++
		}
	}
	// Expected .1 or a little less; five standard deviations of 1000 Bernoulli(.1) are .047.
	if f := float64(failures) / trials; f > delta/2+0.047 || f < 0.03 {
		t.Errorf("a neuron was within rho in %v of the draws, want close to and at most %v", f, delta/2)
	}
}

func ExampleBinomialFlips() {
	p := bounds.FlipProbability(0.01)
	fmt.Printf("p = %.4f, exact %.4f, Bernstein %.4f\n", p,
		bounds.BinomialFlips(p, 10, 5000, 0.05), bounds.BernsteinFlips(p, 10, 5000, 0.05))
	// Output: p = 0.0080, exact 0.0114, Bernstein 0.0128
}

// The exponent of doubling against the binomial law, which it bounds and at 1/2 is, and against the simpler one.
func TestDoubleFlipsChernoff(t *testing.T) {
	within(t, "all of ten", bounds.DoubleFlipsChernoff(0.5, 3, 10), 3.0/1024, 1e-13)
	// D(2/5||1/5) = 0.4 ln 2 + 0.6 ln(3/4) = 0.104649...
	within(t, "a fifth", bounds.DoubleFlipsChernoff(0.2, 1, 20), math.Exp(-20*0.1046496288), 1e-8)
	for _, p := range []float64{1e-6, 0.01, 0.1, 0.3, 0.49, 0.5} {
		for _, m := range []int{1, 7, 40, 300} {
			var tail float64 // P(Binomial(m, p) >= 2 m p)
			for k := int(math.Ceil(2*p*float64(m) - 1e-12)); k <= m; k++ {
				lm, _ := math.Lgamma(float64(m + 1))
				lk, _ := math.Lgamma(float64(k + 1))
				lr, _ := math.Lgamma(float64(m - k + 1))
				tail += math.Exp(lm - lk - lr + float64(k)*math.Log(p) + float64(m-k)*math.Log1p(-p))
			}
			got := bounds.DoubleFlipsChernoff(p, 1, m)
			if got < tail*(1-1e-9) || got > bounds.DoubleFlipsFailure(p, 1, m)*(1+1e-12) {
				t.Errorf("p=%g m=%d: %v, want between %v and %v", p, m, got, tail, bounds.DoubleFlipsFailure(p, 1, m))
			}
		}
	}
	if bounds.DoubleFlipsChernoff(0.6, 5, 3) != 0 || bounds.DoubleFlipsChernoff(0, 5, 3) != 1 {
		t.Error("beyond one half, or with no fragile neuron")
	}
	isNaN(t, map[string]float64{"p": bounds.DoubleFlipsChernoff(-1, 1, 1), "n": bounds.DoubleFlipsChernoff(0.1, 0, 1)})
}
