package bounds_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
)

// Matrices that do not fit are errors that name the matrix, not panics.
func TestShapes(t *testing.T) {
	x, weights := small(rand.New(rand.NewPCG(9, 1)))
	_, direction := small(rand.New(rand.NewPCG(9, 2)))
	with := func(k int, m *mat.Dense) []*mat.Dense {
		out := append([]*mat.Dense(nil), weights...)
		out[k] = m
		return out
	}
	rows, cols := weights[1].Dims()
	_, inputs := x.Dims()
	for name, c := range map[string]struct {
		x       *mat.Dense
		weights []*mat.Dense
		want    string
	}{
		"no data":       {&mat.Dense{}, weights, "0 x 0"},
		"wide data":     {mat.NewDense(2, inputs+1, nil), weights, "weight matrix 1 is"},
		"wide weights":  {x, with(1, mat.NewDense(rows, cols+1, nil)), "weight matrix 2 is"},
		"short weights": {x, with(1, mat.NewDense(rows+1, cols, nil)), "weight matrix 3 is"},
		"two outputs":   {x, with(2, mat.NewDense(2, rows, nil)), "2 rows"},
		"empty weights": {x, with(0, &mat.Dense{}), "weight matrix 1 is 0 x 0"},
	} {
		if _, err := bounds.KhatriRaoGram(bounds.SmoothTanh(), c.x, c.weights, 2); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Khatri-Rao, %s: error %v, want one that says %q", name, err, c.want)
		}
		if _, _, _, err := bounds.SecondOrder(bounds.SmoothTanh(), c.x, c.weights, direction); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("second order, %s: error %v, want one that says %q", name, err, c.want)
		}
	}
	direction[1] = mat.NewDense(rows, cols+1, nil)
	if _, _, _, err := bounds.SecondOrder(bounds.SmoothTanh(), x, weights, direction); err == nil || !strings.Contains(err.Error(), "direction 2 is") {
		t.Errorf("a direction of another shape: error %v", err)
	}
	if _, err := bounds.AntisymmetricKernel(bounds.SmoothTanh(), x, mat.NewDense(2, inputs+1, nil), []float64{1, 1}, 1); err == nil {
		t.Error("weights of too many columns are taken")
	}
}

func TestMiddleBlockDomain(t *testing.T) {
	b := bounds.MiddleBlock{Mean: mat.NewSymDense(1, []float64{1}), Radius: 1, Std: 1}
	isNaN(t, map[string]float64{
		"delta 0": b.Lower(1, 10, 0), "delta 1": b.Lower(1, 10, 1), "negative delta": b.Lower(1, 10, -0.1), "width": b.Lower(1, 0, 0.1),
		"mean above the radius": b.Lower(1.1, 10, 0.1), "delta of the width": b.Width(1, 0.5, 0),
		"negative form": b.Deviation(-1, 10), "deviation of no neuron": b.Deviation(1, 0),
	})
}
