package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"convergo/checks"
	"convergo/report"
)

const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

// preamble is a page up to the first element of its body.
func preamble(title string) string {
	return fmt.Sprintf(`<!doctype html>
<html lang=en>
<head>
<meta charset=utf-8>
<meta name=viewport content="width=device-width, initial-scale=1">
<meta name=color-scheme content="light dark">
<meta http-equiv=Content-Security-Policy content="%s">
<link rel=icon href="data:,">
<title>Convergo: %s</title>
<style>
%s</style>
</head>
<body>
`, policy, text(title), css)
}

// opening is the page up to the first source.
func (p *page) opening(outcomes []report.SourceOutcome) string {
	s := p.summary
	title := fmt.Sprintf("verdicts on %s of %s", report.Plural(len(s.Claims), "claim"), report.Plural(len(outcomes), "source"))
	var b strings.Builder
	b.WriteString(preamble(title))
	fmt.Fprintf(&b, "<a class=skip href=\"#sources\">Skip to the sources</a>\n<header>\n<h1>V%s</h1>\n", title[1:])
	b.WriteString(tally(outcomes))
	fmt.Fprintf(&b, "<p class=meta>%s\n", settings(s))
	if !s.Finished {
		b.WriteString("<p class=warn>The run is not finished: verdicts may change.\n")
	}
	b.WriteString(legend)
	if d := report.SlackDrawing(s); d != nil {
		fmt.Fprintf(&b, "<details class=legend><summary>How tight the claims are</summary>%s</details>\n", Figure(d.Figure))
	}
	b.WriteString("</header>\n<main>\n")
	b.WriteString(openClaims(s))
	b.WriteString("<section id=sources aria-labelledby=papers>\n<h2 id=papers>Claimed, found, how loose</h2>\n")
	b.WriteString(form)
	return b.String()
}

// tally adds up the verdicts of the sources; the script makes a filter of each count.
func tally(outcomes []report.SourceOutcome) string {
	counts, unfit := map[checks.Verdict]int{}, 0
	for _, p := range outcomes {
		for v, n := range p.Counts {
			counts[v] += n
		}
		unfit += p.Unfit
	}
	var b strings.Builder
	b.WriteString("<ul class=tally>")
	for _, v := range report.AllVerdicts {
		fmt.Fprintf(&b, "<li data-v=%s><b class=%s>%d</b> %s", v, verdictClass(v), counts[v], v)
	}
	if unfit > 0 {
		fmt.Fprintf(&b, "<li data-v=unfit><b class=bad>%d</b> unfit as checks", unfit)
	}
	b.WriteString("</ul>\n")
	return b.String()
}

func settings(s *checks.Summary) string {
	m := s.Manifest
	line := fmt.Sprintf("α = %g for the whole run, profile %s, seed %d, record version %s, %s", float64(m.Alpha), m.Profile.Name, m.Seed, m.Version, m.Arch)
	if m.Code != "" {
		line += ", code of the claims " + m.Code
	}
	if m.Shard != nil {
		line += ", only " + m.Shard.String()
	}
	for _, d := range m.Data {
		line += fmt.Sprintf(", data %s (SHA-256 %.12s…)", d.Path, d.SHA256)
	}
	return text(line) + "."
}

// openClaims lists what does not hold, and checks that are unfit, the worst
// first, with the reasons.
func openClaims(s *checks.Summary) string {
	var open []checks.ClaimOutcome
	for _, c := range s.Claims {
		if c.Verdict != checks.Holds || len(c.Faults()) > 0 {
			open = append(open, c)
		}
	}
	if len(open) == 0 {
		return "<p>Every claim HOLDS.\n"
	}
	rank := map[checks.Verdict]int{checks.Refuted: 0, checks.Undecided: 2, checks.Vacuous: 3, checks.Holds: 1}
	slices.SortStableFunc(open, func(a, b checks.ClaimOutcome) int { return cmp.Compare(rank[a.Verdict], rank[b.Verdict]) })
	var b strings.Builder
	fmt.Fprintf(&b, "<section aria-labelledby=open>\n<h2 id=open>Not HOLDS, or unfit: %s</h2>\n<ul class=open>\n", report.Plural(len(open), "claim"))
	for _, c := range open {
		fmt.Fprintf(&b, "<li><b class=%s>%s</b> <a href=\"#%s\">%s</a> %s", verdictClass(c.Verdict), c.Verdict, esc(c.Info.ID), text(c.Info.ID), text(c.Info.Title))
		for _, why := range reasons(c) {
			fmt.Fprintf(&b, "<br>%s", why)
		}
		b.WriteString("\n")
	}
	b.WriteString("</ul>\n</section>\n")
	return b.String()
}

// reasons says in words why a claim does not hold, or its check is unfit.
func reasons(c checks.ClaimOutcome) []string {
	var out []string
	if why := report.Explain(c); why != "" {
		out = append(out, prose(why))
	}
	for _, fault := range c.Faults() {
		out = append(out, "<span class=warn>"+prose(fault)+"</span>")
	}
	return out
}

// form searches, filters and sorts; the script shows it.
const form = `<form id=filter hidden role=search aria-label="Find claims"><label>Find <input id=q type=search autocomplete=off placeholder="words of claims, statements, reasons"></label> <label>Verdict <select id=v><option value="">all<option>HOLDS<option>REFUTED<option>UNDECIDED<option>VACUOUS<option value=unfit>unfit as a check</select></label> <label>Order <select id=o><option value="">of the papers<option value=s>tightest first<option value=-s>loosest first<option value=-d>bluntest check first</select></label> <button type=button id=all>Unfold all</button> <button type=reset>Show all</button> <output id=n aria-live=polite></output></form>
`

// legend explains the words once for the whole page.
const legend = `<details class=legend><summary>How to read this page</summary>
<p>Each claim is a theorem turned into a program that can fail. A verdict is the outcome of a test, never a proof.
<dl>
<dt>HOLDS<dd>at confidence 1 − α for the whole run
<dt>REFUTED<dd>with a witness that one command replays
<dt>UNDECIDED<dd>the budget is spent, or the numeric error is larger than the margin, or a fitted ratio drifts
<dt>VACUOUS<dd>no instance met the hypotheses, or the bound is trivial
<dt>slack<dd>prediction over observation, turned so that at least 1 means that the claim held; 1 is tight. A source shows its tightest and its loosest claim
<dt>detects<dd>the smallest factor on a constant of the claim, or shift of an exponent, that this run would have refuted; of a source the median
<dt>loose<dd>claims that say why they find only larger errors
<dt>observed, predicted<dd>what the run gave beside what the theory gives, of the trial with the least slack or, for a claim that a share δ of the draws may break, of the δ-quantile; brackets hold an interval at the instance's share of α
<dt>inside<dd>instances run within all hypotheses; only they count towards a verdict
<dt>margin<dd>the factor by which the tightest hypothesis is met (at least 1) or missed
<dt>controls<dd>sabotaged variants, which the check must catch: a check that cannot fail is no check
</dl></details>
`

func verdictClass(v checks.Verdict) string { return markClass(report.VerdictMark(v).Class) }
