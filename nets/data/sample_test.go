package data_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"convergo/nets/data"
)

// A file sorted by class still gives samples of all classes in their shares.
func TestSampleIsStratified(t *testing.T) {
	var labels []string
	for _, c := range []struct {
		name  string
		count int
	}{{"a", 60}, {"b", 30}, {"c", 10}} {
		for range c.count {
			labels = append(labels, c.name)
		}
	}
	path := file(t, "a.csv", table(labels...))
	var before []int
	for _, rows := range []int{3, 10, 20, 50, 99, 100} {
		r := load(t, path, data.Options{Label: data.LabelLast, Rows: rows}).Reading
		for _, c := range r.Classes {
			share := map[string]float64{"a": 0.6, "b": 0.3, "c": 0.1}[c.Name] * float64(rows)
			if c.Rows < 1 || float64(c.Rows) < share-1 || float64(c.Rows) > share+1 {
				t.Errorf("%d rows: %d of class %s, its share is %g", rows, c.Rows, c.Name, share)
			}
		}
		if len(r.Classes) != 3 || len(r.Used) != rows || !slices.IsSorted(r.Used) {
			t.Errorf("%d rows: classes %v, used %v", rows, r.Classes, r.Used)
		}
		for _, u := range before {
			if !slices.Contains(r.Used, u) {
				t.Errorf("%d rows: row %d of the smaller sample is not among them", rows, u)
			}
		}
		before = r.Used
	}
}

func TestSampleIsSeeded(t *testing.T) {
	path := file(t, "a.csv", table(strings.Fields(strings.Repeat("1.5 2.5 ", 50))...))
	used := func(o data.Options) []int {
		o.Label, o.Rows = data.LabelLast, 10
		return load(t, path, o).Reading.Used
	}
	one := used(data.Options{Seed: 1})
	if !slices.Equal(one, used(data.Options{Seed: 1})) || slices.Equal(one, used(data.Options{Seed: 2})) {
		t.Error("the sample does not follow the seed")
	}
	first := used(data.Options{Sample: data.SampleFirst})
	if !slices.Equal(first, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}) {
		t.Errorf("first rows: %v", first)
	}
	s := data.Spec{Kind: data.File, Path: path, Seed: 1, N: 10, Load: data.Options{Label: data.LabelLast}}
	if got := build(t, s).Reading.Used; !slices.Equal(got, one) {
		t.Errorf("the seed of a Spec: %v, want %v", got, one)
	}
}

// Every row of a file is as likely as any other of its class.
func TestSampleIsFair(t *testing.T) {
	path := file(t, "a.csv", table("a", "a", "a", "a", "b", "b"))
	f := open(t, path, data.Options{Label: data.LabelLast})
	counts := map[int]int{}
	const runs = 3000
	for seed := range uint64(runs) {
		set, err := f.Set(data.Options{Rows: 3, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range set.Reading.Used {
			counts[u]++
		}
	}
	for row, n := range counts { // two of four, one of two: one half, standard deviation 27
		if n < runs/2-140 || n > runs/2+140 {
			t.Errorf("row %d was used in %d of %d samples", row, n, runs)
		}
	}
}

func TestReadingSaysWhichRows(t *testing.T) {
	path := file(t, "a.csv", table("a", "b", "a", "b"))
	for _, tt := range []struct {
		rows int
		say  string
	}{{0, "all 4 used"}, {4, "all 4 used"}, {9, "all 4 used (9 were asked for)"}, {2, "2 of 4 used (a stratified sample, seed 7): "}} {
		got := load(t, path, data.Options{Label: data.LabelLast, Rows: tt.rows, Seed: 7}).Reading.String()
		if !strings.Contains(got, tt.say) || strings.Contains(got, "\n") {
			t.Errorf("%d rows: %s", tt.rows, got)
		}
	}
	var many []string
	for i := range 30 {
		many = append(many, fmt.Sprint(float64(i)+0.5))
	}
	got := load(t, file(t, "b.csv", table(many...)), data.Options{Label: data.LabelLast, Rows: 20}).Reading.String()
	if !strings.Contains(got, "20 of 30 used (a sample, seed 0)") || !strings.Contains(got, "and 12 more") {
		t.Error(got)
	}
}
