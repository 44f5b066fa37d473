package arora2019fine

import (
	"math"
	"math/rand/v2"
	"testing"

	"convergo/nets/data"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// TestLabelsFollowTheRecursion compares what labels cost with the recursion itself, step by step: the claims compare two kinds
// of labels, which a common error would leave in order.
func TestLabelsFollowTheRecursion(t *testing.T) {
	l, err := labelled(data.Spec{Kind: data.Sphere, N: 12, D: 4, Seed: 1, Labels: data.Planted, LabelScale: 5}, 7)
	if err != nil {
		t.Fatal(err)
	}
	if norm := floats.Norm(l.y, 2); !(math.Abs(norm-math.Sqrt(12)) <= 1e-13) {
		t.Errorf("labels of norm %v", norm)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, y := range [][]float64{l.y, l.signs(r), l.worst()} {
		e := mat.NewVecDense(12, append([]float64(nil), y...))
		start := mat.Norm(e, 2)
		var h mat.VecDense
		for k := 0; ; k++ {
			left := mat.Norm(e, 2) / start
			if want, got := left*left, l.loss(l.shares(y), float64(k)); !(math.Abs(got-want) <= 1e-12) {
				t.Fatalf("loss after %d steps %v, want %v", k, got, want)
			}
			if left <= 0.1 {
				if got := l.steps(l.shares(y)); got != float64(k) {
					t.Errorf("steps %v, want %d", got, k)
				}
				break
			}
			h.MulVec(l.h, e)
			e.AddScaledVec(e, -l.eta, &h)
		}
	}
	var inverse mat.Dense
	if err := inverse.Inverse(l.h); err != nil {
		t.Fatal(err)
	}
	if got, off := l.traceInverse(); !(math.Abs(got-mat.Trace(&inverse)) <= 1e-9*got+off) {
		t.Errorf("trace of the inverse %v, want %v", got, mat.Trace(&inverse))
	}
	if got := l.top(l.even()); !(math.Abs(got-2.0/12) <= 1e-15) { // two of twelve eigenvectors, a tenth rounded up
		t.Errorf("share of even labels in the top tenth: %v", got)
	}
}

// TestSpearmanByHand: ranks 0, 1.5, 1.5, 3 against 0..3 have the correlation sqrt(0.9).
func TestSpearmanByHand(t *testing.T) {
	if got := spearman([]float64{1, 2, 2, 9}, []float64{3, 4, 5, 6}); !(math.Abs(got-math.Sqrt(0.9)) <= 1e-15) {
		t.Errorf("spearman %v", got)
	}
	if got := spearman([]float64{1, 2, 3}, []float64{9, 5, 1}); got != -1 {
		t.Errorf("reversed: %v", got)
	}
	if got := misclassified([]float64{1, -2, 0, 3}, []float64{1, 1, 1, -1}); got != 0.75 {
		t.Errorf("misclassified %v, want 3 of 4", got)
	}
}
