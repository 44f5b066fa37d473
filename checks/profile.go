package checks

import (
	"fmt"
	"strings"
)

// A Profile is what a run may spend.
type Profile struct {
	Name   string `json:"name"`
	Budget Budget `json:"budget"`
	Search Budget `json:"search"`
	// SearchChecks is how many parameters the search draws per claim.
	SearchChecks int `json:"search_checks"`
}

// A Budget bounds the work on one instance.
type Budget struct {
	Work         float64 `json:"work"`            // floating-point operations
	Trials       int     `json:"trials"`          // most trials of any form
	AlwaysTrials int     `json:"always_trials"`   // trials of an "always" claim that does not say
	LadderTrials int     `json:"ladder_trials"`   // passes over a ladder that does not say; see ladderTrials
	Bytes        float64 `json:"bytes,omitempty"` // memory of one trial; 0 bounds none
}

// Profiles lists the profiles, cheapest first. Test is what go test runs;
// verify offers the other three.
func Profiles() []Profile {
	return []Profile{
		{
			Name:         "test",
			Budget:       Budget{Work: 1e9, Trials: 1000, AlwaysTrials: 2, LadderTrials: 12, Bytes: trialMemory},
			Search:       Budget{Work: 4e7, Trials: 400, AlwaysTrials: 2, Bytes: trialMemory},
			SearchChecks: 25,
		},
		{
			Name:         "quick",
			Budget:       Budget{Work: 2.4e9, Trials: 1000, AlwaysTrials: 2, LadderTrials: usualPasses, Bytes: trialMemory},
			Search:       Budget{Work: 1e8, Trials: 400, AlwaysTrials: 2, Bytes: trialMemory},
			SearchChecks: 30,
		},
		{
			Name:         "standard",
			Budget:       Budget{Work: 3e10, Trials: 3000, AlwaysTrials: 12, LadderTrials: 24, Bytes: trialMemory},
			Search:       Budget{Work: 5e8, Trials: 800, AlwaysTrials: 3, Bytes: trialMemory},
			SearchChecks: 120,
		},
		{
			Name:         "deep",
			Budget:       Budget{Work: 2e11, Trials: 10000, AlwaysTrials: 32, LadderTrials: 48, Bytes: trialMemory},
			Search:       Budget{Work: 2e9, Trials: 2000, AlwaysTrials: 6, Bytes: trialMemory},
			SearchChecks: 600,
		},
	}
}

// ProfileByName finds a profile.
func ProfileByName(name string) (Profile, error) {
	var names []string
	for _, p := range Profiles() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Profile{}, fmt.Errorf("no profile %q: choose one of %s", name, strings.Join(names, ", "))
}

// affords reports whether an instance fits the budget: its setup and the
// trials that a decision is expected to take, and the memory of one.
func (b Budget) affords(c Cost, trials int) bool {
	return c.Setup+float64(trials)*c.Trial <= b.Work && (b.Bytes == 0 || c.Bytes <= b.Bytes)
}
