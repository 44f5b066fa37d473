package kernel

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"convergo/nets/data/tabular"
)

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestReadFileKeepsEveryRow: zero rows, repeated rows and large values too.
func TestReadFileKeepsEveryRow(t *testing.T) {
	x := write(t, "x.csv", "0,0\n3,4\n3,4\n600,8\n")
	y := write(t, "y.csv", "cat\ndog\ncat\ncat\n")
	s, err := ReadFile(context.Background(), Request{Path: x, Labels: y, Column: tabular.LabelNone})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.X.RawMatrix().Data; !slices.Equal(got, []float64{0, 0, 3, 4, 3, 4, 600, 8}) {
		t.Errorf("rows %v", got)
	}
	if s.Labels == nil || !slices.Equal(s.Labels.Values, []float64{0, 1, 0, 0}) || !slices.Equal(s.Labels.Classes, []string{"cat", "dog"}) {
		t.Errorf("labels %+v", s.Labels)
	}
}

func TestReadFileSaysWhatIsWrong(t *testing.T) {
	x := write(t, "x.csv", "1,2\n3,4\n")
	for want, r := range map[string]Request{
		"missing.csv": {Path: "missing.csv"},
		"y.csv":       {Path: x, Labels: write(t, "y.csv", "1\n2\n3\n4\n")},
		"max_bytes":   {Path: x, MaxBytes: 3},
		"line 2":      {Path: write(t, "gap.csv", "1,2\n3,\n")},
	} {
		if _, err := ReadFile(context.Background(), r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q", r, err, want)
		}
	}
}

// TestSameNumbers: the test file lacks a class that the training file has, and
// has one that the other lacks.
func TestSameNumbers(t *testing.T) {
	train := &tabular.Labels{Values: []float64{0, 1, 2}, Classes: []string{"a", "b", "c"}}
	test := &tabular.Labels{Values: []float64{0, 1, 2, 0}, Classes: []string{"b", "c", "d"}}
	y, z, err := sameNumbers(train, test)
	if err != nil || !slices.Equal(y, train.Values) || !slices.Equal(z, []float64{1, 2, 3, 1}) {
		t.Errorf("%v %v %v", y, z, err)
	}
	if _, _, err := sameNumbers(train, &tabular.Labels{Values: []float64{7}}); err == nil {
		t.Error("numbers were taken for names")
	}
}

func ExampleReadFile() {
	dir, err := os.MkdirTemp("", "read")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "iris.csv")
	if err := os.WriteFile(path, []byte("length,width,species\n5.1,3.5,setosa\n7,3.2,versicolor\n"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	s, err := ReadFile(context.Background(), Request{Path: path, Column: "species"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.X.At(1, 0), s.Labels.Classes)
	// Output: 7 [setosa versicolor]
}
