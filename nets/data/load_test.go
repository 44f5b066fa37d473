package data_test

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/nets/data"
)

// raw leaves the labels as they are in the file.
var raw = data.Options{LabelCoding: data.CodeRaw}

func TestLoad(t *testing.T) {
	path := file(t, "a.csv", "a,b,y\n3,4,7\n0,-2,5\n1.5,0.25,7\n")
	x := mat.NewDense(3, 2, []float64{3, 4, 0, -2, 1.5, 0.25})
	opts := raw
	opts.Label = data.LabelLast
	set := load(t, path, opts)
	if !mat.Equal(set.X, x) || !slices.Equal(set.Y, []float64{7, 5, 7}) || set.Name != "a.csv" {
		t.Errorf("got %q %v, %v", set.Name, mat.Formatted(set.X), set.Y)
	}
	opts.Normalize = true
	if unit := load(t, path, opts).X; !(math.Abs(unit.At(0, 1)-0.8) <= 1e-16) || unit.At(1, 1) != -1 {
		t.Errorf("normalised: %v", mat.Formatted(unit))
	}
	opts = data.Options{Drop: []string{"y"}, LabelsPath: file(t, "y.txt", "1\n2\n3\n"), LabelCoding: data.CodeRaw}
	if set := load(t, path, opts); !mat.Equal(set.X, x) || !slices.Equal(set.Y, []float64{1, 2, 3}) {
		t.Errorf("labels of a second file: %v, %v", mat.Formatted(set.X), set.Y)
	}
}

func TestStandardizedColumns(t *testing.T) {
	set := load(t, file(t, "a.csv", "1000,7,1\n1002,7,3\n1004,7,8\n"), data.Options{Standardize: true})
	r := math.Sqrt(1.5)
	want := mat.NewDense(3, 3, []float64{-r, 0, -3 / math.Sqrt(26.0/3), 0, 0, -1 / math.Sqrt(26.0/3), r, 0, 4 / math.Sqrt(26.0/3)})
	if !mat.EqualApprox(set.X, want, 1e-14) {
		t.Errorf("got %v", mat.Formatted(set.X))
	}
	if got := set.Reading.String(); !strings.Contains(got, "columns standardised (1 constant, now zero)") {
		t.Error(got)
	}
	// A sample is scaled as the whole file is.
	part := load(t, file(t, "a.csv", "1000,7,1\n1002,7,3\n1004,7,8\n"), data.Options{Standardize: true, Rows: 1, Sample: data.SampleFirst})
	if !slices.Equal(part.X.RawRowView(0), set.X.RawRowView(0)) {
		t.Errorf("a sample: %v", mat.Formatted(part.X))
	}
	wantError(t, "a.csv", "1e300\n-1e300\n", data.Options{Standardize: true}, data.ErrNotFinite, "column 1")
}

func TestLoadErrors(t *testing.T) {
	type options = data.Options
	for _, tt := range []struct {
		name, content string
		opts          options
		want          error
		text          string
	}{
		{"word.csv", "1,2\n3,four\n", options{}, data.ErrNotNumber, "line 2 (row 2), column 2"},
		{"zero.csv", "a,b\n1,2\n0,-0\n", options{}, data.ErrZeroRow, "line 3 (row 2)"},
		{"zeros.csv", "0,0\n0,0\n", options{ZeroRows: "drop"}, data.ErrEmpty, "every row is zero"},
		{"equal.csv", "1,2\n3,4\n1,2\n", options{Duplicates: data.DuplicatesRefuse}, data.ErrDuplicateRow, "line 3 (row 3): duplicate row: equal to line 1 (row 1)"},
		{"parallel.csv", "1,3\n5,6\n0.1,0.3\n", options{Duplicates: data.DuplicatesRefuse, Normalize: true}, data.ErrParallelRow, "line 3 (row 3): parallel row: a positive multiple of line 1 (row 1)"},
		{"option.csv", "1\n", options{Rows: -1}, data.ErrOption, "negative"},
		{"option.csv", "1\n", options{Sample: "random"}, data.ErrOption, "first"},
		{"option.csv", "1\n", options{Missing: "fill"}, data.ErrOption, "drop"},
		{"option.csv", "1\n", options{Header: "maybe"}, data.ErrOption, "yes"},
		{"option.csv", "1\n", options{LabelCoding: "one-hot"}, data.ErrOption, "sign"},
		{"option.csv", "1\n", options{Duplicates: "merge"}, data.ErrOption, "refuse"},
		{"option.csv", "1\n", options{Duplicates: "drop", AllowDuplicates: true}, data.ErrOption, "contradict"},
		{"option.csv", "1\n", options{Label: "last", LabelsPath: "y"}, data.ErrOption, "one of them"},
		{"one.csv", "1,2,3\n", options{Label: "last"}, data.ErrLabels, "every one of the 1 used labels is 3"},
		{"none.csv", "1,2\n", options{LabelsPath: "testdata/none"}, fs.ErrNotExist, "testdata/none"},
		{"big.csv", "1,2\n3,4\n", options{MaxBytes: 4}, data.ErrTooLarge, "max_bytes"},
	} {
		wantError(t, tt.name, tt.content, tt.opts, tt.want, tt.text)
	}
	if _, err := data.Load("testdata", data.Options{}); !errors.Is(err, data.ErrNotRegular) || !strings.Contains(err.Error(), "testdata") {
		t.Errorf("a directory: %v", err)
	}
	if _, err := data.Load("-", data.Options{}); !errors.Is(err, data.ErrNotRegular) || !strings.Contains(err.Error(), "standard input") {
		t.Errorf("standard input: %v", err)
	}
}

func TestFileSpec(t *testing.T) {
	path := file(t, "a.csv", "3,4,7\n0,-2,5\n1.5,0.25,7\n1,1,9\n")
	spec := data.Spec{Kind: data.File, Path: path, Load: data.Options{Label: data.LabelLast, LabelCoding: data.CodeRaw}}
	set := build(t, spec)
	if set.N() != 4 || !slices.Equal(set.Y, []float64{7, 5, 7, 9}) || !(math.Abs(set.X.At(0, 1)-0.8) <= 1e-16) {
		t.Errorf("got %v, %v", mat.Formatted(set.X), set.Y)
	}
	two := spec
	two.Raw, two.N, two.Classes = true, 3, [2]int{7, 5}
	if set := build(t, two); !slices.Equal(set.Y, []float64{1, -1, 1}) || set.X.At(0, 1) != 4 {
		t.Errorf("two classes: %v, %v", mat.Formatted(set.X), set.Y)
	}
	scaled := spec
	scaled.RowNorm, scaled.LabelScale = 2, 10
	if set := build(t, scaled); !(math.Abs(set.X.At(0, 1)-1.6) <= 1e-15) || set.Y[0] != 70 || !strings.Contains(set.Reading.String(), "norm 2") {
		t.Errorf("scaled: %v, %v\n%v", mat.Formatted(set.X), set.Y, set.Reading)
	}
	unlabelled := spec
	unlabelled.Load = data.Options{}
	if set := build(t, unlabelled); set.Y != nil {
		t.Errorf("labels out of nothing: %v", set.Y)
	}
	unlabelled.Labels = data.OwnOrSign
	if set := build(t, unlabelled); set.Y == nil || !strings.Contains(set.Reading.String(), "no label, labels drawn (sign)") {
		t.Errorf("signs: %v\n%v", set.Y, set.Reading)
	}
	for _, tt := range []struct {
		change func(*data.Spec)
		want   error
		text   string
	}{
		{func(s *data.Spec) { s.N = 5 }, data.ErrSpec, "4 rows to use, not n=5"},
		{func(s *data.Spec) { s.N = -1 }, data.ErrSpec, "n=-1"},
		{func(s *data.Spec) { s.D = 3 }, data.ErrSpec, "d=2"},
		{func(s *data.Spec) { s.Classes = [2]int{1, 2} }, data.ErrLabels, "label 1 or 2"},
		{func(s *data.Spec) { s.Load.Label, s.Classes = "", [2]int{1, 2} }, data.ErrLabels, "need labels"},
		{func(s *data.Spec) { s.Load.Label, s.Labels = "", data.Class }, data.ErrLabels, "label column"},
		{func(s *data.Spec) { s.Path = "" }, data.ErrSpec, "give path"},
		{func(s *data.Spec) { s.Path, s.SHA256 = "", strings.Repeat("0", 64) }, data.ErrNotOpen, "name the file again"},
	} {
		bad := spec
		tt.change(&bad)
		if _, err := bad.Build(); !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%+v: got %v, want %q", bad, err, tt.text)
		}
	}
}

// Drawn labels do not look at the file's, which may be unusable.
func TestDrawnLabelsOfAFile(t *testing.T) {
	path := file(t, "a.csv", "3,4,7\n0,-2,7\n1.5,0.25,7\n1,1,7\n")
	spec := data.Spec{Kind: data.File, Path: path, Labels: data.Sign, Load: data.Options{Label: data.LabelLast}}
	set := build(t, spec)
	if set.D() != 2 || !strings.Contains(set.Reading.String(), "label column 3 not used, labels drawn (sign)") {
		t.Errorf("got %v", set.Reading)
	}
	spec.Labels = data.Class
	if _, err := spec.Build(); !errors.Is(err, data.ErrLabels) || !strings.Contains(err.Error(), "every one of the 4 used labels is 7") {
		t.Errorf("constant labels: %v", err)
	}
}

func TestPinnedFileMustNotChange(t *testing.T) {
	path, labels := file(t, "a.csv", "3,4\n0,-2\n"), file(t, "y.txt", "1\n2\n")
	spec, err := data.Spec{Kind: data.File, Path: path, Load: data.Options{LabelsPath: labels}}.Pin()
	if err != nil {
		t.Fatal(err)
	}
	build(t, spec)
	for _, changed := range []string{labels, path} {
		old, err := os.ReadFile(changed)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(changed, append(slices.Clone(old), '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := spec.Build(); !errors.Is(err, data.ErrChanged) || !strings.Contains(err.Error(), path) {
			t.Errorf("changed %s: %v", changed, err)
		}
		if err := os.WriteFile(changed, old, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if same, err := (data.Spec{Kind: data.Sphere, N: 1, D: 1}).Pin(); err != nil || same.SHA256 != "" {
		t.Errorf("pinned sphere: %+v, %v", same, err)
	}
}

// open opens a file by a Loader of its own.
func open(t testing.TB, path string, opts data.Options) *data.UserFile {
	t.Helper()
	f, err := new(data.Loader).Open(context.Background(), path, opts)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func wantError(t *testing.T, name, content string, opts data.Options, want error, text string) {
	t.Helper()
	path := file(t, name, content)
	set, err := data.Load(path, opts)
	if set != nil || !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", name, err, want)
		return
	}
	// Errors of the options come before any file is touched.
	named := errors.Is(err, data.ErrOption) || strings.Contains(err.Error(), name) || opts.LabelsPath != ""
	if !named || !strings.Contains(err.Error(), text) {
		t.Errorf("%s: %v\nmust name the file and say %q", name, err, text)
	}
}

func load(t testing.TB, path string, opts data.Options) *data.Set {
	t.Helper()
	set, err := data.Load(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func file(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
