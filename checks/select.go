package checks

import (
	"cmp"
	"fmt"
	"slices"
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
	var names []string
	for _, s := range sources {
		names = append(names, s.Key)
		for _, c := range s.Claims {
			names = append(names, c.Info().ID)
		}
	}
	if near := Nearest(id, names, 1); len(near) > 0 {
		return fmt.Errorf("no claim matches %q; did you mean %s? (list shows them all)", id, near[0])
	}
	return fmt.Errorf("no claim matches %q (list shows them all)", id)
}

// Nearest returns at most n of the names that a mistyped one may stand for, the
// likeliest first: those that less than about half of its letters separate from
// it.
func Nearest(name string, among []string, n int) []string {
	type candidate struct {
		name     string
		distance int
	}
	var near []candidate
	for _, other := range among {
		if d := editDistance(name, other); d <= max(3, len(name)/2) {
			near = append(near, candidate{other, d})
		}
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var out []string
	for _, c := range near[:min(n, len(near))] {
		out = append(out, c.name)
	}
	return out
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
