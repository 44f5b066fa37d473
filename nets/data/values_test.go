package data_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/nets/data"
)

func TestFromRowsKeepsEntries(t *testing.T) {
	x, err := data.FromRows([][]float64{{1, -2}, {3, 4}, {5, 0.5}})
	if err != nil || !mat.Equal(x, mat.NewDense(3, 2, []float64{1, -2, 3, 4, 5, 0.5})) {
		t.Errorf("%v (%v)", x, err)
	}
}

// On an orthonormal basis the labels of a planted direction are its coordinates, of length one; the squares sum to one.
func TestPlantedLabels(t *testing.T) {
	labels := func(kind string, n int) []float64 {
		return build(t, data.Spec{Kind: data.Basis, N: n, D: n, Labels: kind, Seed: 11}).Y
	}
	sum := func(y []float64, power float64) float64 {
		s := 0.0
		for _, v := range y {
			s += math.Pow(v, power)
		}
		return s
	}
	for what, v := range map[string][2]float64{
		"planted":        {sum(labels(data.Planted, 6), 2), 1},
		"planted square": {sum(labels(data.PlantedSquare, 6), 1), 1},
		"constant":       {sum(labels(data.Const, 6), 1), 6},
	} {
		if !(math.Abs(v[0]-v[1]) <= 1e-14) {
			t.Errorf("%s labels sum to %v, want %v", what, v[0], v[1])
		}
	}
	// E y^2 = 1, up to five standard deviations of the mean of 2000 squares.
	if square := sum(build(t, data.Spec{Kind: data.Sphere, N: 2000, D: 2, Labels: data.Normal, Seed: 4}).Y, 2) / 2000; !(math.Abs(square-1) <= 5*math.Sqrt(2./2000)) {
		t.Errorf("Gaussian labels have the mean square %v", square)
	}
}

// Pinning leaves everything of a Spec as it is but for the digest.
func TestPinChangesTheDigestAlone(t *testing.T) {
	spec := data.Spec{
		Kind: data.File, Path: file(t, "a.csv", "1,2\n3,4\n"), Spread: 1, Sep: 2, Rho: 3, Angles: []float64{4}, Rows: [][]float64{{5}}, RowNorm: 6, LabelScale: 7,
	}
	pinned, err := spec.Pin()
	if err != nil || pinned.SHA256 == "" {
		t.Fatalf("digest %q (%v)", pinned.SHA256, err)
	}
	pinned.SHA256 = ""
	if got, want := fmt.Sprintf("%#v", pinned), fmt.Sprintf("%#v", spec); got != want {
		t.Errorf("pinned\n%s, want\n%s", got, want)
	}
}

// Standardised columns of two rows are -1 and 1, however the file is found.
func TestStandardisedByEveryWay(t *testing.T) {
	ctx := context.Background()
	spec := data.Spec{Kind: data.File, Path: file(t, "a.csv", "1,50,7\n3,90,9\n"), Raw: true,
		Load: data.Options{Standardize: true, Label: data.LabelLast, LabelCoding: data.CodeRaw}}
	check := func(way string, set *data.Set, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(way, err)
		}
		if set.Y[0] != 7 || set.Y[1] != 9 {
			t.Errorf("%s: labels %v, want 7 and 9", way, set.Y)
		}
		for i := range 2 {
			for k := range 2 {
				if want := float64(2*i - 1); !(math.Abs(set.X.At(i, k)-want) <= 1e-15) {
					t.Errorf("%s: entry %d, %d is %v, want %v", way, i, k, set.X.At(i, k), want)
				}
			}
		}
	}
	set, err := spec.Build()
	check("by its path", set, err)
	var files data.Loader
	set, err = files.Build(ctx, spec)
	check("by a loader", set, err)
	pinned, err := spec.Pin()
	if err != nil {
		t.Fatal(err)
	}
	pinned.Path = ""
	set, err = files.Build(ctx, pinned)
	check("by its digest", set, err)
	defer files.Serve()()
	set, err = pinned.Build()
	check("by a serving loader", set, err)
}

// Rows as they are drawn, before any scaling: of length one where a kind has directions, and as given where they are given.
func TestRawRows(t *testing.T) {
	for _, spec := range []data.Spec{
		{Kind: data.Sphere, N: 5, D: 3}, {Kind: data.Orthonormal, N: 3, D: 4}, {Kind: data.Basis, N: 3, D: 3}, {Kind: data.Circle, N: 5},
		{Kind: data.HalfCircle, N: 4}, {Kind: data.Angles, Angles: []float64{0.1, 2}}, {Kind: data.Simplex, N: 4, D: 4},
		{Kind: data.Equicorrelated, N: 3, D: 3, Rho: 0.3}, {Kind: data.Antipodal, N: 4, D: 3}, {Kind: data.Duplicate, N: 4, D: 3},
	} {
		spec.Raw, spec.Seed = true, 9
		x := build(t, spec).X
		n, _ := x.Dims()
		for i := range n {
			if norm := mat.Norm(x.RowView(i), 2); !(math.Abs(norm-1) <= 1e-14) {
				t.Errorf("%v: row %d has length %v", spec, i, norm)
			}
		}
	}
	given := build(t, data.Spec{Kind: data.Explicit, Rows: [][]float64{{3, 4}, {-1, 0.5}}, Raw: true}).X
	if !mat.Equal(given, mat.NewDense(2, 2, []float64{3, 4, -1, 0.5})) {
		t.Errorf("explicit rows %v", mat.Formatted(given))
	}
	points := build(t, data.Spec{Kind: data.Lattice, Points: [][]int{{3, -4}, {0, 2}}, Raw: true}).X
	if !mat.Equal(points, mat.NewDense(2, 2, []float64{3, -4, 0, 2})) {
		t.Errorf("lattice points %v", mat.Formatted(points))
	}
	// Clusters at distance 1 of spread 0.1 in five dimensions: 5 * 0.01 is the mean square of the distance to a centre.
	const n, d, spread, sep = 4000, 5, 0.1, 1
	x := build(t, data.Spec{Kind: data.Cluster, N: n, D: d, Spread: spread, Sep: sep, Raw: true, Seed: 2}).X
	var centre [2][d]float64
	for i := range n {
		for k := range d {
			centre[i%2][k] += x.At(i, k) * 2 / n
		}
	}
	square, distance, length := 0.0, 0.0, 0.0
	for k := range d {
		for i := range n {
			v := x.At(i, k) - centre[i%2][k]
			square += v * v / n
		}
		v := centre[0][k] - centre[1][k]
		distance += v * v
		length += centre[0][k] * centre[0][k]
	}
	for what, v := range map[string][2]float64{"spread": {square, d * spread * spread}, "squared distance of the centres": {distance, sep * sep}, "squared length of a centre": {length, 1}} {
		if !(math.Abs(v[0]/v[1]-1) <= 0.06) {
			t.Errorf("%s: %v, want %v", what, v[0], v[1])
		}
	}
}
