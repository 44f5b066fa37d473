package allenzhu2019

import (
	"math"
	"math/rand/v2"
	"testing"

	"convergo/checks"
)

// A slope says nothing of the prefactor: the mean of what is measured at each size, over the limit that is claimed, is near 1.
func TestPrefactors(t *testing.T) {
	const trials = 60
	for _, c := range []struct {
		name    string
		trial   func() (checks.Instance, error)
		from    int     // first size that is near the limit
		largest float64 // relative distance from it
	}{
		{"flip-order", first(flipOrder()), 1, 0.02},
		{"gradient-closeness", first(gradientCloseness()), 1, 0.03},
		{"cross-term", first(crossTerm()), 1, 0.04},
		{"linearisation", first(linearisation()), 1, 0.1},
		{"gradient-separation", first(gradientSeparation()), 0, 0.14},
	} {
		inst, err := c.trial()
		if err != nil {
			t.Fatal(err)
		}
		var got, want []float64
		for i := range trials {
			m := inst.Trial(rand.New(rand.NewPCG(7, uint64(i))))
			if got == nil {
				got, want = make([]float64, len(m.Ladder)), make([]float64, len(m.Ladder))
			}
			for k, rung := range m.Ladder {
				got[k] += rung.Value / trials
				want[k] = float64(m.Series[1].Y[k])
			}
		}
		for k := c.from; k < len(got); k++ {
			t.Logf("%s: %v of the limit at size %d", c.name, got[k]/want[k], k)
			if !(math.Abs(got[k]/want[k]-1) <= c.largest) {
				t.Errorf("%s: %v at size %d, limit %v", c.name, got[k], k, want[k])
			}
		}
	}
}

// first sets a claim up on the first instance of its grid.
func first[P any](c checks.Claim[P]) func() (checks.Instance, error) {
	return func() (checks.Instance, error) { return c.Setup(c.Grid[0]) }
}
