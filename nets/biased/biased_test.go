package biased_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/nets"
	"convergo/nets/biased"
	"convergo/nets/train"
)

var samples = mat.NewDense(3, 2, []float64{1, 0, 0.6, 0.8, -0.8, 0.6})

// output is the network by its formula.
func output(net *nets.Network, x []float64) float64 {
	m, d1 := net.W.Dims()
	sum := 0.0
	for r := range m {
		z := -net.W.At(r, d1-1)
		for k, v := range x {
			z += net.W.At(r, k) * v
		}
		sum += net.A[r] * math.Max(z, 0)
	}
	return sum / math.Sqrt(float64(m))
}

func TestDraw(t *testing.T) {
	law := biased.Init{Width: 4000, Dim: 2, Bias: 0.7, Symmetry: nets.Antisymmetric}
	net := law.Draw(rand.New(rand.NewPCG(1, 2)))
	square := 0.0
	for r := range 4000 {
		if net.W.At(r, 2) != 0.7 {
			t.Fatalf("bias %d is %v", r, net.W.At(r, 2))
		}
		square += net.W.At(r, 0) * net.W.At(r, 0)
	}
	if square /= 4000; !(math.Abs(square-1) <= 0.15) {
		t.Errorf("weights of variance %v", square)
	}
	for i, u := range net.Output(biased.Lift(samples)) {
		if u != 0 {
			t.Errorf("output %d of an antisymmetric network is %v", i, u)
		}
	}
	law.Symmetry = nets.Independent
	net = law.Draw(rand.New(rand.NewPCG(1, 2)))
	for i, u := range net.Output(biased.Lift(samples)) {
		if want := output(net, samples.RawRowView(i)); !(math.Abs(u-want) <= 1e-12) {
			t.Errorf("output %d is %v, want %v", i, u, want)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, law := range []biased.Init{{Width: 4, Dim: 0}, {Width: 0, Dim: 1}, {Width: 3, Dim: 1, Symmetry: nets.Coupled}, {Width: 4, Dim: 1, Bias: math.NaN()}} {
		if law.Validate() == nil {
			t.Errorf("%+v is no law", law)
		}
	}
}

// A step of descent on lifted samples is the step of the formulas, biases too.
func TestTrainingMovesBiases(t *testing.T) {
	const m, eta = 6, 0.3
	net := biased.Init{Width: m, Dim: 2, Bias: 0.2}.Draw(rand.New(rand.NewPCG(3, 4)))
	start, y := net.Clone(), []float64{1, -1, 0.5}
	run, err := train.NewDescent(net, biased.Lift(samples), y, train.Options{Step: eta})
	if err != nil {
		t.Fatal(err)
	}
	run.Step()
	moved := 0.0
	for r := range m {
		want := []float64{start.W.At(r, 0), start.W.At(r, 1), start.W.At(r, 2)}
		for i := range 3 {
			x := samples.RawRowView(i)
			if x[0]*start.W.At(r, 0)+x[1]*start.W.At(r, 1)-start.W.At(r, 2) >= 0 {
				c := eta * (output(start, x) - y[i]) * start.A[r] / math.Sqrt(m)
				want[0], want[1], want[2] = want[0]-c*x[0], want[1]-c*x[1], want[2]+c
			}
		}
		for k, v := range want {
			if !(math.Abs(net.W.At(r, k)-v) <= 1e-14) {
				t.Errorf("weight %d of neuron %d is %v, want %v", k, r, net.W.At(r, k), v)
			}
		}
		moved = math.Max(moved, math.Abs(want[2]-0.2))
	}
	if moved == 0 {
		t.Error("no bias moved: the test tests nothing")
	}
}

func TestCounts(t *testing.T) {
	z := mat.NewDense(4, 2, []float64{0.5, -0.5, -0.1, -0.25, 0, -0.3, -2, 1})
	batch := nets.NewBatch(mat.NewDense(2, 1, []float64{1, 1}), 4)
	batch.Z.Copy(z)
	dst := make([]int, 2)
	if most := biased.Active(dst, batch); most != 2 || !slices.Equal(dst, []int{2, 1}) {
		t.Errorf("active %v, most %d", dst, most)
	}
	moved := mat.DenseCopyOf(z)
	moved.Set(1, 1, -1)
	moved.Set(0, 0, 1.1)
	if got := biased.Reach(moved, z); !(math.Abs(got-0.75) <= 1e-15) {
		t.Errorf("reach %v, want 0.75", got)
	}
}
