package du2019deep

import (
	"testing"

	"convergo/checks"
)

// TestClaims checks every claim; run one with -run 'TestClaims/du2019deep/name'.
func TestClaims(t *testing.T) {
	for _, c := range Source().Claims {
		checks.Test(t, c)
	}
}
