package report

import (
	"fmt"
	"math"
	"strings"

	"convergo/checks"
	"convergo/report/table"
)

// detectsCell shows the constant of a claim whose error is found last: the
// smallest factor, or shift of an exponent, that the run would have found. A
// claim that is declared loose is marked.
func detectsCell(c checks.ClaimOutcome) table.Cell {
	d := c.WorstDetect()
	if d == nil {
		return table.Empty{}
	}
	class := table.Good
	switch {
	case len(c.Weak) > 0:
		class = table.Bad
	case declaredLoose(c, *d):
		class = table.Unsure
	}
	return table.Mark{Text: detectText(*d, class == table.Unsure), Class: class}
}

func detectText(d checks.Detect, loose bool) string {
	text := d.String()
	if d.Kind == checks.Factor && !math.IsInf(float64(d.Size), 1) {
		text = strings.Replace(text, "x", "×", 1)
	}
	if loose {
		text += " (loose)"
	}
	return text
}

// declaredLoose reports whether the claim says itself that only a large error
// of this constant is found.
func declaredLoose(c checks.ClaimOutcome, d checks.Detect) bool {
	_, ok := c.Info.Detects[d.Name]
	return ok
}

// DetectLines says of each constant of a claim how small an error was found,
// where, and what is declared.
func DetectLines(c checks.ClaimOutcome) []string {
	var out []string
	for _, d := range c.Detects {
		name := "the prediction"
		if d.Name != "" {
			name = d.Name
		}
		text := fmt.Sprintf("%s: detects %s", name, detectText(d, declaredLoose(c, d)))
		switch {
		case d.From == "not run":
			text = name + ": too dear for this profile"
		case math.IsNaN(float64(d.Size)):
			text = name + ": nothing to scale, its prediction is 0; a control violates it"
		case d.From == "search":
			text += " on an instance of the search"
		case d.From == "rerun":
			text += ", run again with the constant scaled"
		}
		if len(d.Params) > 0 && !math.IsInf(float64(d.Size), 1) {
			text += " at " + Compact(d.Params)
		}
		out = append(out, text)
	}
	if c.Info.Loose != "" {
		out = append(out, "Loose: "+c.Info.Loose)
	}
	return out
}

// constantRows adds the rungs of the constants that were run again.
func constantRows(t *table.Table, c checks.ClaimOutcome, common []param, n *notes) {
	for _, k := range c.Constants {
		for _, row := range k.Instances {
			for _, o := range row {
				name := fmt.Sprintf("%s ×%g", k.Name, k.Factors[o.Key.Index%len(k.Factors)])
				cells := gridRow(c, o, name, common, n)
				if j, err := column(t, "verdict"); err == nil {
					cells[j] = rungVerdict(o)
				}
				t.Add(cells...)
			}
		}
	}
}

func rungVerdict(o checks.InstanceOutcome) table.Cell {
	switch {
	case o.Skip == "cost":
		return table.Mark{Text: "too dear", Class: table.Muted}
	case o.Skip != "":
		return table.Mark{Text: o.Skip, Class: table.Bad}
	case o.Result.Caught:
		return table.Mark{Text: "refuted", Class: table.Good}
	}
	return table.Mark{Text: "not refuted", Class: table.Muted}
}
