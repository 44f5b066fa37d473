package checks

import (
	"fmt"
	"math"
	"slices"
)

// A Constant is a number of the claim that acts before the trial, so that no
// record can tell what another value had given: a required width, a step size,
// the size of a hypothesis. The engine runs the claim again with the constant
// made stronger by each of the factors, and reports the smallest factor from
// which on every one was refuted. It is a control that is graded.
type Constant[P any] struct {
	Name string // lower-case letters, digits and hyphens
	Why  string // what the factor does, and what breaks
	At   []P    // instances of the grid; one that is refuted is enough
	// Factors are those to try, from the mildest to the strongest, each above 1.
	// A good ladder starts where the claim still holds and ends where it must
	// fail, three to six steps of at most 2 apart.
	Factors []float64
	// Scaled sets the claim up with the constant made stronger by the factor. Its
	// hypotheses are not asked: the factor may break them.
	Scaled func(p P, factor float64) (Instance, error)
	// Cost states what Scaled costs; nil means as much as the claim.
	Cost func(p P, factor float64) Cost
}

// constantMark begins the control's name in the records of a constant, which
// no control can have.
const constantMark = "^"

// ConstantInfo describes a constant in a listing.
type ConstantInfo struct {
	Name    string    `json:"name"`
	Why     string    `json:"why"`
	Factors []float64 `json:"factors"`
}

// A ConstantOutcome tells from which factor on a constant was refuted.
type ConstantOutcome struct {
	ConstantInfo
	// Instances has a row for each place, and in it an outcome for each factor.
	Instances [][]InstanceOutcome `json:"instances"`
}

func (k Constant[P]) validate(names map[string]bool) error {
	switch {
	case !plainName.MatchString(k.Name):
		return fmt.Errorf("constant %q: the name must be lower-case letters, digits and hyphens", k.Name)
	case names[constantMark+k.Name]:
		return fmt.Errorf("two constants are named %q", k.Name)
	case len(k.At) == 0:
		return fmt.Errorf("constant %q: no parameters in At", k.Name)
	case k.Scaled == nil:
		return fmt.Errorf("constant %q: no Scaled", k.Name)
	case len(k.Factors) == 0:
		return fmt.Errorf("constant %q: no factor to try", k.Name)
	}
	last := 1.0
	for _, f := range k.Factors {
		if !(f > last) || math.IsInf(f, 0) {
			return fmt.Errorf("constant %q: factors %v must rise from above 1", k.Name, k.Factors)
		}
		last = f
	}
	names[constantMark+k.Name] = true
	return nil
}

// scaledBy sets the claim up with the constant made stronger by the factor.
func (k Constant[P]) scaledBy(factor float64) func(P) (Instance, error) {
	return func(p P) (Instance, error) { return k.Scaled(p, factor) }
}

// costOr is what that costs.
func (k Constant[P]) costOr(cost func(P) Cost, factor float64) func(P) Cost {
	if k.Cost == nil {
		return cost
	}
	return func(p P) Cost { return k.Cost(p, factor) }
}

// place files an outcome of the constant: instances are numbered place by
// place, factor by factor.
func (k *ConstantOutcome) place(o InstanceOutcome) {
	row := o.Key.Index / len(k.Factors)
	for len(k.Instances) <= row {
		k.Instances = append(k.Instances, nil)
	}
	k.Instances[row] = append(k.Instances[row], o)
}

// rerunFailed says at which factor a constant could not be rerun, if that may be
// why so little is detected.
func (c *ClaimOutcome) rerunFailed(d Detect) string {
	if d.From != "rerun" {
		return ""
	}
	for _, k := range c.Constants {
		if k.Name != d.Name {
			continue
		}
		for _, row := range k.Instances {
			for _, o := range row {
				if o.Skip == "error" || o.Result.Broken > 0 && !o.Result.Caught {
					return fmt.Sprintf("; a factor of %v at %s could not be run: %s", k.Factors[o.Key.Index%len(k.Factors)], o.Params, o.Result.Reason)
				}
			}
		}
	}
	return ""
}

// sharedNames explains which constant bears the name of a part: the size of one
// would stand for both.
func (c *ClaimOutcome) sharedNames() []string {
	var out []string
	for _, k := range c.Constants {
		shares := func(d Detect) bool { return d.Name == k.Name }
		found := c.Search != nil && slices.ContainsFunc(c.Search.Tightest, shares)
		for _, o := range c.Instances {
			found = found || slices.ContainsFunc(o.Detects, shares)
		}
		if found {
			out = append(out, fmt.Sprintf("constant %q has the name of a part: give it one of its own", k.Name))
		}
	}
	return out
}

// detect returns the smallest factor from which on all were refuted, at the
// place that finds the smallest.
func (k *ConstantOutcome) detect() Detect {
	best := Detect{Name: k.Name, Kind: Factor, Size: Float(math.Inf(1)), From: "rerun"}
	ran := false
	for _, row := range k.Instances {
		for i := len(row) - 1; i >= 0; i-- {
			o := row[i]
			if o.Skip == "cost" {
				continue
			}
			ran = true
			if !o.Result.Caught {
				break
			}
			if f := k.Factors[o.Key.Index%len(k.Factors)]; Float(f) < best.Size {
				best.Size, best.Params = Float(f), o.Params
			}
		}
	}
	if !ran {
		best.Size = Float(math.NaN()) // too dear for the profile
		best.From = "not run"
	}
	return best
}
