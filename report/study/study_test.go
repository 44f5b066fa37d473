package study_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"convergo/report/figure"
	"convergo/report/study"
	"convergo/report/table"
)

func example() *study.Study {
	s := &study.Study{Command: []string{"convergo", "kernel", "study"}, Height: 7, Width: 7, Seed: 1, Draws: 2}
	for _, n := range []int{20, 40} {
		for k, kernel := range []string{"fc", "cntk-gap"} {
			for _, width := range []int{0, 8, 32} {
				s.Points = append(s.Points, study.Point{Images: "mnist", Depth: 3, N: n, Kernel: kernel, Width: width, Right: 60 + n/2 + 5*k, Test: 100})
			}
		}
	}
	return s
}

// TestFolder reads back what was written, and nothing else.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	if study.Is(dir) {
		t.Error("an empty folder is a study")
	}
	if _, err := study.Read(dir); err == nil || !strings.Contains(err.Error(), "run it again") {
		t.Errorf("an empty folder: %v", err)
	}
	if err := example().Write(dir); err != nil || !study.Is(dir) {
		t.Fatal(err)
	}
	got, err := study.Read(dir)
	if err != nil || fmt.Sprint(*got) != fmt.Sprint(*example()) {
		t.Errorf("%v, read %+v", err, got)
	}
	name := filepath.Join(dir, study.FileName)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string][2]string{
		"101 of 100":     {`"right": 70`, `"right": 101`},
		"no name":        {`"fc"`, `""`},
		"there twice":    {`"width": 8`, `"width": 0`},
		"unknown field":  {`"seed"`, `"sed"`},
		"unexpected EOF": {string(text[len(text)/2:]), ""},
		"more than one":  {"\n}\n", "\n}\n{}"},
	} {
		if err := os.WriteFile(name, bytes.Replace(text, []byte(change[0]), []byte(change[1]), 1), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := study.Read(dir); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if err := (&study.Study{}).Write(dir); err == nil {
		t.Error("an empty study was written")
	}
}

func FuzzRead(f *testing.F) {
	dir := f.TempDir()
	if err := example().Write(dir); err != nil {
		f.Fatal(err)
	}
	name := filepath.Join(dir, study.FileName)
	text, err := os.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"points":[{"images":"a","depth":1,"n":1,"kernel":"b","right":0,"test":1}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(name, text, 0o666); err != nil {
			t.Fatal(err)
		}
		s, err := study.Read(dir)
		if err != nil {
			return
		}
		var out bytes.Buffer // whatever was read can be printed
		if err := table.Render(&out, s.Table(), table.LaTeX, table.Options{}); err != nil {
			t.Error(err)
		}
		s.Drawings()
	})
}

// TestAccuracy compares with the interval of Wilson for 8 of 10, from the solutions of (p - 0.8)^2 = z^2 p(1-p)/10.
func TestAccuracy(t *testing.T) {
	value, lo, hi := study.Point{Right: 8, Test: 10}.Accuracy()
	if value != 80 {
		t.Errorf("accuracy %v", value)
	}
	const z = 1.959963984540054
	for _, end := range []float64{lo / 100, hi / 100} {
		if off := (end-0.8)*(end-0.8) - z*z*end*(1-end)/10; !(math.Abs(off) <= 1e-12) {
			t.Errorf("end %v misses by %v", end, off)
		}
	}
	if _, lo, hi := (study.Point{Right: 0, Test: 5}).Accuracy(); !(math.Abs(lo) <= 1e-12) || hi <= 0 {
		t.Errorf("none of five: [%v, %v]", lo, hi)
	}
}

// TestDrawings: against n at one depth, and against the width at each n; one depth is no axis.
func TestDrawings(t *testing.T) {
	lines := map[string][]string{}
	for _, d := range example().Drawings() {
		for _, l := range d.Figure.Lines {
			lines[d.Name] = append(lines[d.Name], l.Name.Plain())
		}
		var out bytes.Buffer
		if err := figure.Render(&out, d.Figure, figure.SVG, figure.Options{}); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
	}
	want := map[string]string{
		"mnist-depth3":            "[fc fc, m = 32 cntk-gap cntk-gap, m = 32]",
		"mnist-depth3-n20-widths": "[fc cntk-gap fc, m = ∞ cntk-gap, m = ∞]",
		"mnist-depth3-n40-widths": "[fc cntk-gap fc, m = ∞ cntk-gap, m = ∞]",
	}
	for name, text := range want {
		if got := fmt.Sprint(lines[name]); got != text {
			t.Errorf("%s has lines %s, want %s", name, got, text)
		}
	}
	if len(lines) != len(want) {
		t.Errorf("figures %v", lines)
	}
}

func ExampleStudy_Table() {
	s := &study.Study{Height: 7, Width: 7, Draws: 1, Points: []study.Point{
		{Images: "mnist", Depth: 3, N: 200, Kernel: "fc", Right: 231, Test: 300},
		{Images: "mnist", Depth: 3, N: 200, Kernel: "fc", Width: 32, Right: 191, Test: 300},
	}}
	t := s.Table()
	t.Title, t.Caption, t.Notes = "", "", nil
	if err := table.Render(os.Stdout, t, table.Markdown, table.Options{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// | images | depth | $n$ | kernel | accuracy in %, $m = \infty$ | accuracy in %, $m = 32$ |
	// | ------ | ----: | --: | ------ | --------------------------: | ----------------------: |
	// | mnist  |     3 | 200 | fc     |           77.0 [71.9, 81.5] |       63.7 [58.0, 69.0] |
}
