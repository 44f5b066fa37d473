package report

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"convergo/checks"
	"convergo/report/table"
)

var relationIn = regexp.MustCompile(`\\(sim|propto|approx|le|ge|to|iff|asymp)\b|=|<|>`)

// critical marks the value of a quantity at the threshold, in place of the quantity.
var critical = regexp.MustCompile(`_\*(\([^()]*\))?$`)

// sides cuts a formula at its first relation outside braces and parentheses.
func sides(formula string) (left, relation, right string) {
	for _, at := range relationIn.FindAllStringIndex(formula, -1) {
		before := formula[:at[0]]
		if balanced(before) {
			return strings.TrimSpace(before), formula[at[0]:at[1]], strings.TrimSpace(formula[at[1]:])
		}
	}
	return formula, "", ""
}

func balanced(s string) bool {
	for _, pair := range []string{"{}", "()", "[]"} {
		if strings.Count(s, pair[:1]) != strings.Count(s, pair[1:]) {
			return false
		}
	}
	return strings.Count(s, `\left`) == strings.Count(s, `\right`) && !strings.HasSuffix(s, `\`)
}

// scalingAxes names the axes of a claim on growth: what its ladder climbs, as the
// claim declares it, and what is observed, after its formula. Runs from before
// claims declared it keep the name that they recorded.
func scalingAxes(i checks.Info, recorded string) (x, y table.Inline) {
	exists, rest, ratio := strings.Cut(i.Formula, `\exists C\colon\;`)
	if !ratio {
		rest = exists
	}
	left, _, right := sides(rest)
	if bound, ok := strings.CutPrefix(right, `C\,`); ratio && ok {
		left = `\frac{` + left + "}{" + bound + "}"
	}
	x, y = table.Inline(i.Along), table.Literal(i.Title)
	if i.Along == "" {
		x = table.Literal(recorded)
	}
	const longest = 48 // of the characters of a label on a column's figure
	if in := printable(left, y); left != "" && len([]rune(in.Plain())) <= longest {
		y = in
	}
	return x, y
}

// thresholdAxis names what a threshold is in: the quantity of the inequality that
// the formula claims, over its bound where the bound is the unit.
func thresholdAxis(i checks.Info, location float64) table.Inline {
	otherwise := table.Inline(fmt.Sprintf("quantity whose threshold is claimed at %.4g", location))
	parts := strings.Split(i.Formula, `\iff`)
	for _, part := range parts { // one that names the place says it best
		a, _, b := sides(strings.Trim(part, " ,"))
		if at, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(b), `\ldots`), 64); err == nil && location != 1 && math.Abs(at-location) < 1e-4*location {
			return printable(a, otherwise)
		}
	}
	for _, part := range parts {
		part, _, _ = strings.Cut(part, `\quad`)
		a, relation, b := sides(strings.Trim(part, " ,"))
		switch {
		case relation != ">" && relation != "<" && relation != `\le` && relation != `\ge`, b == "0", strings.Contains(a, `\lambda_{\min}(K`):
			continue
		case b == "1" && strings.Count(i.Formula, `\iff`) > 0: // the other side says what it is about
			continue
		case math.Abs(location-1) > 1e-9:
			return printable(critical.ReplaceAllString(a, ""), otherwise)
		case relation == "<" || relation == `\le`:
			a, b = b, a
		}
		return printable(`\frac{`+a+"}{"+b+"}", otherwise)
	}
	return otherwise
}

// printable returns a formula between dollar signs, or the alternative when
// LaTeX could not print it.
func printable(tex string, otherwise table.Inline) table.Inline {
	in := table.Inline("$" + tex + "$")
	if _, err := in.LaTeX(); err != nil || tex == "" {
		return otherwise
	}
	return in
}
