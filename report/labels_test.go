package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"convergo/checks"
	"convergo/report"
	"convergo/report/table"
)

// labelInstance has the facts of one data set; the measure of each kind of labels is given.
func labelInstance(params string, measures [3]float64, series ...checks.Series) checks.InstanceOutcome {
	o := checks.InstanceOutcome{
		Params: json.RawMessage(params), Inside: true, Series: series,
		Result: checks.Result{Verdict: checks.Holds, Trials: 64},
	}
	add := func(name string, v float64) {
		o.Facts = append(o.Facts, checks.Fact{Name: name, Value: checks.Float(v)})
	}
	add("n", 100)
	add("lambda_0", 0.039)
	add("lambda_0 error", 2e-12)
	add("lambda_max", 30)
	add("K", 50)
	for i, kind := range []string{"true", "random", "worst-case"} {
		add("measure, "+kind+" labels", measures[i])
		add("alignment, "+kind+" labels", 0.5)
		add("steps to 10%, "+kind+" labels", float64(100*(i+1)))
		add("kernel loss after K, "+kind+" labels", 0.25)
	}
	return o
}

func labelSummary() *checks.Summary {
	curve := func(name, yName string, end float64) checks.Series {
		s := checks.NewSeries(name, "measured", []float64{0, 1}, []float64{1, end})
		s.YName = yName
		return s
	}
	const network, kernel = "relative loss, network", "relative loss, kernel limit"
	trained := labelInstance(`{"data":{"kind":"fashion","n":100,"d":49,"classes":[2,4]},"m":64}`, [3]float64{2, 3, 7},
		curve("true labels", network, 0.0625), curve("random labels", network, 0.5), curve("worst-case labels", network, 0.9375))
	trained.Facts = append(trained.Facts, checks.Fact{Name: "width run", Value: 64})
	skipped := labelInstance(`{"data":{"kind":"mnist","n":60,"d":196}}`, [3]float64{})
	skipped.Inside, skipped.Result.Trials = false, 0
	return &checks.Summary{Claims: []checks.ClaimOutcome{
		{Info: checks.Info{ID: "arora2019fine/label-training"}, Instances: []checks.InstanceOutcome{trained, skipped}},
		{Info: checks.Info{ID: "arora2019fine/label-steps"}, Instances: []checks.InstanceOutcome{
			labelInstance(`{"data":{"kind":"mnist","n":100,"d":784,"classes":[0,1]},"k":50}`, [3]float64{1.5, 4, 7.5}, curve("true labels", kernel, 0.1)),
		}},
		{Info: checks.Info{ID: "du2019/other"}},
	}}
}

func ExampleLabels() {
	t, err := report.Labels(labelSummary())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range t.Rows {
		fmt.Println(row[0].(table.Noted).Cell, row[1], row[2], row[3].(table.Num).Value())
	}
	// Output:
	// mnist 0/1 d=784 100 true 1.5
	// mnist 0/1 d=784 100 random 4
	// mnist 0/1 d=784 100 worst-case 7.5
	// fashion 2/4 d=49 100 true 2
	// fashion 2/4 d=49 100 random 3
	// fashion 2/4 d=49 100 worst-case 7
}

func TestLabels(t *testing.T) {
	tab, err := report.Labels(labelSummary())
	if err != nil {
		t.Fatal(err)
	}
	if len(tab.Rows) != 6 {
		t.Fatalf("%d rows, want 6: skipped instances have none", len(tab.Rows))
	}
	var head []string
	for _, c := range tab.Columns {
		head = append(head, c.Key)
	}
	at := func(row int, key string) table.Cell {
		for j, k := range head {
			if k == key {
				return tab.Rows[row][j]
			}
		}
		t.Fatalf("no column %q", key)
		return nil
	}
	for row, want := range []float64{0.0625, 0.5, 0.9375} {
		if got := at(3+row, "network_loss").(table.Num).Value(); got != want {
			t.Errorf("row %d: the network's loss is %v, want %v", 3+row, got, want)
		}
		if _, empty := at(row, "network_loss").(table.Empty); !empty {
			t.Errorf("row %d: a network's loss where only the kernel was followed", row)
		}
		if got := at(row, "steps"); got != table.Count(100*(row+1)) {
			t.Errorf("row %d: steps %v", row, got)
		}
	}
	if _, marked := at(0, "verdict").(table.Mark); !marked {
		t.Error("the first row of a data set lacks the verdict")
	}
	if _, empty := at(1, "verdict").(table.Empty); !empty {
		t.Error("the verdict is repeated")
	}
	for _, f := range []table.Format{table.Terminal, table.Markdown, table.LaTeX, table.CSV} {
		var b bytes.Buffer
		if err := table.Render(&b, tab, f, table.Options{}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), "worst-case") {
			t.Errorf("%v: no worst-case labels", f)
		}
	}
}

func TestLabelsErrors(t *testing.T) {
	if _, err := report.Labels(&checks.Summary{}); err == nil || !strings.Contains(err.Error(), "arora2019fine") {
		t.Errorf("an empty run gives %v", err)
	}
	bad := labelSummary()
	bad.Claims[1].Instances[0].Facts = bad.Claims[1].Instances[0].Facts[:5]
	if _, err := report.Labels(bad); err == nil || !strings.Contains(err.Error(), "measure, true labels") {
		t.Errorf("a missing fact gives %v", err)
	}
	bad = labelSummary()
	bad.Claims[1].Instances[0].Params = json.RawMessage(`{"data":3}`)
	if _, err := report.Labels(bad); err == nil {
		t.Error("parameters that are none were accepted")
	}
}
