package arora2019exact

import (
	"testing"

	"convergo/checks"
)

// TestClaims checks every claim; run one with -run 'TestClaims/arora2019exact/name'.
func TestClaims(t *testing.T) {
	for _, c := range Source().Claims {
		checks.Test(t, c)
	}
}
