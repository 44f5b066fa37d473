package predict_test

import (
	"context"
	"math"
	"testing"

	"convergo/bounds"
	"convergo/bounds/dataset"
	"convergo/bounds/predict"
	"convergo/nets/data"
)

func orthonormal(t *testing.T, y []float64) *predict.Data {
	t.Helper()
	n := 8
	set, err := data.Spec{Kind: data.Basis, N: n, D: n}.Build()
	if err != nil {
		t.Fatal(err)
	}
	f, err := dataset.Of(context.Background(), set.X, y, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return predict.NewData(f, set.X, y)
}

// H of orthonormal samples is half the identity, so that a step of size eta leaves 1 - eta/2 of the residual.
func TestStepsOfModes(t *testing.T) {
	y := []float64{1, -1, 1, -1, 1, -1, 1, -1}
	d := orthonormal(t, y)
	for _, eta := range []float64{1, 0.1, 0.001} {
		want := math.Ceil(math.Log(0.1) / math.Log(1-eta/2))
		if got := d.StepsOfModes(eta); !(math.Abs(got-want) <= 1) {
			t.Errorf("eta = %v: %v steps, want %v", eta, got, want)
		}
	}
	if got := d.StepsOfModes(3); !math.IsNaN(got) {
		t.Errorf("a step beyond 1/lambda_max has %v steps", got)
	}
	if got := orthonormal(t, nil).StepsOfModes(0.1); !math.IsNaN(got) {
		t.Errorf("no labels, %v steps", got)
	}
}

func TestLinearAndExponential(t *testing.T) {
	d := orthonormal(t, nil)
	if p := (predict.Prediction{}).Linear(d, 2, 1); p.Steps != 1 || p.Rate != 0 {
		t.Errorf("a step that leaves nothing: %v steps, rate %v", p.Steps, p.Rate)
	}
	p := predict.New("a", "", "", predict.Training, bounds.Derived, "").Linear(d, 0.5, 0.1)
	if want := math.Ceil(math.Log(0.01) / math.Log(0.9)); p.Steps != want || p.Rate != 0.9 || p.Curve(p.Steps) > 0.01 || p.Curve(p.Steps-1) <= 0.01 {
		t.Errorf("%+v, want %v steps", p, want)
	}
	if p = p.Exponential(d, 2); !p.Flow || !(math.Abs(p.Curve(p.Steps)-0.01) <= 1e-15) {
		t.Errorf("%+v: curve %v", p, p.Curve(p.Steps))
	}
}

func TestOrderAndJudgement(t *testing.T) {
	d := orthonormal(t, nil)
	row := func(source string, kind predict.Kind, width, value float64) predict.Prediction {
		p := predict.New(source, "", "", kind, bounds.Derived, "")
		p.Width, p.Value, p.Truth = width, value, 0.5
		return p
	}
	outside := row("outside", predict.Training, 1, math.NaN())
	outside.Hypotheses = []predict.Hypothesis{{Name: "x", Have: 0, Above: true}}
	all := predict.All(d, func(*predict.Data) []predict.Prediction {
		return []predict.Prediction{
			row("loose", predict.Eigenvalue, math.NaN(), 0.1), row("sharp", predict.Eigenvalue, math.NaN(), 0.4), row("zero", predict.Eigenvalue, math.NaN(), 0),
			outside, row("wide", predict.Training, 1e13, math.NaN()), row("two", predict.Training, 2, math.NaN()),
			row("above one", predict.Generalisation, math.NaN(), 1.5),
		}
	})
	want := []string{"two", "outside", "wide", "above one", "sharp", "loose", "zero"}
	for i, p := range all {
		if p.Source != want[i] {
			t.Errorf("row %d is %s, want %s", i, p.Source, want[i])
		}
		if telling := map[string]bool{"two": true, "sharp": true, "loose": true}[p.Source]; p.Telling() != telling {
			t.Errorf("%s: telling %v", p.Source, p.Telling())
		}
	}
}

// The problem has every number on the safe side.
func TestProblem(t *testing.T) {
	y := []float64{1, -1, 1, -1, 1, -1, 1, -1}
	p := orthonormal(t, y).Problem
	if p.Lambda0 > 0.5 || p.Lambda0 < 0.5-1e-9 || p.S < 1 || !(math.Abs(p.LabelNorm-math.Sqrt(8)) <= 1e-15) || !(math.Abs(p.Margin-1.0/16) <= 1e-8) {
		t.Errorf("%+v", p)
	}
	if err := p.Check(); err != nil {
		t.Error(err)
	}
	if r := orthonormal(t, y).Required("a", "b", "c", "no such", predict.Training); r.Vacuous == "" {
		t.Errorf("%+v", r)
	}
}
