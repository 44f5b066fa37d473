package twolayer_test

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/nets/data"
	"convergo/theorems/internal/twolayer"
)

// TestBuild holds the limit of three points of the plane, in five dimensions, to the closed form at their angles, and the
// coordinates in their span to their inner products.
func TestBuild(t *testing.T) {
	c, s := math.Cos(math.Pi/3), math.Sin(math.Pi/3)
	in, err := twolayer.Build(data.Spec{Kind: data.Explicit, Rows: [][]float64{{1, 0, 0, 0, 0}, {c, s, 0, 0, 0}, {0, 1, 0, 0, 0}}, Labels: data.Const})
	if err != nil {
		t.Fatal(err)
	}
	if n, d := in.Span.Dims(); n != 3 || d != 3 {
		t.Fatalf("the span is %d x %d, want 3 x 3", n, d)
	}
	var inner, outer mat.Dense
	inner.Mul(in.Span, in.Span.T())
	outer.Mul(in.Set.X, in.Set.X.T())
	if !mat.EqualApprox(&inner, &outer, 1e-14) {
		t.Errorf("inner products in the span\n%v\nof the rows\n%v", mat.Formatted(&inner), mat.Formatted(&outer))
	}
	// cos(angle) (pi - angle)/(2 pi) at the angles 0, 60, 90 and 30 degrees.
	want := mat.NewSymDense(3, []float64{1. / 2, 1. / 6, 0, 0, 1. / 2, 5 * math.Sqrt(3) / 24, 0, 0, 1. / 2})
	if !mat.EqualApprox(in.Limit, want, 1e-14) {
		t.Errorf("the limit is\n%v\nwant\n%v", mat.Formatted(in.Limit), mat.Formatted(want))
	}
	if _, err := twolayer.Build(data.Spec{Kind: "nothing"}); err == nil {
		t.Error("data of no kind were built")
	}
}

func TestSize(t *testing.T) {
	tests := []struct {
		spec data.Spec
		n, d float64
	}{
		{data.Spec{Kind: data.Sphere, N: 5, D: 3}, 5, 3},
		{data.Spec{Kind: data.Circle, N: 6}, 6, 2},
		{data.Spec{Kind: data.File, Load: data.Options{Rows: 7}}, 7, 7},
	}
	for _, tt := range tests {
		if n, d := twolayer.Size(tt.spec); n != tt.n || d != tt.d {
			t.Errorf("%v: %v x %v, want %v x %v", tt.spec, n, d, tt.n, tt.d)
		}
	}
}
