package command

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestReportOfAChoice goes the way of an author: a few claims of a run, for the
// page of a venue, with a citation, and their numbers.
func TestReportOfAChoice(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if out, code := output(t, "verify", "toys", "--out", dir); code != exitOK {
		t.Fatalf("status %d\n%s", code, out)
	}
	for _, tt := range []struct {
		args string
		want []string
		not  []string
	}{
		{"--claims toys/product", []string{"toys/product", "1 claim,"}, []string{"toys/coins"}},
		{"--claims toys/pr*,toys/coins --format csv", []string{"toys/product", "toys/coins"}, nil},
		{"--where claim~coins|nothing --format csv", []string{"toys/coins"}, []string{"toys/product"}},
		{"--format latex --venue icml", []string{"\\begin{table*}"}, nil},
		{"--format latex --venue icml --column --label tab:mine --caption Mine. --cite", []string{"\\begin{table}", "\\label{tab:mine}", "\\caption{Mine.}", "\\cite{toys}"}, []string{"table*"}},
		{"--format latex --venue beamer --long", []string{"\\begin{longtable}"}, nil},
		{"--macros --claims toys/coins", []string{"\\cvToysCoinsSlack", "\\cvToysCoinsAt"}, []string{"cvToysProduct"}},
		{"--macros", []string{"\\cvToysCoinsSlack", "cvToysProduct"}, []string{"CoinsAt"}},
		{"--bibtex --where claim=toys/coins", []string{"@misc{toys,"}, nil},
		{"--checklist --claims toys/coins --format csv", []string{"1 claim of 1 source", "share its significance"}, nil},
	} {
		out, code := output(t, append([]string{"report", dir}, strings.Fields(tt.args)...)...)
		for _, want := range tt.want {
			if code != exitOK || !strings.Contains(out, want) {
				t.Errorf("report %s: status %d, no %q in\n%s", tt.args, code, want, out)
			}
		}
		for _, not := range tt.not {
			if strings.Contains(out, not) {
				t.Errorf("report %s has %q:\n%s", tt.args, not, out)
			}
		}
	}
	for args, want := range map[string]string{
		"--claims toys/cions":                                "did you mean toys/coins",
		"--where verdict=REFUTED":                            "verdict has HOLDS",
		"--macros --where verdict=REFUTED":                   "verdict has HOLDS",
		"--format latex --venue nature":                      "use one of article",
		"--format latex --venue neurips --column":            "one column",
		"--format latex --venue icml --column --wide":        "choose one",
		"--format latex --venue icml --column --columns all": "leave out some of claim",
	} {
		if out, code := output(t, append([]string{"report", dir}, strings.Fields(args)...)...); code == exitOK || !strings.Contains(out, want) {
			t.Errorf("report %s: status %d, no %q in\n%s", args, code, want, out)
		}
	}
}

func TestFiguresOfAVenue(t *testing.T) {
	for args, inches := range map[string]float64{"--venue icml --column": 3.25, "--venue neurips": 5.5, "--width 4": 4, "": 3.25} {
		f, words := figureFlags{}, strings.Fields(args)
		for i, w := range words {
			switch w {
			case "--venue":
				f.venue = words[i+1]
			case "--width":
				f.width = words[i+1]
			case "--column":
				f.column = true
			}
		}
		if got, err := f.inches(); err != nil || float64(got) < inches-0.01 || float64(got) > inches+0.01 {
			t.Errorf("figures %s are %v inches wide, %v; want %v", args, got, err, inches)
		}
	}
	for _, f := range []figureFlags{{venue: "nature"}, {column: true}, {width: "icml"}, {width: "100"}} {
		if _, err := f.inches(); err == nil {
			t.Errorf("%+v is no error", f)
		}
	}
	dir := filepath.Join(t.TempDir(), "run")
	if out, code := output(t, "verify", "toys/coins", "--out", dir); code != exitOK {
		t.Fatalf("status %d\n%s", code, out)
	}
	figures := filepath.Join(t.TempDir(), "figures")
	out, code := output(t, "figures", dir, "--out", figures, "--format", "svg", "--venue", "ieee", "--column", "--claims", "toys/*")
	if code != exitOK || !strings.Contains(out, figures) && !strings.Contains(out, "recorded no curves") {
		t.Errorf("status %d\n%s", code, out)
	}
}
