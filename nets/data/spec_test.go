package data_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/nets/data"
)

// one Spec of every kind that needs no file.
var specs = []data.Spec{
	{Kind: data.Sphere, N: 7, D: 4, Seed: 3},
	{Kind: data.Sphere, N: 3, D: 1},
	{Kind: data.Gaussian, N: 7, D: 4, Seed: 3, Labels: data.Normal},
	{Kind: data.Orthonormal, N: 6, D: 6, Labels: data.Planted},
	{Kind: data.Basis, N: 3, D: 5, Labels: data.PlantedReLU, LabelScale: 2},
	{Kind: data.Cluster, N: 9, D: 3, Spread: 0.1},
	{Kind: data.Cluster, N: 9, D: 3, Spread: 0.1, Sep: 1, Labels: data.Class},
	{Kind: data.Circle, N: 5},
	{Kind: data.HalfCircle, N: 6, D: 4},
	{Kind: data.Angles, Angles: []float64{0, 0.02, 2}},
	{Kind: data.Simplex, N: 5, D: 4},
	{Kind: data.Simplex, N: 3, D: 7},
	{Kind: data.Equicorrelated, N: 5, D: 6, Rho: 0.3},
	{Kind: data.Equicorrelated, N: 5, D: 5, Rho: -0.25},
	{Kind: data.Antipodal, N: 7, D: 3, Sep: 0.1},
	{Kind: data.Duplicate, N: 4, D: 3, Labels: data.Alternate},
	{Kind: data.Lattice, Points: [][]int{{1, 0}, {2, -3}}, Labels: data.Const},
	{Kind: data.Explicit, Rows: [][]float64{{0.5, 0.25}, {2, 3}}, Labels: data.PlantedSquare},
	{Kind: data.MNIST, N: 20, D: 49, Classes: [2]int{3, 8}},
	{Kind: data.Fashion, N: 20, D: 196, Labels: data.RandomClass, Classes: [2]int{0, 6}},
}

func TestSpecIsReplayedFromJSON(t *testing.T) {
	for _, spec := range specs {
		t.Run(spec.String(), func(t *testing.T) {
			text, err := json.Marshal(spec)
			if err != nil {
				t.Fatal(err)
			}
			var again data.Spec
			if err := json.Unmarshal(text, &again); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(again, spec) {
				t.Errorf("%s gives %+v", text, again)
			}
			if a, b := build(t, spec), build(t, again); !reflect.DeepEqual(a, b) {
				t.Errorf("built twice:\n%v\n%v", a, b)
			}
		})
	}
}

// Parameters of this form are in the records of runs.
func TestFieldsInRecords(t *testing.T) {
	const recorded = `{"kind":"file","n":3,"d":2,"seed":7,"row_norm":2,"labels":"class","label_scale":3,"classes":[1,2],"path":"a","sha256":"b",` +
		`"load":{"label":"last","header":"no","labels_path":"c","array_x":"d","array_y":"e","rows":4,"normalize":true,"allow_duplicates":true,"max_bytes":5}}`
	var s data.Spec
	if err := json.Unmarshal([]byte(recorded), &s); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(s)
	if err != nil || string(again) != recorded {
		t.Errorf("%s became\n%s, %v", recorded, again, err)
	}
}

func TestEveryKindIsCovered(t *testing.T) {
	for _, kind := range data.Kinds() {
		if kind != data.File && !slices.ContainsFunc(specs, func(s data.Spec) bool { return s.Kind == kind }) {
			t.Errorf("no Spec of kind %q in the table", kind)
		}
	}
}

func TestRowsHaveTheNormAskedFor(t *testing.T) {
	for _, spec := range specs {
		for _, norm := range []float64{0, 3} {
			spec.RowNorm = norm
			want := max(norm, 1) // the default is 1
			for i, r := range data.RowNorms(build(t, spec).X) {
				if !(math.Abs(r/want-1) <= 1e-13) {
					t.Errorf("%v: row %d has norm %v", spec, i, r)
				}
			}
		}
	}
}

func TestOmittedFieldsStayOutOfJSON(t *testing.T) {
	text, err := json.Marshal(data.Spec{Kind: data.Sphere, N: 2, D: 3})
	if err != nil || string(text) != `{"kind":"sphere","n":2,"d":3}` {
		t.Errorf("got %s, %v", text, err)
	}
}

func TestGoStringIsShort(t *testing.T) {
	spec := data.Spec{Kind: data.Lattice, Points: [][]int{{1, -2}}, Seed: 3, Labels: data.Const}
	want := `data.Spec{Kind:"lattice", Seed:0x3, Points:[][]int{[]int{1, -2}}, Labels:"const"}`
	if got := fmt.Sprintf("%#v", spec); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestInnerProducts(t *testing.T) {
	tests := []struct {
		spec data.Spec
		want float64
	}{
		{data.Spec{Kind: data.Orthonormal, N: 12, D: 12, Seed: 1}, 0},
		{data.Spec{Kind: data.Orthonormal, N: 5, D: 40, Seed: 2}, 0},
		{data.Spec{Kind: data.Basis, N: 4, D: 6}, 0},
		{data.Spec{Kind: data.Simplex, N: 2, D: 1}, -1},
		{data.Spec{Kind: data.Simplex, N: 6, D: 5}, -1. / 5},
		{data.Spec{Kind: data.Equicorrelated, N: 6, D: 8, Rho: 0.7}, 0.7},
		{data.Spec{Kind: data.Equicorrelated, N: 5, D: 5, Rho: -0.25}, -0.25},
		{data.Spec{Kind: data.Equicorrelated, N: 3, D: 3, Rho: 1}, 1},
	}
	for _, tt := range tests {
		x := build(t, tt.spec).X
		for i := range tt.spec.N {
			for j := range i {
				if got := mat.Dot(x.RowView(i), x.RowView(j)); !(math.Abs(got-tt.want) <= 5e-16*float64(tt.spec.D)) {
					t.Errorf("%v: <x_%d, x_%d> = %v, want %v", tt.spec, i, j, got, tt.want)
				}
			}
		}
	}
}

func TestSeparationOfPlannedSets(t *testing.T) {
	tests := []struct {
		spec data.Spec
		want float64
	}{
		{data.Spec{Kind: data.HalfCircle, N: 9}, 2 * math.Sin(math.Pi/18)},
		{data.Spec{Kind: data.Circle, N: 7}, 2 * math.Sin(math.Pi/14)}, // the antipodes fill the gaps
		{data.Spec{Kind: data.Circle, N: 8}, 0},
		{data.Spec{Kind: data.Duplicate, N: 4, D: 6}, 0},
		{data.Spec{Kind: data.Duplicate, N: 2, D: 6, Sep: 1e-6, Seed: 4}, 1e-6},
		{data.Spec{Kind: data.Duplicate, N: 2, D: 2, Sep: 0.7, Seed: 4}, 0.7},
		{data.Spec{Kind: data.Antipodal, N: 6, D: 5}, 0},
		{data.Spec{Kind: data.Antipodal, N: 6, D: 50, Sep: 0.01, Seed: 9}, 0.01},
		{data.Spec{Kind: data.Antipodal, N: 2, D: 1}, 0},
		{data.Spec{Kind: data.Angles, Angles: []float64{0, 0.02, 2}}, 2 * math.Sin(0.01)},
		{data.Spec{Kind: data.Cluster, N: 2, D: 4, Sep: 0.3}, 0.3}, // no spread: the two centres
		{data.Spec{Kind: data.Lattice, Points: [][]int{{3, 4}, {-4, 3}, {5, 0}}}, math.Sqrt(0.4)},
	}
	for _, tt := range tests {
		if got := data.Separation(build(t, tt.spec).X); !(math.Abs(got-tt.want) <= 1e-15) {
			t.Errorf("%v: separation %v, want %v", tt.spec, got, tt.want)
		}
	}
}

// The mean of x_1^2 over the sphere is 1/d with variance 2(d-1)/(d^2(d+2)); five
// standard errors of 4,000 draws.
func TestSphereIsUniform(t *testing.T) {
	for _, d := range []int{2, 5} {
		n, f := 4000, float64(d)
		x := build(t, data.Spec{Kind: data.Sphere, N: n, D: d, Seed: 11}).X
		tolerance := 5 * math.Sqrt(2*(f-1)/(f*f*(f+2))/float64(n))
		for k := range d {
			col := x.ColView(k)
			if got := mat.Dot(col, col) / float64(n); !(math.Abs(got-1/f) <= tolerance) {
				t.Errorf("d=%d: mean square of coordinate %d is %v", d, k, got)
			}
		}
	}
}

func TestRawGaussianKeepsItsNorm(t *testing.T) {
	x := build(t, data.Spec{Kind: data.Gaussian, N: 40, D: 200, Raw: true}).X
	for i, r := range data.RowNorms(x) {
		// |g|^2 has mean d and variance 2d.
		if z := (r*r - 200) / math.Sqrt(400); !(math.Abs(z) <= 5) {
			t.Errorf("row %d: |g|^2 is %v standard deviations off", i, z)
		}
	}
}

func TestLabelsDoNotMoveThePoints(t *testing.T) {
	base := data.Spec{Kind: data.Sphere, N: 6, D: 3, Seed: 8}
	x := build(t, base).X
	for _, labels := range []string{data.Sign, data.Normal, data.Planted, data.PlantedSquare, data.PlantedReLU, data.Const, data.Alternate} {
		base.Labels = labels
		if !mat.Equal(x, build(t, base).X) {
			t.Errorf("labels %q change the points", labels)
		}
	}
}

func TestLabels(t *testing.T) {
	y := func(s data.Spec) []float64 { return build(t, s).Y }
	sphere := data.Spec{Kind: data.Sphere, N: 400, D: 3, Seed: 8}
	plus := 0
	for _, v := range y(sphere) {
		if v != 1 && v != -1 {
			t.Fatalf("sign label %v", v)
		}
		plus += int(v)
	}
	if !(math.Abs(float64(plus)) <= 5*math.Sqrt(400)) {
		t.Errorf("sum of the signs is %d", plus)
	}
	sphere.LabelScale, sphere.Labels, sphere.N = -3, data.Alternate, 3
	if got := y(sphere); !slices.Equal(got, []float64{-3, 3, -3}) {
		t.Errorf("scaled alternate labels: %v", got)
	}
	two := data.Spec{Kind: data.Cluster, N: 4, D: 3, Sep: 2, Spread: 0.01, Labels: data.Class}
	set := build(t, two)
	if !slices.Equal(set.Y, []float64{1, -1, 1, -1}) || mat.Dot(set.X.RowView(0), set.X.RowView(2)) < 0.9 || mat.Dot(set.X.RowView(0), set.X.RowView(1)) > -0.9 {
		t.Errorf("cluster labels %v do not match the clusters", set.Y)
	}
}

// A linear teacher is odd, a square teacher even, and a ReLU teacher t has
// t(x) - t(-x) linear: on antipodal pairs the first two show exactly.
func TestTeachers(t *testing.T) {
	s := data.Spec{Kind: data.Antipodal, N: 8, D: 4, Labels: data.Planted}
	for i, y := 0, build(t, s).Y; i < 8; i += 2 {
		if y[i] != -y[i+1] || y[i] == 0 {
			t.Errorf("linear teacher: %v at x, %v at -x", y[i], y[i+1])
		}
	}
	s.Labels = data.PlantedSquare
	for i, y := 0, build(t, s).Y; i < 8; i += 2 {
		if y[i] != y[i+1] || y[i] < 0 || y[i] > 1 {
			t.Errorf("square teacher: %v at x, %v at -x", y[i], y[i+1])
		}
	}
	// <w, x>_+ - <w, -x>_+ = <w, x>: the odd part has rank at most d.
	s = data.Spec{Kind: data.Antipodal, N: 2 * 6, D: 4, Labels: data.PlantedReLU}
	set := build(t, s)
	x, odd := mat.NewDense(6, 4, nil), mat.NewVecDense(6, nil)
	for i := range 6 {
		x.SetRow(i, set.X.RawRowView(2*i))
		odd.SetVec(i, set.Y[2*i]-set.Y[2*i+1])
	}
	var w, fit mat.VecDense
	if err := w.SolveVec(x, odd); err != nil {
		t.Fatal(err)
	}
	fit.MulVec(x, &w)
	if !mat.EqualApprox(&fit, odd, 1e-12) || mat.Norm(odd, 2) == 0 {
		t.Errorf("the odd part of the ReLU teacher is not linear: %v", odd.RawVector().Data)
	}
}

func TestSpecErrors(t *testing.T) {
	tests := []struct {
		spec data.Spec
		want error
		text string
	}{
		{data.Spec{}, data.ErrSpec, "the kinds are"},
		{data.Spec{Kind: "sphree", N: 1, D: 1}, data.ErrSpec, `"sphree"`},
		{data.Spec{Kind: data.Sphere, N: 0, D: 3}, data.ErrSpec, "n >= 1"},
		{data.Spec{Kind: data.Sphere, N: 3, D: -1}, data.ErrSpec, "d >= 1"},
		{data.Spec{Kind: data.Sphere, N: 1 << 20, D: 1 << 20}, data.ErrSpec, "smaller"},
		{data.Spec{Kind: data.Sphere, N: 3, D: 2, Labels: "sing"}, data.ErrSpec, `"sing"`},
		{data.Spec{Kind: data.Sphere, N: 3, D: 2, Labels: data.Class}, data.ErrLabels, "labels of its own"},
		{data.Spec{Kind: data.Sphere, N: 3, D: 2, LabelScale: math.NaN()}, data.ErrSpec, "label_scale"},
		{data.Spec{Kind: data.Sphere, N: 3, D: 2, RowNorm: -1}, data.ErrSpec, "row_norm"},
		{data.Spec{Kind: data.Sphere, N: 3, D: 2, RowNorm: 2, Raw: true}, data.ErrSpec, "contradict"},
		{data.Spec{Kind: data.Orthonormal, N: 4, D: 3}, data.ErrSpec, "n <= d"},
		{data.Spec{Kind: data.Basis, N: 4, D: 3}, data.ErrSpec, "n <= d"},
		{data.Spec{Kind: data.Equicorrelated, N: 4, D: 3}, data.ErrSpec, "n <= d"},
		{data.Spec{Kind: data.Equicorrelated, N: 3, D: 3, Rho: -0.6}, data.ErrSpec, "rho"},
		{data.Spec{Kind: data.Equicorrelated, N: 3, D: 3, Rho: 1.5}, data.ErrSpec, "rho"},
		{data.Spec{Kind: data.Simplex, N: 5, D: 3}, data.ErrSpec, "n <= d+1"},
		{data.Spec{Kind: data.Simplex, N: 1, D: 3}, data.ErrSpec, "2 <= n"},
		{data.Spec{Kind: data.Circle, N: 5, D: 1}, data.ErrSpec, "d >= 2"},
		{data.Spec{Kind: data.Angles, Angles: []float64{0, math.Inf(1)}}, data.ErrSpec, "angle 2"},
		{data.Spec{Kind: data.Angles}, data.ErrSpec, "needs angles"},
		{data.Spec{Kind: data.Cluster, N: 5, D: 3}, data.ErrSpec, "spread"},
		{data.Spec{Kind: data.Cluster, N: 5, D: 3, Spread: -1}, data.ErrSpec, "spread"},
		{data.Spec{Kind: data.Cluster, N: 5, D: 3, Sep: 3}, data.ErrSpec, "sep"},
		{data.Spec{Kind: data.Antipodal, N: 2, D: 1, Sep: 0.5}, data.ErrSpec, "d >= 2"},
		{data.Spec{Kind: data.Duplicate, N: 1, D: 2}, data.ErrSpec, "n >= 2"},
		{data.Spec{Kind: data.Lattice}, data.ErrSpec, "needs points"},
		{data.Spec{Kind: data.Lattice, N: 3, Points: [][]int{{1}}}, data.ErrSpec, "leave n and d out"},
		{data.Spec{Kind: data.Lattice, Points: [][]int{{1, 0}, {0, 0}}}, data.ErrZeroRow, "row 2"},
		{data.Spec{Kind: data.Lattice, Points: [][]int{{1, 0}, {1}}}, data.ErrRagged, "row 2"},
		{data.Spec{Kind: data.Explicit, Rows: [][]float64{{1, math.NaN()}}}, data.ErrNotFinite, "row 1, column 2"},
		{data.Spec{Kind: data.MNIST, D: 100}, data.ErrSpec, "784, 196 or 49"},
		{data.Spec{Kind: data.MNIST, N: 1001}, data.ErrSpec, "there are 1000"},
		{data.Spec{Kind: data.MNIST, N: 201, Classes: [2]int{1, 2}}, data.ErrSpec, "there are 200"},
		{data.Spec{Kind: data.Fashion, Classes: [2]int{4, 4}}, data.ErrSpec, "two different classes"},
		{data.Spec{Kind: data.Fashion, Classes: [2]int{4, 10}}, data.ErrSpec, "0 to 9"},
		{data.Spec{Kind: data.File}, data.ErrSpec, "path"},
	}
	for _, tt := range tests {
		set, err := tt.spec.Build()
		if set != nil || !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%+v:\n got %v\nwant %v with %q", tt.spec, err, tt.want, tt.text)
		}
	}
}

func build(t testing.TB, spec data.Spec) *data.Set {
	t.Helper()
	set, err := spec.Build()
	if err != nil {
		t.Fatalf("%+v: %v", spec, err)
	}
	return set
}
