package checks

import (
	"fmt"
	"strings"
)

// Select returns the sources with only the claims whose ID equals one of the
// patterns, starts with one that ends in "*" or "/", or belongs to the source
// of that key. No pattern selects all; a pattern that matches nothing is an
// error.
func Select(sources []Source, patterns []string) ([]Source, error) {
	if len(patterns) == 0 {
		return sources, nil
	}
	used := make([]bool, len(patterns))
	var out []Source
	for _, s := range sources {
		var kept []Checkable
		for _, c := range s.Claims {
			keep := false
			for i, p := range patterns {
				if matches(p, c.Info()) {
					used[i], keep = true, true
				}
			}
			if keep {
				kept = append(kept, c)
			}
		}
		if len(kept) > 0 {
			s.Claims = kept
			out = append(out, s)
		}
	}
	for i, ok := range used {
		if !ok {
			return nil, unknownID(sources, patterns[i])
		}
	}
	return out, nil
}

func matches(pattern string, info Info) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(info.ID, prefix)
	}
	return pattern == info.ID || strings.TrimSuffix(pattern, "/") == info.Source
}

// Find returns the claim of the ID.
func Find(sources []Source, id string) (Checkable, error) {
	for _, s := range sources {
		for _, c := range s.Claims {
			if c.Info().ID == id {
				return c, nil
			}
		}
	}
	return nil, unknownID(sources, id)
}

// unknownID suggests the IDs that share most with the unknown one.
func unknownID(sources []Source, id string) error {
	best, distance := "", 1<<30
	for _, s := range sources {
		if d := editDistance(id, s.Key); d < distance {
			best, distance = s.Key, d
		}
		for _, c := range s.Claims {
			if d := editDistance(id, c.Info().ID); d < distance {
				best, distance = c.Info().ID, d
			}
		}
	}
	if best != "" && distance <= max(3, len(id)/2) {
		return fmt.Errorf("no claim matches %q; did you mean %s? (list shows them all)", id, best)
	}
	return fmt.Errorf("no claim matches %q (list shows them all)", id)
}

// editDistance is Levenshtein's distance in bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
