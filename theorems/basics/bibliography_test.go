package basics

import (
	"regexp"
	"strings"
	"testing"
)

// TestEveryCitationHasAnEntry: a base fact is derived in its statement, or cites
// works that are in the bibliography by author and year.
func TestEveryCitationHasAnEntry(t *testing.T) {
	cited := regexp.MustCompile(`([A-Z][a-z]+)[^();]*\((\d{4})\)`)
	used := map[string]bool{}
	for _, c := range Source().Claims {
		info := c.Info()
		works := cited.FindAllStringSubmatch(info.Reference, -1)
		if len(works) == 0 && info.Reference != "derived here" {
			t.Errorf("%s: %q cites nothing and is not derived here", info.ID, info.Reference)
		}
		for _, w := range works {
			key := strings.ToLower(w[1]) + w[2]
			used[key] = true
			if !strings.Contains(bibliography, "{"+key+",") {
				t.Errorf("%s cites %s, which has no entry %s", info.ID, w[0], key)
			}
		}
	}
	for _, m := range regexp.MustCompile(`@\w+\{(\w+),`).FindAllStringSubmatch(bibliography, -1) {
		if !used[m[1]] {
			t.Errorf("nothing cites %s", m[1])
		}
	}
}
