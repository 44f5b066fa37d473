package deep

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

func TestLeCunStd(t *testing.T) {
	if got, want := LeCunStd(16, []int{25, 4}), []float64{0.25, 0.2, 1}; !slices.Equal(got, want) {
		t.Errorf("deviations %v, want %v", got, want)
	}
	// Preactivations of variance one.
	rng := stream(1)
	x := mat.NewDense(1, 9, []float64{3, 0, 0, 0, 0, 0, 0, 0, 0})
	hidden := []int{200, 3}
	z := 0.0
	const draws = 50
	for range draws {
		p := mustPass(t, mustNew(t, Config{Inputs: 9, Hidden: hidden, Std: LeCunStd(9, hidden), Activation: Tanh()}, rng), x)
		z += math.Pow(mat.Norm(p.Preactivation(1), 2), 2) / 200 / draws
	}
	if !(math.Abs(z-1) <= 0.05) {
		t.Errorf("mean square of a preactivation %v, want 1", z)
	}
}

func TestAntisymmetric(t *testing.T) {
	rng := stream(2)
	x := gaussian(5, 4, rng)
	config := Config{Inputs: 4, Hidden: []int{6, 7, 8}, Std: LeCunStd(4, []int{6, 7, 8}), Activation: Sigmoid()}
	const gamma = 5
	net, err := Antisymmetric(config, gamma, stream(3))
	if err != nil {
		t.Fatal(err)
	}
	plain := mustNew(t, config, stream(3))
	for k := range 4 {
		if w := net.Weight(4).At(0, k); w != gamma*plain.Weight(4).At(0, k) || net.Weight(4).At(0, 4+k) != -w {
			t.Errorf("output weights %d: %v and %v of %v", k, w, net.Weight(4).At(0, 4+k), plain.Weight(4).At(0, k))
		}
		if !slices.Equal(net.Weight(3).RawRowView(k), net.Weight(3).RawRowView(4+k)) || !slices.Equal(net.Weight(3).RawRowView(k), plain.Weight(3).RawRowView(k)) {
			t.Errorf("neuron %d is not doubled", k)
		}
	}
	p := mustPass(t, net, x)
	if out := floats.Norm(p.Output(), math.Inf(1)); out > 1e-14 {
		t.Errorf("output %v, want 0", out)
	}
	for l := 1; l <= 2; l++ {
		if k := mat.Max(p.GramTerm(nil, l)); k > 1e-26 {
			t.Errorf("block of layer %d is %v, want 0", l, k)
		}
	}
	for _, bad := range []Config{{Inputs: 4, Hidden: []int{3}}, {Inputs: 4}} {
		if _, err := Antisymmetric(bad, 1, rng); err == nil {
			t.Errorf("%v is taken", bad.Hidden)
		}
	}
	if _, err := Antisymmetric(config, math.NaN(), rng); err == nil {
		t.Error("a factor of NaN is taken")
	}
}

// The mean Jacobian carries the step to the change of the outputs, however long the step; with one node it is the
// Jacobian in the middle.
func TestMeanJacobian(t *testing.T) {
	rng := stream(4)
	x := gaussian(5, 4, rng)
	config := Config{Inputs: 4, Hidden: []int{6, 5}, Std: LeCunStd(4, []int{6, 5}), Activation: Tanh()}
	from, to, middle := mustNew(t, config, rng), mustNew(t, config, rng), mustNew(t, config, rng)
	step := make([]float64, from.NumParams())
	for i, w := range from.Params() {
		step[i] = to.Params()[i] - w
		middle.Params()[i] = w + step[i]/2
	}
	mean, err := from.MeanJacobian(x, to, 40)
	if err != nil {
		t.Fatal(err)
	}
	var change mat.VecDense
	change.MulVec(mean, mat.NewVecDense(len(step), step))
	a, b := mustPass(t, from, x).Output(), mustPass(t, to, x).Output()
	for i := range a {
		if got, want := change.AtVec(i), b[i]-a[i]; !(math.Abs(got-want) <= 1e-10) {
			t.Errorf("sample %d: the outputs change by %v, mean Jacobian gives %v", i, want, got)
		}
	}
	one, err := from.MeanJacobian(x, to, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !mat.EqualApprox(one, mustPass(t, middle, x).Jacobian(), 1e-13) {
		t.Error("one node is not the middle")
	}
	if _, err := from.MeanJacobian(x, mustNew(t, Config{Inputs: 4}, rng), 3); err == nil {
		t.Error("networks of two shapes are taken")
	}
	if _, err := from.MeanJacobian(x, to, 0); err == nil {
		t.Error("no node is taken")
	}
}
