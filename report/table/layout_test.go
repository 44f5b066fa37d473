package table

import (
	"bytes"
	"math"
	"strings"
	"testing"
)

// The widths that pdflatex prints, in ems of 8 points, by \settowidth.
func TestTexWidthIsNoLessThanPrinted(t *testing.T) {
	for tex, printed := range map[string]float64{
		"claim": 2.479, "observed": 4.021, "HOLDS": 3.687, "allenzhu2019beyond": 9.267, "$1.06 \\times 10^{18}$": 5.229,
		"$0.750\\;[0.700, 0.800]$": 8.618, "$\\lambda_0$": 1.141, "\\textbf{REFUTED}": 6.018, "a\\textsuperscript{1}": 1.052,
	} {
		if got := texWidth(tex); got < printed || got > 1.25*printed {
			t.Errorf("%s measures %.2f em, printed are %.2f", tex, got, printed)
		}
	}
}

func TestLongestPiece(t *testing.T) {
	for tex, longest := range map[string]string{
		"a short and averylongword": "averylongword", "allenzhu2019/\\allowbreak{}step-limit": "allenzhu2019/", "as $x + yyyyy = z$ is": "$yyyyy =$",
		"$\\frac{a + b + c}{d}$": "$\\frac{a + b + c}{d}$",
	} {
		if got, want := longestPiece(tex), texWidth(longest); !(math.Abs(got-want) <= 0.35) {
			t.Errorf("%s: %.2f em, want %.2f of %s", tex, got, want, longest)
		}
	}
}

func TestScientific(t *testing.T) {
	for _, tc := range []struct {
		n    Num
		want string
	}{
		{Number(0.978), "9.78e-1"}, {Number(-5416), "-5.416e3"}, {Number(0.00123), "1.23e-3"}, {Number(1), "1.00e0"}, {Number(0), "0.00"},
		{PlusMinus(0.5, 0.0123), "5.00 +- 0.13e-1"}, {Exact(4096), "4.096e3"}, {Exact(10), "1.0e1"}, {Number(1.06e18), "1.06e18"},
	} {
		if got := siunitx(tc.n.numeral().scientific()); got != tc.want {
			t.Errorf("%s in powers of ten is %s, want %s", tc.n.plain(), got, tc.want)
		}
	}
}

// A page makes columns of words narrower, numbers never, and says what is too wide.
func TestPage(t *testing.T) {
	tab := New(Column{Key: "claim", Head: "claim"}, Column{Key: "why", Head: "reason"}, Column{Key: "x", Head: "$x$"})
	tab.Caption, tab.Label = "All.", "tab:all"
	for range 20 {
		tab.Add(Text("du2019/gram-concentration"), Text(strings.Repeat("many words ", 12)), Interval(0.5, 0.4, 0.6))
	}
	page := Page{Width: 300, Text: 400, Height: 600, Size: 8, Lead: 9.5, Columns: true}
	render := func(p Page) (string, error) {
		var b bytes.Buffer
		err := Render(&b, tab, LaTeX, Options{Page: &p, Small: true})
		return b.String(), err
	}
	for name, tc := range map[string]struct {
		change func(*Page)
		want   string
	}{
		"wrapped":    {func(p *Page) { p.Height = 6000 }, "\\begin{tabular}{@{}lp{"},
		"long":       {func(*Page) {}, "\\onecolumn"},
		"frames":     {func(p *Page) { p.Frames, p.Columns = true, false }, "\\begin{frame}{ (2/"},
		"one column": {func(p *Page) { p.Columns = false }, "{\n\\setlength"},
	} {
		p := page
		tc.change(&p)
		if got, err := render(p); err != nil || !strings.Contains(got, tc.want) {
			t.Errorf("%s: %v\n%.600s", name, err, got)
		}
	}
	narrow := page
	narrow.Width, narrow.Text = 60, 60
	if _, err := render(narrow); err == nil || !strings.Contains(err.Error(), "claim, why, x") {
		t.Errorf("error %v", err)
	}
	if excess, err := narrow.Excess(tab, Options{}); err != nil || excess <= 0 {
		t.Errorf("excess %v, %v", excess, err)
	}
	if excess, err := page.Excess(tab, Options{}); err != nil || excess > 0 {
		t.Errorf("excess %v, %v", excess, err)
	}
}
