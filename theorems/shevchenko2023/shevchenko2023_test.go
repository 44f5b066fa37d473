package shevchenko2023

import (
	"testing"

	"convergo/checks"
)

// TestClaims checks every claim; run one with -run 'TestClaims/shevchenko2023/name'.
func TestClaims(t *testing.T) {
	for _, c := range Source().Claims {
		checks.Test(t, c)
	}
}
