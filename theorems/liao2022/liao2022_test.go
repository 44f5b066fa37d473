package liao2022

import (
	"math"
	"math/rand/v2"
	"testing"

	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/train"

	"gonum.org/v1/gonum/mat"
)

// TestClaims checks every claim; run one with -run 'TestClaims/liao2022/name'.
func TestClaims(t *testing.T) {
	for _, c := range Source().Claims {
		checks.Test(t, c)
	}
}

func TestEnumerationIsALaw(t *testing.T) {
	for _, p := range []exactP{
		{M: 3, Law: "bernoulli", Xi: 0.3, P: 2}, {M: 4, Law: "partition", Xi: 1.0 / 3, P: 3}, {M: 7, Law: "fixed", Xi: 3.0 / 7, P: 1},
	} {
		var total, kept float64
		shared := 0.0 // P(neuron 0 is in the first and the last sub-network)
		p.enumerate(func(masks [][]bool, probability float64) {
			total += probability
			if masks[0][0] {
				kept += probability
				if masks[p.P-1][0] {
					shared += probability
				}
			}
		})
		want := map[string]float64{"bernoulli": 0.09, "partition": 0, "fixed": p.Xi}[p.Law]
		if math.Abs(total-1) > 1e-13 || math.Abs(kept-p.Xi) > 1e-13 || math.Abs(shared-want) > 1e-13 {
			t.Errorf("%s: total %v, kept %v, shared %v; want 1, %v, %v", p.Law, total, kept, shared, p.Xi, want)
		}
	}
}

// With xi = 1 the runs of the table are gradient descent, bit for bit.
func TestFullMasksReproduceDescent(t *testing.T) {
	p := training{
		Data:   data.Spec{Kind: data.Sphere, N: 4, D: 7, Seed: 3, Labels: data.Sign},
		Scheme: schemeDescent, Xi: 1, P: 3, Tau: 2, Eta: 0.8, M: 200, Rounds: 15,
	}
	l, err := p.lab()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := train.NewDescent(l.start(p.M, 1, rand.New(rand.NewPCG(1, 2))), l.x, l.y, train.Options{Step: l.eta})
	if err != nil {
		t.Fatal(err)
	}
	err = l.run(l.y, rand.New(rand.NewPCG(1, 2)), func(round int, s *train.State) {
		plain.Step()
		plain.Step()
		if !mat.Equal(s.Net.W, plain.State().Net.W) || s.Norm != plain.State().Norm {
			t.Fatalf("round %d differs from descent", round)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The exact moments are those of fixed activations, so that on the grid no draw may be left out.
func TestNoActivationChangesOnTheGrid(t *testing.T) {
	for _, c := range Source().Claims {
		claim, ok := c.(checks.Claim[training])
		if !ok {
			continue
		}
		for i, p := range claim.Grid {
			in, err := claim.Setup(p)
			if err != nil {
				t.Fatal(err)
			}
			for trial := range uint64(30) {
				m := in.Trial(rand.New(rand.NewPCG(trial, 5)))
				if len(m.Hypotheses) != 1 || !m.Hypotheses[0].Met() {
					t.Errorf("%s, instance %d, trial %d: %+v", claim.ID, i, trial, m.Hypotheses)
				}
			}
		}
	}
}
