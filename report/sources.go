package report

import (
	"fmt"
	"math"
	"slices"

	"convergo/checks"
	"convergo/report/table"
)

// Sources returns a table with a row a source: what became of its claims, and
// how small the errors are that they find.
func Sources(s *checks.Summary) (*table.Table, error) {
	t := table.New(
		table.Column{Key: "source", Head: "source"},
		table.Column{Key: "cite", Head: ""},
		table.Column{Key: "title", Head: "title", Wrap: 0.4},
		table.Column{Key: "claims", Head: "claims", Align: table.Right},
		table.Column{Key: "holds", Head: "HOLDS", Align: table.Right},
		table.Column{Key: "refuted", Head: "REFUTED", Align: table.Right},
		table.Column{Key: "undecided", Head: "UNDECIDED", Align: table.Right},
		table.Column{Key: "vacuous", Head: "VACUOUS", Align: table.Right},
		table.Column{Key: "unfit", Head: "unfit", Align: table.Right},
		table.Column{Key: "detects", Head: "detects", Align: table.Right},
		table.Column{Key: "loose", Head: "loose", Align: table.Right},
	)
	t.Title, t.Label = "Sources", "tab:sources"
	for _, source := range sourcesUsed(s) {
		t.Add(sourceRow(s, source)...)
	}
	t.Caption = sourcesCaption(t)
	return t, nil
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
	} {
		if slices.Contains(columnKeys(shown), say.key) {
			text += " " + say.text
		}
	}
	return text
}

func sourceRow(s *checks.Summary, source checks.SourceInfo) []table.Cell {
	counts := map[checks.Verdict]int{}
	claims, unfit, loose := 0, 0, 0
	var factors []float64
	for _, c := range s.Claims {
		if c.Info.Source != source.Key {
			continue
		}
		claims++
		counts[c.Verdict]++
		if len(c.Problems) > 0 || len(c.Weak) > 0 {
			unfit++
		}
		if c.Info.Loose != "" {
			loose++
		}
		if d := c.WorstDetect(); d != nil && d.Kind == checks.Factor && !math.IsNaN(float64(d.Size)) {
			factors = append(factors, float64(d.Size))
		}
	}
	detects := table.Cell(table.Empty{})
	if len(factors) > 0 {
		slices.Sort(factors)
		detects = table.Text(fmt.Sprintf("×%.3g", factors[(len(factors)-1)/2]))
	}
	return []table.Cell{
		table.Text(source.Key), citation(s, source.Key), table.Text(source.Title), table.Text(fmt.Sprint(claims)), count(counts[checks.Holds], table.Good),
		count(counts[checks.Refuted], table.Bad), count(counts[checks.Undecided], table.Unsure), count(counts[checks.Vacuous], table.Unsure),
		count(unfit, table.Bad), detects, count(loose, table.Muted),
	}
}

// count shows a number of claims, with weight where there are any.
func count(n int, class table.Class) table.Cell {
	if n == 0 {
		return table.Text("–")
	}
	return table.Mark{Text: fmt.Sprint(n), Class: class}
}
