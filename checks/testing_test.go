package checks

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// childTests are run by TestUnderGoTest in a process of their own, since what
// Test does to a test is seen from outside.
var childTests = map[string]func(*testing.T){
	"seeds":           func(t *testing.T) { Test(t, logging()) },
	"undecided":       func(t *testing.T) { Test(t, coin("undecided", 0.2)) },
	"undecided-fails": func(t *testing.T) { Test(t, coin("undecided", 0.2), FailOnUndecided()) },
	"vacuous":         func(t *testing.T) { Test(t, vacuous()) },
	"vacuous-fails":   func(t *testing.T) { Test(t, vacuous(), FailOnUndecided(), FailOnVacuous()) },
	"vacuous-alone":   func(t *testing.T) { Test(t, vacuous(), FailOnUndecided()) },
	"holds":           func(t *testing.T) { Test(t, coin("holds", 0), FailOnUndecided(), FailOnVacuous()) },
}

const childVariable = "CHECKS_TEST_CHILD"

func TestChild(t *testing.T) {
	name := os.Getenv(childVariable)
	if name == "" {
		t.Skip("TestUnderGoTest runs this in a process of its own")
	}
	childTests[name](t)
}

// child runs a child test with flags and environment of its own.
func child(t *testing.T, name string, flags []string, env ...string) (output string, passed bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"-test.run=^TestChild$", "-test.v", "-rapid.nofailfile"}, flags...)...)
	cmd.Env = append(os.Environ(), append(env, childVariable+"="+name)...)
	out, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return string(out), err == nil
}

// coin violates with probability q where 0.2 is allowed.
func coin(name string, q float64) Claim[synthetic] {
	return syntheticClaim("child/"+name, synthetic{Q: q, Delta: 0.2})
}

func vacuous() Claim[synthetic] {
	c := coin("vacuous", 0)
	c.Setup = func(p synthetic) (Instance, error) {
		return Instance{Hypotheses: []Hypothesis{Require("width", 10, AtLeast, 1e18)}}, nil
	}
	c.Controls[0].Setup = syntheticSetup
	return c
}

// logging tells what its search draws, and the first number of its first trial.
func logging() Claim[int] {
	say := func(what string, n uint64) { fmt.Fprintf(os.Stderr, "\nDRAWN %s %d\n", what, n) }
	setup := func(p int) (Instance, error) {
		if p > 0 {
			say("parameters", uint64(p))
		}
		return Instance{Trial: func(r *rand.Rand) Measurement {
			if n := r.Uint64(); p == 0 {
				say("number", n)
			}
			return Measurement{Observed: 0, Predicted: 1}
		}}, nil
	}
	return Claim[int]{
		ID: "child/logging", Basis: Derived, Form: Always{}, Grid: []int{0}, Setup: setup, Space: rapid.IntRange(1, 1<<30),
		Controls: []Control[int]{{Name: "two", Why: "2 <= 1", At: []int{-1}, Setup: func(int) (Instance, error) {
			return Instance{Trial: func(*rand.Rand) Measurement { return Measurement{Observed: 2, Predicted: 1} }}, nil
		}}},
	}
}

var drawn = regexp.MustCompile(`(?m)^DRAWN \w+ \d+$`)

func TestUnderGoTest(t *testing.T) {
	for _, tt := range []struct {
		name   string
		passed bool
		want   string
	}{
		{"undecided", true, "--- SKIP: TestChild/child/undecided"},
		{"undecided-fails", false, "--- FAIL: TestChild/child/undecided"},
		{"vacuous", true, "--- SKIP: TestChild/child/vacuous"},
		{"vacuous-alone", true, "--- SKIP: TestChild/child/vacuous"},
		{"vacuous-fails", false, "--- FAIL: TestChild/child/vacuous"},
		{"holds", true, "--- PASS: TestChild/child/holds"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, passed := child(t, tt.name, nil)
			if passed != tt.passed || !strings.Contains(out, tt.want) {
				t.Errorf("passed %v, want %v with %q in\n%s", passed, tt.passed, tt.want, out)
			}
		})
	}
}

// TestSeedsUnderGoTest: the same draws in every go test, others by -count, by
// CONVERGO_SEED and, for the search, by -rapid.seed.
func TestSeedsUnderGoTest(t *testing.T) {
	draws := func(flags []string, env ...string) []string {
		out, passed := child(t, "seeds", flags, env...)
		ds := drawn.FindAllString(out, -1)
		slices.Sort(ds) // trials run in parallel
		if !passed || len(ds) < 10 {
			t.Fatalf("%d draws, passed %v:\n%s", len(ds), passed, out)
		}
		return ds
	}
	number := func(ds []string) []string {
		return slices.DeleteFunc(slices.Clone(ds), func(s string) bool { return !strings.HasPrefix(s, "DRAWN number") })
	}
	usual, second, twice := draws(nil), draws(nil, "CONVERGO_SEED=2"), draws([]string{"-test.count=2"})
	if !slices.Equal(usual, draws(nil)) {
		t.Error("two runs of go test draw differently")
	}
	if slices.Equal(usual, second) || slices.Equal(number(usual), number(second)) {
		t.Error("CONVERGO_SEED changes nothing")
	}
	if want := slices.Concat(usual, second); !slices.Equal(twice, slices.Sorted(slices.Values(want))) {
		t.Errorf("-count=2 must draw once as usual and once as with CONVERGO_SEED=2: %d draws, %d wanted", len(twice), len(want))
	}
	other := draws([]string{"-rapid.seed=77"})
	if slices.Equal(other, usual) || !slices.Equal(number(other), number(usual)) {
		t.Error("-rapid.seed must change the search, and the search alone")
	}
	if out, passed := child(t, "seeds", nil, "CONVERGO_SEED=seven"); passed || !strings.Contains(out, `CONVERGO_SEED is "seven"`) {
		t.Errorf("a seed that is no number: passed %v\n%s", passed, out)
	}
}
