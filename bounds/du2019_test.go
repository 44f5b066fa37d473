package bounds

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The width is made of conditions that can be checked one by one at that width.
func TestAntisymmetricWidthMeetsItsConditions(t *testing.T) {
	for _, p := range []Problem{
		{N: 1, Lambda0: 0.5, S: 1, Delta: 0.1, LabelNorm: 0.01},
		{N: 4, Lambda0: 0.5, S: 1, Delta: 0.05, LabelNorm: 2},
		{N: 10, Lambda0: 0.1, S: 2.5, Delta: 0.3, LabelNorm: 0.1},
	} {
		m := int(math.Ceil(AntisymmetricWidth(p)))
		pairs := (m + 1) / 2
		if f := ChernoffFailure(p.N, pairs, 0.25, p.Lambda0, p.S); f > p.Delta/2 {
			t.Errorf("%+v: the Gram matrix fails with probability %v", p, f)
		}
		budget := FlipBudget(p.Lambda0, p.S)
		if f := DoubleFlipsFailure(budget/2, p.N, pairs); f > p.Delta/2*(1+1e-9) {
			t.Errorf("%+v: flips exceed the budget with probability %v", p, f)
		}
		if r := GDMovement(p.S, p.LabelNorm, p.Lambda0, m); FlipProbability(r) > budget/2 {
			t.Errorf("%+v: a neuron is fragile with probability %v of at most %v", p, FlipProbability(r), budget/2)
		}
		// Not wasteful: at nine tenths of the width one of the two conditions fails.
		short := m * 9 / 10
		if DoubleFlipsFailure(budget/2, p.N, short/2) <= p.Delta/2 &&
			FlipProbabilityBound(GDMovement(p.S, p.LabelNorm, p.Lambda0, short)) <= budget/2 {
			t.Errorf("%+v: nine tenths of the width would do", p)
		}
	}
	if w := AntisymmetricWidth(Problem{N: 4, Lambda0: 0.5, S: 1, Delta: 2}); !math.IsNaN(w) {
		t.Errorf("width %v for an impossible probability", w)
	}
}

func TestOutputFourthMomentMonteCarlo(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 8))
	for _, m := range []int{1, 3, 20} {
		const draws = 200000
		var sum, square float64
		for range draws {
			var u float64
			for range m {
				z := 1.5 * max(rng.NormFloat64(), 0)
				u += z * float64(2*rng.IntN(2)-1)
			}
			v := u * u * u * u / float64(m*m)
			sum += v
			square += v * v
		}
		mean := sum / draws
		se := math.Sqrt((square/draws - mean*mean) / draws)
		if want := OutputFourthMoment(m, 1.5); !(math.Abs(mean-want) <= 4*se) {
			t.Errorf("m=%d: mean %v, want %v, standard error %v", m, mean, want, se)
		}
	}
}
