package train

import (
	"math"
	"math/rand/v2"
	"testing"

	"convergo/nets"
)

// TestOutputMovement trains both layers and measures the way of the output
// weights by hand.
func TestOutputMovement(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 5))
	net := nets.NTK(6, 3).Draw(rng)
	start := append([]float64(nil), net.A...)
	d, err := NewDescent(net, nets.Gaussian(4, 3, rng), []float64{1, -1, 2, 0.5}, Options{Step: 0.05, Layers: nets.BothLayers})
	if err != nil {
		t.Fatal(err)
	}
	for range 7 {
		d.Step()
	}
	most, squares := 0.0, 0.0
	for r, a := range d.State().Net.A {
		most = math.Max(most, math.Abs(a-start[r]))
		squares += (a - start[r]) * (a - start[r])
	}
	if got, length := d.State().OutputMovement(); most == 0 || got != most || !(math.Abs(length*length-squares) <= 1e-14) {
		t.Errorf("moved %v and %v, want %v and %v", got, length, most, math.Sqrt(squares))
	}
}
