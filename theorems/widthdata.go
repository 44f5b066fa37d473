package theorems

import (
	"fmt"
	"math"
	"slices"

	"convergo/checks"
	"convergo/theorems/internal/userfile"
)

// ofFile is the study of a user's file, with labels +1 and -1.
func (p StudyPlan) ofFile(s checks.Source) (checks.Source, error) {
	var grid []Study
	for _, n := range p.Sizes {
		if n >= 2 && n <= p.Data.Rows {
			grid = append(grid, p.point(userfile.Signed(*p.Data, n)))
		}
	}
	if len(grid) == 0 {
		return s, fmt.Errorf("width study: the file has %d rows to use; give --sizes from 2 to that", p.Data.Rows)
	}
	s.Claims = append(s.Claims, sufficientWidth("width-study/data", grid))
	return checks.Document(s, "theorems", internal)
}

// A SizeCost is what a study of so many rows of a file takes.
type SizeCost struct {
	N       int
	Lambda0 float64 // smallest eigenvalue of the limit kernel on these rows; NaN unless it is certified to be positive
	Steps   int     // of a training run, at the rate that Lambda0 proves
	Work    float64 // operations
}

// FileCosts are the costs of the sizes of the plan that its file has, in order: they grow as 1/lambda_0, which falls
// with n. The error is that of the file.
func (p StudyPlan) FileCosts() ([]SizeCost, error) {
	s, err := p.ofFile(checks.Source{Key: "width-study", Files: study})
	if err != nil {
		return nil, err
	}
	var costs []SizeCost
	for _, st := range s.Claims[0].(checks.Claim[Study]).Grid {
		c := SizeCost{N: st.Data.N, Lambda0: math.NaN()}
		run, err := newStudyRun(st)
		if err != nil {
			return nil, err
		}
		if run != nil {
			cost := studyCost(st)
			c.Lambda0, c.Steps, c.Work = run.lambda, run.steps, cost.Setup+float64(st.Trials)*cost.Trial
		}
		costs = append(costs, c)
	}
	return costs, nil
}

// Without is the plan without the sizes whose rows are dearer than so many operations, and these sizes.
func (p StudyPlan) Without(costs []SizeCost, dearer float64) (StudyPlan, []SizeCost) {
	out := slices.DeleteFunc(slices.Clone(costs), func(c SizeCost) bool { return c.Work <= dearer })
	p.Sizes = slices.DeleteFunc(slices.Clone(p.Sizes), func(n int) bool {
		return slices.ContainsFunc(out, func(c SizeCost) bool { return c.N == n })
	})
	return p, out
}
