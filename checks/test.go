package checks

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"strconv"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// Settings of Test: a fixed seed, so that a green test stays green, and a level
// per claim that suits a suite of a few hundred.
const (
	testSeed  = 1
	testAlpha = 1e-4
)

// A TestOption changes what [Test] calls a failure.
type TestOption func(*testSettings)

type testSettings struct {
	failOn map[Verdict]bool
}

// FailOnUndecided lets [Test] fail on a claim that ends UNDECIDED.
func FailOnUndecided() TestOption {
	return func(s *testSettings) { s.failOn[Undecided] = true }
}

// FailOnVacuous lets [Test] fail on a claim that ends VACUOUS.
func FailOnVacuous() TestOption {
	return func(s *testSettings) { s.failOn[Vacuous] = true }
}

// Test checks a claim under go test, as a subtest named after it: its grid and
// its controls with the trials of the profile "test", and the search over its
// Space by rapid, whose usual flags work (-rapid.checks, -rapid.seed,
// -rapid.failfile). It fails when the claim is refuted, when a control is not,
// or when the check cannot be carried out. A claim that ends UNDECIDED or VACUOUS
// has passed nothing: its subtest is skipped with the reason, so that go test -v
// and -json show and count it, or fails under [FailOnUndecided] and
// [FailOnVacuous].
//
// The trials and the search draw the same in every go test. The environment
// variable CONVERGO_SEED takes another seed than 1, and each repetition by
// -count the one that follows. The subtest is parallel to those of other claims.
func Test(t *testing.T, c Checkable, options ...TestOption) {
	t.Helper()
	settings := testSettings{failOn: map[Verdict]bool{}}
	for _, o := range options {
		o(&settings)
	}
	t.Run(c.Info().ID, func(t *testing.T) {
		seed, err := seedOf(t.Name(), os.Getenv("CONVERGO_SEED"))
		if err != nil {
			t.Fatal(err)
		}
		t.Parallel()
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		outcome := testGrid(t, c, seed)
		if c.Info().Searched {
			rec := &SearchRecord{Claim: c.Info().ID, Planned: searchChecks()}
			t.Run("search", func(t *testing.T) { testSearch(t, c, rec, seed) })
			outcome.searched(rec)
		}
		settings.report(t, outcome, seed)
	})
}

// searched takes the search into a verdict that was concluded without it.
func (c *ClaimOutcome) searched(rec *SearchRecord) {
	c.Search = rec
	if len(c.Instances) == 0 {
		c.Reason = fmt.Sprintf("no grid, and %d of %d drawn instances met the hypotheses", rec.Met, rec.Drawn)
	}
	c.concludeSearch()
}

// report ends the subtest of a claim by its verdict.
func (s testSettings) report(t *testing.T, c ClaimOutcome, seed uint64) {
	t.Helper()
	text := fmt.Sprintf("%s %s (seed %d)", c.Verdict, c.Reason, seed)
	switch {
	case t.Failed() || c.Verdict == Holds:
		t.Log(text)
	case s.failOn[c.Verdict]:
		t.Error(text)
	default:
		t.Skip(text)
	}
}

// repetitions counts the runs of a test of one name in this process, which is
// how -count repeats it; package testing tells nobody.
var repetitions struct {
	sync.Mutex
	of map[string]uint64
}

// seedOf returns the seed of this repetition of a test; asked is the seed of the
// first, empty for the usual one.
func seedOf(test, asked string) (uint64, error) {
	first := uint64(testSeed)
	if asked != "" {
		var err error
		if first, err = strconv.ParseUint(asked, 10, 64); err != nil {
			return 0, fmt.Errorf("CONVERGO_SEED is %q: give a whole number of at least 0, such as 7", asked)
		}
	}
	repetitions.Lock()
	defer repetitions.Unlock()
	if repetitions.of == nil {
		repetitions.of = map[string]uint64{}
	}
	seed := first + repetitions.of[test]
	repetitions.of[test]++
	return seed, nil
}

func testGrid(t *testing.T, c Checkable, seed uint64) ClaimOutcome {
	t.Helper()
	profile, err := ProfileByName("test")
	if err != nil {
		t.Fatal(err)
	}
	profile.SearchChecks = 0 // rapid searches in a subtest of its own
	info := c.Info()
	rec, err := Run(context.Background(), []Source{{Key: info.Source, Claims: []Checkable{c}}},
		Options{Seed: seed, Alpha: testAlpha, Profile: profile, Dir: t.TempDir()})
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
	return outcome
}

func testSearch(t *testing.T, c Checkable, rec *SearchRecord, seed uint64) {
	profile, err := ProfileByName("test")
	if err != nil {
		t.Fatal(err)
	}
	o := searchOptions{
		ctx: context.Background(), seed: seed, budget: profile.Search,
		alpha: testAlpha / math.Max(1, float64(rec.Planned)),
	}
	defer fixSearch(seed)()
	rapid.Check(t, c.searcher().property(o, rec))
	t.Logf("%d of %d drawn instances met the hypotheses, %d too dear", rec.Met, rec.Drawn, rec.TooDear)
}

// fixSearch lets rapid draw from the seed, unless the caller has chosen one,
// until the function that it returns is called.
func fixSearch(seed uint64) (restore func()) {
	rapidFlags.Lock()
	defer rapidFlags.Unlock()
	if rapidFlags.searches == 0 && flag.Lookup("rapid.seed").Value.String() != "0" {
		return func() {}
	}
	borrowFlags(map[string]string{"rapid.seed": strconv.FormatUint(max(seed, 1), 10)}) // 0 would mean a random seed
	return returnFlags
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
