package report

import (
	"math"
	"testing"

	"convergo/checks"
	"convergo/report/figure"
	"convergo/report/table"
)

func TestScalingAxes(t *testing.T) {
	for _, tc := range []struct {
		info checks.Info
		x, y table.Inline
	}{
		{checks.Info{Formula: `\|H(k)-H(0)\|_2 \sim m^{-1/2}`, Along: "width $m$"}, "width $m$", `$\|H(k)-H(0)\|_2$`},
		{checks.Info{Formula: `\exists C\colon\; d \le C\,\lambda_{\min}(K^{(L)})`, Along: "samples $N$"}, "samples $N$", `$\frac{d}{\lambda_{\min}(K^{(L)})}$`},
		{checks.Info{Formula: `P \propto \gamma^{-2} \ln n`, Along: `$1/\gamma$`}, `$1/\gamma$`, "$P$"},
		{checks.Info{Title: "of an old run"}, "size", "of an old run"},
	} {
		if x, y := scalingAxes(tc.info, "size"); x != tc.x || y != tc.y {
			t.Errorf("%+v has the axes %s and %s, want %s and %s", tc.info, x, y, tc.x, tc.y)
		}
	}
}

func TestThresholdAxis(t *testing.T) {
	for _, tc := range []struct {
		formula  string
		location float64
		want     table.Inline
	}{
		{`\|e_k\| \to \infty \iff \eta\lambda_{\max} > 2`, 2, `$\eta\lambda_{\max}$`},
		{`\lambda_{\min}(K_{L-1}) > 0 \iff n_{L-2} \ge N \quad\text{almost surely}`, 1, `$\frac{n_{L-2}}{N}$`},
		{`\min_a \|\Phi a - y\| = 0 \iff n \le Nd`, 1, `$\frac{Nd}{n}$`},
		{`m_*(\delta) \le \max(a, b)`, 1e7, "$m$"},
		{`|1-u| > e^{-u} \iff u > 1.27846\ldots`, 1.278464542761074, "$u$"},
		{"", 3, "quantity whose threshold is claimed at 3"},
	} {
		if got := thresholdAxis(checks.Info{Formula: tc.formula}, tc.location); got != tc.want {
			t.Errorf("%s at %g is an axis of %s, want %s", tc.formula, tc.location, got, tc.want)
		}
	}
}

// Intervals of shares and crossings are drawn.
func TestThresholdIntervals(t *testing.T) {
	share := checks.NewSeries("success probability", "measured", []float64{1, 2, 4}, []float64{0, 0.5, 1})
	share.XName, share.YName, share.LogX = "control quantity", "success probability", true
	c := checks.ClaimOutcome{Info: checks.Info{ID: "a/b", Form: "threshold", Formula: `f < 1 \iff m > 3`}, Instances: []checks.InstanceOutcome{{
		Terms: checks.Terms{Location: 3}, Series: []checks.Series{share},
		Result: checks.Result{Trials: 20, Interval: [2]checks.Float{1.5, 3.5}, Estimate: checks.Float(math.NaN())},
	}}}
	ds := Drawings(nil, c)
	if len(ds) != 1 {
		t.Fatalf("%d drawings", len(ds))
	}
	f := ds[0].Figure
	if f.XLabel != "$m$" || len(f.Lines) != 2 || f.Lines[0].Style != figure.Band || f.Lines[0].X[0] != 1.5 || f.Lines[0].X[1] != 3.5 {
		t.Fatalf("x is %s, lines %+v", f.XLabel, f.Lines)
	}
	if l := f.Lines[1]; len(l.Lo) != 3 || !(l.Lo[1] < 0.5 && 0.5 < l.Hi[1]) || l.Hi[0] <= 0 || l.Lo[2] >= 1 {
		t.Errorf("the shares have the intervals %v, %v", l.Lo, l.Hi)
	}
}
