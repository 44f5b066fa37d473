package theorems

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"convergo/bounds/predict"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/report/table"
)

const real = "../testdata/data/real/"

func load(t testing.TB, file string, o data.Options) *data.Set {
	t.Helper()
	o.Normalize = true
	set, err := data.Load(real+file, o)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestAskRealData asks about five real sets. Their facts are held against an independent computation in package dataset; here
// every row must be true of them where the facts tell.
func TestAskRealData(t *testing.T) {
	sources := all(t)
	for _, tt := range []struct {
		file string
		o    data.Options
	}{
		{"iris.csv", data.Options{Class: "setosa"}},
		{"wine.csv", data.Options{Rows: 100}},
		{"breast-cancer.csv.gz", data.Options{Rows: 100}},
		{"diabetes.csv.gz", data.Options{LabelsPath: real + "diabetes-target.csv.gz", Rows: 100}},
		{"digits.csv.gz", data.Options{Label: "last", Rows: 100}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			a, err := Ask(t.Context(), load(t, tt.file, tt.o), AskOptions{})
			if err != nil {
				t.Fatal(err)
			}
			kinds := map[predict.Kind]int{}
			for _, p := range a.Predictions {
				kinds[p.Kind]++
				if p.Claim != "" {
					if _, err := checks.Find(sources, p.Claim); err != nil {
						t.Errorf("%s, %s: %v", p.Source, p.Theorem, err)
					}
				}
				if p.Kind == predict.Eigenvalue && p.Met() && !(p.Looseness() >= 1) {
					t.Errorf("%s: %s: bound %v, eigenvalue %v", p.Source, p.Says, p.Value, p.Truth)
				}
				if p.Steps < 1 || p.Rate > 1 || p.Rate == 1 && p.Steps < 1e15 { // a rate so slow is 1 when rounded
					t.Errorf("%s: %s: rate %v, %v steps", p.Source, p.Says, p.Rate, p.Steps)
				}
			}
			for _, k := range predict.Kinds() {
				if kinds[k] == 0 {
					t.Errorf("no prediction of %s", k)
				}
			}
			if len(a.Facts.Labels.Align) == 0 {
				t.Error("no alignment of the labels")
			}
		})
	}
}

// TestAskHostileData has no rows that pretend to say something where the kernel is singular.
func TestAskHostileData(t *testing.T) {
	for _, tt := range []struct {
		content string
		args    []string
	}{
		{"1,2,1\n1,2,-1\n2,1,1\n", []string{"--duplicates", "keep"}},
		{"1,2,1e300\n2,1,-1e300\n3,1,2e299\n", nil},
		{"1,2,0\n2,1,0\n", []string{"--label-coding", "raw"}},
		{"1,2,3\n", []string{"--label-coding", "raw"}},
		{"1,1\n-2,2\n", nil},
		{"1,2,1\n-1,-2,-1\n2,1,1\n", nil},
	} {
		path := filepath.Join(t.TempDir(), "hostile.csv")
		if err := os.WriteFile(path, []byte(tt.content), 0o666); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		args := append([]string{"ask", path, "--label", "last", "--header", "no", "--format", "json"}, tt.args...)
		if code := Suite().Run(t.Context(), args, &out, &out); code != 0 {
			t.Errorf("%q: status %d: %s", tt.content, code, &out)
		}
		if !json.Valid(out.Bytes()) {
			t.Errorf("%q: no JSON: %s", tt.content, &out)
		}
	}
}

// TestAskCommand prints every format, a page, and what is wrong.
func TestAskCommand(t *testing.T) {
	page := filepath.Join(t.TempDir(), "answer.html")
	for _, tt := range []struct {
		args []string
		says string
		code int
	}{
		{[]string{real + "iris.csv", "--class", "setosa", "--html", page}, "lambda_0 = 0.0002909", 0},
		{[]string{real + "iris.csv", "--rows", "20", "--format", "markdown"}, "| theorem", 0},
		{[]string{real + "iris.csv", "--rows", "20", "--format", "latex"}, `\toprule`, 0},
		{[]string{real + "iris.csv", "--rows", "20", "--format", "csv"}, "theorem,says", 0},
		{[]string{real + "iris.csv", "--rows", "20", "--format", "html"}, "<table class=\"results\"", 0},
		{[]string{real + "iris.csv", "--label", "none", "--rows", "20"}, "no label", 0},
		{[]string{real + "missing.csv"}, "no such file", 2},
		{[]string{}, "name one data file", 2},
		{[]string{real + "iris.csv", "--label", "colour"}, "colour", 2},
		{[]string{cases + "semicolon.csv", "--train"}, "no labels", 3},
		{[]string{cases + "late-duplicate.csv", "--duplicates", "refuse"}, "(--duplicates drop)", 2},
	} {
		var out bytes.Buffer
		if code := Suite().Run(t.Context(), append([]string{"ask"}, tt.args...), &out, &out); code != tt.code || !strings.Contains(out.String(), tt.says) {
			t.Errorf("ask %v: status %d, want %d and %q: %.600s", tt.args, code, tt.code, tt.says, &out)
		}
	}
	if b, err := os.ReadFile(page); err != nil || !strings.HasPrefix(string(b), "<!doctype html>") || strings.Contains(string(b), "http://") {
		t.Errorf("page: %v, %.200s", err, b)
	}
}

// TestAskTrain trains beside the predictions: the loss of wide networks keeps to the curve of the limit kernel.
func TestAskTrain(t *testing.T) {
	set, err := data.Spec{Kind: data.Sphere, N: 6, D: 12, Seed: 1}.Build()
	if err != nil {
		t.Fatal(err)
	}
	a, err := Ask(t.Context(), set, AskOptions{Train: true, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	wide := a.Trained.Networks[len(a.Trained.Networks)-1]
	want := a.Data.StepsOfModes(a.Trained.Step)
	if wide.Width < 1<<12 || !(math.Abs(wide.Reach/want-1) <= 0.1) {
		t.Errorf("width %d: %v steps, the limit kernel has %v", wide.Width, wide.Reach, want)
	}
	if len(a.Trained.Bounds) < 3 {
		t.Errorf("%d bounds on the loss", len(a.Trained.Bounds))
	}
	var text bytes.Buffer
	if err := a.Write(&text, table.Terminal, table.Options{}); err != nil || !strings.Contains(text.String(), "predicted: limit kernel, these labels") {
		t.Errorf("%v: the networks stand beside no prediction: %s", err, &text)
	}
	var page bytes.Buffer
	if err := a.Write(&page, table.HTML, table.Options{}); err != nil || !strings.Contains(page.String(), "<svg") {
		t.Errorf("page with a figure: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Ask(ctx, set, AskOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of the context: %v", err)
	}
}

// Networks that are trained beside the predictions.
func ExampleAsk_train() {
	set, err := data.Spec{Kind: data.Sphere, N: 6, D: 12, Seed: 1}.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	a, err := Ask(context.Background(), set, AskOptions{Train: true, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	limit := a.Trained.Bounds[0]
	for _, n := range a.Trained.Networks {
		fmt.Printf("width %d: %.1f times the steps of the %s\n", n.Width, n.Reach*a.Trained.Step/limit.Reach, limit.Name)
	}
	// Output:
	// width 64: 1.3 times the steps of the limit kernel, these labels
	// width 256: 1.1 times the steps of the limit kernel, these labels
	// width 1024: 1.0 times the steps of the limit kernel, these labels
	// width 4096: 1.0 times the steps of the limit kernel, these labels
	// width 16384: 1.0 times the steps of the limit kernel, these labels
}

func ExampleAsk() {
	set, err := data.Load(real+"iris.csv", data.Options{Class: "setosa", Normalize: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	a, err := Ask(context.Background(), set, AskOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Facts.Kernels[0])
	for _, p := range a.Predictions {
		if p.Source == "munteanu2022" && p.Telling() {
			fmt.Printf("%s: %.3g neurons, %.3g steps\n", p.Theorem, p.Width, p.Steps)
		}
	}
	// Output:
	// H (two layers, the first trained): lambda_0 = 0.0002909 (certified to 4e-12), the largest eigenvalue is 66.08, the condition number 2.27e+05.
	// main theorem on logistic loss: 2.13e+05 neurons, 7.69e+06 steps
	// main theorem on squared loss: 6.27e+07 neurons, 2.25e+06 steps
}

// BenchmarkAsk asks about a thousand images with labels.
func BenchmarkAsk(b *testing.B) {
	set := load(b, "digits.csv.gz", data.Options{Label: "last", Rows: 1000})
	for b.Loop() {
		if _, err := Ask(b.Context(), set, AskOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
