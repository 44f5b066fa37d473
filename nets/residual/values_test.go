package residual_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"convergo/nets"
	"convergo/nets/residual"
)

// All weights are standard normal, the output weights too.
func TestOutputWeightsAreStandardNormal(t *testing.T) {
	net, err := residual.New(residual.Config{Channels: 1, Width: 5000, Layers: 1, Input: 1, Activation: nets.Erf()}, rand.New(rand.NewPCG(7, 2)))
	if err != nil {
		t.Fatal(err)
	}
	for h := 1; h <= 2; h++ {
		square := 0.0
		for _, w := range net.Weight(h).RawMatrix().Data {
			square += w * w / 5000
		}
		if !(math.Abs(square-1) <= 5*math.Sqrt(2./5000)) {
			t.Errorf("weights of layer %d have the mean square %v", h, square)
		}
	}
}

// A copy computes what the network computes, and so does the network of a pass.
func TestCopies(t *testing.T) {
	net, x, pass := draw(t, configs["residual"], 3)
	y, e := []float64{0.5, -1, 2}, make([]float64, 3)
	norm := pass.Residual(e, y)
	sum := 0.0
	for i := range y {
		want := value(net, x.RawRowView(i)) - y[i]
		sum += want * want
		if !(math.Abs(e[i]-want) <= 1e-13) {
			t.Errorf("residual %d is %v, want %v", i, e[i], want)
		}
		for name, n := range map[string]*residual.Network{"copy": net.Clone(), "network of the pass": pass.Network()} {
			if got := value(n, x.RawRowView(i)); got != want+y[i] {
				t.Errorf("%s: output %d is %v, want %v", name, i, got, want+y[i])
			}
		}
	}
	if !(math.Abs(norm-math.Sqrt(sum)) <= 1e-13) {
		t.Errorf("norm %v, want %v", norm, math.Sqrt(sum))
	}
}
