package quadratic

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/nets"
)

func problem(t *testing.T, n, d int, v []float64, seed uint64) (*Landscape, *nets.Network, *mat.Dense, []float64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	x, w := nets.Gaussian(n, d, r), nets.Gaussian(len(v), d, r)
	y := make([]float64, n)
	for i := range y {
		y[i] = 2 * r.NormFloat64()
	}
	l, err := NewLandscape(x, y, len(v))
	if err != nil {
		t.Fatal(err)
	}
	return l, Network(w, v), x, y
}

func TestLossIsThatOfTheForm(t *testing.T) {
	l, net, x, y := problem(t, 7, 3, []float64{1, -0.5, 2, -1}, 1)
	want := 0.0
	form := Form(net)
	for i, yi := range y {
		f := 0.0
		for j, v := range net.A { // by hand
			z := floats.Dot(net.W.RawRowView(j), x.RawRowView(i))
			f += v * z * z
		}
		if g := mat.Inner(x.RowView(i), form, x.RowView(i)); !(math.Abs(g-f) <= 1e-12*(1+math.Abs(f))) {
			t.Errorf("sample %d: x^T M x = %v, the network gives %v", i, g, f)
		}
		want += (f - yi) * (f - yi) / 14
	}
	if got := l.Loss(net); !(math.Abs(got-want) <= 1e-12*want) {
		t.Errorf("loss %v, by hand %v", got, want)
	}
}

// The loss is a polynomial of degree at most six in all weights: central differences with a small step show its derivatives.
func TestDerivativesAreDifferences(t *testing.T) {
	for _, layers := range []nets.Layers{nets.FirstLayer, nets.SecondLayer, nets.BothLayers} {
		l, net, _, _ := problem(t, 6, 3, []float64{1, -0.5, 2}, 2)
		g, h := l.Gradient(net, layers), l.Hessian(net, layers)
		for i := range g {
			step := make([]float64, len(g))
			step[i] = 1e-5
			up, upGradient := l.Loss(Moved(net, layers, step)), l.Gradient(Moved(net, layers, step), layers)
			step[i] = -1e-5
			down, downGradient := l.Loss(Moved(net, layers, step)), l.Gradient(Moved(net, layers, step), layers)
			if got := (up - down) / 2e-5; !(math.Abs(got-g[i]) <= 1e-6*(1+math.Abs(g[i]))) {
				t.Errorf("layers %d: derivative %d is %v, differences give %v", layers, i, g[i], got)
			}
			for k := range g {
				if got := (upGradient[k] - downGradient[k]) / 2e-5; !(math.Abs(got-h.At(i, k)) <= 1e-5*(1+math.Abs(got))) {
					t.Errorf("layers %d: second derivative %d, %d is %v, differences give %v", layers, i, k, h.At(i, k), got)
				}
			}
		}
	}
}

func TestMinimiseEndsAtASecondOrderPoint(t *testing.T) {
	for seed := range uint64(5) {
		l, net, _, _ := problem(t, 9, 3, []float64{1, -1, 0.5, -2, 1.5, -0.7}, seed)
		p, err := l.Minimise(net, Options{Steps: 200, Enough: func(p Point) bool { return p.Gradient < 1e-10 && p.Curvature > -1e-8 }})
		if err != nil {
			t.Fatal(err)
		}
		if p.Gradient > 1e-8 || p.Curvature < -1e-6 {
			t.Errorf("seed %d: after %d steps the gradient is %v and the least curvature %v", seed, p.Steps, p.Gradient, p.Curvature)
		}
		if got := floats.Norm(l.Gradient(p.Net, nets.FirstLayer), 2); !(math.Abs(got-p.Gradient) <= 1e-15) {
			t.Errorf("seed %d: gradient %v at a point that says %v", seed, got, p.Gradient)
		}
		var es mat.EigenSym
		if !es.Factorize(l.Hessian(p.Net, nets.FirstLayer), false) {
			t.Fatal("no eigenvalues")
		}
		values := es.Values(nil)
		if largest := max(-values[0], values[len(values)-1]); !(math.Abs(p.Largest-largest) <= 1e-12*largest) || !(math.Abs(p.Curvature-values[0]) <= 1e-12*largest) {
			t.Errorf("seed %d: eigenvalues from %v to %v, told %v and %v", seed, values[0], largest, p.Curvature, p.Largest)
		}
		if got := l.Loss(p.Net); got != p.Loss || p.Losses[len(p.Losses)-1] != got || len(p.Losses) != p.Steps+1 {
			t.Errorf("seed %d: loss %v after %d steps, told %v and %v", seed, got, p.Steps, p.Loss, p.Losses)
		}
		for i := 1; i < len(p.Losses); i++ {
			if p.Losses[i] > p.Losses[i-1]*(1+1e-13) {
				t.Errorf("seed %d: step %d raises the loss", seed, i)
			}
		}
	}
}

// W = 0 is stationary: without the push along negative curvature nothing leaves it.
func TestMinimiseLeavesSaddles(t *testing.T) {
	l, net, _, _ := problem(t, 9, 3, []float64{1, -1, 0.5, -2, 1.5, -0.7}, 3)
	net.W.Zero()
	start := l.Loss(net)
	stuck, err := l.Minimise(net, Options{Steps: 50, GradientOnly: true})
	if err != nil || stuck.Loss != start {
		t.Errorf("gradient steps left the saddle: loss %v from %v, %v", stuck.Loss, start, err)
	}
	if p, err := l.Minimise(net, Options{Steps: 50}); err != nil || p.Loss > start/2 {
		t.Errorf("the loss is %v from %v at a saddle, %v", p.Loss, start, err)
	}
}

func TestJointDescentMovesBothLayers(t *testing.T) {
	l, net, _, _ := problem(t, 3, 2, []float64{1, -1, 0.5, -2}, 4)
	p, err := l.Minimise(net, Options{Layers: nets.BothLayers, Steps: 100})
	if err != nil || p.Loss > 1e-12 {
		t.Errorf("loss %v, %v: three labels are fitted by twelve weights", p.Loss, err)
	}
	if floats.EqualApprox(p.Net.A, net.A, 1e-6) {
		t.Error("the output weights stood still")
	}
}

func TestNewLandscapeRefuses(t *testing.T) {
	x := mat.NewDense(2, 1, []float64{1, 2})
	if _, err := NewLandscape(x, []float64{1}, 2); err == nil {
		t.Error("one label for two samples passed")
	}
	if _, err := NewLandscape(x, []float64{1, 2}, 0); err == nil {
		t.Error("no neurons passed")
	}
}
