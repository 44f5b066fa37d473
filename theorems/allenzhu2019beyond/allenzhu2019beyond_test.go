package allenzhu2019beyond

import (
	"testing"

	"convergo/checks"
)

// TestClaims checks every claim; run one with -run 'TestClaims/allenzhu2019beyond/name'.
func TestClaims(t *testing.T) {
	for _, c := range Source().Claims {
		checks.Test(t, c)
	}
}
