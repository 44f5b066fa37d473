package train_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/train"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

func smoothNetwork(t *testing.T) (*nets.Network, *data.Set) {
	t.Helper()
	set, err := data.Spec{Kind: data.Sphere, N: 5, D: 4, Seed: 2, Labels: data.Normal}.Build()
	if err != nil {
		t.Fatal(err)
	}
	law := nets.Init{Width: 7, Dim: 4, Act: nets.Tanh(), Kappa: 1, Output: nets.GaussianOutput, Scale: 1}
	return law.Draw(rand.New(rand.NewPCG(1, 2))), set
}

// With the output weights alone in motion the flow is linear, and has a closed form.
func TestRungeKuttaSecondLayer(t *testing.T) {
	net, set := smoothNetwork(t)
	k, err := train.NewRungeKutta(net, set.X, set.Y, nets.SecondLayer)
	if err != nil {
		t.Fatal(err)
	}
	g := mat.NewSymDense(5, nil)
	k.Batch.Gram(g, net, nets.SecondLayer)
	exact, err := train.NewLinear(g)
	if err != nil {
		t.Fatal(err)
	}
	start := append([]float64(nil), k.Residual...)
	for range 200 {
		k.Step(0.005)
	}
	want := exact.Flow(start, 1)
	if gap := floats.Distance(k.Residual, want, 2); gap > 1e-8 {
		t.Errorf("residual off by %g after time 1", gap)
	}
	if !(math.Abs(k.Norm-floats.Norm(want, 2)) <= 1e-8) {
		t.Errorf("norm %g, want %g", k.Norm, floats.Norm(want, 2))
	}
}

// Both layers: Euler steps of vanishing size tend to the same point, the error falls like the fourth power of the step, and
// with one layer at rest its weights stay.
func TestRungeKuttaOrder(t *testing.T) {
	at := func(h float64, layers nets.Layers) (*nets.Network, []float64) {
		net, set := smoothNetwork(t)
		k, err := train.NewRungeKutta(net, set.X, set.Y, layers)
		if err != nil {
			t.Fatal(err)
		}
		for range int(math.Round(0.5 / h)) {
			k.Step(h)
		}
		return net, append([]float64(nil), k.Batch.U...)
	}
	_, exact := at(1.0/2048, nets.BothLayers)
	_, coarse := at(1.0/16, nets.BothLayers)
	_, fine := at(1.0/32, nets.BothLayers)
	ratio := floats.Distance(coarse, exact, 2) / floats.Distance(fine, exact, 2)
	if ratio < 10 || ratio > 26 {
		t.Errorf("halving the step divides the error by %g, want about 16", ratio)
	}
	net, set := smoothNetwork(t)
	run, err := train.NewDescent(net, set.X, set.Y, train.Options{Step: 1e-5, Steps: 50000, Layers: nets.BothLayers})
	if err != nil {
		t.Fatal(err)
	}
	for range 50000 {
		run.Step()
	}
	if gap := floats.Distance(run.State().U, exact, 2); gap > 2e-4 {
		t.Errorf("Euler's method ends %g away", gap)
	}
	start, _ := smoothNetwork(t)
	first, _ := at(1.0/16, nets.FirstLayer)
	if floats.Distance(first.A, start.A, 2) != 0 || mat.Equal(first.W, start.W) {
		t.Error("training the first layer moves the other one, or nothing")
	}
}

func TestRungeKuttaRefuses(t *testing.T) {
	net, set := smoothNetwork(t)
	if _, err := train.NewRungeKutta(net, set.X, set.Y[:3], nets.BothLayers); err == nil {
		t.Error("labels of another length are accepted")
	}
	net.A[0] = math.NaN()
	if _, err := train.NewRungeKutta(net, set.X, set.Y, nets.BothLayers); err == nil {
		t.Error("weights that are not finite are accepted")
	}
}
