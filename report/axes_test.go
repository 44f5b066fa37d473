package report

import (
	"math"
	"testing"

	"convergo/checks"
	"convergo/report/figure"
	"convergo/report/table"
)

func TestScalingAxes(t *testing.T) {
	for formula, want := range map[string][2]table.Inline{
		`\|H(k)-H(0)\|_2 \sim m^{-1/2}`:                      {"$m$", `$\|H(k)-H(0)\|_2$`},
		`\lambda_{\min}(K^{(H)}) \propto H^{-2}`:             {"$H$", `$\lambda_{\min}(K^{(H)})$`},
		`\lVert H(k)-H(0) \rVert_F = O(m^{-1/2})`:            {"$m$", `$\lVert H(k)-H(0) \rVert_F$`},
		`\exists C\colon\; d \le C\,\lambda_{\min}(K^{(L)})`: {"size along the ladder", `$\frac{d}{\lambda_{\min}(K^{(L)})}$`},
		`P \propto \gamma^{-2} \ln n`:                        {"size along the ladder", "$P$"},
		"":                                                   {"size along the ladder", "the title"},
	} {
		if x, y := scalingAxes(checks.Info{Formula: formula, Title: "the title"}); x != want[0] || y != want[1] {
			t.Errorf("%s has the axes %s and %s, want %s", formula, x, y, want)
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
