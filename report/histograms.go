package report

import (
	"fmt"
	"math"

	"convergo/checks"
	"convergo/report/figure"
	"convergo/report/table"
)

// slackHistogram counts the slack of all trials inside the hypotheses, or is
// nil where that says no more than the table.
func slackHistogram(rec *checks.Records, c checks.ClaimOutcome) *figure.Figure {
	if pooled(c.Info.Form) || rec == nil {
		return nil
	}
	var slacks []float64
	for _, o := range c.Instances {
		u := rec.Units[o.Key]
		if u == nil || !o.Inside {
			continue
		}
		for i, m := range u.Trials {
			if s := u.Status[i]; s == checks.Held || s == checks.Violated || s == checks.Unresolved {
				slacks = append(slacks, m.Slack())
			}
		}
	}
	return histogram(slacks, "trials", table.Literal(c.Info.Title), fmt.Sprintf("slack of %d trials", len(slacks)))
}

// SlackDrawing counts the least slack of the claims of a run, or is nil when
// too few have one.
func SlackDrawing(s *checks.Summary) *Drawing {
	var slacks []float64
	for _, c := range s.Claims {
		if o := Tightest(c); o != nil && o.Inside {
			slacks = append(slacks, float64(o.Result.SlackWorst))
		}
	}
	f := histogram(slacks, "claims", "How tight the claims are", fmt.Sprintf("least slack of %d claims", len(slacks)))
	if f == nil {
		return nil
	}
	return &Drawing{Name: "run-slack", Figure: f}
}

// histogram bins slacks on a logarithmic axis with a rule where a claim starts
// to hold. It is nil for fewer values, or fewer distinct ones, than a picture
// is worth. A few enormous slacks would press all others into one bin: beyond a
// limit they are only counted.
func histogram(slacks []float64, things string, title table.Inline, name string) *figure.Figure {
	const fewest, most, limit = 8, 24, 1e6
	var kept []float64
	distinct := map[float64]bool{}
	for _, v := range slacks {
		if v > 0 && v <= limit {
			kept = append(kept, v)
			distinct[v] = true
		}
	}
	if len(distinct) < fewest {
		return nil
	}
	bins := min(most, max(fewest, int(math.Sqrt(float64(len(kept))))))
	h, _, err := figure.Bins(table.Literal(name), kept, bins, true)
	if err != nil {
		return nil
	}
	if dropped := len(slacks) - len(kept); dropped > 0 {
		h.Name += table.Inline(fmt.Sprintf(" (%d are 0 or above $10^6$)", dropped))
	}
	return &figure.Figure{
		Title: title, XLabel: "slack (prediction over observation)", YLabel: table.Inline(things), LogX: true,
		Histograms: []figure.Histogram{h}, Rules: []figure.Rule{{Name: "the claim holds from here", At: 1, Vertical: true}},
	}
}
