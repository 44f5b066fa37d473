package biased_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"convergo/nets/biased"
)

// Output weights are signs, and the output scale is 1/sqrt m.
func TestOutputLayer(t *testing.T) {
	net := biased.Init{Width: 25, Dim: 2, Bias: 0.3}.Draw(rand.New(rand.NewPCG(3, 4)))
	plus := 0
	for r, a := range net.A {
		if math.Abs(a) != 1 {
			t.Errorf("output weight %d is %v", r, a)
		}
		if a > 0 {
			plus++
		}
	}
	if plus == 0 || plus == 25 || net.Scale != 0.2 {
		t.Errorf("%d positive weights of 25, scale %v", plus, net.Scale)
	}
}
