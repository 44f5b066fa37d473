package eig_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/eig"
)

// TestComponents holds eigenvalues and components against the full decomposition, whose eigenvectors have free signs.
func TestComponents(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(n, rank int, scale float64) *mat.SymDense {
		b := mat.NewDense(n, rank, nil)
		for i := range n {
			for k := range rank {
				b.Set(i, k, scale*rng.NormFloat64()*math.Pow(0.8, float64(k)))
			}
		}
		var a mat.SymDense
		a.SymOuterK(1, b)
		return &a
	}
	indefinite := random(30, 30, 1)
	for i := range 30 {
		indefinite.SetSym(i, i, indefinite.At(i, i)-2)
	}
	for name, a := range map[string]*mat.SymDense{
		"one": random(1, 1, 1), "two": random(2, 2, 1), "graded": random(80, 80, 1), "huge": random(20, 20, 1e120),
		"tiny": random(20, 20, 1e-120), "indefinite": indefinite,
	} {
		n := a.SymmetricDim()
		y := make([]float64, n)
		for i := range y {
			y[i] = rng.NormFloat64()
		}
		values, c, err := eig.Components(a, y)
		if err != nil {
			t.Fatal(name, err)
		}
		var es mat.EigenSym
		es.Factorize(a, true)
		var q mat.Dense
		es.VectorsTo(&q)
		want, top := es.Values(nil), mat.Norm(a, 2)
		var coef mat.VecDense
		coef.MulVec(q.T(), mat.NewVecDense(n, y))
		for k := range values {
			gap := top
			for j, v := range want {
				if j != k {
					gap = min(gap, math.Abs(v-want[k]))
				}
			}
			if !(math.Abs(values[k]-want[k]) <= 1e-13*top) {
				t.Errorf("%s: eigenvalue %d is %v, want %v", name, k, values[k], want[k])
			}
			if d := math.Abs(math.Abs(c[k]) - math.Abs(coef.AtVec(k))); d > 1e-13*top/gap*mat.Norm(mat.NewVecDense(n, y), 2) {
				t.Errorf("%s: component %d is %v, want %v up to its sign", name, k, c[k], coef.AtVec(k))
			}
		}
	}
}

// TestComponentsOfDiagonal has nothing to rotate, and equal eigenvalues.
func TestComponentsOfDiagonal(t *testing.T) {
	a := mat.NewSymDense(4, nil)
	for i, v := range []float64{3, 1, 0, 1} {
		a.SetSym(i, i, v)
	}
	values, c, err := eig.Components(a, []float64{5, 2, -1, 4})
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range []float64{0, 1, 1, 3} {
		if values[k] != want {
			t.Errorf("eigenvalues %v", values)
		}
	}
	if math.Abs(c[0]) != 1 || math.Abs(c[3]) != 5 || !(math.Abs(math.Hypot(c[1], c[2])-math.Sqrt(20)) <= 1e-15) {
		t.Errorf("components %v", c)
	}
}

func TestComponentsRefuses(t *testing.T) {
	a := mat.NewSymDense(2, []float64{1, 0, 0, 1})
	for _, tt := range []struct {
		a    mat.Matrix
		y    []float64
		says string
	}{
		{a, []float64{1}, "1 entries"},
		{a, []float64{1, math.NaN()}, "entry 1"},
		{mat.NewDense(1, 2, nil), []float64{1}, "square"},
	} {
		if _, _, err := eig.Components(tt.a, tt.y); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("got %v, want %q", err, tt.says)
		}
	}
}
