package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"convergo/checks"
	"convergo/report"
	"convergo/report/internal/synthetic"
	"convergo/report/table"
)

// declared is a small run whose source du2019 declares the table.
func declared(d checks.SourceTable) *checks.Summary {
	s := synthetic.Small()
	s.Manifest.Sources = slices.Clone(s.Manifest.Sources)
	for i := range s.Manifest.Sources {
		s.Manifest.Sources[i].Tables = nil
		if s.Manifest.Sources[i].Key == "du2019" {
			s.Manifest.Sources[i].Tables = []checks.SourceTable{d}
		}
	}
	return s
}

func ofGram() checks.SourceTable {
	return checks.SourceTable{
		Name: "gram", Title: "The Gram matrix", Caption: "Smallest eigenvalues.", Claims: []string{"gram"},
		Columns: []checks.TableColumn{
			{Value: "observed", Head: "measured", Group: "eigenvalue"}, {Value: "predicted", Head: "bound", Group: "eigenvalue"},
			{Value: "trials", Head: "trials", Yield: 1, About: "Trials are draws."},
		},
	}
}

// ExampleSourceKinds prints the tables that the sources of a run declare.
func ExampleSourceKinds() {
	s := declared(ofGram())
	for _, k := range report.SourceKinds(s.Manifest.Sources) {
		fmt.Println(k.Name + ": " + k.About)
		t, err := report.Table(s, k.Name, "", report.View{Columns: []string{"predicted", "trials"}})
		if err != nil {
			fmt.Println(err)
			return
		}
		t.Title, t.Caption, t.Notes = "", "", nil
		if err := table.Render(os.Stdout, t, table.CSV, table.Options{}); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// du2019/gram: The Gram matrix
	// predicted,trials
	// 0.75,300
}

func TestDeclaredTable(t *testing.T) {
	missing, noColumns := ofGram(), ofGram()
	missing.Claims, noColumns.Columns = []string{"never-run"}, nil
	wrong := ofGram()
	wrong.Columns[0].Value = "obsreved"
	for want, d := range map[string]checks.SourceTable{
		"verify du2019/never-run first": missing, "without columns": noColumns, "did you mean observed": wrong,
	} {
		if _, err := report.Table(declared(d), "du2019/gram", "", report.View{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	tab, err := report.Table(declared(ofGram()), "du2019/gram", "", report.View{})
	if err != nil || len(tab.Rows) == 0 || !strings.Contains(string(tab.Caption), "Trials are draws.") {
		t.Fatalf("%+v, %v", tab, err)
	}
	page := table.Page{Width: 62, Text: 62, Height: 600, Size: 8, Lead: 9.5}
	tab, err = report.Table(declared(ofGram()), "du2019/gram", "", report.View{LaTeX: &table.Options{Page: &page, Small: true}})
	if err != nil || !slices.Equal(tab.LeftOut, []string{"trials"}) || len(tab.Columns) != 2 || strings.Contains(string(tab.Caption), "draws") {
		t.Errorf("narrow: %v left out, %d columns, %q, %v", tab.LeftOut, len(tab.Columns), tab.Caption, err)
	}
}

// A table keeps one row where only one instance is left.
func TestDeclaredTableOfOneRow(t *testing.T) {
	s := declared(ofGram())
	for i := range s.Claims {
		if s.Claims[i].Info.ID == "du2019/gram" {
			s.Claims[i].Instances = s.Claims[i].Instances[:1]
		}
	}
	if tab, err := report.Table(s, "du2019/gram", "", report.View{}); err != nil || len(tab.Rows) != 1 {
		t.Errorf("%+v, %v", tab, err)
	}
}

// FuzzDeclaredTable prints declarations as a manifest may hold them, whoever
// wrote it: none makes a report panic, and LaTeX keeps its dollar signs in pairs.
func FuzzDeclaredTable(f *testing.F) {
	for _, d := range []checks.SourceTable{ofGram(), {}, {Name: "x", Claims: []string{"gram"}, Columns: []checks.TableColumn{{Value: "n", Head: "$\\frac{1}$"}}},
		{Name: "y", Claims: []string{"gram"}, Curve: "observed", Join: []string{"n"}, Columns: []checks.TableColumn{{Value: "x", Head: "a & b \\\\ % c", Yield: -3}, {}}}} {
		b, err := json.Marshal(d)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var d checks.SourceTable
		if json.Unmarshal(b, &d) != nil {
			return
		}
		s := declared(d)
		page := table.Page{Width: 200, Text: 200, Height: 600, Size: 8, Lead: 9.5}
		for _, format := range []table.Format{table.Terminal, table.HTML, table.LaTeX} {
			o := table.Options{Page: &page, Small: true}
			v := report.View{Room: 80}
			if format == table.LaTeX {
				v.LaTeX = &o
			}
			tab, err := report.Table(s, "du2019/"+d.Name, "", v)
			if err != nil {
				continue // says what is wrong
			}
			var out bytes.Buffer
			if err := table.Render(&out, tab, format, o); err != nil {
				continue
			}
			plain := strings.ReplaceAll(strings.ReplaceAll(out.String(), `\\`, ""), `\$`, "")
			if format == table.LaTeX && strings.Count(plain, "$")%2 != 0 {
				t.Errorf("%s prints an odd number of dollar signs:\n%s", b, out.String())
			}
		}
	})
}
