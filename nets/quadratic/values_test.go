package quadratic

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/nets"
)

func TestNetworkSharesItsWeights(t *testing.T) {
	w, v := mat.NewDense(2, 2, []float64{1, 2, 3, 4}), []float64{0.5, -1}
	net := Network(w, v)
	if net.W != w || &net.A[0] != &v[0] || net.Scale != 1 {
		t.Errorf("network of %v, %v at scale %v", net.W, net.A, net.Scale)
	}
	// 0.5 (1 + 4)^2 - (3 + 8)^2 on x = (1, 2).
	if got := net.Output(mat.NewDense(1, 2, []float64{1, 2}))[0]; !(math.Abs(got-(12.5-121)) <= 1e-12) {
		t.Errorf("output %v, want -108.5", got)
	}
}

// The point that Minimise ends at says the ends of its spectrum, the gradient and the loss.
func TestPointIsMeasured(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	x, y := nets.Gaussian(6, 2, r), []float64{1, -1, 2, 0.5, -0.3, 1}
	l, err := NewLandscape(x, y, 2)
	if err != nil {
		t.Fatal(err)
	}
	net := Network(nets.Gaussian(2, 2, r), []float64{1, -1})
	at, err := l.Minimise(net, Options{Steps: 3})
	if err != nil {
		t.Fatal(err)
	}
	var es mat.EigenSym
	if !es.Factorize(l.Hessian(at.Net, nets.FirstLayer), false) {
		t.Fatal("no eigenvalues")
	}
	values := es.Values(nil)
	for what, v := range map[string][2]float64{
		"curvature": {at.Curvature, values[0]},
		"largest":   {at.Largest, math.Max(math.Abs(values[0]), values[len(values)-1])},
		"gradient":  {at.Gradient, mat.Norm(mat.NewVecDense(4, l.Gradient(at.Net, nets.FirstLayer)), 2)},
		"loss":      {at.Loss, l.Loss(at.Net)},
	} {
		if !(math.Abs(v[0]-v[1]) <= 1e-10*(1+math.Abs(v[1]))) {
			t.Errorf("%s = %v, want %v", what, v[0], v[1])
		}
	}
	if at.Steps != 3 || len(at.Losses) != 4 || at.Losses[0] != l.Loss(net) {
		t.Errorf("%d steps, losses %v", at.Steps, at.Losses)
	}
}
