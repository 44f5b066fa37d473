package soltanolkotabi2019

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/dataset"
	"convergo/bounds/predict"
	"convergo/checks"
)

// TestClaims checks every claim; run one with -run 'TestClaims/soltanolkotabi2019/name'.
func TestClaims(t *testing.T) {
	for _, c := range Source().Claims {
		checks.Test(t, c)
	}
}

// The form of a plant is best among positive semidefinite ones: the gradient there is positive semidefinite and zero on its range.
func TestPlantsAreBest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, p := range []planted{{N: 9, D: 3, Rank: 1, Off: 1}, {N: 8, D: 3, Rank: 0, Off: 0.1}, {N: 6, D: 2, Rank: 2, Off: 3}, {N: 4, D: 3, Rank: 2}} {
		p.V = signs(p.D, 0, 0)
		s, err := p.draw(r)
		if err != nil {
			t.Fatal(err)
		}
		gradient := mat.NewSymDense(p.D, nil)
		for i := range s.y {
			row := s.x.RowView(i)
			miss := mat.Inner(row, s.form, row) - s.y[i]
			if math.Abs(miss-s.off[i]) > 1e-9 {
				t.Errorf("%+v: sample %d misses by %v, told %v", p, i, miss, s.off[i])
			}
			gradient.SymRankOne(gradient, miss, row)
		}
		values, err := bounds.SymmetricEigenvalues(gradient)
		if err != nil {
			t.Fatal(err)
		}
		var product mat.Dense
		product.Mul(gradient, s.form)
		if values[0] < -1e-9 || mat.Norm(&product, 2) > 1e-8 {
			t.Errorf("%+v: gradient with eigenvalues %v, %v on the range of the form", p, values, mat.Norm(&product, 2))
		}
		if rising := p.Off != 0 && p.Rank < p.D; rising != (values[p.D-1] > 1e-6) {
			t.Errorf("%+v: largest eigenvalue of the gradient %v", p, values[p.D-1])
		}
	}
}

func TestSquaredGramOfAPair(t *testing.T) {
	for _, angle := range []float64{math.Pi / 2, 1, 1e-2, 0} {
		x := mat.NewDense(2, 2, []float64{1, 0, math.Cos(angle), math.Sin(angle)})
		c, err := squaredGram(x)
		if want := math.Pow(math.Sin(angle), 2); err != nil || math.Abs(c.Value-want) > c.Err || c.Err > 1e-13 || c.OK != (angle > 0) {
			t.Errorf("angle %v: %v, %v; want %v", angle, c, err, want)
		}
	}
}

func TestPredictions(t *testing.T) {
	for name, c := range map[string]struct {
		x     *mat.Dense
		width float64
		tells bool
	}{
		"three in the plane": {mat.NewDense(3, 2, []float64{1, 0, 0, 1, 0.6, 0.8}), 4, true},
		"four in the plane":  {mat.NewDense(4, 2, []float64{1, 0, 0, 1, 0.6, 0.8, 0.8, 0.6}), 4, false},
		"a repeated one":     {mat.NewDense(2, 3, []float64{1, 0, 0, -1, 0, 0}), 6, false},
	} {
		p := Predictions(&predict.Data{X: c.x, Facts: &dataset.Facts{}})
		if len(p) != 1 || p[0].Width != c.width || p[0].Telling() != c.tells {
			t.Errorf("%s: %+v, want width %v, telling %v", name, p, c.width, c.tells)
		}
	}
}
