package data_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"convergo/nets/data"
)

// table is a CSV file with two columns of features, no two rows parallel, and the labels.
func table(labels ...string) string {
	var b strings.Builder
	for i, y := range labels {
		fmt.Fprintf(&b, "1,%d,%s\n", i+1, y)
	}
	return b.String()
}

func TestLabelCoding(t *testing.T) {
	r := math.Sqrt
	tests := []struct {
		name   string
		labels []string
		opts   data.Options
		want   []float64
		say    string
	}{
		{"0 and 1", []string{"0", "1", "1", "0"}, data.Options{}, []float64{-1, 1, 1, -1}, "2 classes (0: 2, 1: 2), 1 as +1, 0 as -1"},
		{"-1 and 1", []string{"-1", "1", "1", "-1"}, data.Options{}, []float64{-1, 1, 1, -1}, "1 as +1, -1 as -1"},
		{"a class chosen", []string{"0", "1", "1", "0"}, data.Options{Class: "0"}, []float64{1, -1, -1, 1}, "0 as +1, 1 as -1"},
		{"text", []string{"no", "yes", "yes", "no"}, data.Options{}, []float64{-1, 1, 1, -1}, "yes as +1, no as -1"},
		{"unequal parts", []string{"a", "b", "b", "b"}, data.Options{}, []float64{-r(3), 1 / r(3), 1 / r(3), 1 / r(3)}, "b as +1, a as -1; centred and scaled to mean square 1"},
		{"unequal parts, signs", []string{"a", "b", "b", "b"}, data.Options{LabelCoding: data.CodeSign}, []float64{-1, 1, 1, 1}, "b as +1, a as -1"},
		{"three classes", []string{"a", "b", "c", "b"}, data.Options{}, []float64{r(3), -1 / r(3), -1 / r(3), -1 / r(3)}, "3 classes (a: 1, b: 2, c: 1), a as +1, the rest as -1; centred"},
		{"one of three", []string{"a", "b", "c", "b"}, data.Options{Class: "b"}, []float64{-1, 1, -1, 1}, "b as +1, the rest as -1"},
		{"classes as they are", []string{"u", "v", "u", "w"}, data.Options{LabelCoding: data.CodeRaw}, []float64{0, 1, 0, 2}, "as they are"},
		{"numbers", []string{"1.5", "2.5", "3.5", "4.5"}, data.Options{}, []float64{-3 / r(5), -1 / r(5), 1 / r(5), 3 / r(5)}, "numbers, centred and scaled to mean square 1"},
		{"two numbers", []string{"0", "0", "0", "9"}, data.Options{LabelCoding: data.CodeNumbers}, []float64{-1 / r(3), -1 / r(3), -1 / r(3), r(3)}, "numbers"},
		{"numbers as signs", []string{"1", "2", "3", "4"}, data.Options{LabelCoding: data.CodeSign}, []float64{-1, -1, 1, 1}, "+1 above the median"},
		{"a median that is the largest", []string{"1", "5.5", "2", "5.5", "5.5"}, data.Options{LabelCoding: data.CodeSign}, []float64{-1, 1, -1, 1, 1}, "median"},
		{"huge numbers", []string{"1e300", "-1e300", "1e300", "-1e300"}, data.Options{LabelCoding: data.CodeNumbers}, []float64{1, -1, 1, -1}, "numbers"},
		{"tiny numbers", []string{"1e-320", "0", "1e-320", "0"}, data.Options{LabelCoding: data.CodeNumbers}, []float64{1, -1, 1, -1}, "numbers"},
		{"numbers as they are", []string{"1.5", "2.5", "7"}, data.Options{LabelCoding: data.CodeRaw}, []float64{1.5, 2.5, 7}, "as they are"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.opts.Label = data.LabelLast
			set := load(t, file(t, "a.csv", table(tt.labels...)), tt.opts)
			if !slices.EqualFunc(set.Y, tt.want, func(a, b float64) bool { return math.Abs(a-b) <= 4e-16 }) {
				t.Errorf("got %v, want %v", set.Y, tt.want)
			}
			if !strings.Contains(set.Reading.String(), tt.say) {
				t.Errorf("%v\nmust say %q", set.Reading, tt.say)
			}
		})
	}
}

// Whole numbers are classes when there are few of them for the rows, and numbers else.
func TestClassesOrNumbers(t *testing.T) {
	for _, tt := range []struct {
		rows, kinds int
		classes     bool
	}{{9, 3, true}, {8, 3, false}, {60, 20, true}, {63, 21, false}, {4, 2, true}} {
		var labels []string
		for i := range tt.rows {
			labels = append(labels, fmt.Sprint(i%tt.kinds))
		}
		set := load(t, file(t, "a.csv", table(labels...)), data.Options{Label: data.LabelLast})
		if (set.Reading.Classes != nil) != tt.classes {
			t.Errorf("%d kinds in %d rows: %v", tt.kinds, tt.rows, set.Reading)
		}
	}
}

func TestLabelErrors(t *testing.T) {
	last := func(o data.Options) data.Options { o.Label = data.LabelLast; return o }
	for _, tt := range []struct {
		labels []string
		opts   data.Options
		want   error
		text   string
	}{
		{[]string{"0", "0", "0"}, data.Options{}, data.ErrLabels, "every one of the 3 used labels is 0"},
		{[]string{"0", "0", "0"}, data.Options{LabelCoding: data.CodeSign}, data.ErrLabels, "label_coding raw"},
		{[]string{"dog", "dog"}, data.Options{}, data.ErrLabels, "is dog"},
		{[]string{"dog", "cat"}, data.Options{Class: "cow"}, data.ErrOption, `["cat" "dog"]`},
		{[]string{"1e300", "-1e300", "3"}, data.Options{LabelCoding: data.CodeRaw}, data.ErrLabels, "row 1: "},
		{[]string{"0", "1", "1", "1"}, data.Options{Rows: 1}, data.ErrLabels, "use more rows"},
		{[]string{"dog", "dog", "cat"}, data.Options{Rows: 1, Class: "cat", LabelCoding: data.CodeSign}, data.ErrLabels, "use more rows"},
	} {
		wantError(t, "a.csv", table(tt.labels...), last(tt.opts), tt.want, tt.text)
	}
}

// Two codings of the same classes give the same bits.
func TestCodingDoesNotDependOnTheCodes(t *testing.T) {
	zeroOne := load(t, "testdata/cases/unrelated-labels-01.csv", data.Options{Label: data.LabelLast, Normalize: true, Rows: 17})
	plusMinus := load(t, "testdata/cases/unrelated-labels-pm1.csv", data.Options{Label: data.LabelLast, Normalize: true, Rows: 17})
	if !slices.Equal(zeroOne.Y, plusMinus.Y) || !slices.Equal(zeroOne.X.RawMatrix().Data, plusMinus.X.RawMatrix().Data) {
		t.Errorf("%v\n%v", zeroOne.Y, plusMinus.Y)
	}
}

// Coded labels have mean 0 and mean square 1 on the rows that are used, so that none
// of them is easier for a constant than another.
func TestCodedLabelsAreStandard(t *testing.T) {
	path := file(t, "a.csv", table(strings.Fields("3 1 4 1 5 9 2 6 5 3 5 8 9 7 9 3 2 3 8 4.5")...))
	for rows := 2; rows <= 20; rows++ {
		y := load(t, path, data.Options{Label: data.LabelLast, Rows: rows, Seed: uint64(rows)}).Y
		var mean, square float64
		for _, v := range y {
			mean += v / float64(rows)
			square += v * v / float64(rows)
		}
		if !(math.Abs(mean) <= 1e-15) || !(math.Abs(square-1) <= 1e-14) {
			t.Errorf("%d rows: mean %g, mean square %g", rows, mean, square)
		}
	}
}

func TestClassSign(t *testing.T) {
	path := file(t, "a.csv", table("a", "b", "b", "b", "c"))
	s := data.Spec{Kind: data.File, Path: path, Labels: data.ClassSign, Load: data.Options{Label: data.LabelLast}}
	if y := build(t, s).Y; !slices.Equal(y, []float64{1, -1, -1, -1, -1}) {
		t.Errorf("got %v", y)
	}
	s.Load.Label = ""
	s.Load.Drop = []string{"3"}
	if _, err := s.Build(); !errors.Is(err, data.ErrLabels) {
		t.Errorf("no labels: %v", err)
	}
	if y := build(t, data.Spec{Kind: data.MNIST, N: 3, Labels: data.ClassSign}).Y; !slices.Equal(y, []float64{1, -1, 1}) {
		t.Errorf("images: %v", y)
	}
	if y := build(t, data.Spec{Kind: data.Sphere, N: 3, D: 2, Labels: data.OwnOrSign}).Y; math.Abs(y[0]) != 1 {
		t.Errorf("points: %v", y)
	}
}
