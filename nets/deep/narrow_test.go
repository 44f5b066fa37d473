package deep

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// With one neuron in each of two hidden layers, K(x,x) at x = 1 is r_2^2 + w_3^2 r_1^2 + w_3^2 w_2^2 where both gates are open, a
// share of 1/4: the three products of two out of three chi-squared variables, of mean 1 each.
func TestStartGramOfNarrowLayers(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	x := mat.NewDense(1, 1, []float64{1})
	const draws = 100000
	sum, square := 0.0, 0.0
	for range draws {
		k, err := StartGram(x, Config{Inputs: 1, Hidden: []int{1, 1}}, r)
		if err != nil {
			t.Fatal(err)
		}
		v := k.At(0, 0)
		sum, square = sum+v/draws, square+v*v/draws
	}
	// E K^2 is a quarter of 3 * 9 + 2 * 3 * 3, as that of three products of two out of three chi-squared variables.
	if off := math.Abs(sum - 0.75); off > 5*math.Sqrt((11.25-0.5625)/draws) {
		t.Errorf("mean %v, want 3/4", sum)
	}
	if !(math.Abs(square/11.25-1) <= 0.2) {
		t.Errorf("mean square %v, want 45/4", square)
	}
}

// The copy of an antisymmetric network has its weights, and the factor on its output: a unit more on one output weight adds the
// factor times that neuron.
func TestAntisymmetricClone(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 8))
	config := Config{Inputs: 2, Hidden: []int{3, 4}, Std: []float64{0.7, 0.8, 0.9}, Multiplier: 1.5, Activation: Tanh()}
	net, err := Antisymmetric(config, 2, r)
	if err != nil {
		t.Fatal(err)
	}
	clone := net.Clone()
	x := mat.NewDense(1, 2, []float64{0.3, -1.1})
	for l := 1; l <= 3; l++ {
		if !mat.Equal(clone.Weight(l), net.Weight(l)) {
			t.Errorf("weights of layer %d are not copied", l)
		}
		if w := net.LayerParams(net.Params(), l); w[0] != net.Weight(l).At(0, 0) {
			t.Errorf("the first parameter of layer %d is %v, its weight %v", l, w[0], net.Weight(l).At(0, 0))
		}
	}
	hidden := []float64{0.3, -1.1}
	for l := 1; l <= 2; l++ {
		rows, _ := net.Weight(l).Dims()
		next := make([]float64, rows)
		for j := range next {
			for k, v := range hidden {
				next[j] += net.Weight(l).At(j, k) * v
			}
			next[j] = math.Tanh(next[j])
		}
		hidden = next
	}
	for name, n := range map[string]*Network{"network": net, "copy": clone} {
		n.Weight(3).Set(0, 0, n.Weight(3).At(0, 0)+1)
		out, err := n.Output(x)
		if err != nil || !(math.Abs(out[0]-1.5*hidden[0]) <= 1e-14) {
			t.Errorf("%s: output %v (%v), want %v", name, out, err, 1.5*hidden[0])
		}
	}
}
