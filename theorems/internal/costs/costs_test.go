package costs_test

import (
	"testing"

	"convergo/nets/data"
	"convergo/theorems/internal/costs"
)

func TestSize(t *testing.T) {
	for _, tt := range []struct {
		name string
		spec data.Spec
		n, d int
	}{
		{"told", data.Spec{Kind: data.Sphere, N: 4, D: 6, Seed: 1}, 4, 6},
		{"built", data.Spec{Kind: data.Explicit, Rows: [][]float64{{1, 0, 0}, {0, 1, 0}}}, 2, 3},
		{"cannot be built", data.Spec{Kind: "nothing"}, 0, 0},
	} {
		if n, d := costs.Size(tt.spec); n != tt.n || d != tt.d {
			t.Errorf("%s: %d x %d, want %d x %d", tt.name, n, d, tt.n, tt.d)
		}
	}
}

func TestEigenvalue(t *testing.T) {
	if got := costs.Eigenvalue(10); got != 23000 {
		t.Errorf("10 x 10: %v, want 8000 + 10000 + 5000", got)
	}
}
