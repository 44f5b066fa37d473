package data

import "testing"

// TestSize compares what a description announces with what it builds.
func TestSize(t *testing.T) {
	for _, s := range []Spec{
		{Kind: Sphere, N: 5, D: 3}, {Kind: Circle, N: 6}, {Kind: Circle, N: 6, D: 4}, {Kind: HalfCircle, N: 4},
		{Kind: Angles, Angles: []float64{0, 1, 2}}, {Kind: Lattice, Points: [][]int{{1, 0, 2}, {0, 1, 1}}},
		{Kind: Explicit, Rows: [][]float64{{1, 2}, {3, 4}, {5, 6}}}, {Kind: MNIST, N: 4, D: 49},
	} {
		set, err := s.Build()
		if err != nil {
			t.Fatalf("%v: %v", s, err)
		}
		if n, d := s.Size(); n != set.N() || d != set.D() {
			t.Errorf("%v announces %d x %d, its data are %d x %d", s, n, d, set.N(), set.D())
		}
	}
	if n, d := (Spec{Kind: File, Load: Options{Rows: 7}}).Size(); n != 7 || d != 0 {
		t.Errorf("the first 7 rows of a file announce %d x %d", n, d)
	}
}
