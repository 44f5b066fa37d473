package theorems

import (
	"strings"
	"testing"

	"convergo/checks"
)

func all(t *testing.T) []checks.Source {
	t.Helper()
	ss, err := All()
	if err != nil {
		t.Fatal(err)
	}
	return ss
}

// TestClaims checks every claim; run one with -run 'TestClaims/du2019/name'.
func TestClaims(t *testing.T) {
	for _, s := range all(t) {
		for _, c := range s.Claims {
			checks.Test(t, c)
		}
	}
}

// TestStatements holds every claim to a whole statement in its doc comment.
func TestStatements(t *testing.T) {
	headings := []string{"Setting:", "Hypotheses:", "Conclusion:", "Constants:", "Convention:", "Reference:", "Control:"}
	seen := map[string]bool{}
	for _, s := range all(t) {
		if !strings.Contains(s.BibTeX, "{"+s.Key+",") {
			t.Errorf("source %s: its BibTeX entry must carry its key", s.Key)
		}
		for _, c := range s.Claims {
			info := c.Info()
			if seen[info.ID] {
				t.Errorf("%s: two claims have this ID", info.ID)
			}
			seen[info.ID] = true
			if info.Source != s.Key {
				t.Errorf("%s: listed under source %s", info.ID, s.Key)
			}
			for _, h := range headings {
				if !strings.Contains(info.Statement, h) {
					t.Errorf("%s: its doc comment lacks %q", info.ID, h)
				}
			}
			for name, value := range map[string]string{"Title": info.Title, "Reference": info.Reference, "Formula": info.Formula, "Convention": info.Convention} {
				if value == "" {
					t.Errorf("%s: no %s", info.ID, name)
				}
			}
		}
	}
}
