package checks

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// synthetic is a claim whose truth is known: each trial violates with
// probability Q, and the claim allows Delta.
type synthetic struct {
	Q, Delta float64
	K        int // tells instances apart
}

func syntheticSetup(p synthetic) (Instance, error) {
	return Instance{
		Terms: Terms{Delta: Float(p.Delta)},
		Trial: func(r *rand.Rand) Measurement {
			m := Measurement{Observed: 0.5, Predicted: 1}
			if r.Float64() < p.Q {
				m.Observed = 2
			}
			return m
		},
	}, nil
}

func syntheticClaim(id string, grid ...synthetic) Claim[synthetic] {
	return Claim[synthetic]{
		ID: id, Basis: Derived, Form: Probably{}, Grid: grid, Setup: syntheticSetup,
		Controls: []Control[synthetic]{{Name: "often", Why: "violates nine times in ten", At: []synthetic{{Q: 0.9, Delta: 0.1}}}},
	}
}

// source returns one source of the claims, or several if their IDs name several.
func source(cs ...Checkable) []Source {
	var ss []Source
	for _, c := range cs {
		key := "test"
		if c != nil {
			key = sourceOf(c.Info().ID)
		}
		i := slices.IndexFunc(ss, func(s Source) bool { return s.Key == key })
		if i < 0 {
			i, ss = len(ss), append(ss, Source{Key: key})
		}
		ss[i].Claims = append(ss[i].Claims, c)
	}
	return ss
}

func testProfile(trials int) Profile {
	return Profile{Name: "test", Budget: Budget{Work: 1e12, Trials: trials, AlwaysTrials: 5, LadderTrials: 10}}
}

func mustRun(t *testing.T, ss []Source, o Options) *Summary {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	rec, err := Run(context.Background(), ss, o)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Summarize(rec)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func readFolder(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	for _, name := range []string{manifestFile, recordsFile, doneFile} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	return all.String()
}

// mixedSources has claims of several forms, searched and not.
func mixedSources() []Source {
	c := syntheticClaim("test/probably", synthetic{Q: 0.01, Delta: 0.1}, synthetic{Q: 0.09, Delta: 0.1, K: 1})
	c.Space = rapid.Custom(func(t *rapid.T) synthetic {
		return synthetic{Q: rapid.Float64Range(0, 0.05).Draw(t, "q"), Delta: 0.2}
	})
	mean := Claim[synthetic]{
		ID: "test/mean", Basis: Derived, Form: Mean{}, Grid: []synthetic{{Q: 0.5}},
		Setup: func(p synthetic) (Instance, error) {
			return Instance{
				Terms: Terms{Range: &[2]Float{0, 1}, Resolution: 0.5},
				Trial: func(r *rand.Rand) Measurement {
					return Measurement{Observed: r.Float64(), Predicted: p.Q, Relation: Equal}
				},
			}, nil
		},
		Controls: []Control[synthetic]{{Name: "wrong-mean", Why: "predicts 0.9 for 0.5", At: []synthetic{{Q: 0.9}}}},
	}
	return source(c, mean, powerClaim("test/slope", -0.5, 0.05, 10))
}

// powerClaim observes size^exponent with log-normal noise and claims -1/2.
func powerClaim(id string, exponent, noise float64, trials int) Claim[float64] {
	setup := func(e float64) (Instance, error) {
		return Instance{
			Terms: Terms{Exponent: -0.5, Resolution: 0.05, Trials: trials},
			Trial: func(r *rand.Rand) Measurement {
				var m Measurement
				for size := 64.0; size <= 4096; size *= 2 {
					m.Ladder = append(m.Ladder, Rung{size, math.Pow(size, e) * math.Exp(noise*r.NormFloat64())})
				}
				return m
			},
		}, nil
	}
	return Claim[float64]{
		ID: id, Basis: Derived, Form: Scaling{}, Along: "$m$", Grid: []float64{exponent}, Setup: setup,
		Controls: []Control[float64]{{Name: "off-by-a-tenth", Why: "slope -0.6 where -0.5 is claimed", At: []float64{-0.6}}},
	}
}
