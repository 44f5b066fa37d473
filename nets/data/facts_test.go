package data_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel"
	"convergo/nets/data"
)

// The inputs that a first reader got wrong, and what is right: the smallest eigenvalue
// lambda_0 of the ReLU derivative kernel and y'H^{-1}y of the coded labels, as
// testdata/facts.py computes them without this code.
func TestFactsOfCases(t *testing.T) {
	for _, tt := range []struct {
		file             string
		label            string
		n, d             int
		lambda0, measure float64 // measure 0: no labels
		say              string
	}{
		{"label-as-feature.csv", "last", 5, 2, 0.0031713909948326746, 105.78062579412601, "header in the first line"},
		{"unrelated-labels-01.csv", "last", 40, 5, 0.033108572693763265, 412.54299227870899, "1 as +1, 0 as -1"},
		{"unrelated-labels-pm1.csv", "last", 40, 5, 0.033108572693763265, 412.54299227870899, "1 as +1, -1 as -1"},
		{"sorted-class-zero-first.csv", "last", 40, 5, 0.033108572693763265, 327.91104186758594, "0: 25, 1: 15"},
		{"xy-float.npz", "", 40, 5, 0.033108572693763265, 412.54299227870899, "label y: 2 classes"},
		{"late-duplicate.csv", "", 249, 4, 0.0020618089762498054, 0, "1 row equal to an earlier one left out"},
		{"pandas-index-column.csv", "last", 40, 5, 0.033108572693763265, 412.54299227870899, "unnamed first column left out as an index"},
		{"pandas-fortran.npy", "", 40, 5, 0.033108572693763265, 0, "NPY"},
		{"uint8.npy", "", 40, 5, 0.0056207758791537842, 0, "NPY"},
		{"semicolon.csv", "last", 6, 5, 0.2750550456604986, 17.065393632429007, "separator semicolon, header in the first line"},
		{"mixed-header.csv", "", 4, 2, 0.070419871601119066, 46.133439391059071, "scikit-learn's header in the first line (4 rows, 2 features, 2 classes)"},
		{"five-rows.csv", "last", 5, 5, 0.30233277978491402, 14.469301594572423, "all 5 used (100 were asked for)"},
	} {
		t.Run(tt.file, func(t *testing.T) {
			opts := data.Options{Label: tt.label, Normalize: true}
			if tt.file == "five-rows.csv" {
				opts.Rows = 100
			}
			set := load(t, "testdata/cases/"+tt.file, opts)
			checkFacts(t, set, tt.n, tt.d, tt.lambda0, tt.measure)
			if !strings.Contains(set.Reading.String(), tt.say) {
				t.Errorf("%v\nmust say %q", set.Reading, tt.say)
			}
		})
	}
}

const real = "../../testdata/data/real/"

func TestFactsOfRealData(t *testing.T) {
	for _, tt := range []struct {
		file                     string
		opts                     data.Options
		n, d                     int
		lambda0, measure         float64
		standard0, standardValue float64 // with standardised columns
		say                      string
	}{
		{"iris.csv", data.Options{}, 149, 4, 0.00029085071096538134, 58.137643781006602, 0.0018325241736870043, 66.672768402834038, "setosa as +1, the rest as -1; centred"},
		{"wine.csv", data.Options{}, 178, 13, 0.00015519000968480109, 31542.438532079472, 0.033478172557003444, 121.94306594299603, "class_0 as +1, the rest as -1"},
		{"breast-cancer.csv.gz", data.Options{}, 569, 30, 0.00035762419161361144, 74353.275785887963, 0.024164991763725337, 838.94162400979917, "packed by gzip"},
		{"diabetes.csv.gz", data.Options{LabelsPath: real + "diabetes-target.csv.gz"}, 442, 10, 0.0020196912718565708, 44923.268552476657, 0.017350409814431405, 3318.186907109844, "separator space"},
		{"digits.csv.gz", data.Options{Label: "last", Rows: 500, Sample: data.SampleFirst}, 500, 64, 0.019139783833421426, 475.90024012800734, 0.027397582155686918, 175.79381228044727, "500 of 1797 used (the first ones)"},
	} {
		t.Run(tt.file, func(t *testing.T) {
			tt.opts.Normalize = true
			set := load(t, real+tt.file, tt.opts)
			checkFacts(t, set, tt.n, tt.d, tt.lambda0, tt.measure)
			if !strings.Contains(set.Reading.String(), tt.say) {
				t.Errorf("%v\nmust say %q", set.Reading, tt.say)
			}
			tt.opts.Standardize = true
			checkFacts(t, load(t, real+tt.file, tt.opts), tt.n, tt.d, tt.standard0, tt.standardValue)
		})
	}
}

// checkFacts compares lambda_0 to 1e-10, and y'H^{-1}y to 1e-10 of its size.
func checkFacts(t *testing.T, set *data.Set, n, d int, lambda0, measure float64) {
	t.Helper()
	if set.N() != n || set.D() != d || (set.Y != nil) != (measure != 0) {
		t.Fatalf("%d x %d, labelled: %v", set.N(), set.D(), set.Y != nil)
	}
	got, err := kernel.ReLU().Lambda0(set.X)
	if err != nil || !got.OK {
		t.Fatalf("lambda_0: %+v, %v", got, err)
	}
	if !(math.Abs(got.Value-lambda0) <= 1e-10) || got.Lower() > lambda0+1e-12 || got.Upper() < lambda0-1e-12 {
		t.Errorf("lambda_0 = %.17g, want %.17g", got.Value, lambda0)
	}
	if measure == 0 {
		return
	}
	h, err := kernel.ReLU().Gram(set.X)
	if err != nil {
		t.Fatal(err)
	}
	var chol mat.Cholesky
	var solved mat.VecDense
	y := mat.NewVecDense(n, set.Y)
	if !chol.Factorize(h) {
		t.Fatal("H is not positive definite")
	}
	if err := chol.SolveVecTo(&solved, y); err != nil {
		t.Fatal(err)
	}
	if v := mat.Dot(y, &solved); !(math.Abs(v/measure-1) <= 1e-10) {
		t.Errorf("y'H^{-1}y = %.17g, want %.17g", v, measure)
	}
}

// Labels that have nothing to do with the inputs are no easier than random signs,
// whatever their codes are: y'H^{-1}y of the file is not below that of most shuffles.
func TestUnrelatedLabelsAreNotEasierThanShuffled(t *testing.T) {
	for _, name := range []string{"unrelated-labels-01.csv", "unrelated-labels-pm1.csv"} {
		var files data.Loader
		measure := func(labels string, seed uint64) float64 {
			s := data.Spec{Kind: data.File, Path: "testdata/cases/" + name, Labels: labels, Seed: seed, Load: data.Options{Label: data.LabelLast}}
			set, err := files.Build(context.Background(), s)
			if err != nil {
				t.Fatal(err)
			}
			h, err := kernel.ReLU().Gram(set.X)
			if err != nil {
				t.Fatal(err)
			}
			var chol mat.Cholesky
			var solved mat.VecDense
			y := mat.NewVecDense(len(set.Y), set.Y)
			if !chol.Factorize(h) || chol.SolveVecTo(&solved, y) != nil {
				t.Fatal("H is not positive definite")
			}
			return mat.Dot(y, &solved)
		}
		own := measure(data.Class, 0)
		var shuffled, signs []float64
		for seed := range uint64(200) {
			shuffled = append(shuffled, measure(data.RandomClass, seed))
			signs = append(signs, measure(data.Sign, seed))
		}
		slices.Sort(shuffled)
		slices.Sort(signs)
		// Ranks of 200: 10 from below is the 5 % quantile.
		if own < shuffled[10] || own < signs[10] {
			t.Errorf("%s: %g is below the 5 %% quantiles %g of shuffles and %g of signs", name, own, shuffled[10], signs[10])
		}
		if median := shuffled[100]; median < signs[100]*0.95 {
			t.Errorf("%s: the median %g of shuffled labels is below that of random signs, %g", name, median, signs[100])
		}
	}
}
