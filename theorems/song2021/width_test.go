package song2021

import (
	"math"
	"math/rand/v2"
	"testing"

	"convergo/checks"
)

// A layer of one neuron whose gate is closed learns nothing: the claim fails there, with numbers.
func TestClosedGate(t *testing.T) {
	p := wide{Data: oneLabel(1e-4), Act: "gate", Output: 1e-6, Eps: 0.95, H: 0.5, Share: 0.5, Delta: 0.2}
	w, err := p.plan(soundWide)
	if err != nil {
		t.Fatal(err)
	}
	broken := 0
	for seed := range uint64(100) {
		m, err := w.run(1, soundWide, rand.New(rand.NewPCG(seed, 0)))
		if err != nil {
			t.Fatal(err)
		}
		if math.IsNaN(m.Observed) || math.IsNaN(m.Predicted) || math.IsInf(m.Observed, 0) {
			t.Fatalf("seed %d: observed %v, predicted %v", seed, m.Observed, m.Predicted)
		}
		if m.Status() == checks.Violated {
			broken++
		}
	}
	if broken < 50 {
		t.Errorf("%d of 100 draws violate the claim, of which five in six have a closed gate", broken)
	}
}
