package data_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/nets/data"
)

func TestValidate(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(-1)
	tests := []struct {
		name string
		rows []float64 // two columns
		want error
		text string
	}{
		{"good", []float64{1, 0, 0, 1}, nil, ""},
		{"parallel but not equal", []float64{1, 0, 2, 0, -1, 0}, nil, ""},
		{"NaN", []float64{1, 0, 0, nan}, data.ErrNotFinite, "row 2, column 2"},
		{"infinite", []float64{inf, 0, 0, 1}, data.ErrNotFinite, "row 1, column 1"},
		{"zero row", []float64{1, 0, 0, 0}, data.ErrZeroRow, "row 2"},
		{"negative zero row", []float64{1, 0, math.Copysign(0, -1), 0}, data.ErrZeroRow, "row 2"},
		{"duplicate", []float64{1, 0, 2, 3, 1, 0}, data.ErrDuplicateRow, "equal to row 1"},
		{"duplicate up to the sign of zero", []float64{1, 0, 1, math.Copysign(0, -1)}, data.ErrDuplicateRow, "row 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := data.Validate(mat.NewDense(len(tt.rows)/2, 2, tt.rows))
			if !errors.Is(err, tt.want) || (err != nil && !strings.Contains(err.Error(), tt.text)) {
				t.Errorf("got %v, want %v with %q", err, tt.want, tt.text)
			}
		})
	}
	if err := data.Validate(&mat.Dense{}); !errors.Is(err, data.ErrEmpty) {
		t.Errorf("empty matrix: %v", err)
	}
}

func TestFromRows(t *testing.T) {
	for _, tt := range []struct {
		rows [][]float64
		want error
	}{
		{[][]float64{{1, 2}, {3, 4}}, nil},
		{nil, data.ErrEmpty},
		{[][]float64{{}}, data.ErrEmpty},
		{[][]float64{{1, 2}, {3}}, data.ErrRagged},
		{[][]float64{{1, 2}, {3, 4, 5}}, data.ErrRagged},
	} {
		if _, err := data.FromRows(tt.rows); !errors.Is(err, tt.want) {
			t.Errorf("%v: got %v, want %v", tt.rows, err, tt.want)
		}
	}
}

func TestNormalizeRowsAtTheEndsOfTheRange(t *testing.T) {
	tiny := math.SmallestNonzeroFloat64
	x := mat.NewDense(5, 2, []float64{3, 4, 3e200, -4e200, 3e-200, 4e-200, tiny, 0, math.MaxFloat64, math.MaxFloat64})
	u, err := data.NormalizeRows(x)
	if err != nil {
		t.Fatal(err)
	}
	h := math.Sqrt(0.5)
	want := mat.NewDense(5, 2, []float64{.6, .8, .6, -.8, .6, .8, 1, 0, h, h})
	if !mat.EqualApprox(u, want, 4e-16) {
		t.Errorf("got %v", mat.Formatted(u))
	}
	if x.At(0, 0) != 3 {
		t.Error("the argument was changed")
	}
	norms := data.RowNorms(x)
	for i, r := range []float64{5, 5e200, 5e-200, tiny} {
		if !(math.Abs(norms[i]/r-1) <= 4e-16) {
			t.Errorf("norm of row %d is %v, want %v", i, norms[i], r)
		}
	}
}

// An inner product of unit vectors at distance 1e-12 carries no information on the
// distance; the difference does, to the accuracy of the entries.
func TestSeparationOfNearlyParallelRows(t *testing.T) {
	for _, chord := range []float64{1e-3, 1e-8, 1e-12} {
		for _, sign := range []float64{1, -1} {
			// A full turn away from the axes: the entries round at 1e-16, absolutely.
			x := mat.NewDense(3, 3, []float64{0.6, 0.8, 0, sign * (0.6 - 0.8*chord), sign * (0.8 + 0.6*chord), 0, 0, 0, 1})
			if got := data.Separation(x); !(math.Abs(got-chord) <= 3e-16) {
				t.Errorf("chord %g, sign %g: got %g", chord, sign, got)
			}
		}
	}
	for _, scale := range []float64{1e-200, 1e200} {
		x := mat.NewDense(2, 2, []float64{3 * scale, 0, 0, 4 * scale})
		if got := data.Separation(x); !(math.Abs(got/(5*scale)-1) <= 1e-15) {
			t.Errorf("scale %g: got %g", scale, got)
		}
	}
	if got := data.Separation(mat.NewDense(1, 2, []float64{1, 0})); !math.IsInf(got, 1) {
		t.Errorf("single row: got %v", got)
	}
	if got := data.Separation(mat.NewDense(2, 1, []float64{1, -1})); got != 0 {
		t.Errorf("antipodes: got %v", got)
	}
}

func TestMaxCoherence(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		n, d := 2+rng.IntN(5), 1+rng.IntN(5)
		x := mat.NewDense(n, d, nil)
		for i := range n {
			for k := range d {
				x.Set(i, k, 10*rng.NormFloat64())
			}
		}
		want, norms := 0.0, data.RowNorms(x)
		for i := range n {
			for j := range i {
				want = max(want, math.Abs(mat.Dot(x.RowView(i), x.RowView(j)))/norms[i]/norms[j])
			}
		}
		got := data.MaxCoherence(x)
		if !(math.Abs(got-want) <= 1e-14) || got > 1 {
			t.Errorf("%d x %d: got %v, want %v", n, d, got, want)
		}
	}
	if got := data.MaxCoherence(mat.NewDense(2, 2, []float64{1, 0, 0, 1})); got != 0 {
		t.Errorf("orthogonal rows: got %v", got)
	}
	if got := data.MaxCoherence(mat.NewDense(2, 2, nil)); !math.IsNaN(got) {
		t.Errorf("zero rows: got %v", got)
	}
}

// The matrix of ones has the single singular value sqrt(n d); equal unit rows
// attain S^2 = n and orthonormal ones S = 1.
func TestSpectralNorm(t *testing.T) {
	ones := mat.NewDense(6, 3, nil)
	ones.Apply(func(int, int, float64) float64 { return 1 }, ones)
	if got := data.SpectralNorm(ones); !(math.Abs(got-math.Sqrt(18)) <= 1e-14) {
		t.Errorf("ones: got %v", got)
	}
	set, err := data.Spec{Kind: data.Orthonormal, N: 4, D: 9, Seed: 5}.Build()
	if err != nil {
		t.Fatal(err)
	}
	if got := data.SpectralNorm(set.X); !(math.Abs(got-1) <= 1e-14) {
		t.Errorf("orthonormal: got %v", got)
	}
}
