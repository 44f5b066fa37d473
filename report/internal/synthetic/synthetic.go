// Package synthetic makes runs for the tests of reports: small ones with every
// kind of outcome, and large ones to measure.
package synthetic

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"convergo/checks"
)

type params struct {
	Data struct {
		Kind string `json:"kind"`
		N    int    `json:"n"`
		D    int    `json:"d"`
		Seed uint64 `json:"seed"`
	} `json:"data"`
	Width int     `json:"width"`
	Step  float64 `json:"step"`
	Loose float64 `json:"loose"`
}

const statement = `large%d states that the training loss of a wide network stays below its bound.

Setting: n points of the unit sphere in dimension d, one hidden layer of m
rectified linear units, antisymmetric Gaussian initialisation with variance
kappa^2, quadratic loss, gradient descent with step eta.

Hypotheses: lambda_0 > 0, m at least the width below, eta ||H|| <= 1.

Conclusion: with probability at least 1 - delta over the initialisation, for
all k: L_k <= (1 - eta lambda_0 / 2)^k L_0, and no neuron moves by more than
4 sqrt(n) ||y - u(0)|| / (sqrt(m) lambda_0).

Constants: derived; the union bound over n^2 pairs costs log(2 n^2 / delta),
and the factor 4 comes from the triangle inequality for the path of the
weights. The constant of the movement is sharp up to a factor of two.

Convention: network divided by sqrt(m), loss one half of a sum of squares,
weights with variance one.

Reference: a synthetic source, Theorem %d.

Control: the bound divided by ten must fail at the first step.
`

// claim is one of many claims of a large run. Its trials are cheap.
func claim(id string, k, instances int) checks.Checkable {
	setup := func(p params) (checks.Instance, error) {
		need := math.Pow(float64(p.Data.N), 4)
		return checks.Instance{
			Hypotheses: []checks.Hypothesis{
				checks.Require("width", float64(p.Width), checks.AtLeast, 100),
				checks.Require("eta lambda_max", p.Step, checks.AtMost, 2),
			},
			Facts: []checks.Fact{{Name: "lambda_0", Value: checks.Float(0.1 + 1/float64(p.Data.N))}, {Name: "required width (published)", Value: checks.Float(need)}, {Name: "width run", Value: checks.Float(p.Width)}},
			Trial: func(r *rand.Rand) checks.Measurement {
				observed := 0.5 + 0.4*r.Float64()
				return checks.Measurement{Observed: observed, Predicted: p.Loose, Series: curves(p.Loose)}
			},
		}, nil
	}
	var grid []params
	for i := range instances {
		var p params
		p.Data.Kind, p.Data.N, p.Data.D, p.Data.Seed = "sphere", 4+i, 20, uint64(i)
		p.Width, p.Step, p.Loose = 128*(i+1), 0.1*float64(i%10+1), 1+float64(i)
		grid = append(grid, p)
	}
	control := grid[0]
	control.Loose = 0.1
	return checks.Claim[params]{
		ID: id, Title: fmt.Sprintf("training loss of network %d stays below its bound", k), Reference: fmt.Sprintf("Theorem %d", k),
		Formula: `L_k \le \left(1 - \frac{\eta\lambda_0}{2}\right)^k L_0 \quad \text{for all } k`,
		Basis:   checks.Derived, Form: checks.Always{}, Version: 1, Convention: "1/sqrt(m) scaling; half a sum of squares",
		Grid: grid, Setup: setup,
		Controls: []checks.Control[params]{{Name: "tenth-of-the-bound", Why: "a tenth of the bound is below every loss", At: []params{control}}},
	}.Documented(fmt.Sprintf(statement, k, k), "theorems/large.go", 10*k+1)
}

// curves are a loss of 50 steps and its bound.
func curves(loose float64) []checks.Series {
	var x, loss, bound []float64
	for k := range 50 {
		x = append(x, float64(k))
		loss = append(loss, math.Exp(-0.1*float64(k)))
		bound = append(bound, loose*math.Exp(-0.05*float64(k)))
	}
	out := []checks.Series{checks.NewSeries("loss", "measured", x, loss), checks.NewSeries("bound", "bound", x, bound)}
	for i := range out {
		out[i].XName, out[i].YName, out[i].LogY = "step", "loss", true
	}
	return out
}

// Large runs a number of cheap claims, spread over ten sources, on so many
// instances each, into the folder.
func Large(ctx context.Context, dir string, claims, instances int) (*checks.Records, error) {
	const sources = 10
	all := make([]checks.Source, sources)
	for i := range all {
		key := fmt.Sprintf("author%d", 2010+i)
		all[i] = checks.Source{Key: key, Title: "On the convergence of wide networks", Authors: fmt.Sprintf("Ada Author%d, Bo Builder", i), Year: 2010 + i,
			BibTeX: fmt.Sprintf("@article{%s,\n  author = {Author, Ada and Builder, Bo},\n  title = {On the convergence of wide networks},\n  year = {%d}\n}", key, 2010+i)}
	}
	for k := range claims {
		s := &all[k%sources]
		s.Claims = append(s.Claims, claim(fmt.Sprintf("%s/training-loss-%d", s.Key, k), k, instances))
	}
	return checks.Run(ctx, all, checks.Options{
		Seed: 1, Alpha: 0.01, Dir: dir,
		Profile: checks.Profile{Name: "synthetic", Budget: checks.Budget{Work: 1e9, Trials: 8, AlwaysTrials: 2, LadderTrials: 4}},
	})
}

// Small returns a judged run with one claim of every kind of outcome, made by
// hand so that it never changes. Some of its words are hostile to HTML, LaTeX
// and Markdown.
func Small() *checks.Summary {
	nan := checks.Float(math.NaN())
	none := [2]checks.Float{nan, nan}
	result := func(v checks.Verdict, observed, predicted float64, r checks.Relation) checks.Result {
		slack := predicted / observed
		if r == checks.AtLeast {
			slack = observed / predicted
		}
		f := checks.Float(slack)
		return checks.Result{Verdict: v, Trials: 8, Held: 8, Predicted: checks.Float(predicted), ObservedWorst: checks.Float(observed), ObservedMedian: checks.Float(observed / 2),
			SlackWorst: f, SlackMedian: 2 * f, SlackInterval: [2]checks.Float{f, 3 * f}, Estimate: nan, Interval: none, Target: nan, Relation: r, FirstViolation: -1}
	}
	instance := func(claim string, i int, params string, inside bool, r checks.Result) checks.InstanceOutcome {
		return checks.InstanceOutcome{Key: checks.UnitKey{Claim: claim, Index: i}, Params: json.RawMessage(params), Result: r, Alpha: 1e-5, Inside: inside}
	}
	caught := func(claim, params string) []checks.ControlOutcome {
		r := result(checks.Refuted, 2, 1, checks.AtMost)
		r.Caught, r.Trials, r.Reason = true, 1, "trial 0 violates it"
		return []checks.ControlOutcome{{Name: "half", Why: "half of the bound is too little", Caught: true, Instances: []checks.InstanceOutcome{instance(claim, 0, params, true, r)}}}
	}
	info := func(id, title, reference, form string) checks.Info {
		source, _, _ := strings.Cut(id, "/")
		return checks.Info{ID: id, Title: title, Reference: reference, Form: form, Basis: checks.Derived, Version: 1, Source: source,
			Convention: "1/sqrt(m) scaling", Formula: `\lambda_{\min}(H) \ge \frac{3}{4}\lambda_0`, File: "theorems/a.go", Line: 12,
			Statement: "a states something.\n\nSetting: n points.\n\nConclusion: x < y & z.\n\n\tlambda_0 = min", Controls: []checks.ControlInfo{{Name: "half", Why: "half of the bound is too little"}}}
	}
	var cs []checks.ClaimOutcome

	a := instance("du2019/gram", 0, `{"data":{"kind":"sphere","n":10},"m":2048}`, true, result(checks.Holds, 0.812, 0.75, checks.AtLeast))
	a.Hypotheses = []checks.Hypothesis{checks.Require("width", 2048, checks.AtLeast, 512)}
	a.Facts = []checks.Fact{{Name: "lambda_0", Value: 0.25}}
	a.Result.Trials, a.Result.Held, a.Result.Violated = 300, 297, 3
	a.Result.Estimate, a.Result.Interval, a.Result.IntervalKind = 0.01, [2]checks.Float{0.0021, 0.029}, "95% confidence sequence"
	b := instance("du2019/gram", 1, `{"data":{"kind":"sphere","n":40},"m":2048}`, false, checks.Result{Verdict: checks.Vacuous})
	b.Skip, b.Detail = "cost", "needs 3e+11 operations, the profile quick allows 1e+09 an instance"
	cs = append(cs, checks.ClaimOutcome{Info: info("du2019/gram", "λ₀ of the Gram matrix (Schröder, σ² → ∞)", "Lemma 3.1", "probably"), Verdict: checks.Holds,
		Instances: []checks.InstanceOutcome{a, b}, Detects: []checks.Detect{{Name: "eigenvalue", Kind: checks.Factor, Size: 1.0583, From: "trials", Params: a.Params, Allowed: 1.25}, {Name: "width", Kind: checks.Factor, Size: 4, From: "rerun", Params: a.Params, Allowed: 4}}, Controls: caught("du2019/gram", `{"data":{"kind":"sphere","n":10},"m":4}`)})

	v := instance("du2019/convergence", 0, `{"n":10,"m":2048}`, false, result(checks.Holds, 0.31, 0.92, checks.AtMost))
	v.Hypotheses = []checks.Hypothesis{checks.Require("width", 2048, checks.AtLeast, 1.06e17)}
	v.Facts = []checks.Fact{{Name: "required width (published)", Value: 1.06e17}, {Name: "width run", Value: 2048}}
	cs = append(cs, checks.ClaimOutcome{Info: info("du2019/convergence", "linear convergence", "Theorem 3.2", "always"), Verdict: checks.Vacuous,
		Reason: "of 1 instances 1 miss their hypotheses, 0 cost too much, 0 are trivial", Instances: []checks.InstanceOutcome{v}, Controls: caught("du2019/convergence", `{"n":10,"m":1}`)})

	s := instance("arora2019/slope", 0, `{"rungs":5}`, true, result(checks.Holds, -0.498, -0.5, checks.Equal))
	s.Terms = checks.Terms{Exponent: -0.5, Resolution: 0.1}
	s.Result.Estimate, s.Result.Interval, s.Result.SlackWorst = -0.498, [2]checks.Float{-0.521, -0.475}, 50
	s.Result.IntervalKind = "slope, Student over 24 trials at α=1e-05"
	s.Series = ladder()
	cs = append(cs, checks.ClaimOutcome{Info: info("arora2019/slope", "movement falls like $m^{-1/2}$ & <b>more</b>", "Lemma 5.3; note 06_2", "scaling"), Verdict: checks.Holds,
		Instances: []checks.InstanceOutcome{s}, Detects: []checks.Detect{{Kind: checks.Shift, Size: 0.123, From: "trials", Params: s.Params, Allowed: 0.1}},
		Weak: []string{"the prediction detects only ±0.12 where ±0.1 is declared"}, Controls: caught("arora2019/slope", `{"rungs":5,"from":1}`)})

	r := instance("arora2019/false", 0, `{"n":3,"labels":"sign"}`, true, result(checks.Refuted, 2.5, 1, checks.AtMost))
	r.Result.Violated, r.Result.Held, r.Result.FirstViolation, r.Result.Reason = 1, 7, 2, "trial 2 violates it"
	cs = append(cs, checks.ClaimOutcome{Info: info("arora2019/false", "a claim that fails", "Eq. (8)", "always"), Verdict: checks.Refuted, Reason: "trial 2 violates it",
		Instances: []checks.InstanceOutcome{r}, Controls: caught("arora2019/false", `{"n":3}`),
		Witness: &checks.Witness{Claim: "arora2019/false", Params: r.Params, Seed: 7, Trial: 2, Trials: 8, Version: checks.Version, Relation: checks.AtMost, Observed: 2.5, Predicted: 1}})

	u := instance("arora2019/open", 0, `{"n":3}`, true, result(checks.Undecided, 1.2, 1.25, checks.Equal))
	u.Result.Estimate, u.Result.Interval, u.Result.Reason = 1.2, [2]checks.Float{1.1, 1.3}, "the interval [1.1, 1.3] holds the prediction 1.25 but is wider than the resolution of 1%"
	open := caught("arora2019/open", `{"n":3}`)
	open[0].Caught, open[0].Instances[0].Result.Caught, open[0].Instances[0].Result.Reason = false, false, "too few trials"
	cs = append(cs, checks.ClaimOutcome{Info: info("arora2019/open", "a mean not yet known", "Eq. (9)", "mean"), Verdict: checks.Undecided, Reason: u.Result.Reason,
		Instances: []checks.InstanceOutcome{u}, Controls: open, Problems: []string{"control half was not refuted at {\"n\":3}: too few trials"}})

	m := checks.Manifest{Format: "convergo run", Version: checks.Version, Arch: "amd64", Seed: 7, Alpha: 0.01, Code: "0123456789abcdef", Plan: "00112233445566778899aabbccddeeff",
		Profile: checks.Profile{Name: "quick", Budget: checks.Budget{Work: 1e9, Trials: 1000}},
		Sources: []checks.SourceInfo{
			{Key: "du2019", Title: "Gradient Descent Provably Optimizes", Authors: "Simon Du, Xiyu Zhai", Year: 2019, BibTeX: "@inproceedings{du2019,\n  title = {Gradient Descent Provably Optimizes},\n  year = {2019}\n}"},
			{Key: "arora2019", Title: "Fine-Grained Analysis", Authors: "Sanjeev Arora, Simon Du", Year: 2019, BibTeX: "@inproceedings{arora2019,\n  title = {Fine-Grained Analysis},\n  year = {2019}\n}"},
			{Key: "unused2000", Title: "Unused", BibTeX: "@misc{unused2000}"},
		}}
	for _, c := range cs {
		m.Claims = append(m.Claims, c.Info)
	}
	return &checks.Summary{Manifest: m, Claims: cs, Finished: true}
}

// ladder is what the form scaling records: responses and their fit.
func ladder() []checks.Series {
	x := []float64{64, 128, 256, 512, 1024}
	var y, fit []float64
	for i, m := range x {
		fit = append(fit, 3*math.Pow(m, -0.498))
		y = append(y, fit[i]*(1+0.02*math.Pow(-1, float64(i))))
	}
	out := []checks.Series{checks.NewSeries("observed", "measured", x, y), checks.NewSeries("fit, slope -0.498", "fit", x, fit)}
	for i := range out {
		out[i].XName, out[i].YName, out[i].LogX, out[i].LogY = "width m", "movement", true, true
	}
	return out
}
