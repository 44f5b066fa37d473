package song2021

import (
	"math"
	"math/rand/v2"
	"testing"

	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/train"
)

// Halving the steps of the flows changes what is measured by less than the tolerance says.
func TestFlowDigits(t *testing.T) {
	for _, p := range []start{
		{Data: point1, Act: "identity", Width: 1, Fixed: []float64{1, -1}, Kappa: 0.75, Along: "minus"},
		{Data: point1, Act: "sin", Width: 3, Kappa: 1e-3},
		{Data: data.Spec{Kind: data.Sphere, N: 4, D: 6, Seed: 1}, Act: "tanh", Width: 12, Kappa: 0.9, Output: 5},
		{Data: data.Spec{Kind: data.Sphere, N: 4, D: 6, Seed: 1}, Act: "gelu", Width: 12, Kappa: 0.9, Output: 1, Along: "strong"},
		{Data: data.Spec{Kind: data.Sphere, N: 3, D: 2, Seed: 2}, Act: "softplus", Width: 8, Output: 1, Kappa: 0.9, Along: "weak"},
	} {
		common, err := p.setting()
		if err != nil {
			t.Fatal(err)
		}
		var norm, spectrum [2]float64
		var s0 float64
		for k := range 2 {
			d, err := p.draw(common, rand.New(rand.NewPCG(1, 2)))
			if err != nil {
				t.Fatal(err)
			}
			run, err := train.NewRungeKutta(d.net, d.x, d.y, nets.BothLayers)
			if err != nil {
				t.Fatal(err)
			}
			h := d.flowStep()
			steps := min(int(flowTime/(h*d.s0.Value)), flowSteps) << k
			for range steps {
				run.Step(h / float64(int(1)<<k))
			}
			s0 = d.cert.S0
			norm[k] = math.Log(run.Norm/d.cert.R0) / (s0 * s0 * h * float64(steps>>k))
			if spectrum[k], _, err = featureMin(run.Batch, d.net); err != nil {
				t.Fatal(err)
			}
		}
		if off := math.Abs(norm[0]-norm[1]) / math.Abs(norm[1]); off > flowDigits {
			t.Errorf("%+v: the exponent is off by a share %g", p, off)
		}
		if off := math.Abs(spectrum[0]-spectrum[1]) / s0; off > flowDigits {
			t.Errorf("%+v: the spectrum is off by a share %g", p, off)
		}
	}
}
