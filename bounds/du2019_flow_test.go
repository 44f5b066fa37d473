package bounds

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// The width of the flow is made of conditions that can be checked one by one at that width.
func TestAntisymmetricFlowWidthMeetsItsConditions(t *testing.T) {
	for _, p := range []Problem{
		{N: 1, Lambda0: 0.5, S: 1, Delta: 0.1, LabelNorm: 0.01},
		{N: 4, Lambda0: 0.5, S: 1, Delta: 0.05, LabelNorm: 2},
		{N: 10, Lambda0: 0.1, S: 2.5, Delta: 0.3, LabelNorm: 0.1},
	} {
		m := int(math.Ceil(AntisymmetricFlowWidth(p)))
		pairs := (m + 1) / 2
		if f := ChernoffFailure(p.N, pairs, 0.25, p.Lambda0, p.S); f > p.Delta/2 {
			t.Errorf("%+v: the Gram matrix fails with probability %v", p, f)
		}
		// sqrt(3/4) - sqrt(1/2) is what the roots of the eigenvalues may lose.
		half := (math.Sqrt(0.75) - math.Sqrt(0.5)) * (math.Sqrt(0.75) - math.Sqrt(0.5)) * p.Lambda0 / (p.S * p.S) / 2
		radius := 2 * p.S * p.LabelNorm / (math.Sqrt(float64(m)) * p.Lambda0)
		if f := float64(p.N) * math.Exp(-float64(pairs)*half/3); f > p.Delta/2*(1+1e-9) {
			t.Errorf("%+v: flips double with probability %v", p, f)
		}
		if f := math.Erf(radius / math.Sqrt2); f > half {
			t.Errorf("%+v: a neuron is fragile with probability %v of at most %v", p, f, half)
		}
		short := float64(m) * 0.98
		if float64(p.N)*math.Exp(-short/2*half/3) <= p.Delta/2 && radius*math.Sqrt(float64(m)/short)*math.Sqrt(2/math.Pi) <= half {
			t.Errorf("%+v: 0.98 of the width would do", p)
		}
	}
	if w := AntisymmetricFlowWidth(Problem{N: 4, Lambda0: 0.5, S: 1, Delta: 2}); !math.IsNaN(w) {
		t.Errorf("width %v for an impossible probability", w)
	}
}

// Over all patterns of a few neurons: the Frobenius bound is the largest change that flips of the allowed number can make, for
// equal inputs of either pattern, and the bound on the eigenvalue is never broken.
func TestGramShiftsOverAllPatterns(t *testing.T) {
	if got, want := GramFrobeniusShift(3, 0.5), 0.5*math.Sqrt(27); !(math.Abs(got-want) <= 1e-15) {
		t.Errorf("n=3: %v, want %v", got, want)
	}
	rng := rand.New(rand.NewPCG(2, 9))
	tight, equal := 0.0, 0.0
	for range 4000 {
		n, m := 1+rng.IntN(3), 1+rng.IntN(3)
		x := mat.NewDense(n, 2, nil)
		for i := range n {
			a := rng.Float64() * 0.1
			x.SetRow(i, []float64{math.Cos(a), math.Sin(a)})
		}
		var k mat.SymDense
		k.SymOuterK(1, x)
		s := mat.Norm(x, 2)
		p, q := mat.NewDense(n, m, nil), mat.NewDense(n, m, nil)
		most, any := 0, 0
		for r := range m {
			flipped := false
			for i := range n {
				b := float64(rng.IntN(2))
				p.Set(i, r, b)
				if rng.IntN(2) == 0 {
					b, flipped = 1-b, true
				}
				q.Set(i, r, b)
			}
			if flipped {
				any++
			}
		}
		for i := range n {
			c := 0
			for r := range m {
				if p.At(i, r) != q.At(i, r) {
					c++
				}
			}
			most = max(most, c)
		}
		gram := func(p *mat.Dense) *mat.SymDense {
			h := mat.NewSymDense(n, nil)
			for i := range n {
				for j := range i + 1 {
					h.SetSym(i, j, k.At(i, j)*mat.Dot(p.RowView(i), p.RowView(j))/float64(m))
				}
			}
			return h
		}
		h, g := gram(p), gram(q)
		var diff mat.Dense
		diff.Sub(g, h)
		bound := GramFrobeniusShift(n, float64(most)/float64(m))
		got := mat.Norm(&diff, 2)
		if got > bound+1e-12 {
			t.Fatalf("n=%d: change %v beyond %v", n, got, bound)
		}
		if bound > 0 && n == 3 {
			tight = max(tight, got/bound)
		}
		smallest := func(h *mat.SymDense) float64 {
			var e mat.EigenSym
			e.Factorize(h, false)
			return e.Values(nil)[0]
		}
		after, low := smallest(g), LambdaMinAfterLoss(max(0, smallest(h)), s, float64(any)/float64(m))
		if after < low-1e-12 {
			t.Fatalf("n=%d m=%d: eigenvalue %v below %v", n, m, after, low)
		}
		if low > 0.01 {
			equal = max(equal, low/after)
		}
	}
	if equal < 0.999 {
		t.Errorf("the bound reaches %v of an eigenvalue at most", equal)
	}
	if tight < 0.7 {
		t.Errorf("three inputs reach %v of the bound only", tight)
	}
	if equal < 0.99 {
		t.Errorf("the bound on the eigenvalue is %v of an eigenvalue at most", equal)
	}
	if got := LambdaMinAfterLoss(0.75, 1, 0.25); got != 0.5 {
		t.Errorf("a quarter of the neurons of one input lost of three: %v, want 0.5", got)
	}
}

// The tail of an output by simulation, and in closed form for one neuron and for many.
func TestOutputTailExact(t *testing.T) {
	for _, v := range []float64{0.3, 1, 2} {
		if got, want := OutputTailExact(1, v), math.Erfc(v/math.Sqrt2)/2; !(math.Abs(got-want) <= 1e-15) {
			t.Errorf("one neuron at %v: %v, want %v", v, got, want)
		}
		if got, want := OutputTailExact(100000, v), math.Erfc(v); !(math.Abs(got-want) <= 3e-5) {
			t.Errorf("many neurons at %v: %v, want nearly %v", v, got, want)
		}
		rng := rand.New(rand.NewPCG(1, 4))
		const m, draws = 5, 200000
		hits := 0
		for range draws {
			var u float64
			for range m {
				u += max(rng.NormFloat64(), 0) * float64(2*rng.IntN(2)-1)
			}
			if math.Abs(u)/math.Sqrt(m) >= v {
				hits++
			}
		}
		want := OutputTailExact(m, v)
		if got := float64(hits) / draws; !(math.Abs(got-want) <= 4*math.Sqrt(want/draws)) {
			t.Errorf("m=%d at %v: frequency %v, want %v", m, v, got, want)
		}
	}
	if got := OutputTailExact(3, 0); got != 1 {
		t.Errorf("at 0: %v, want 1", got)
	}
	if !math.IsNaN(OutputTailExact(0, 1)) || !math.IsNaN(OutputTailExact(1, -1)) {
		t.Error("nonsense has a tail")
	}
}
