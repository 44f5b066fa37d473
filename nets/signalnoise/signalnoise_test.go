package signalnoise

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/nets"
)

func within(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %v, want %v within %v", what, got, want, tolerance)
	}
}

// loss is the training loss, spelt out.
func loss(net *Network, s *Sample) float64 {
	sum := 0.0
	for i, y := range s.Y {
		f := 0.0
		for k := range 2 * net.Filters() {
			j := 1.0
			if k >= net.Filters() {
				j = -1
			}
			signal, noise := 0.0, 0.0
			for l, w := range net.W.RawRowView(k) {
				signal += w * y * s.Mu[l]
				noise += w * s.Xi.At(i, l)
			}
			f += j * (math.Pow(math.Max(0, signal), 2.5) + math.Pow(math.Max(0, noise), 2.5)) / float64(net.Filters())
		}
		sum += math.Log(1 + math.Exp(-y*f))
	}
	return sum / float64(s.N())
}

func start(seed uint64) (*Sample, *Network) {
	r := rand.New(rand.NewPCG(seed, 1))
	s := Law{D: 7, Mu: 1.3, SigmaP: 0.6}.Draw(5, r)
	s.Y = []float64{1, -1, 1, 1, -1}
	return s, Config{Filters: 3, Sigma0: 0.5, Activation: Power(2.5)}.Draw(7, r)
}

// A step goes along finite differences of the loss.
func TestStep(t *testing.T) {
	s, net := start(1)
	before := net.Clone()
	const eta, h = 0.7, 1e-5
	net.Step(s, eta)
	for k := range 6 {
		for l := range 7 {
			up, down := before.Clone(), before.Clone()
			up.W.Set(k, l, up.W.At(k, l)+h)
			down.W.Set(k, l, down.W.At(k, l)-h)
			gradient := (loss(up, s) - loss(down, s)) / (2 * h)
			within(t, "step", net.W.At(k, l)-before.W.At(k, l), -eta*gradient, 1e-8)
		}
	}
}

// Descent in inner products is descent on the weights.
func TestDescent(t *testing.T) {
	s, net := start(2)
	for _, decay := range []float64{0, 0.01} {
		slow := net.Clone()
		d, err := NewDescent(net, s, 0.4)
		if err != nil {
			t.Fatal(err)
		}
		d.Decay = decay
		for range 60 {
			// Decay first, with the gradient of the weights before it.
			moved := slow.Clone()
			moved.Step(s, 0.4)
			moved.W.Sub(moved.W, slow.W)
			slow.W.Scale(1-decay, slow.W)
			slow.W.Add(slow.W, moved.W)
			d.Step()
		}
		fast := d.Network()
		var diff mat.Dense
		diff.Sub(fast.W, slow.W)
		within(t, "distance", mat.Norm(&diff, 2), 0, 1e-11)
		within(t, "loss", d.Loss(), loss(slow, s), 1e-11)
		within(t, "signal", d.Signal(1), dot(slow.W.RawRowView(1), s.Mu), 1e-11)
		within(t, "noise", d.Noise(4, 2), dot(slow.W.RawRowView(4), s.Xi.RawRowView(2)), 1e-11)
		within(t, "output", d.Outputs()[3], slow.Output(s.Y[3], s.Mu, s.Xi.RawRowView(3)), 1e-11)
	}
}

func TestRun(t *testing.T) {
	s, net := start(3)
	d, _ := NewDescent(net, s, 1)
	steps := d.Run(0.2, 5000)
	again, _ := NewDescent(net, s, 1)
	for range steps - 1 {
		again.Step()
	}
	if again.Loss() <= 0.2 || d.Loss() > 0.2 {
		t.Errorf("loss %v after %d steps and %v one before", d.Loss(), steps, again.Loss())
	}
	if got := again.Run(0, 3); got != 4 {
		t.Errorf("an unreachable loss took %d steps, want most+1", got)
	}
}

// In coordinates of the span all second and fourth moments of inner products are those of R^D.
func TestStart(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	law, config := Law{D: 60, Mu: 2, SigmaP: 0.5}, Config{Filters: 2, Sigma0: 0.3, Activation: Power(3)}
	const draws = 4000
	var norm, norm2, overlap, product, signal, length float64
	for range draws {
		s, net := law.Start(3, config, r)
		if _, d := s.Xi.Dims(); d != 8 {
			t.Fatalf("dimension %d, want 8", d)
		}
		x, y := s.Xi.RawRowView(0), s.Xi.RawRowView(2)
		square := dot(x, x)
		norm, norm2 = norm+square/draws, norm2+square*square/draws
		overlap += dot(x, y) * dot(x, y) / draws
		w := net.W.RawRowView(3)
		product += dot(w, y) * dot(w, y) / draws
		signal += dot(w, s.Mu) * dot(w, s.Mu) / draws
		length += dot(w, w) / draws
		if dot(x, s.Mu) != 0 {
			t.Fatal("noise along the signal")
		}
	}
	within(t, "|xi|^2", norm, 59*0.25, 0.2)
	within(t, "|xi|^4", norm2, 59*61*0.0625, 6)
	within(t, "<xi,xi'>^2", overlap, 59*0.0625, 0.35)
	within(t, "<w,xi>^2", product, 59*0.25*0.09, 0.13)
	within(t, "<w,mu>^2", signal, 4*0.09, 0.035)
	within(t, "|w|^2", length, 60*0.09, 0.08)
}

// With one filter a sign, f on fresh noise has a law that can be integrated.
func TestFresh(t *testing.T) {
	net := &Network{Activation: Power(3), W: mat.NewDense(2, 3, []float64{0.9, 1.1, 0, -0.6, 0, 0.8})}
	mu := []float64{1, 0, 0}
	test := net.Fresh(mu, 1, 40000, rand.New(rand.NewPCG(5, 1)))
	cube := func(z float64) float64 { return math.Pow(math.Max(z, 0), 3) }
	plus, minus := 0.729, -0.216 // f of the signals +mu and -mu
	failed, cost := 0.0, 0.0
	const n = 400
	for a := range n {
		for b := range n {
			x, y := -8+16*(float64(a)+0.5)/n, -8+16*(float64(b)+0.5)/n
			weight := math.Exp(-(x*x+y*y)/2) / (2 * math.Pi) * (16.0 / n) * (16.0 / n)
			g := cube(1.1*x) - cube(0.8*y)
			for _, margin := range []float64{plus + g, -minus - g} {
				cost += weight / 2 * math.Log(1+math.Exp(-margin))
				if margin <= 0 {
					failed += weight / 2
				}
			}
		}
	}
	within(t, "error", test.Error(), failed, 0.008)
	within(t, "loss", test.Loss, cost, 0.04)
}

func TestPower(t *testing.T) {
	for _, q := range []float64{1, 2, 2.5, 3, 4} {
		p := Power(q)
		within(t, "value", p.Value(1.7), math.Pow(1.7, q), 1e-14*math.Pow(1.7, q))
		within(t, "derivative", p.Deriv(1.7), (math.Pow(1.7001, q)-math.Pow(1.6999, q))/2e-4, 1e-6)
		if p.Value(-1) != 0 || p.Deriv(-1) != 0 || p.Deriv(0) != 0 {
			t.Errorf("q = %v: not 0 to the left", q)
		}
	}
	_ = nets.Activation(Power(3))
}

func TestCheck(t *testing.T) {
	if (Law{D: 0}).Check() == nil || (Law{D: 2, Mu: -1}).Check() == nil || (Law{D: 2, SigmaP: math.Inf(1)}).Check() == nil {
		t.Error("a law out of range passes")
	}
	if err := (Law{D: 2, Mu: 1, SigmaP: 1}).Check(); err != nil {
		t.Error(err)
	}
	s, net := start(6)
	s.Y[0] = 0.5
	if _, err := NewDescent(net, s, 1); err == nil {
		t.Error("a label of 0.5 passes")
	}
}
