package elkabetz2021

import (
	"testing"

	"convergo/checks"
)

// TestClaims checks every claim; run one with -run 'TestClaims/elkabetz2021/name'.
func TestClaims(t *testing.T) {
	for _, c := range Source().Claims {
		checks.Test(t, c)
	}
}
