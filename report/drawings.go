package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"convergo/checks"
	"convergo/checks/stats"
	"convergo/report/figure"
	"convergo/report/table"
)

// A Drawing is a figure of a run with the name of its file.
type Drawing struct {
	Name   string // such as "du2019-gram-chernoff-3-loss", without suffix
	Claim  string // empty for a figure of the whole run
	Figure *figure.Figure
}

// Drawings returns the figures of a claim: for each instance its recorded
// curves, those that share axes in one figure; the curves of instances that
// differ in their labels alone, side by side; and the slack of all trials.
func Drawings(rec *checks.Records, c checks.ClaimOutcome) []Drawing {
	stem := strings.ReplaceAll(c.Info.ID, "/", "-")
	var ds []Drawing
	common := commonParams(c.Instances)
	for _, o := range c.Instances {
		for _, g := range curveGroups(c.Info, o) {
			if !g.drawable() {
				continue
			}
			ds = append(ds, Drawing{fmt.Sprintf("%s-%d%s", stem, o.Key.Index, g.suffix), c.Info.ID, g.figure(instanceTitle(c, o, common))})
		}
	}
	ds = append(ds, labelDrawings(c, stem)...)
	if f := slackHistogram(rec, c); f != nil {
		ds = append(ds, Drawing{stem + "-slack", c.Info.ID, f})
	}
	return ds
}

// instanceTitle names the claim and, where that is short, the parameters that
// set the instance apart; else its place in the claim's table.
func instanceTitle(c checks.ClaimOutcome, o checks.InstanceOutcome, common []param) table.Inline {
	const longest = 60
	own := joinParams(paramsWithout(o.Params, common))
	switch title := c.Info.Title; {
	case len(c.Instances) == 1 || own == "":
		return table.Literal(title)
	case utf8.RuneCountInString(title+own) <= longest:
		return table.Literal(title + ": " + own)
	default:
		return table.Literal(fmt.Sprintf("%s: instance %d", title, o.Key.Index+1))
	}
}

// curves are the series of one instance that share axes.
type curves struct {
	suffix string
	series []checks.Series
	bands  []figure.Line // intervals, behind the lines
	bars   []figure.Line // in place of series of the same name
	rules  []figure.Rule
}

// curveGroups gathers the series of an instance by their axes, and adds what
// its form predicts: the slope of a scaling law, the place of a threshold.
func curveGroups(info checks.Info, o checks.InstanceOutcome) []curves {
	var groups []curves
	for _, s := range o.Series {
		if len(s.X) == 0 || len(s.X) != len(s.Y) {
			continue
		}
		i := slices.IndexFunc(groups, func(g curves) bool { return sameAxes(g.series[0], s) })
		if i < 0 {
			groups = append(groups, curves{})
			i = len(groups) - 1
		}
		groups[i].series = append(groups[i].series, s)
	}
	for i := range groups {
		if len(groups) > 1 {
			groups[i].suffix = fmt.Sprintf("-%s", slug(groups[i].series[0].YName))
		}
		groups[i].predict(info, o)
	}
	// Two groups with the same label of y still need two files.
	seen := map[string]int{}
	for i := range groups {
		seen[groups[i].suffix]++
		if k := seen[groups[i].suffix]; k > 1 {
			groups[i].suffix += fmt.Sprintf("-%d", k)
		}
	}
	return groups
}

// drawable reports whether anything can be seen: a bound that underflows to
// zero cannot, on a logarithmic axis.
func (g curves) drawable() bool {
	for _, s := range g.series {
		for i, x := range s.X {
			if visible(float64(x), s.LogX) && visible(float64(s.Y[i]), s.LogY) {
				return true
			}
		}
	}
	return false
}

func visible(v float64, log bool) bool { return math.Abs(v) < 1e300 && (v > 0 || !log) }

func sameAxes(a, b checks.Series) bool {
	return a.XName == b.XName && a.YName == b.YName && a.LogX == b.LogX && a.LogY == b.LogY
}

func (g *curves) predict(info checks.Info, o checks.InstanceOutcome) {
	const fitted, share = "fit, slope", "success probability"
	for i, s := range g.series {
		switch {
		case strings.HasPrefix(s.Name, fitted):
			if o.Terms.Along != "" {
				info.Along = o.Terms.Along
			}
			x, y := scalingAxes(info, s.XName)
			for j := range g.series {
				g.series[j].XName, g.series[j].YName = string(x), string(y)
			}
			g.slopeBand(s, o.Result)
			if o.Result.Relation != "" && o.Terms.Exponent != 0 {
				g.series = append(g.series, slopeThrough(g.series[i], float64(o.Terms.Exponent), o.Result.Relation))
			}
			return
		case s.Name == share && o.Terms.Location > 0:
			name := "predicted"
			if o.Terms.Relation != "" && o.Terms.Relation != checks.Equal {
				name = "predicted: " + sign(o.Terms.Relation)
			}
			g.rules = append(g.rules, figure.Rule{Name: table.Literal(name), At: float64(o.Terms.Location), Vertical: true})
			g.series[i].XName = string(thresholdAxis(info, float64(o.Terms.Location)))
			g.crossing(g.series[i], o.Result)
			return
		}
	}
}

// slopeBand shades the slopes in the interval of the fit, through its middle.
func (g *curves) slopeBand(fit checks.Series, r checks.Result) {
	lo, hi := float64(r.Interval[0]), float64(r.Interval[1])
	if !(lo < hi) || math.IsInf(lo, 0) || math.IsInf(hi, 0) || len(fit.X) == 0 {
		return
	}
	a, b := slopeThrough(fit, lo, checks.Equal), slopeThrough(fit, hi, checks.Equal)
	band := figure.Line{Name: table.Inline(fmt.Sprintf("slopes in $[%.3g, %.3g]$", lo, hi)), X: plain(fit.X), Style: figure.Band}
	for i := range fit.X {
		band.Lo = append(band.Lo, math.Min(float64(a.Y[i]), float64(b.Y[i])))
		band.Hi = append(band.Hi, math.Max(float64(a.Y[i]), float64(b.Y[i])))
	}
	g.bands = append(g.bands, band)
}

// crossing shades where the threshold was found, and gives each share of
// successes its confidence sequence.
func (g *curves) crossing(s checks.Series, r checks.Result) {
	if lo, hi := float64(r.Interval[0]), float64(r.Interval[1]); lo > 0 && lo < hi && !math.IsInf(hi, 1) {
		g.bands = append(g.bands, figure.Line{Name: "bracket of the crossing", X: []float64{lo, hi}, Lo: []float64{0, 0}, Hi: []float64{1, 1}, Style: figure.Band})
	}
	if r.Trials < 1 {
		return
	}
	bar := figure.Line{Name: table.Inline(s.Name), X: plain(s.X), Y: plain(s.Y), Style: figure.Measured}
	for _, y := range bar.Y {
		lo, hi := stats.BinomialCS(int(math.Round(y*float64(r.Trials))), r.Trials, 0.05)
		bar.Lo, bar.Hi = append(bar.Lo, lo), append(bar.Hi, hi)
	}
	g.bars = append(g.bars, bar)
}

// slopeThrough draws the predicted slope through the middle of the fit, since a
// claim on a slope says nothing of the constant.
func slopeThrough(fit checks.Series, exponent float64, r checks.Relation) checks.Series {
	n := len(fit.X)
	var logX, logY float64
	for i := range fit.X {
		logX += math.Log(float64(fit.X[i])) / float64(n)
		logY += math.Log(float64(fit.Y[i])) / float64(n)
	}
	out := fit
	out.Name, out.Style, out.Y = fmt.Sprintf("predicted, slope %s %.3g", sign(r), exponent), "bound", make([]checks.Float, n)
	for i, x := range fit.X {
		out.Y[i] = checks.Float(math.Exp(logY + exponent*(math.Log(float64(x))-logX)))
	}
	return out
}

func (g curves) figure(title table.Inline) *figure.Figure {
	first := g.series[0]
	f := &figure.Figure{Title: title, XLabel: axis(first.XName), YLabel: axis(first.YName), LogX: first.LogX, LogY: first.LogY, Rules: g.rules}
	f.Lines = append(f.Lines, g.bands...)
	for _, s := range g.series {
		if i := slices.IndexFunc(g.bars, func(l figure.Line) bool { return string(l.Name) == s.Name }); i >= 0 {
			f.Lines = append(f.Lines, g.bars[i])
			continue
		}
		f.Lines = append(f.Lines, figure.Line{Name: axis(s.Name), X: plain(s.X), Y: plain(s.Y), Style: style(s.Style)})
	}
	return f
}

// axis sets the names that claims use in axes; they may hold formulas.
func axis(s string) table.Inline { return table.Inline(s) }

func style(s string) figure.Style {
	switch s {
	case "bound":
		return figure.Bound
	case "fit":
		return figure.Fit
	}
	return figure.Measured
}

func plain(xs []checks.Float) []float64 {
	out := make([]float64, len(xs))
	for i, x := range xs {
		out[i] = float64(x)
	}
	return out
}

// slug makes a part of a file name.
func slug(s string) string {
	word := func(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' }
	s = strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !word(r) }), "-")
	if s == "" {
		return "curve"
	}
	return s
}

// labelDrawings overlays the measured curves of instances that differ in the
// kind of their labels alone: whether true labels train faster than random
// ones is a question to several curves at once.
func labelDrawings(c checks.ClaimOutcome, stem string) []Drawing {
	type family struct {
		key    string
		curves curves
		labels []string
	}
	var families []family
	for _, o := range c.Instances {
		ps, err := flatten(o.Params)
		if err != nil {
			continue
		}
		label := ""
		rest := slices.DeleteFunc(slices.Clone(ps), func(p param) bool {
			if p.name == "labels" {
				label = p.value
			}
			return p.name == "labels"
		})
		if label == "" {
			continue
		}
		for _, s := range o.Series {
			if s.Style == "bound" || s.Style == "fit" || len(s.X) < 2 {
				continue
			}
			key := strings.Join([]string{joinParams(rest), s.Name, s.XName, s.YName}, "|")
			i := slices.IndexFunc(families, func(f family) bool { return f.key == key })
			if i < 0 {
				families = append(families, family{key: key})
				i = len(families) - 1
			}
			f := &families[i]
			if slices.Contains(f.labels, label) {
				continue
			}
			f.labels = append(f.labels, label)
			f.curves.suffix = s.Name
			s.Name = label + " labels"
			f.curves.series = append(f.curves.series, s)
		}
	}
	var ds []Drawing
	for _, f := range families {
		if len(f.labels) < 2 || !f.curves.drawable() {
			continue
		}
		name := fmt.Sprintf("%s-labels-%s", stem, slug(f.curves.suffix))
		if k := len(ds); k > 0 {
			name += fmt.Sprintf("-%d", k+1)
		}
		ds = append(ds, Drawing{name, c.Info.ID, f.curves.figure(table.Literal(c.Info.Title + ": " + f.curves.suffix))})
	}
	return ds
}
