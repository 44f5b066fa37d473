package report

import (
	"fmt"
	"math"

	"convergo/checks"
)

// requirement prints what a hypothesis asks for, such as "≥ 0.5". The least
// positive number stands for a strict "> 0".
func requirement(h checks.Hypothesis) string {
	need := float64(h.Need)
	switch {
	case h.Relation == checks.AtLeast && need == math.SmallestNonzeroFloat64:
		return "> 0"
	case h.Relation == checks.AtMost && need == -math.SmallestNonzeroFloat64:
		return "< 0"
	}
	return fmt.Sprintf("%s %.4g", sign(h.Relation), need)
}
