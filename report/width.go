package report

import (
	"errors"
	"fmt"
	"math"
	"sort"
	"strings"

	"convergo/checks"
	"convergo/report/figure"
	"convergo/report/table"

	"gonum.org/v1/gonum/mat"
)

// WidthFacts names the facts in which a width study records its instances: the
// caller knows who wrote them.
type WidthFacts struct {
	Samples, Lambda0, Spectral          string
	Requirement                         string // prefix of a required width
	SuffixN, SuffixLambda0, SuffixDelta string
}

// widthPoint is one measured instance of a width study.
type widthPoint struct {
	name          string
	n, lambda, s2 float64
	m, lo, hi     float64 // sufficient width with its bracket
	required      map[string]float64
	outcome       checks.InstanceOutcome
}

func widthPoints(s *checks.Summary, names WidthFacts) []widthPoint {
	var ps []widthPoint
	for _, c := range s.Claims {
		for _, o := range c.Instances {
			p := widthPoint{name: c.Info.ID, outcome: o, required: map[string]float64{},
				m: float64(o.Result.Estimate), lo: float64(o.Result.Interval[0]), hi: float64(o.Result.Interval[1])}
			for _, f := range o.Facts {
				v := float64(f.Value)
				name, isWidth := strings.CutPrefix(f.Name, names.Requirement)
				switch {
				case f.Name == names.Samples:
					p.n = v
				case f.Name == names.Lambda0:
					p.lambda = v
				case f.Name == names.Spectral:
					p.s2 = v * v
				case isWidth && !strings.Contains(name, " (exponent"):
					p.required[name] = v
				}
			}
			study := p.n > 0 && len(p.required) > 0 // other claims have estimates too, which are no widths
			if study && o.Inside && o.Result.Trials > 0 && p.m > 0 {
				ps = append(ps, p)
			}
		}
	}
	return ps
}

// Width returns the table of a width study: a row an instance with the width
// that was enough, in its bracket, beside the least derived and the literal
// published requirement and their ratios to it.
func Width(s *checks.Summary, names WidthFacts, derived, literal string) (*table.Table, error) {
	ps := widthPoints(s, names)
	if len(ps) == 0 {
		return nil, errors.New("the run has no finished instance of a width study: make one with 'convergo width'")
	}
	t := table.New(
		table.Column{Key: "data", Head: "data"},
		table.Column{Key: "n", Head: "$n$", Yield: 5},
		table.Column{Key: "lambda0", Head: `$\lambda_0$`, Yield: 2},
		table.Column{Key: "s2", Head: "$S^2$", Yield: 1},
		table.Column{Key: "sufficient", Head: "$m^*$", Group: "sufficient"},
		table.Column{Key: "derived", Head: "width", Group: "derived"},
		table.Column{Key: "derived_ratio", Head: "$/m^*$", Group: "derived", Yield: 3},
		table.Column{Key: "literal", Head: "width", Group: "published"},
		table.Column{Key: "literal_ratio", Head: "$/m^*$", Group: "published", Yield: 4},
	)
	t.Title, t.Label = "How wide is wide enough", "tab:width"
	t.Caption = table.Inline(fmt.Sprintf("Sufficient width $m^*$ (smallest at which the claimed rate holds with probability at least $%.3g$, in its exact bracket at %s) "+
		"beside the derived requirement (%s) and the published one with its literal constants (%s). %s",
		level(ps), alphaText(s), table.Literal(derived), table.Literal(literal), settings(s)))
	for _, p := range ps {
		t.Add(table.Text(instanceName(p.outcome)), table.Count(p.n), number(checks.Float(p.lambda)), number(checks.Float(p.s2)),
			widthCell(p), number(checks.Float(p.required[derived])), ratio(p.required[derived], p.m),
			number(checks.Float(p.required[literal])), ratio(p.required[literal], p.m))
	}
	return t, nil
}

func level(ps []widthPoint) float64 { return float64(ps[0].outcome.Terms.Level) }

func alphaText(s *checks.Summary) string {
	return fmt.Sprintf(`family-wise $\alpha = %g$`, float64(s.Manifest.Alpha))
}

func settings(s *checks.Summary) string {
	return fmt.Sprintf("Seed %d.", s.Manifest.Seed)
}

func widthCell(p widthPoint) table.Cell {
	if p.lo <= p.m && p.m <= p.hi && !math.IsInf(p.hi, 0) {
		return table.Interval(p.m, p.lo, p.hi)
	}
	return number(checks.Float(p.m))
}

func ratio(a, b float64) table.Cell { return number(checks.Float(a / b)) }

// instanceName says which data an instance is of, as far as the other columns
// do not.
func instanceName(o checks.InstanceOutcome) string {
	text := Compact(o.Params)
	if i := strings.Index(text, " delta="); i > 0 {
		text = text[:i]
	}
	var kept []string
	for _, word := range strings.Fields(text) {
		if key, _, _ := strings.Cut(word, "="); key != "n" && key != "labels" && key != "label_scale" {
			kept = append(kept, strings.TrimPrefix(word, "kind="))
		}
	}
	return strings.Join(kept, " ")
}

// Exponents returns the table of exponents: those of the measured width, with
// intervals, beside those of every requirement that applies, with the range of
// its literal width over the study and of its ratio to what was enough.
func Exponents(s *checks.Summary, names WidthFacts) (*table.Table, error) {
	ps := widthPoints(s, names)
	if len(ps) == 0 {
		return nil, errors.New("the run has no finished instance of a width study: make one with 'convergo width'")
	}
	t := table.New(
		table.Column{Key: "requirement", Head: "requirement"},
		table.Column{Key: "n", Head: "$n$", Group: "exponent of", Yield: 5},
		table.Column{Key: "lambda0", Head: `$1/\lambda_0$`, Group: "exponent of", Yield: 4},
		table.Column{Key: "delta", Head: `$1/\delta$`, Group: "exponent of", Yield: 1},
		table.Column{Key: "least", Head: "least", Group: "width over the study", Yield: 2},
		table.Column{Key: "largest", Head: "largest", Group: "width over the study"},
		table.Column{Key: "ratio_least", Head: "least", Group: "ratio to $m^*$", Yield: 3},
		table.Column{Key: "ratio_largest", Head: "largest", Group: "ratio to $m^*$"},
	)
	t.Title, t.Label = "Exponents of the width", "tab:width-exponents"
	t.Caption = table.Inline("Exponents of the sufficient width, from a least-squares fit of $\\log m^*$ on $\\log n$ and $\\log 1/\\lambda_0$ over all instances " +
		"(or on $\\log n$ alone over one family), beside those of the requirements. The intervals let every $m^*$ range over its bracket, so they " +
		"hold for the instances of this study together, at " + table.Inline(alphaText(s)) + "; they say nothing of other data. " + table.Inline(settings(s)))
	lo, hi := span(ps, func(p widthPoint) float64 { return p.m })
	fit, err := fitWidths(ps)
	if err != nil {
		t.Note("", table.Literal("No fit over all instances: "+err.Error()))
	} else {
		t.Add(table.Text("measured, all instances"), fit[0].cell(), fit[1].cell(), table.Empty{},
			number(checks.Float(lo)), number(checks.Float(hi)), table.Empty{}, table.Empty{})
	}
	for _, family := range families(ps) {
		var of []widthPoint
		for _, p := range ps {
			if p.name == family {
				of = append(of, p)
			}
		}
		addFamily(t, family, of)
	}
	for _, name := range requirementNames(ps) {
		addRequirement(t, ps, names, name)
	}
	return t, nil
}

func addFamily(t *table.Table, family string, ps []widthPoint) {
	name := "measured, " + family[strings.LastIndex(family, "/")+1:]
	lo, hi := span(ps, func(p widthPoint) float64 { return p.m })
	byN, errN := fitColumns(ps, func(p widthPoint) []float64 { return []float64{1, math.Log(p.n)} })
	byL, errL := fitColumns(ps, func(p widthPoint) []float64 { return []float64{1, -math.Log(p.lambda)} })
	var cells [2]table.Cell = [2]table.Cell{table.Empty{}, table.Empty{}}
	switch {
	case errN == nil: // n varies, and λ₀ with it
		cells[0] = byN[1].cell()
	case errL == nil:
		cells[1] = byL[1].cell()
	}
	t.Add(table.Text(name), cells[0], cells[1], table.Empty{}, number(checks.Float(lo)), number(checks.Float(hi)), table.Empty{}, table.Empty{})
}

func addRequirement(t *table.Table, ps []widthPoint, names WidthFacts, name string) {
	value := func(p widthPoint) float64 {
		if w, ok := p.required[name]; ok {
			return w
		}
		return math.NaN()
	}
	lo, hi := span(ps, value)
	rlo, rhi := span(ps, func(p widthPoint) float64 { return value(p) / p.m })
	exponent := func(suffix string) table.Cell {
		for _, p := range ps {
			for _, f := range p.outcome.Facts {
				if f.Name == names.Requirement+name+suffix {
					return table.Exact(float64(f.Value))
				}
			}
		}
		return table.Empty{}
	}
	t.Add(table.Text(name), exponent(names.SuffixN), exponent(names.SuffixLambda0), exponent(names.SuffixDelta),
		number(checks.Float(lo)), number(checks.Float(hi)), number(checks.Float(rlo)), number(checks.Float(rhi)))
}

func families(ps []widthPoint) []string {
	var out []string
	for _, p := range ps {
		if len(out) == 0 || out[len(out)-1] != p.name {
			out = append(out, p.name)
		}
	}
	return out
}

func requirementNames(ps []widthPoint) []string {
	seen := map[string]bool{}
	var out []string
	for _, p := range ps {
		for name := range p.required {
			if !seen[name] {
				seen[name] = true
				out = append(out, name)
			}
		}
	}
	sort.Strings(out)
	return out
}

func span(ps []widthPoint, f func(widthPoint) float64) (lo, hi float64) {
	lo, hi = math.NaN(), math.NaN()
	for _, p := range ps {
		v := f(p)
		if math.IsNaN(v) {
			continue
		}
		if math.IsNaN(lo) || v < lo {
			lo = v
		}
		if math.IsNaN(hi) || v > hi {
			hi = v
		}
	}
	return lo, hi
}

// An exponent is a fitted coefficient with its interval.
type exponent struct{ value, lo, hi float64 }

func (e exponent) cell() table.Cell {
	if math.IsInf(e.lo, 0) || math.IsInf(e.hi, 0) || e.lo > e.value || e.value > e.hi {
		return number(checks.Float(e.value))
	}
	return table.Interval(e.value, e.lo, e.hi)
}

// fitWidths fits log m* on log n and log 1/λ₀ and returns these two exponents.
func fitWidths(ps []widthPoint) ([2]exponent, error) {
	es, err := fitColumns(ps, func(p widthPoint) []float64 { return []float64{1, math.Log(p.n), -math.Log(p.lambda)} })
	if err != nil {
		return [2]exponent{}, err
	}
	return [2]exponent{es[1], es[2]}, nil
}

// fitColumns fits log m* by least squares on the given columns. A coefficient
// is a linear form in the log m*, so letting each of these range over its
// bracket gives the exact range of the coefficient.
func fitColumns(ps []widthPoint, columns func(widthPoint) []float64) ([]exponent, error) {
	k := len(columns(ps[0]))
	if len(ps) <= k {
		return nil, fmt.Errorf("%d instances cannot tell %d coefficients", len(ps), k)
	}
	a := mat.NewDense(len(ps), k, nil)
	for i, p := range ps {
		a.SetRow(i, columns(p))
	}
	var svd mat.SVD
	if !svd.Factorize(a, mat.SVDThin) || svd.Cond() > 1e6 {
		return nil, errors.New("the instances do not vary enough")
	}
	var weights mat.Dense // k x instances: the pseudo-inverse
	svd.SolveTo(&weights, identity(len(ps)), k)
	es := make([]exponent, k)
	for c := range es {
		for i, p := range ps {
			w := weights.At(c, i)
			es[c].value += w * math.Log(p.m)
			lo, hi := w*math.Log(p.lo), w*math.Log(p.hi)
			if w == 0 {
				continue
			}
			es[c].lo += math.Min(lo, hi)
			es[c].hi += math.Max(lo, hi)
		}
	}
	return es, nil
}

func identity(n int) *mat.Dense {
	d := mat.NewDense(n, n, nil)
	for i := range n {
		d.Set(i, i, 1)
	}
	return d
}

// WidthDrawing is the figure of a width study: the width that was enough against
// the number of samples, family by family with its bracket, beside the derived
// requirement. It is nil when the run has no finished instance of such a study.
func WidthDrawing(s *checks.Summary, names WidthFacts, derived string) *Drawing {
	ps := widthPoints(s, names)
	if len(ps) == 0 {
		return nil
	}
	f := &figure.Figure{Title: "How wide is wide enough", XLabel: "samples $n$", YLabel: "width $m^*$ that is enough", LogX: true, LogY: true}
	var bounds []figure.Line
	for _, family := range families(ps) {
		name := table.Literal(family[strings.LastIndex(family, "/")+1:])
		measured := figure.Line{Name: name, Style: figure.Measured}
		bound := figure.Line{Name: name + ", derived requirement", Style: figure.Bound}
		var of []widthPoint
		for _, p := range ps {
			if p.name == family {
				of = append(of, p)
			}
		}
		sort.SliceStable(of, func(i, j int) bool { return of[i].n < of[j].n })
		for _, p := range of {
			measured.X, measured.Y = append(measured.X, p.n), append(measured.Y, p.m)
			measured.Lo, measured.Hi = append(measured.Lo, p.lo), append(measured.Hi, p.hi)
			if w, ok := p.required[derived]; ok {
				bound.X, bound.Y = append(bound.X, p.n), append(bound.Y, w)
			}
		}
		f.Lines = append(f.Lines, measured)
		if len(bound.X) > 0 {
			bounds = append(bounds, bound)
		}
	}
	f.Lines = append(f.Lines, bounds...)
	return &Drawing{Name: "width", Figure: f}
}
