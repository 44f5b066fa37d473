package train_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"convergo/nets"
	"convergo/nets/train"

	"gonum.org/v1/gonum/mat"
)

// TestTangentIsTheDerivative compares the outputs of the linearisation after a step with difference quotients of the network
// in the direction of that step: the gradient is taken from the loss by differences too.
func TestTangentIsTheDerivative(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	x := nets.Gaussian(3, 2, rng)
	y := []float64{0.3, -1, 2}
	net := nets.NTK(5, 2).Draw(rng)
	net.Act = nets.Tanh()
	const eta, h = 0.1, 1e-5
	tangent, err := train.NewTangent(net, x, y, train.Options{Step: eta})
	if err != nil {
		t.Fatal(err)
	}
	loss := func() (l float64) {
		for i, u := range net.Output(x) {
			l += (u - y[i]) * (u - y[i]) / 2
		}
		return l
	}
	start := net.Output(x)
	direction := mat.NewDense(5, 2, nil)
	for r := range 5 {
		for k := range 2 {
			w := net.W.At(r, k)
			net.W.Set(r, k, w+h)
			up := loss()
			net.W.Set(r, k, w-h)
			down := loss()
			net.W.Set(r, k, w)
			direction.Set(r, k, -eta*(up-down)/(2*h))
		}
	}
	moved := net.Clone()
	direction.Scale(h, direction)
	moved.W.Add(net.W, direction)
	ahead := moved.Output(x)
	tangent.Step()
	for i, u := range tangent.U {
		want := start[i] + (ahead[i]-start[i])/h
		if !(math.Abs(u-want) <= 1e-4*math.Abs(want-start[i])) {
			t.Errorf("output %d moves by %v, by differences %v", i, u-start[i], want-start[i])
		}
		if got := tangent.Residual[i]; got != u-y[i] {
			t.Errorf("residual %d is %v, want %v", i, got, u-y[i])
		}
	}
}

// TestTangentOfALinearNetwork: a network linear in W is its own linearisation, with momentum of either kind.
func TestTangentOfALinearNetwork(t *testing.T) {
	for name, momentum := range map[string]train.Momentum{
		"descent": {}, "heavy ball": {Beta: 0.7}, "Nesterov": {Beta: 0.7, Nesterov: true}, "jump": {Beta: 0.7, Nesterov: true, Jump: true},
	} {
		rng := rand.New(rand.NewPCG(5, 1))
		x, y := nets.Gaussian(4, 3, rng), []float64{1, -1, 0.5, 2}
		in := nets.NTK(6, 3)
		in.Act = nets.Identity()
		net := in.Draw(rng)
		opt := train.Options{Step: 0.05, Momentum: momentum}
		tangent, err := train.NewTangent(net, x, y, opt)
		if err != nil {
			t.Fatal(err)
		}
		descent, err := train.NewDescent(net.Clone(), x, y, opt)
		if err != nil {
			t.Fatal(err)
		}
		for step := range 30 {
			tangent.Step()
			descent.Step()
			if gap := math.Abs(tangent.Norm - descent.State().Norm); !(gap < 1e-12) {
				t.Fatalf("%s, step %d: residual %v, of the network %v", name, step, tangent.Norm, descent.State().Norm)
			}
		}
		if tangent.Norm > 2 {
			t.Errorf("%s: the residual is still %v", name, tangent.Norm)
		}
	}
}

func TestTangentRefuses(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	x, net := nets.Gaussian(2, 2, rng), nets.NTK(3, 2).Draw(rng)
	if _, err := train.NewTangent(net, x, []float64{1, 2}, train.Options{Step: 0}); err == nil {
		t.Error("a step of 0 was taken")
	}
	if _, err := train.NewTangent(net, x, []float64{1}, train.Options{Step: 1}); err == nil {
		t.Error("a missing label was not reported")
	}
}
