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
		if math.Abs(v[0]-v[1]) > 1e-14 {
			t.Errorf("%s labels sum to %v, want %v", what, v[0], v[1])
		}
	}
	// E y^2 = 1, up to five standard deviations of the mean of 2000 squares.
	if square := sum(build(t, data.Spec{Kind: data.Sphere, N: 2000, D: 2, Labels: data.Normal, Seed: 4}).Y, 2) / 2000; math.Abs(square-1) > 5*math.Sqrt(2./2000) {
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
	if got, want := fmt.Sprintf("%+v", pinned), fmt.Sprintf("%+v", spec); got != want {
		t.Errorf("pinned\n%s, want\n%s", got, want)
	}
}

// Standardised columns of two rows are -1 and 1, however the file is found.
func TestStandardisedByEveryWay(t *testing.T) {
	ctx := context.Background()
	spec := data.Spec{Kind: data.File, Path: file(t, "a.csv", "1,50\n3,90\n"), Raw: true, Load: data.Options{Standardize: true}}
	check := func(way string, set *data.Set, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(way, err)
		}
		for i := range 2 {
			for k := range 2 {
				if want := float64(2*i - 1); math.Abs(set.X.At(i, k)-want) > 1e-15 {
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
