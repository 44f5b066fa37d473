package predict_test

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/dataset"
	"convergo/bounds/eig"
	"convergo/bounds/predict"
)

// filled has a number in every field, so that what a method leaves alone shows.
func filled() predict.Prediction {
	return predict.Prediction{
		Source: "a", Kind: predict.Training, Width: 3, Step: 5, Rate: 7, Steps: 11, Prefactor: 13, Value: 17, Truth: 19,
		Hypotheses: []predict.Hypothesis{{Name: "x", Have: 23, Need: 21, Above: true}},
	}
}

func same(t *testing.T, what string, got, want predict.Prediction) {
	t.Helper()
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		t.Errorf("%s is\n%s, want\n%s", what, g, w)
	}
}

// Halving brings the squared error to 1 % with the seventh step, as 2^-7 < 1/100 < 2^-6.
func TestNumbersOfTraining(t *testing.T) {
	d := &predict.Data{Share: 0.01}
	want := filled()
	want.Step, want.Rate, want.Steps = 0.25, 0.5, 7
	same(t, "linear", filled().Linear(d, 0.25, 0.5), want)
	want.Prefactor, want.Steps = 8, 10 // three halvings more
	same(t, "transient", filled().Transient(d, 0.25, 0.5, 8), want)
	want = filled()
	want.Flow, want.Rate, want.Steps = true, math.Exp(-2), math.Log(100)/2
	same(t, "exponential", filled().Exponential(d, 2), want)
	for factor, steps := range map[float64]float64{0.5: 7, 0.2: 3, 0.01: 1, 0: 1} {
		if got := d.StepsAt(factor); got != steps {
			t.Errorf("%v steps of a factor %v, want %v", got, factor, steps)
		}
	}
	if got := d.StepsAt(1); !math.IsNaN(got) {
		t.Errorf("%v steps that leave the error as it is", got)
	}
	same(t, "a judged row", predict.All(d, func(*predict.Data) []predict.Prediction { return []predict.Prediction{filled()} })[0], filled())
}

func TestLooseness(t *testing.T) {
	p := predict.Prediction{Value: 6, Truth: 3, Upper: true}
	if got := p.Looseness(); got != 2 {
		t.Errorf("an upper bound of 6 on 3 is loose by %v", got)
	}
	p.Value, p.Upper = 2, false
	if got := p.Looseness(); got != 1.5 {
		t.Errorf("a lower bound of 2 on 3 is loose by %v", got)
	}
}

// Two samples at a right angle: H has the eigenvalues 1/2 and 1/2, S = 1, and the labels 2 and -1 the norm sqrt 5.
func TestNumbersOfData(t *testing.T) {
	f := &dataset.Facts{
		N: 2, D: 2, Geometry: dataset.Geometry{Separation: math.Sqrt2},
		Spectral: eig.Certified{Value: 1, Err: 0.25, OK: true},
		Kernels:  []dataset.KernelFacts{{Lambda0: eig.Certified{Value: 0.5, Err: 0.125, OK: true}, Top: eig.Certified{Value: 0.5, Err: 0.0625, OK: true}}},
		Labels:   &dataset.LabelFacts{Spectrum: &bounds.SpectralMeasure{}, Margin: &bounds.Margin{Lower: 0.5, Upper: 0.75}},
	}
	x := mat.NewDense(2, 2, []float64{1, 0, 0, 1})
	d := predict.NewData(f, x, []float64{2, -1})
	if d.Facts != f || d.X != x || d.Modes != f.Labels.Spectrum {
		t.Error("facts, samples and modes are not those that were given")
	}
	if d.Delta != 0.1 || d.Share != 0.01 {
		t.Errorf("delta %v and share %v, want 0.1 and 0.01", d.Delta, d.Share)
	}
	want := bounds.Problem{N: 2, Lambda0: 0.375, S: 1.25, Delta: 0.1, LabelBound: 2, LabelNorm: math.Sqrt(5), Margin: 0.25}
	if p := d.Problem; !(math.Abs(p.LabelNorm-want.LabelNorm) <= 1e-15) {
		t.Errorf("labels of norm %v, want sqrt 5", p.LabelNorm)
	} else if p.LabelNorm = want.LabelNorm; p != want {
		t.Errorf("problem %+v, want %+v", p, want)
	}
	if top := d.Top(); top != 0.5625 {
		t.Errorf("largest eigenvalue up to %v, want 0.5625", top)
	}
	for what, h := range map[string][2]predict.Hypothesis{
		"lambda_0":   {d.Lambda0(), {Name: "lambda_0", Have: 0.375, Above: true}},
		"positive":   {predict.Positive("k", f.Kernels[0].Lambda0), {Name: "k", Have: 0.375, Above: true}},
		"separation": {d.Separation(), {Name: "separation", Have: math.Sqrt2, Above: true}},
	} {
		if h[0] != h[1] {
			t.Errorf("%s: %+v, want %+v", what, h[0], h[1])
		}
	}
	p := d.Required("a", "b", "c", "munteanu2022/squared", predict.Training)
	n := predict.New("a", "b", "c", predict.Training, bounds.Order, p.Says)
	n.Width = 4 / (0.375 * 0.375) * math.Log(20)
	if !(math.Abs(p.Width/n.Width-1) <= 1e-14) {
		t.Errorf("width %v, want %v", p.Width, n.Width)
	}
	n.Width, n.Hypotheses = p.Width, []predict.Hypothesis{d.Lambda0()}
	same(t, "requirement", p, n)
}
