package song2021

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// The limit of tanh features on rows of several lengths against simulation, and the refusal of rows that are too long for it.
func TestLimitGram(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	x := mat.NewDense(2, 2, []float64{0.3, 0.4, 12, -9})
	act, err := smoothNamed("tanh")
	if err != nil {
		t.Fatal(err)
	}
	for _, scale := range []float64{1, 1.6} {
		x.Scale(scale, x)
		g, err := limitGram("tanh", act.Activation, x)
		if err != nil {
			t.Fatal(err)
		}
		const draws = 400000
		var mean [3]float64
		for range draws {
			a, b := rng.NormFloat64(), rng.NormFloat64()
			p, q := math.Tanh(x.At(0, 0)*a+x.At(0, 1)*b), math.Tanh(x.At(1, 0)*a+x.At(1, 1)*b)
			mean[0] += p * p / draws
			mean[1] += p * q / draws
			mean[2] += q * q / draws
		}
		for k, got := range []float64{g.At(0, 0), g.At(0, 1), g.At(1, 1)} {
			if !(math.Abs(got-mean[k]) <= 5/math.Sqrt(draws)) {
				t.Errorf("scale %v, entry %d: %v, simulated %v", scale, k, got, mean[k])
			}
		}
	}
	x.Scale(2, x)
	if _, err := limitGram("tanh", act.Activation, x); err == nil {
		t.Error("rows of norm 48 are accepted")
	}
}
