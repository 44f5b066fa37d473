package page

import (
	"fmt"
	"math"
	"strings"

	"convergo/checks"
	"convergo/report"
)

// sourceRow opens a source: its row, which unfolds.
func sourceRow(o report.SourceOutcome) string {
	i := o.Source
	name := "<h3>" + text(i.Title) + "</h3>"
	if i.Year != 0 {
		name = fmt.Sprintf("<h3>%s <small>%s</small></h3>", text(cite(i)), text(i.Title))
	}
	var verdicts []string
	for _, v := range report.AllVerdicts {
		if n := o.Counts[v]; n > 0 {
			verdicts = append(verdicts, fmt.Sprintf("<b class=%s>%d</b> %s", verdictClass(v), n, v))
		}
	}
	if o.Unfit > 0 {
		verdicts = append(verdicts, fmt.Sprintf("<b class=bad>%d</b> unfit", o.Unfit))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<details class=source id=\"source-%s\"%s><summary>%s<span><b>%d</b> %s</span><span>%s</span>",
		esc(i.Key), sourceKeys(o), name, len(o.Claims), strings.TrimPrefix(report.Plural(len(o.Claims), "claim"), fmt.Sprint(len(o.Claims), " ")), strings.Join(verdicts, ", "))
	fmt.Fprintf(&b, "<span>detects <b>%s</b></span><span><b>%d</b> loose</span><span>slack %s</span></summary>\n", report.FactorText(o.Detects), o.Loose, slackRange(o))
	return b.String()
}

func slackRange(o report.SourceOutcome) string {
	if math.IsNaN(o.Least) {
		return "–"
	}
	return cellHTML(report.SlackCell(o.Least)) + " to " + cellHTML(report.SlackCell(o.Most))
}

// sourceKeys gives the script what to sort the sources by.
func sourceKeys(o report.SourceOutcome) string {
	return sortKey("s", o.Least) + sortKey("l", o.Most) + sortKey("d", o.Detects)
}

func sortKey(name string, v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return fmt.Sprintf(" data-%s=%.4g", name, min(v, math.MaxFloat64))
}

func cite(i checks.SourceInfo) string {
	return report.Cite(checks.Source{Key: i.Key, Title: i.Title, Authors: i.Authors, Year: i.Year})
}

// sourceBody says what the source claims, and how it is cited.
func sourceBody(o report.SourceOutcome, usual string) string {
	i := o.Source
	var b strings.Builder
	fmt.Fprintf(&b, "<p class=meta>%s", text(i.Authors))
	if i.Year != 0 {
		fmt.Fprintf(&b, ", %d", i.Year)
	}
	b.WriteString("\n")
	if i.About != "" {
		fmt.Fprintf(&b, "<div class=statement>%s</div>\n", statement(i.About))
	}
	if usual != "" {
		fmt.Fprintf(&b, "<p class=meta>Convention, unless a claim names another: %s\n", prose(usual))
	}
	if bib := strings.TrimSpace(i.BibTeX); bib != "" {
		fmt.Fprintf(&b, "<details class=bib><summary>BibTeX</summary><pre>%s</pre></details>\n", text(bib))
	}
	return b.String()
}

// usualConvention is the one that most claims of a source share.
func usualConvention(o report.SourceOutcome) string {
	counts, usual := map[string]int{}, ""
	for _, c := range o.Claims {
		k := c.Info.Convention
		counts[k]++
		if k != "" && (usual == "" || counts[k] > counts[usual]) {
			usual = k
		}
	}
	return usual
}
