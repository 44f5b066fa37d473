package train

import (
	"math"
	"testing"

	"convergo/nets"
)

// What a method says before its first step is said of the network that it is given.
func TestStarts(t *testing.T) {
	r := newRand(71)
	net, x, y := nets.NTK(6, 3).Draw(r), nets.UnitRows(4, 3, r), []float64{1, -1, 0.5, 2}
	u := net.Output(x)
	norm := 0.0
	for i, v := range u {
		norm = math.Hypot(norm, v-y[i])
	}
	equal := func(what string, got, want float64) {
		t.Helper()
		if !(math.Abs(got-want) <= 1e-14) {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	k, err := NewRungeKutta(net.Clone(), x, y, nets.BothLayers)
	if err != nil {
		t.Fatal(err)
	}
	lin, err := NewTangent(net, x, y, Options{Step: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	equal("norm of the flow", k.Norm, norm)
	equal("norm of the linearisation", lin.Norm, norm)
	for i, v := range u {
		equal("output of the flow", k.Batch.U[i], v)
		equal("output of the linearisation", lin.U[i], v)
		equal("residual of the flow", k.Residual[i], v-y[i])
		equal("residual of the linearisation", lin.Residual[i], v-y[i])
	}
	// With masks, nothing has moved yet from the output weights of the start.
	m, err := NewMasked(net, x, y, Masking{Models: 1, LocalSteps: 1, Law: Bernoulli{Keep: 0.5}}, Options{Step: 0.1}, r)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range net.A {
		equal("output weight of the start", m.State().A0[i], a)
	}
}
