package checks

import (
	"context"
	"flag"
	"math"
	"os"
	"testing"

	"pgregory.net/rapid"
)

// Settings of Test: a fixed seed, so that a green test stays green, and a level
// per claim that suits a suite of a few hundred.
const (
	testSeed  = 1
	testAlpha = 1e-4
)

// Test checks a claim under go test, as a subtest named after it: its grid and
// its controls with the trials of the profile "test", and the search over its
// Space by rapid, whose usual flags work (-rapid.checks, -rapid.seed,
// -rapid.failfile). It fails when the claim is refuted, when a control is not,
// or when the check cannot be carried out; UNDECIDED and VACUOUS are logged. The
// subtest is parallel to those of other claims.
func Test(t *testing.T, c Checkable) {
	t.Helper()
	t.Run(c.Info().ID, func(t *testing.T) {
		t.Parallel()
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		testGrid(t, c)
		if c.Info().Searched {
			t.Run("search", func(t *testing.T) { testSearch(t, c) })
		}
	})
}

func testGrid(t *testing.T, c Checkable) {
	t.Helper()
	profile, err := ProfileByName("test")
	if err != nil {
		t.Fatal(err)
	}
	profile.SearchChecks = 0 // rapid searches in a subtest of its own
	info := c.Info()
	rec, err := Run(context.Background(), []Source{{Key: info.Source, Claims: []Checkable{c}}},
		Options{Seed: testSeed, Alpha: testAlpha, Profile: profile, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Summarize(rec)
	if err != nil {
		t.Fatal(err)
	}
	outcome := s.Claims[0]
	for _, p := range outcome.Problems {
		t.Error(p)
	}
	for _, w := range outcome.Weak { // a larger profile may find smaller errors: verify is the gate
		t.Logf("WEAK: %s", w)
	}
	if outcome.Verdict == Refuted {
		t.Errorf("refuted: %s\nwitness: %v", outcome.Reason, outcome.Witness)
	}
	t.Logf("%s %s", outcome.Verdict, outcome.Reason)
}

func testSearch(t *testing.T, c Checkable) {
	planned := searchChecks()
	rec := &SearchRecord{Claim: c.Info().ID, Planned: planned}
	profile, err := ProfileByName("test")
	if err != nil {
		t.Fatal(err)
	}
	o := searchOptions{
		ctx: context.Background(), seed: testSeed, budget: profile.Search,
		alpha: testAlpha / math.Max(1, float64(planned)),
	}
	rapid.Check(t, c.searcher().property(o, rec))
	if rec.Drawn < planned {
		t.Logf("UNDECIDED: rapid stopped after %d of %d checks: allow the test more time", rec.Drawn, planned)
	}
	if rec.Met == 0 {
		t.Logf("VACUOUS: none of %d drawn instances met the hypotheses (%d too dear)", rec.Drawn, rec.TooDear)
	}
	t.Logf("%d of %d drawn instances met the hypotheses", rec.Met, rec.Drawn)
}

// searchChecks is the number of checks asked for on the command line or in the
// environment, or else that of the profile "test".
func searchChecks() int {
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	_, env := os.LookupEnv("RAPID_CHECKS")
	checks := flag.Lookup("rapid.checks").Value.(flag.Getter).Get().(int)
	if testing.Short() {
		checks /= 5
	}
	if asked || env {
		return checks
	}
	profile, err := ProfileByName("test")
	if err != nil {
		return checks
	}
	return min(checks, profile.SearchChecks)
}
