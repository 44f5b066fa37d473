package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"convergo/checks"
	"convergo/report/table"
)

// A SourceOutcome is a source of a run with what became of its claims.
type SourceOutcome struct {
	Source checks.SourceInfo
	Claims []checks.ClaimOutcome // in the order of the paper
	Counts map[checks.Verdict]int
	Unfit  int // claims whose check is broken, or finds only larger errors than it should
	Loose  int // claims that say why they find only larger errors
	// Detects is the median over the claims of the smallest factor on a
	// constant that the run would have refuted; NaN where none has a factor.
	Detects float64
	// Least and Most are the slacks of the tightest and of the loosest claim,
	// each on the instance inside its hypotheses that is nearest to breaking
	// it; NaN where no claim was run inside.
	Least, Most float64
}

// SourceOutcomes returns the sources that have a claim in the run, in the order
// of the run, which is that of the field, with those that have no year (base
// facts) last.
func SourceOutcomes(s *checks.Summary) []SourceOutcome {
	sources := sourcesUsed(s)
	slices.SortStableFunc(sources, func(a, b checks.SourceInfo) int {
		return undated(a) - undated(b)
	})
	outcomes := make([]SourceOutcome, len(sources))
	for i, source := range sources {
		outcomes[i] = sourceOutcome(source, s.Claims)
	}
	return outcomes
}

func undated(s checks.SourceInfo) int {
	if s.Year == 0 {
		return 1
	}
	return 0
}

func sourceOutcome(source checks.SourceInfo, claims []checks.ClaimOutcome) SourceOutcome {
	p := SourceOutcome{Source: source, Counts: map[checks.Verdict]int{}, Least: math.NaN(), Most: math.NaN()}
	var detects []checks.Detect
	for _, c := range claims {
		if c.Info.Source != source.Key {
			continue
		}
		p.Claims = append(p.Claims, c)
		p.Counts[c.Verdict]++
		if len(c.Faults()) > 0 {
			p.Unfit++
		}
		if c.Info.Loose != "" {
			p.Loose++
		}
		if d := c.WorstDetect(); d != nil {
			detects = append(detects, *d)
		}
		if o := Tightest(c); o != nil && o.Inside && !math.IsNaN(float64(o.Result.SlackWorst)) {
			slack := float64(o.Result.SlackWorst)
			if math.IsNaN(p.Least) {
				p.Least, p.Most = slack, slack
			}
			p.Least, p.Most = min(p.Least, slack), max(p.Most, slack)
		}
	}
	p.Detects = MedianFactor(detects)
	return p
}

// MedianFactor returns the median of the detectable factors, the lower one of
// two, or NaN when there are none. Shifts of exponents do not count.
func MedianFactor(ds []checks.Detect) float64 {
	var factors []float64
	for _, d := range ds {
		if d.Kind == checks.Factor && !math.IsNaN(float64(d.Size)) {
			factors = append(factors, float64(d.Size))
		}
	}
	if len(factors) == 0 {
		return math.NaN()
	}
	slices.Sort(factors)
	return factors[(len(factors)-1)/2]
}

// FactorText prints the median of detectable factors, such as ×1.076, rounded
// up; below a ten thousandth its digits say nothing.
func FactorText(factor float64) string {
	const fine = 1.0001
	switch {
	case math.IsNaN(factor):
		return "–"
	case factor <= fine:
		return fmt.Sprintf("≤ ×%g", fine)
	}
	return detectText(checks.Detect{Kind: checks.Factor, Size: checks.Float(factor)}, false)
}

// Verdicts lists the verdicts of the claims, those that HOLD first, as
// in "37 HOLDS, 2 VACUOUS".
func (p SourceOutcome) Verdicts() string {
	var parts []string
	for _, v := range AllVerdicts {
		if n := p.Counts[v]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	return strings.Join(parts, ", ")
}

// AllVerdicts are the verdicts in the order in which they are counted.
var AllVerdicts = [...]checks.Verdict{checks.Holds, checks.Refuted, checks.Undecided, checks.Vacuous}

// Name is the source in a line, authors, title and year.
func (p SourceOutcome) Name() string {
	if p.Source.Year == 0 {
		return p.Source.Title
	}
	return fmt.Sprintf("%s: %s (%d)", p.Source.Authors, p.Source.Title, p.Source.Year)
}

// slackRange prints the slack of the tightest and the loosest claim.
func (p SourceOutcome) slackRange() string {
	if math.IsNaN(p.Least) {
		return "–"
	}
	return fmt.Sprintf("%s to %s", cellText(slackCell(checks.Float(p.Least))), cellText(slackCell(checks.Float(p.Most))))
}

// Sources returns a table with a row a source: what became of its claims, and
// how small the errors are that they find.
func Sources(s *checks.Summary) (*table.Table, error) {
	t := table.New(
		table.Column{Key: "source", Head: "source"},
		table.Column{Key: "cite", Head: ""},
		table.Column{Key: "title", Head: "title", Wrap: 0.4, Yield: 3},
		table.Column{Key: "paper", Head: "paper", Wrap: 0.4},
		table.Column{Key: "claims", Head: "claims", Align: table.Right, Yield: 7},
		table.Column{Key: "verdicts", Head: "verdicts"},
		table.Column{Key: "holds", Head: "HOLDS", Align: table.Right},
		table.Column{Key: "refuted", Head: "REFUTED", Align: table.Right},
		table.Column{Key: "undecided", Head: "UNDECIDED", Align: table.Right, Yield: 5},
		table.Column{Key: "vacuous", Head: "VACUOUS", Align: table.Right, Yield: 6},
		table.Column{Key: "unfit", Head: "unfit", Align: table.Right, Yield: 2},
		table.Column{Key: "detects", Head: "detects", Align: table.Right, Yield: 4},
		table.Column{Key: "loose", Head: "loose", Align: table.Right, Yield: 1},
		table.Column{Key: "slack", Head: "slack", Yield: 8},
	)
	t.Title, t.Label = "Sources", "tab:sources"
	for _, p := range SourceOutcomes(s) {
		t.Add(
			table.Text(p.Source.Key), citation(s, p.Source.Key), table.Text(p.Source.Title), table.Text(p.Name()), table.Count(len(p.Claims)), table.Text(p.Verdicts()),
			count(p.Counts[checks.Holds], table.Good), count(p.Counts[checks.Refuted], table.Bad), count(p.Counts[checks.Undecided], table.Unsure), count(p.Counts[checks.Vacuous], table.Unsure),
			count(p.Unfit, table.Bad), table.Text(FactorText(p.Detects)), count(p.Loose, table.Muted), table.Text(p.slackRange()),
		)
	}
	t.Caption = sourcesCaption(t)
	return t, nil
}

// sourcesColumns are those that most readers want.
func sourcesColumns() []string {
	return []string{"source", "title", "claims", "holds", "refuted", "undecided", "vacuous", "unfit", "detects", "loose", "slack"}
}

// sourcesCaption explains the columns that are shown.
func sourcesCaption(shown *table.Table) table.Inline {
	text := table.Inline("Claims of each source by their verdict.")
	for _, say := range []struct {
		key  string
		text table.Inline
	}{
		{"unfit", "Unfit: claims whose check is broken or finds only larger errors than it should."},
		{"detects", "Detects: the median over the claims of the factor on a constant that the run would have refuted."},
		{"loose", "Loose: claims that say why they find only larger errors."},
		{"slack", "Slack: of the tightest and of the loosest claim, prediction over observation, turned so that at least 1 means that the claim held."},
	} {
		if slices.Contains(columnKeys(shown), say.key) {
			text += " " + say.text
		}
	}
	return text
}

// count shows a number of claims, with weight where there are any.
func count(n int, class table.Class) table.Cell {
	if n == 0 {
		return table.Text("–")
	}
	return table.Mark{Text: fmt.Sprint(n), Class: class}
}
