package checks

import (
	"flag"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestShortTestsRecordTheSame runs a search under -short, where rapid by itself
// does fewer checks.
func TestShortTestsRecordTheSame(t *testing.T) {
	short := flag.Lookup("test.short").Value
	was := short.String()
	defer func() {
		if err := short.Set(was); err != nil {
			t.Error(err)
		}
	}()
	var records []string
	for _, v := range []string{"false", "true"} {
		if err := short.Set(v); err != nil {
			t.Fatal(err)
		}
		o := Options{Seed: 3, Alpha: 0.01, Profile: testProfile(100), Dir: t.TempDir()}
		o.Profile.SearchChecks, o.Profile.Search = 20, Budget{Work: 1e9, Trials: 20}
		mustRun(t, mixedSources(), o)
		records = append(records, readFolder(t, o.Dir))
	}
	if records[0] != records[1] {
		t.Error("the records depend on -short")
	}
}

// TestSearchesReturnTheFlags: a search must not change how the properties of a
// test beside it are checked.
func TestSearchesReturnTheFlags(t *testing.T) {
	names := []string{"rapid.checks", "rapid.seed", "rapid.nofailfile", "rapid.shrinktime"}
	values := func() (all []string) {
		for _, name := range names {
			all = append(all, flag.Lookup(name).Value.String())
		}
		return all
	}
	before := values()
	o := mergeOptions()
	o.Dir = t.TempDir()
	mustRun(t, mixedSources(), o)
	if after := values(); !slices.Equal(before, after) {
		t.Errorf("the flags %v were %v and are %v", names, before, after)
	}
}

func TestShardSizes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(1, 9).Draw(t, "count")
		from := rapid.IntRange(0, 20).Draw(t, "from")
		to := from + rapid.IntRange(0, 20).Draw(t, "n")
		s := &Shard{rapid.IntRange(0, count-1).Draw(t, "index"), count}
		want := 0
		for i := from; i < to; i++ {
			if s.holds(i) {
				want++
			}
		}
		if got := s.size(from, to); got != want {
			t.Errorf("%v holds %d of [%d, %d), size says %d", s, want, from, to, got)
		}
	})
}
