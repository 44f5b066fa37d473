package dataset_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/dataset"
	"convergo/nets/data"
)

const real = "../../testdata/data/real/"

// Facts of real tables, as testdata/facts.py computes them.
func TestFactsOfRealTables(t *testing.T) {
	for _, tt := range []struct {
		file                                      string
		opts                                      data.Options
		n                                         int
		separation, lambda0, top, s               float64
		form, shuffled, lead1, lead10, ntk1, bias float64
		margin                                    float64 // 0: none
	}{
		{"iris.csv", data.Options{Class: "setosa"}, 149, 0.0019011171323550914, 0.000290850710965431, 66.075801790570225, 11.933398249422799,
			58.137643781006545, 73034.748754806424, 0.0011780435501371489, 0.99771540624127053, 0.00058171040240622947, 0.00020566034913908074, 0.15664353099051195},
		{"wine.csv", data.Options{}, 178, 0.0011857762356119088, 0.00015519000968528511, 86.854512367106793, 13.319590860540902,
			31542.438532079384, 233487.6659345963, 1.429255244513299e-07, 0.78006856968968996, 0.00031045666884078156, 0.00010972718598332004, 0.0062233468905042557},
		{"breast-cancer.csv.gz", data.Options{Rows: 150, Sample: data.SampleFirst}, 150, 0.0037996702776156009, 0.000545936033170191, 72.213056738938008, 12.20787942868828,
			12290.701116123539, 71043.193081591831, 2.5424300234700484e-06, 0.79045592151475552, 0.001092226863457761, 0.00038599294834160667, 0.0093883367895553384},
		{"diabetes.csv.gz", data.Options{LabelsPath: real + "diabetes-target.csv.gz"}, 442, 0.017617034732688386, 0.0020196912718565573, 206.03091099580215, 20.852912057053324,
			44923.26855247614, 79665.386019315993, 6.3201979355463718e-08, 0.36744384553657661, 0.0040419099403603553, 0.0014277485826282596, 0},
		{"digits.csv.gz", data.Options{Label: "last", Rows: 150, Sample: data.SampleFirst}, 150, 0.15747783357123901, 0.022089507761460091, 39.636469502911169, 10.22367449820776,
			219.36471548947208, 2445.1756840100752, 2.9698278704159068e-05, 0.75400895935218382, 0.046012910747730278, 0.015213506113768299, 0.13203286276769852},
	} {
		t.Run(tt.file, func(t *testing.T) {
			tt.opts.Normalize = true
			set, err := data.Load(real+tt.file, tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			f, err := dataset.Of(context.Background(), set.X, set.Y, dataset.Options{})
			if err != nil {
				t.Fatal(err)
			}
			near := func(name string, got, want float64) {
				t.Helper()
				if !(math.Abs(got-want) <= 1e-10*math.Max(1, math.Abs(want))) {
					t.Errorf("%s = %.17g, want %.17g", name, got, want)
				}
			}
			if f.N != tt.n || len(f.Kernels) != 6 || len(f.Geometry.Closest) != 5 {
				t.Fatalf("%d samples, %d kernels", f.N, len(f.Kernels))
			}
			near("separation", f.Geometry.Separation, tt.separation)
			near("lambda_0", f.Kernels[0].Lambda0.Value, tt.lambda0)
			near("largest eigenvalue", f.Kernels[0].Top.Value, tt.top)
			near("lambda_0 of NTK 1", f.Kernels[2].Lambda0.Value, tt.ntk1)
			near("lambda_0 with bias", f.Kernels[5].Lambda0.Value, tt.bias)
			near("S", f.Spectral.Value, tt.s)
			near("y'H^{-1}y", f.Labels.Form.Value, tt.form)
			near("shuffled", f.Labels.Shuffled, tt.shuffled)
			near("measure", f.Labels.Measure, math.Sqrt(2*tt.form/float64(tt.n)))
			near("leading eigenvector", f.Labels.Align[0].Part, tt.lead1)
			near("leading ten", f.Labels.Align[3].Part, tt.lead10)
			for _, k := range f.Kernels {
				if !k.Lambda0.OK || k.Top.Err > 1e-9*k.Top.Value {
					t.Errorf("%s: %v, %v", k.Name, k.Lambda0, k.Top)
				}
			}
			if m := f.Labels.Margin; tt.margin == 0 {
				if m != nil || f.Labels.NoMargin == "" {
					t.Errorf("margin %v, %q", m, f.Labels.NoMargin)
				}
			} else {
				near("margin", m.Value(), tt.margin)
				if m.Lower > tt.margin+1e-12 || m.Upper < tt.margin-1e-12 || m.Gap() > 1e-10*tt.margin {
					t.Errorf("margin in [%.17g, %.17g], want %.17g", m.Lower, m.Upper, tt.margin)
				}
			}
		})
	}
}

// The mean over shuffles is that of all 120 orders of five labels.
func TestShuffledIsTheMeanOverAllOrders(t *testing.T) {
	set, err := data.Spec{Kind: data.Sphere, N: 5, D: 4, Seed: 3}.Build()
	if err != nil {
		t.Fatal(err)
	}
	y := []float64{1, 2, -3, 0.5, 7}
	f := facts(t, set.X, y)
	var sum float64
	var orders int
	permutations(y, 0, func(p []float64) {
		sum += facts(t, set.X, p).Labels.Form.Value
		orders++
	})
	if mean := sum / 120; orders != 120 || !(math.Abs(f.Labels.Shuffled/mean-1) <= 1e-12) {
		t.Errorf("got %.15g, the mean of %d orders is %.15g", f.Labels.Shuffled, orders, mean)
	}
}

func permutations(p []float64, k int, visit func([]float64)) {
	if k == len(p) {
		visit(append([]float64{}, p...))
		return
	}
	for i := k; i < len(p); i++ {
		p[k], p[i] = p[i], p[k]
		permutations(p, k+1, visit)
		p[k], p[i] = p[i], p[k]
	}
}

func facts(t testing.TB, x *mat.Dense, y []float64) *dataset.Facts {
	t.Helper()
	f, err := dataset.Of(context.Background(), x, y, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Orthonormal samples: every kernel has two eigenvalues, and for H both are 1/2.
func TestOrthonormalSamples(t *testing.T) {
	set, err := data.Spec{Kind: data.Basis, N: 8, D: 8}.Build()
	if err != nil {
		t.Fatal(err)
	}
	f := facts(t, set.X, []float64{1, -1, 1, -1, 1, -1, 1, -1})
	if h := f.Kernels[0]; !(math.Abs(h.Lambda0.Value-0.5) <= 1e-14) || !(math.Abs(h.Condition()-1) <= 1e-13) {
		t.Errorf("H: %v", h)
	}
	// f = sum_i c_i K(x_i, .) has the margin min_i |c_i|/2 at |c|^2/2 = 1: c_i = sqrt(2/8), margin 1/4.
	if m := f.Labels.Margin; !(math.Abs(m.Value()-0.25) <= 1e-9) || f.Geometry.Separation != math.Sqrt2 || f.Geometry.Near != 0 {
		t.Errorf("margin %v, separation %v", m, f.Geometry.Separation)
	}
	if form := f.Labels.Form.Value; !(math.Abs(form-16) <= 1e-12) || !(math.Abs(f.Labels.Gain()-1) <= 1e-12) {
		t.Errorf("form %v, gain %v", form, f.Labels.Gain())
	}
	for _, s := range f.Labels.Align {
		if s.Leading == 8 && !(math.Abs(s.Part-1) <= 1e-14) {
			t.Errorf("%v", s)
		}
	}
}

func TestEqualAndOppositeSamples(t *testing.T) {
	x := mat.NewDense(3, 2, []float64{1, 0, 0.6, 0.8, 1, 0})
	f := facts(t, x, []float64{1, -1, 1})
	if f.Kernels[0].Lambda0.OK || !math.IsInf(f.Kernels[0].Condition(), 1) || f.Labels.Form.OK || f.Labels.Margin != nil {
		t.Errorf("equal samples: %+v, %+v", f.Kernels[0], f.Labels)
	}
	for _, say := range []string{"samples are 1 and 3, at distance 0. They are equal", "cannot be told from 0", "y'H^{-1}y is not known"} {
		if !strings.Contains(f.String(), say) {
			t.Errorf("%s\nmust say %q", f, say)
		}
	}
	x.SetRow(2, []float64{-1, 0})
	f = facts(t, x, nil)
	if c := f.Geometry.Closest[0]; !c.Opposite || c.Distance != 0 || !f.Kernels[0].Lambda0.OK || f.Labels != nil {
		t.Errorf("opposite samples: %+v, %+v", c, f.Kernels[0])
	}
	if !strings.Contains(f.String(), "1 and the opposite of 3") {
		t.Error(f)
	}
}

func TestSmallAndBadData(t *testing.T) {
	if f := facts(t, mat.NewDense(1, 1, []float64{-1}), []float64{3}); !strings.Contains(f.String(), "There is a single sample") || f.Labels.NoMargin == "" {
		t.Error(f)
	}
	for _, tt := range []struct {
		x    *mat.Dense
		y    []float64
		text string
	}{
		{mat.NewDense(2, 1, []float64{1, 2}), nil, "sample 2 has norm 2"},
		{mat.NewDense(1, 1, []float64{math.NaN()}), nil, "sample 1"},
		{mat.NewDense(1, 1, []float64{1}), []float64{1, 2}, "2 labels"},
	} {
		if _, err := dataset.Of(context.Background(), tt.x, tt.y, dataset.Options{}); err == nil || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("got %v, want %q", err, tt.text)
		}
	}
}

func TestProgressAndContext(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	x := mat.NewDense(20, 3, nil)
	for i := range 20 {
		r := x.RawRowView(i)
		for k := range r {
			r[k] = rng.NormFloat64()
		}
		s := 1 / mat.Norm(x.RowView(i), 2)
		for k := range r {
			r[k] *= s
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	last := 0
	opts := dataset.Options{Progress: func(done, steps int) {
		if done != last+1 || done > steps {
			t.Errorf("step %d of %d after %d", done, steps, last)
		}
		last = done
		if done == 3 {
			cancel()
		}
	}}
	if _, err := dataset.Of(ctx, x, nil, opts); !errors.Is(err, context.Canceled) || last != 3 {
		t.Errorf("got %v after %d steps", err, last)
	}
	last = 0
	opts.Progress = func(done, steps int) {
		if last = done; done > steps {
			t.Errorf("step %d of %d", done, steps)
		}
		if done == steps {
			last = -1
		}
	}
	if _, err := dataset.Of(context.Background(), x, nil, opts); err != nil || last != -1 {
		t.Errorf("%v, last step %d", err, last)
	}
}

func ExampleOf() {
	set, err := data.Load(real+"iris.csv", data.Options{Normalize: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := dataset.Of(context.Background(), set.X, set.Y, dataset.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(f.Geometry)
	fmt.Println(f.Kernels[0])
	fmt.Println(f.Labels)
	// Output:
	// The closest samples are 103 and 112, at distance 0.001901. 36 pairs are nearer than 0.01: near duplicates make lambda_0 small.
	// H (two layers, the first trained): lambda_0 = 0.0002909 (certified to 4e-12), the largest eigenvalue is 66.08, the condition number 2.27e+05.
	// Labels: y'H^{-1}y = 58.14 (certified to 1e-09), and 7.303e+04 on average when the same labels are shuffled: they are 1.26e+03 times easier for the kernel than chance. The label measure sqrt(2 y'H^{-1}y/n) is 0.8834. Share of the labels in the leading eigenvectors of H: 1: 0.00118, 2: 0.969, 5: 0.994, 10: 0.998, 20: 1, 50: 1, 100: 1. The kernel margin is 0.1566 (between 0.156644 and 0.156644).
}
