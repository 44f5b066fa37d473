package checks_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"convergo/checks"

	"pgregory.net/rapid"
)

// Hoeffding's inequality as a claim of one's own: the mean of n fair coins is
// off by more than its bound with probability at most δ.
type coins struct {
	N     int
	Delta float64
}

func (p coins) bound() float64 { return math.Sqrt(math.Log(2/p.Delta) / (2 * float64(p.N))) }

func flip(p coins, bound float64) checks.Instance {
	return checks.Instance{
		Terms: checks.Terms{Delta: checks.Float(p.Delta)},
		Trial: func(r *rand.Rand) checks.Measurement {
			heads := 0
			for range p.N {
				heads += r.IntN(2)
			}
			off := math.Abs(float64(heads)/float64(p.N) - 0.5)
			return checks.Measurement{Observed: off, Predicted: bound, Tolerance: 1e-15}
		},
	}
}

func hoeffding() checks.Claim[coins] {
	return checks.Claim[coins]{
		ID: "hoeffding1963/mean", Title: "mean of n fair coins", Reference: "Theorem 1",
		Basis: checks.Stated, Form: checks.Probably{},
		Space: rapid.Custom(func(t *rapid.T) coins {
			return coins{N: rapid.IntRange(1, 500).Draw(t, "n"), Delta: rapid.SampledFrom([]float64{0.05, 0.2}).Draw(t, "delta")}
		}),
		Grid: []coins{{10, 0.1}, {1000, 0.1}},
		// The bound holds for every law on [0, 1]: a smaller factor than 4 on it
		// need not show for coins.
		Detects:   map[string]float64{"": 4},
		Statement: "The mean of n fair coins is within sqrt(log(2/δ)/(2n)) of 1/2.\n\nLoose: the bound holds for every law on [0, 1].",
		Setup:     func(p coins) (checks.Instance, error) { return flip(p, p.bound()), nil },
		Controls: []checks.Control[coins]{{
			Name: "third-of-the-bound", Why: "a third of the bound is broken far more often than δ",
			At:    []coins{{100, 0.1}},
			Setup: func(p coins) (checks.Instance, error) { return flip(p, p.bound()/3), nil },
		}},
	}
}

func TestHoeffding(t *testing.T) { checks.Test(t, hoeffding()) }
