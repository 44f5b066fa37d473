package main

import (
	"testing"

	"convergo/bounds"
)

func TestWidthTablesNameRealRequirements(t *testing.T) {
	known := map[string]bool{}
	for _, r := range bounds.Requirements() {
		known[r.Name] = true
	}
	for _, name := range []string{derivedRequirement, literalRequirement} {
		if !known[name] {
			t.Errorf("no requirement is named %q", name)
		}
	}
}
