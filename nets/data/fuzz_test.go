package data_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"convergo/nets/data"
)

// FuzzLoad reads tables under all ways of choosing rows and coding labels: no panic,
// no entry that is not finite, rows of norm 1, one label a row.
func FuzzLoad(f *testing.F) {
	for _, text := range []string{"1,2,0\n3,4,1\n", "1,2,a\n3,4,b\n2,4,c\n", "1,1e300\n2,-1e300\n", "0,0,1\n", "5\n", "1e-320,1\n-1e-320,2\n", "1,2,3\n1,2,4\n", "1,NA\n2,3"} {
		f.Add(text, uint8(0), uint8(0))
		f.Add(text, uint8(255), uint8(1))
		f.Add(text, uint8(0b10101), uint8(2))
	}
	path := filepath.Join(f.TempDir(), "a.csv")
	f.Fuzz(func(t *testing.T, text string, flags, rows uint8) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		opts := fuzzOptions(flags)
		opts.Rows = int(rows)
		set, err := data.Load(path, opts)
		if err != nil {
			return
		}
		if set.Y != nil && len(set.Y) != set.N() || len(set.Reading.Used) != set.N() || rows > 0 && set.N() > int(rows) {
			t.Fatalf("%d rows, %d labels, used %v", set.N(), len(set.Y), set.Reading.Used)
		}
		for _, v := range slices.Concat(set.X.RawMatrix().Data, set.Y) {
			if v-v != 0 {
				t.Fatalf("%v in %v, %v", v, set.X.RawMatrix().Data, set.Y)
			}
		}
		for i, r := range data.RowNorms(set.X) {
			if opts.Normalize && !(math.Abs(r-1) <= 1e-13) {
				t.Fatalf("row %d has norm %v", i+1, r)
			}
		}
		if set.Reading.String() == "" {
			t.Fatal("nothing is said")
		}
	})
}

func fuzzOptions(flags uint8) data.Options {
	pick := func(bit int, v string) string {
		if flags>>bit&1 == 1 {
			return v
		}
		return ""
	}
	o := data.Options{
		Normalize: flags&1 == 1, Standardize: flags&2 == 2, Label: pick(2, "last"), Missing: pick(3, "drop"),
		Duplicates: pick(4, data.DuplicatesKeep), ZeroRows: pick(5, "drop"), Sample: pick(6, data.SampleFirst), LabelCoding: pick(7, data.CodeSign),
	}
	return o
}
