package arora2019fine

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// TestPopulationIsTheLaw compares the finite sum with a plain mean over the inputs, whose labels are known in closed form.
func TestPopulationIsTheLaw(t *testing.T) {
	for _, c := range []struct {
		law  population
		want float64 // mean of min(|y|, 1) over the inputs
	}{
		{population{40, 400, arc, linear, 0.5, 0.1}, 1 / math.Pi}, // 0.5 * mean |cos| = 0.5 * 2/pi
		{population{40, 400, arc, quadratic, 1, 0.1}, 0.5},
		{population{40, 30, basis, signs, 0.3, 0.1}, 0.3},
		{population{40, 1001, basis, signs, 2, 0.1}, 1},
	} {
		s := c.law.sample(rand.New(rand.NewPCG(5, 6)))
		if total := floats.Sum(s.weight); !(math.Abs(total-1) <= 1e-12) {
			t.Errorf("%+v: the weights sum to %v", c.law, total)
		}
		if got := s.loss(make([]float64, len(s.want))); !(math.Abs(got-c.want) <= 1e-4) {
			t.Errorf("%+v: loss of 0 is %v, want %v", c.law, got, c.want)
		}
		if got := s.loss(s.want); got != 0 {
			t.Errorf("%+v: loss of the labels themselves is %v", c.law, got)
		}
		for _, x := range []*mat.Dense{s.x, s.distinct, s.all} {
			n, _ := x.Dims()
			for i := range n {
				if norm := floats.Norm(x.RawRowView(i), 2); !(math.Abs(norm-1) <= 1e-14) {
					t.Fatalf("%+v: a row of norm %v", c.law, norm)
				}
			}
		}
		if len(s.y) != c.law.N || len(s.own) > c.law.N {
			t.Errorf("%+v: %d labels, %d of them distinct", c.law, len(s.y), len(s.own))
		}
		n, _ := s.distinct.Dims()
		for i := range n { // no two alike, and each has the label of its row in the sample
			for j := range i {
				if floats.Distance(s.distinct.RawRowView(i), s.distinct.RawRowView(j), 2) < 1e-6 {
					t.Fatalf("%+v: rows %d and %d are one input", c.law, i, j)
				}
			}
			for k := range s.y {
				if floats.Distance(s.distinct.RawRowView(i), s.x.RawRowView(k), 2) < 1e-9 && s.y[k] != s.own[i] {
					t.Errorf("%+v: one input has labels %v and %v", c.law, s.y[k], s.own[i])
				}
			}
		}
	}
}
