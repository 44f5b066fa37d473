package data_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"convergo/nets/data"
)

func TestRepeatedRows(t *testing.T) {
	const text = "1,3,a\n2,5,b\n1,3,b\n0.1,0.3,a\n-1,-3,a\n2,5,b\n7,21,a\n"
	tests := []struct {
		opts            data.Options
		used            []int
		equal, parallel int
		contradicting   int
		say             string
	}{
		{data.Options{Normalize: true}, []int{1, 2, 5}, 2, 2, 1, "2 rows equal to an earlier one left out, 2 rows parallel to an earlier one left out, 1 row of these with another label than the earlier one"},
		{data.Options{}, []int{1, 2, 4, 5, 7}, 2, 0, 1, "2 rows equal to an earlier one left out"},
		{data.Options{Normalize: true, Duplicates: data.DuplicatesKeep}, []int{1, 2, 3, 4, 5, 6, 7}, 2, 2, 1, "2 rows equal to an earlier one kept"},
		{data.Options{Normalize: true, AllowDuplicates: true}, []int{1, 2, 3, 4, 5, 6, 7}, 2, 2, 1, "2 rows parallel to an earlier one kept"},
	}
	for _, tt := range tests {
		tt.opts.Label = data.LabelLast
		r := load(t, file(t, "a.csv", text), tt.opts).Reading
		if !slices.Equal(r.Used, tt.used) || r.Equal != tt.equal || r.Parallel != tt.parallel || r.Contradicting != tt.contradicting || !strings.Contains(r.String(), tt.say) {
			t.Errorf("%+v: used %v\n%v", tt.opts, r.Used, r)
		}
	}
}

// Multiples by numbers that are no powers of two round, and are found all the same; near
// duplicates that are not parallel stay.
func TestParallelRowsAreFoundDespiteRounding(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for _, d := range []int{2, 3, 30, 300} {
		x := make([]float64, d)
		for k := range x {
			x[k] = rng.NormFloat64()
		}
		var b strings.Builder
		for _, c := range []float64{1, 3, 0.1, 1e-9, 7e200, 1 / 3.0} {
			fields := make([]string, d)
			for k, v := range x {
				fields[k] = fmt.Sprint(c * v)
			}
			b.WriteString(strings.Join(fields, ",") + "\n")
		}
		for _, far := range []float64{1e-10, 1e-6} { // turned by so much
			fields := make([]string, d)
			for k, v := range x {
				fields[k] = fmt.Sprint(v)
			}
			fields[0] = fmt.Sprint(x[0] * (1 + far))
			b.WriteString(strings.Join(fields, ",") + "\n")
		}
		r := load(t, file(t, "a.csv", b.String()), data.Options{Normalize: true}).Reading
		if !slices.Equal(r.Used, []int{1, 7, 8}) || r.Parallel != 5 {
			t.Errorf("d = %d: %v", d, r)
		}
	}
}

func TestOneColumn(t *testing.T) {
	r := load(t, file(t, "a.csv", "1\n-2\n3\n-4\n3\n"), data.Options{Normalize: true}).Reading
	if !slices.Equal(r.Used, []int{1, 2}) || r.Parallel != 2 || r.Equal != 1 {
		t.Errorf("got %v", r)
	}
}

func TestZeroRowsAreDroppedWhenTold(t *testing.T) {
	r := load(t, file(t, "a.csv", "1,2\n0,0\n3,4\n0,-0\n"), data.Options{ZeroRows: "drop", Normalize: true}).Reading
	if !slices.Equal(r.Used, []int{1, 3}) || r.ZeroDropped != 2 || r.Equal != 0 || !strings.Contains(r.String(), "2 rows of zeros left out") {
		t.Errorf("got %v", r)
	}
}

// The right order of magnitude on many rows: every row is found that was planted.
func TestManyRepeatedRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	var b strings.Builder
	var planted int
	for i := range 3000 {
		if i%10 == 9 {
			planted++
			b.WriteString("1,2,3\n")
			continue
		}
		fmt.Fprintf(&b, "%g,%g,%g\n", rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64())
	}
	r := load(t, file(t, "a.csv", b.String()), data.Options{Normalize: true}).Reading
	if r.Equal != planted-1 || r.Parallel != 0 || r.Usable != 3000-planted+1 {
		t.Errorf("got %d equal, %d parallel, %d usable", r.Equal, r.Parallel, r.Usable)
	}
}

func TestRefusedRepeatIsNamedInTheFile(t *testing.T) {
	_, err := data.Load(file(t, "a.csv", "# c\nx,y\n1,2\n\n,1\n5,10\n"), data.Options{Missing: "drop", Normalize: true, Duplicates: data.DuplicatesRefuse})
	var row *data.RowError
	if !errors.As(err, &row) || row.Row != 1 || !strings.Contains(err.Error(), "line 6 (row 3): parallel row: a positive multiple of line 3 (row 1)") {
		t.Errorf("got %v", err)
	}
}
