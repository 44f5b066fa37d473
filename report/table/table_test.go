package table

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sample has every kind of cell, groups, notes and characters that are special
// somewhere.
func sample() *Table {
	t := New(
		Column{Key: "claim", Head: "claim"},
		Column{Key: "statement", Head: "statement"},
		Column{Key: "n", Head: "$n$"},
		Column{Key: "observed", Head: "observed", Group: "rate"},
		Column{Key: "predicted", Head: "$1-\\eta\\lambda_0/2$", Group: "rate"},
		Column{Key: "width", Head: "required", Group: "width $m$"},
		Column{Key: "enough", Head: "enough", Group: "width $m$"},
		Column{Key: "verdict", Head: "verdict", Align: Center},
	)
	t.Title = "Two-layer networks"
	t.Caption = `Rates and widths at confidence 99% of $\|u(k)-y\|_2^2 \le (1-\eta\lambda_0/2)^k$.`
	t.Label = "tab:two-layer"
	t.Add(Text("du2019/rate"), Math{TeX: `\lambda_{\min}(H) \ge \frac{3}{4}\lambda_0`}, Count(10),
		Interval(0.98213, 0.98012, 0.98407), Number(0.99512), Noted{Number(1.0623e18), "a"}, Count(4096), Mark{"HOLDS", Good})
	t.Add(Text("a_b|c & 100% #1 {x} ~ ^ $5 \\ <i>"), Inline("for all $i \\ne j$"), Count(1000000),
		PlusMinus(0.5, 0.0123), Exact(0.05), Number(123.456), Empty{}, Mark{"REFUTED", Bad})
	t.Add(Text("[x] * no"), Math{TeX: `|x| < \infty`, Plain: "|x| finite"}, Count(-3),
		Interval(1.5e-9, 1.2e-9, math.Inf(1)), Number(math.NaN()), PlusMinus(3.2e7, 4.1e5), Count(12345), Mark{"VACUOUS", Muted})
	t.Note("a", "$n^6/(\\lambda_0^4\\delta^3)$ of Theorem 3.2, never met.")
	t.Note("", "Intervals at 99%.")
	return t
}

// numbers has number columns only, for siunitx.
func numbers() *Table {
	t := New(
		Column{Key: "m", Head: "$m$"},
		Column{Key: "error", Head: "error", Group: "kernel"},
		Column{Key: "slack", Head: "slack", Group: "kernel"},
		Column{Key: "bound", Head: "bound"},
	)
	t.Label, t.Caption = "tab:numbers", "Numbers aligned at the point."
	t.Add(Count(128), PlusMinus(0.1234, 0.0056), Number(-12.5), Number(1.06e18))
	t.Add(Count(1024), PlusMinus(1.0512, 0.0049), Number(3.25), Number(0.00314))
	t.Add(Noted{Count(16384), "b"}, Empty{}, Number(math.Inf(1)), Number(2.5e-7))
	t.Note("b", "The largest width.")
	return t
}

func render(t *testing.T, tab *Table, f Format, opts Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Render(&b, tab, f, opts); err != nil {
		t.Fatalf("Render(%v, %+v): %v", f, opts, err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	for _, c := range []struct {
		file  string
		table *Table
		f     Format
		opts  Options
	}{
		{"sample.txt", sample(), Terminal, Options{}},
		{"sample-130.txt", sample(), Terminal, Options{Width: 130}},
		{"sample-60.txt", sample(), Terminal, Options{Width: 60}},
		{"sample-color.txt", sample(), Terminal, Options{Color: true}},
		{"sample.md", sample(), Markdown, Options{}},
		{"sample.csv", sample(), CSV, Options{}},
		{"sample.json", sample(), JSON, Options{}},
		{"sample.html", sample(), HTML, Options{}},
		{"sample.tex", sample(), LaTeX, Options{}},
		{"sample-long.tex", sample(), LaTeX, Options{Long: true}},
		{"numbers.txt", numbers(), Terminal, Options{}},
		{"numbers-siunitx.tex", numbers(), LaTeX, Options{Siunitx: true}},
		{"numbers-siunitx-long.tex", numbers(), LaTeX, Options{Siunitx: true, Long: true}},
		{"numbers.tex", numbers(), LaTeX, Options{Wide: true}},
	} {
		t.Run(c.file, func(t *testing.T) {
			got := render(t, c.table, c.f, c.opts)
			path := filepath.Join("testdata", c.file)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s differs (run with -update to accept):\n%s", path, got)
			}
		})
	}
}

func TestNum(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		x          Num
		plain, tex string
	}{
		{Number(1.06e18), "1.06e+18", `$1.06 \times 10^{18}$`},
		{Number(0.5), "0.500", `$0.500$`},
		{Number(-0.012345), "-0.0123", `$-0.0123$`},
		{Number(0), "0.00", `$0.00$`},
		{Number(9.999), "10.0", `$10.0$`},
		{Number(123456), "1.23e+05", `$1.23 \times 10^{5}$`},
		{Number(12345), "12345", `$12\,345$`},
		{Number(123456).Digits(6), "123456", `$123\,456$`},
		{Number(2.5e-7), "2.50e-07", `$2.50 \times 10^{-7}$`},
		{Exact(0.05), "0.05", `$0.05$`},
		{Exact(1e-9), "1e-09", `$1 \times 10^{-9}$`},
		{Exact(4096), "4096", `$4096$`},
		{Number(inf), "inf", `$\infty$`},
		{Number(math.NaN()), "NaN", `$\mathrm{NaN}$`},
		// Two digits of the half width, ends outwards.
		{Interval(0.98213, 0.98012, 0.98407), "0.9821 [0.9801, 0.9841]", `$0.9821\;[0.9801, 0.9841]$`},
		{Interval(0.3, 0.1, 0.5), "0.30 [0.10, 0.50]", `$0.30\;[0.10, 0.50]$`},
		{Interval(0.123, 0.11801, 0.12899), "0.1230 [0.1180, 0.1290]", `$0.1230\;[0.1180, 0.1290]$`},
		{Interval(-0.5, -0.52001, -0.47999), "-0.500 [-0.521, -0.479]", `$-0.500\;[-0.521, -0.479]$`},
		{Interval(12345, 12000, 12700), "12350 [12000, 12700]", `$12\,350\;[12\,000, 12\,700]$`},
		{Interval(1e18, 0.9e18, 1.12e18), "1.00e+18 [0.90e+18, 1.12e+18]", `$(1.00\;[0.90, 1.12]) \times 10^{18}$`},
		{Interval(0, 0, 0.0213), "0.000 [0.000, 0.022]", `$0.000\;[0.000, 0.022]$`},
		{Interval(2, 1.5, inf), "2.00 [1.50, inf]", `$2.00\;[1.50, \infty]$`},
		{Interval(2, 2, 2), "2.00 [2.00, 2.00]", `$2.00\;[2.00, 2.00]$`},
		{PlusMinus(0.123, 0.005), "0.1230 ± 0.0050", `$0.1230 \pm 0.0050$`},
		{PlusMinus(1, 0.0996), "1.00 ± 0.10", `$1.00 \pm 0.10$`},
		{PlusMinus(3.2e7, 4.1e5), "(3.200 ± 0.041)e+07", `$(3.200 \pm 0.041) \times 10^{7}$`},
		{PlusMinus(0.1, 0.2), "0.10 ± 0.20", `$0.10 \pm 0.20$`},
	} {
		if got := c.x.plain(); got != c.plain {
			t.Errorf("%+v in text: got %s, want %s", c.x, got, c.plain)
		}
		if got := latexNum(c.x.numeral()); got != c.tex {
			t.Errorf("%+v in LaTeX: got %s, want %s", c.x, got, c.tex)
		}
	}
}

// The printed interval contains the true one, for any interval.
func FuzzIntervalOutwards(f *testing.F) {
	f.Add(0.5, 0.1)
	f.Add(1e300, 3e-300)
	f.Add(-7.25e-5, 1e-5)
	f.Add(5e-324, 5e-324)
	f.Fuzz(func(t *testing.T, v, h float64) {
		h = math.Abs(h)
		if !finite(v-h) || !finite(v+h) || !finite(2*h) || h > 0 && !(math.Abs(v/h) <= 1e12) {
			t.Skip()
		}
		n := Interval(v, v-h, v+h).numeral()
		if n.sci {
			n.lo, n.hi = fmt.Sprintf("%se%d", n.lo, n.exp), fmt.Sprintf("%se%d", n.hi, n.exp)
		}
		if h == 0 {
			return
		}
		var lo, hi float64
		if _, err := fmt.Sscan(n.lo, &lo); err != nil {
			t.Fatal(n, err)
		}
		if _, err := fmt.Sscan(n.hi, &hi); err != nil {
			t.Fatal(n, err)
		}
		if !(lo <= v-h && v+h <= hi) {
			t.Errorf("[%g, %g] printed as [%s, %s]", v-h, v+h, n.lo, n.hi)
		}
	})
}

func TestInline(t *testing.T) {
	for in, want := range map[Inline][]Cell{
		``:               nil,
		`a $x$ b`:        {Text("a "), Math{TeX: "x"}, Text(" b")},
		`5 \$ and \\`:    {Text(`5 $ and \`)},
		`one $ alone`:    {Text("one $ alone")},
		`$a\$b$`:         {Math{TeX: `a\$b`}},
		Literal(`$\a$`):  {Text(`$\a$`)},
		Literal(`\\$$\`): {Text(`\\$$\`)},
	} {
		got := in.parts()
		if fmt.Sprint(got) != fmt.Sprint(want) || len(got) != len(want) {
			t.Errorf("%q: got %#v, want %#v", in, got, want)
		}
	}
}

func TestErrors(t *testing.T) {
	one := func(c Cell) *Table {
		tab := New(Column{Head: "x"})
		tab.Label = "tab:x"
		tab.Rows = [][]Cell{{c}}
		return tab
	}
	for _, c := range []struct {
		table *Table
		f     Format
		opts  Options
		want  string
	}{
		{New(), CSV, Options{}, `table "" has no columns`},
		{&Table{Columns: make([]Column, 2), Rows: [][]Cell{{Empty{}}}}, CSV, Options{}, `row 0 has 1 cells for 2 columns`},
		{one(nil), CSV, Options{}, `row 0 has a nil cell`},
		{one(Empty{}), Format(99), Options{}, `unknown table format format(99)`},
		{one(Empty{}), LaTeX, Options{Long: true, Wide: true}, `choose Long or Wide`},
		{one(Math{TeX: `a & b`}), LaTeX, Options{}, `table "tab:x", row 0, column 0: formula "a & b": an unescaped & would break the table`},
		{one(Math{TeX: `a \\ b`}), LaTeX, Options{}, `\\ would break`},
		{one(Math{TeX: `{a`}), LaTeX, Options{}, `an unmatched {`},
		{one(Math{TeX: `a}{`}), LaTeX, Options{}, `an unmatched }`},
		{one(Math{TeX: `a\`}), LaTeX, Options{}, `a backslash at the end`},
		{one(Math{TeX: `a % b`}), LaTeX, Options{}, `an unescaped %`},
		{one(Math{TeX: `a $ b`}), LaTeX, Options{}, `an unescaped $`},
		{one(Math{TeX: `a^^5c b`}), LaTeX, Options{}, `^^ would break`},
		{one(Math{TeX: `\end{tabular}`}), LaTeX, Options{}, `\end would break`},
	} {
		err := Render(io.Discard, c.table, c.f, c.opts)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Render(%v): got error %v, want one with %q", c.f, err, c.want)
		}
	}
	if _, err := ParseFormat("pdf"); err == nil || !strings.Contains(err.Error(), "terminal, markdown, csv, json, html, latex") {
		t.Errorf("ParseFormat(pdf): %v", err)
	}
	for name, want := range map[string]Format{"LaTeX": LaTeX, "tex": LaTeX, "md": Markdown, "text": Terminal, "csv": CSV, "html": HTML, "json": JSON} {
		if got, err := ParseFormat(name); got != want || err != nil {
			t.Errorf("ParseFormat(%s) = %v, %v", name, got, err)
		}
	}
	if err := Render(brokenWriter{}, sample(), CSV, Options{}); err == nil {
		t.Error("an error of the writer is lost")
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestAddPanicsOnWrongLength(t *testing.T) {
	defer func() {
		if r := recover(); fmt.Sprint(r) != "table: row of 1 cells in a table of 2 columns" {
			t.Errorf("got panic %v", r)
		}
	}()
	New(Column{}, Column{}).Add(Empty{})
}

func TestTerminalWidth(t *testing.T) {
	for _, width := range []int{30, 60, 80, 130, 160} {
		longest := 0
		for line := range strings.Lines(render(t, sample(), Terminal, Options{Width: width})) {
			longest = max(longest, textWidth(strings.TrimRight(line, "\n")))
		}
		// No narrower than the longest formula or word, which stay whole.
		if longest > max(width, 45) {
			t.Errorf("width %d: a line of %d", width, longest)
		}
	}
	plain, painted := render(t, sample(), Terminal, Options{}), render(t, sample(), Terminal, Options{Color: true})
	if strings.Contains(plain, "\x1b") || !strings.Contains(painted, "\x1b[31mREFUTED\x1b[0m") {
		t.Error("colour must appear exactly when asked for")
	}
	if strip := ansi.Replace(painted); strip != plain {
		t.Errorf("colour moves the columns:\n%s", painted)
	}
}

var ansi = strings.NewReplacer("\x1b[31m", "", "\x1b[32m", "", "\x1b[33m", "", "\x1b[2m", "", "\x1b[0m", "")

func TestCSVAndJSONReadBack(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(render(t, sample(), CSV, Options{}))).ReadAll()
	if err != nil || len(rows) != 4 || rows[1][3] != "0.98213" || rows[1][4] != "0.98012" || rows[2][0] != `a_b|c & 100% #1 {x} ~ ^ $5 \ <i>` {
		t.Errorf("CSV reads back as %q, %v", rows, err)
	}
	var doc jsonTable
	if err := json.Unmarshal([]byte(render(t, sample(), JSON, Options{})), &doc); err != nil {
		t.Fatal(err)
	}
	c := doc.Rows[0]
	if c[3].Value != 0.98213 || c[3].Lo != 0.98012 || c[5].Notes[0] != "a" || c[7].Class != "good" || doc.Rows[2][4].Value != "NaN" {
		t.Errorf("JSON reads back as %+v", doc.Rows)
	}
}

func TestHTMLWellFormed(t *testing.T) {
	d := xml.NewDecoder(strings.NewReader(render(t, sample(), HTML, Options{})))
	d.AutoClose, d.Entity = xml.HTMLAutoClose, xml.HTMLEntity
	d.Strict = false
	depth := 0
	for {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch tok.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
	}
	if depth != 0 {
		t.Errorf("%d elements are left open", depth)
	}
}

// FuzzStructure: no text breaks a table apart. Every row of LaTeX and Markdown
// keeps its number of cells, every record of CSV its number of fields.
func FuzzStructure(f *testing.F) {
	for _, s := range []string{`a & b \\ c`, `x | y`, "two\nlines", `\|`, `\`, `$`, `%`, `{`, `}`, "\x00\xff", `\\[1em]`, "`|`", "<td>", "\x1b[31m", "*", " ", "", "<>", "\u2028", "--"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		tab := New(Column{Head: Literal(a), Group: "g" + Literal(b)}, Column{Head: "y"}, Column{Head: Literal(b), Wrap: 0.3})
		tab.Caption, tab.Label = Literal(b), a
		tab.Add(Text(a), Math{TeX: `|x|`, Plain: b}, Text(b))
		tab.Add(Mark{b, Bad}, Noted{Count(1), a}, Literal(a))
		tab.Note(a, Literal(b))
		checkMarkdown(t, render(t, tab, Markdown, Options{}))
		checkLaTeX(t, render(t, tab, LaTeX, Options{}))
		checkLaTeX(t, render(t, tab, LaTeX, Options{Long: true, Siunitx: true}))
		rows, err := csv.NewReader(strings.NewReader(render(t, tab, CSV, Options{}))).ReadAll()
		if err != nil || len(rows) != 3 {
			t.Errorf("CSV has %d records, %v", len(rows), err)
		}
		if out := render(t, tab, JSON, Options{}); !json.Valid([]byte(out)) {
			t.Errorf("invalid JSON: %s", out)
		}
		out := render(t, tab, HTML, Options{})
		if n := strings.Count(out, "<td") + strings.Count(out, "<th "); n != 11 {
			t.Errorf("HTML has %d cells, want 11:\n%s", n, out)
		}
		if out := render(t, tab, Terminal, Options{Width: 60}); strings.Contains(out, "\x1b") {
			t.Errorf("an escape sequence reaches the terminal: %q", out)
		}
	})
}

// FuzzMath: a formula either is refused or leaves the LaTeX table whole.
func FuzzMath(f *testing.F) {
	for _, s := range []string{`a & b`, `\\`, `\\\\`, `{\}`, `\text{a|b}`, `\|x\|`, `$`, `\$`, `%`, `\%`, "`x|y`", "a\nb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, tex string) {
		tab := New(Column{Head: "x"}, Column{Head: "y"}, Column{Head: "z"})
		tab.Add(Math{TeX: tex}, Text("b"), Math{TeX: tex})
		checkMarkdown(t, render(t, tab, Markdown, Options{}))
		var b bytes.Buffer
		if err := Render(&b, tab, LaTeX, Options{}); err == nil {
			checkLaTeX(t, b.String())
		}
	})
}

// checkMarkdown fails unless each table line of three columns has exactly four
// bars that GitHub takes for cell ends.
func checkMarkdown(t *testing.T, out string) {
	t.Helper()
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		bars := 0
		for i := 0; i < len(line); i++ {
			switch line[i] {
			case '\\':
				i++
			case '|':
				bars++
			}
		}
		if bars != 4 {
			t.Errorf("%d bars in %q", bars, line)
		}
	}
	if n := strings.Count(out, "\n| ") + min(1, strings.Count(out[:2], "| ")); n < 3 {
		t.Errorf("%d table lines in\n%s", n, out)
	}
}

// checkLaTeX fails unless braces and dollar signs match and each row of the
// body has two alignment characters.
func checkLaTeX(t *testing.T, out string) {
	t.Helper()
	depth, dollars := 0, 0
	for i := 0; i < len(out); i++ {
		switch out[i] {
		case '\\':
			i++
		case '{':
			depth++
		case '}':
			depth--
		case '$':
			dollars++
		case '%', '#', '~':
			if out[i] != '~' {
				t.Errorf("unescaped %c in\n%s", out[i], out)
			}
		}
	}
	if depth != 0 || dollars%2 != 0 {
		t.Errorf("braces off by %d, %d dollar signs in\n%s", depth, dollars, out)
	}
	_, body, _ := strings.Cut(out, "\\midrule\n")
	if _, rest, ok := strings.Cut(out, "\\endlastfoot\n"); ok {
		body = rest
	}
	body, _, _ = strings.Cut(body, "\\bottomrule")
	body, _, _ = strings.Cut(body, "\\end{longtable}")
	for line := range strings.Lines(body) {
		cells := strings.ReplaceAll(strings.ReplaceAll(line, `\\`, ""), `\&`, "")
		if n := strings.Count(cells, "&"); n != 2 {
			t.Errorf("%d alignment characters in %q", n, line)
		}
		line, ok := strings.CutSuffix(line, " \\tabularnewline\n")
		if !ok {
			line, ok = strings.CutSuffix(line, " \\\\\n")
		}
		if n := strings.Count(line, `\\`) + strings.Count(line, `\tabularnewline`); n != 0 || !ok {
			t.Errorf("%d row ends in %q", n, line)
		}
	}
}

// TestPDF compiles every LaTeX golden file and some nasty text.
func TestPDF(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	if _, err := exec.LookPath("pdflatex"); err != nil {
		t.Skip("no pdflatex in PATH")
	}
	var body strings.Builder
	for _, file := range []string{"sample.tex", "sample-long.tex", "numbers.tex", "numbers-siunitx.tex", "numbers-siunitx-long.tex"} {
		b, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		body.WriteString("\\clearpage\n" + string(b))
	}
	nasty := New(Column{Head: Literal("every ASCII character"), Wrap: 0.4}, Column{Head: "again"})
	var ascii strings.Builder
	for c := byte(' '); c < 127; c++ {
		ascii.WriteByte(c)
	}
	nasty.Add(Text(ascii.String()), Text("* [1em] – ± ≤ λ ∞ é ü"))
	nasty.Add(Text("[1em]"), Text("*"))
	for _, opts := range []Options{{}, {Long: true}} {
		body.WriteString("\\clearpage\n" + render(t, nasty, LaTeX, opts))
	}
	dir := t.TempDir()
	doc := "\\documentclass{article}\n\\usepackage[landscape,margin=1cm]{geometry}\n" + Preamble(Options{Siunitx: true, Long: true}) +
		"\\usepackage{amssymb}\n\\begin{document}\n" + body.String() + "\\end{document}\n"
	if err := os.WriteFile(filepath.Join(dir, "t.tex"), []byte(doc), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 { // longtable finds its column widths in the second run
		cmd := exec.Command("pdflatex", "-halt-on-error", "-interaction=nonstopmode", "t.tex")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("pdflatex: %v\n%s", err, out)
		}
	}
	if keep := os.Getenv("TABLE_PDF"); keep != "" {
		b, err := os.ReadFile(filepath.Join(dir, "t.pdf"))
		if err == nil {
			err = os.WriteFile(keep, b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
