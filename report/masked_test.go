package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"convergo/checks"
	"convergo/report"
	"convergo/report/table"
)

func maskedInstance(params string, v checks.Verdict, estimate, lo, hi float64, facts ...checks.Fact) checks.InstanceOutcome {
	return checks.InstanceOutcome{
		Params: json.RawMessage(params), Facts: facts, Inside: true,
		Result: checks.Result{
			Verdict: v, Trials: 40, Reason: "because", Estimate: checks.Float(estimate),
			Interval: [2]checks.Float{checks.Float(lo), checks.Float(hi)},
		},
	}
}

func maskedSummary() *checks.Summary {
	theta := func(v float64) checks.Fact { return checks.Fact{Name: "theta", Value: checks.Float(v)} }
	rate := func(v float64) checks.Fact { return checks.Fact{Name: "predicted rate", Value: checks.Float(v)} }
	floor := func(v float64) checks.Fact { return checks.Fact{Name: "predicted floor", Value: checks.Float(v)} }
	claim := func(id string, os ...checks.InstanceOutcome) checks.ClaimOutcome {
		return checks.ClaimOutcome{Info: checks.Info{ID: id}, Instances: os}
	}
	skipped := maskedInstance(`{"data":{"kind":"sphere"},"scheme":"dropout"}`, checks.Vacuous, math.NaN(), math.NaN(), math.NaN())
	skipped.Result.Trials = 0
	return &checks.Summary{Claims: []checks.ClaimOutcome{
		claim("liao2022/error-region",
			maskedInstance(`{"data":{"kind":"basis","n":2,"label_scale":0.1},"scheme":"dropout","xi":0.5,"p":1,"tau":1,"eta":1,"rounds":50}`,
				checks.Holds, 0.036, 0.03, 0.042, theta(0.5), rate(0.75), floor(0.0357))),
		claim("liao2022/rate",
			maskedInstance(`{"data":{"kind":"basis","n":2,"label_scale":0.5},"scheme":"dropout","xi":0.5,"p":1,"tau":1,"eta":1,"rounds":2}`,
				checks.Holds, 0.5625, 0.49, 0.64, theta(0.5), rate(0.75), floor(0.0357)),
			maskedInstance(`{"data":{"kind":"basis","n":2},"scheme":"independent subnet training","xi":0.25,"p":4,"tau":3,"eta":1,"rounds":1}`,
				checks.Undecided, 0.42, math.Inf(-1), math.Inf(1), theta(1), rate(0.421875), floor(0)),
			skipped),
		claim("liao2022/partition-floor",
			maskedInstance(`{"data":{"kind":"sphere","n":5},"scheme":"full gradient descent","xi":1,"p":1,"tau":1,"eta":0.5,"rounds":60,"kappa":0.1}`,
				checks.Holds, 1e-29, -1e-29, 3e-29, theta(1), rate(0.5), floor(0))),
		claim("du2019/other", skipped),
	}}
}

func ExampleMasked() {
	t, err := report.Masked(maskedSummary())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range t.Rows {
		fmt.Println(row[0].(table.Noted).Cell, row[3], row[4])
	}
	// Output:
	// dropout 1 1
	// independent subnet training 4 3
	// full gradient descent 1 1
}

func TestMasked(t *testing.T) {
	tab, err := report.Masked(maskedSummary())
	if err != nil {
		t.Fatal(err)
	}
	if len(tab.Rows) != 3 {
		t.Fatalf("%d rows, want 3", len(tab.Rows))
	}
	// Rate and floor of dropout stand in one row though their labels differ; the
	// fitted rate is the square root of the ratio over two rounds.
	num := func(row, column int) table.Num {
		c := tab.Rows[row][column]
		if n, ok := c.(table.Noted); ok {
			c = n.Cell
		}
		return c.(table.Num)
	}
	for _, c := range []struct {
		row, column   int
		value, lo, hi float64
		bounded       bool
		what          string
	}{
		{row: 0, column: 2, value: 0.5, what: "theta"},
		{row: 0, column: 5, value: 0.75, what: "predicted rate"},
		{row: 0, column: 6, value: 0.75, lo: 0.7, hi: 0.8, bounded: true, what: "fitted rate"},
		{row: 0, column: 7, value: 0.0357, what: "predicted floor"},
		{row: 0, column: 8, value: 0.036, lo: 0.03, hi: 0.042, bounded: true, what: "measured floor"},
		{row: 1, column: 6, value: 0.42, what: "rate without an interval"},
		{row: 2, column: 8, value: 1e-29, lo: 0, hi: 3e-29, bounded: true, what: "floor whose interval is cut at zero"},
	} {
		x := num(c.row, c.column)
		lo, hi, ok := x.Bounds()
		if !(math.Abs(x.Value()-c.value) <= 1e-12*c.value) || ok != c.bounded {
			t.Errorf("%s: %v, interval %v; want %v, %v", c.what, x.Value(), ok, c.value, c.bounded)
		}
		if ok && (!(math.Abs(lo-c.lo) <= 1e-12*c.hi) || !(math.Abs(hi-c.hi) <= 1e-12*c.hi)) {
			t.Errorf("%s: interval [%v, %v], want [%v, %v]", c.what, lo, hi, c.lo, c.hi)
		}
	}
	for _, cell := range []table.Cell{tab.Rows[1][8], tab.Rows[2][6]} {
		if _, ok := cell.(table.Empty); !ok {
			t.Errorf("cell %v, want an empty one", cell)
		}
	}
	notes := ""
	for _, n := range tab.Notes {
		notes += string(n.Body) + "\n"
	}
	for _, want := range []string{"UNDECIDED: because", "$n = 2$ vectors of the standard basis", "$n = 5$", "weights of scale 0.1"} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes lack %q:\n%s", want, notes)
		}
	}
	for _, f := range []table.Format{table.Terminal, table.Markdown, table.CSV, table.JSON, table.HTML, table.LaTeX} {
		var b bytes.Buffer
		if err := table.Render(&b, tab, f, table.Options{}); err != nil || !strings.Contains(b.String(), "independent subnet training") {
			t.Errorf("%v: %v\n%s", f, err, b.String())
		}
	}
}

func TestMaskedWithoutTheClaims(t *testing.T) {
	if _, err := report.Masked(&checks.Summary{}); err == nil || !strings.Contains(err.Error(), "verify the source liao2022") {
		t.Errorf("error %v", err)
	}
	bad := maskedSummary()
	bad.Claims[1].Instances[0].Params = json.RawMessage(`{"data":7}`)
	if _, err := report.Masked(bad); err == nil || !strings.Contains(err.Error(), "liao2022/rate, instance 0") {
		t.Errorf("error %v", err)
	}
}
