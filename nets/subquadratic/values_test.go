package subquadratic_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/nets"
	"convergo/nets/subquadratic"
)

// A pass and the factors of the Jacobian keep their inputs and hidden vectors: the output follows from the last of them.
func TestPassKeepsItsInput(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 8))
	net, err := subquadratic.New(6, 3, 2, subquadratic.Activation{Gain: 1.3}, 4, r)
	if err != nil {
		t.Fatal(err)
	}
	x := nets.Gaussian(4, 3, r)
	passes, _, hidden := net.Factors(x, 0)
	for i, p := range passes {
		one := net.Forward(x.RawRowView(i))
		for _, pass := range []subquadratic.Pass{p, one} {
			for k, v := range pass.Input {
				if v != x.At(i, k) {
					t.Errorf("input %d of sample %d is %v, want %v", k, i, v, x.At(i, k))
				}
			}
			sum := 0.0
			for k, v := range pass.Hidden[1].Value {
				sum += net.Out[pass.Hidden[1].Index[k]] * v
			}
			if !(math.Abs(sum-pass.Output) <= 1e-14) {
				t.Errorf("sample %d: output %v, by its last hidden vector %v", i, pass.Output, sum)
			}
		}
		for k, v := range p.Hidden[0].Value {
			if hidden[i].Value[k] != v {
				t.Errorf("sample %d: hidden vector %v of the factors, %v of the pass", i, hidden[i].Value, p.Hidden[0].Value)
			}
		}
	}
}

// Signs of a sketch are +1 and -1, and the sketch keeps the squared length of u (x) h in the mean.
func TestTensorSketchInTheMean(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 8))
	u, h := []float64{1, -2, 0.5}, []float64{3, 1}
	want, mean := (1+4+0.25)*(9+1), 0.0
	const draws = 4000
	dst := make([]float64, 8)
	for range draws {
		s := subquadratic.DrawTensorSketch(3, 2, 8, r)
		for _, c := range []subquadratic.CountSketch{s.Left, s.Right} {
			for _, v := range c.Sign {
				if math.Abs(v) != 1 {
					t.Fatalf("sign %v", v)
				}
			}
		}
		again := subquadratic.NewTensorSketch(s.Left, s.Right, 8)
		if again.Left.Sign[0] != s.Left.Sign[0] || again.Right.Sign[1] != s.Right.Sign[1] {
			t.Fatal("a sketch does not keep its tables")
		}
		s.Apply(dst, u, h)
		for _, v := range dst {
			mean += v * v / draws
		}
	}
	if !(math.Abs(mean/want-1) <= 0.1) {
		t.Errorf("mean squared length %v, want %v", mean, want)
	}
}

// At the start the residual is that of the network, output by output.
func TestNewtonStartsAtTheNetwork(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 8))
	net, x, y := nets.NTK(8, 3).Draw(r), nets.Gaussian(5, 3, r), []float64{1, 2, 3, 4, 5}
	s, err := subquadratic.NewNewton(net, x, y, 0.1)
	if err != nil {
		t.Fatal(err)
	}
	if s.Net != net || s.X != x || &s.Y[0] != &y[0] || s.Accuracy != 0.1 {
		t.Error("Newton does not keep what it is given")
	}
	sum := 0.0
	for i, u := range net.Output(x) {
		if !(math.Abs(s.Batch.U[i]-u) <= 1e-14) || !(math.Abs(s.Residual[i]-(u-y[i])) <= 1e-14) {
			t.Errorf("sample %d: output %v and residual %v, want %v and %v", i, s.Batch.U[i], s.Residual[i], u, u-y[i])
		}
		sum += (u - y[i]) * (u - y[i])
	}
	if got := s.Norm(); !(math.Abs(got-math.Sqrt(sum)) <= 1e-13) {
		t.Errorf("norm %v, want %v", got, math.Sqrt(sum))
	}
	if k, want := s.Gram().At(1, 1), batchNorm(net, x, 1); !(math.Abs(k-want) <= 1e-13) {
		t.Errorf("Gram entry %v, by the gates %v", k, want)
	}
	// The residual after a step is that of the network that the step has moved.
	if err := s.Step(); err != nil {
		t.Fatal(err)
	}
	for i, u := range net.Output(x) {
		if !(math.Abs(s.Residual[i]-(u-y[i])) <= 1e-12) {
			t.Errorf("sample %d: residual %v after a step, by the network %v", i, s.Residual[i], u-y[i])
		}
	}
}

// batchNorm is |x_i|^2/m times the number of open gates.
func batchNorm(net *nets.Network, x *mat.Dense, i int) float64 {
	open := 0.0
	for r := range net.Width() {
		if mat.Dot(net.W.RowView(r), x.RowView(i)) > 0 {
			open++
		}
	}
	return open / float64(net.Width()) * mat.Dot(x.RowView(i), x.RowView(i))
}
