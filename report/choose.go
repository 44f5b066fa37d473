package report

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"convergo/checks"
	"convergo/report/table"
)

// Choose narrows a run to the claims that one of the patterns names: an ID, the
// key of a source, or either with * for any characters and ? for one. No pattern
// keeps all; one that names nothing is an error that says what comes near.
func Choose(s *checks.Summary, patterns []string) (*checks.Summary, error) {
	if len(patterns) == 0 {
		return s, nil
	}
	keep := make([]bool, len(s.Claims))
	for _, p := range patterns {
		names, found := glob(strings.TrimSpace(p)), false
		for i, c := range s.Claims {
			if names.MatchString(c.Info.ID) || names.MatchString(c.Info.Source) {
				keep[i], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("no claim of the run is named %q: %s", p, nearClaims(s, p))
		}
	}
	return narrowed(s, func(i int) bool { return keep[i] }), nil
}

// Where narrows a run to the claims whose rows of the overview, with all its
// columns, meet all conditions; see [ParseFilter].
func Where(s *checks.Summary, conditions []string) (*checks.Summary, error) {
	for _, where := range conditions {
		f, err := ParseFilter(where)
		if err != nil {
			return nil, err
		}
		t := overview(s)
		rows := slices.Clone(t.Rows)
		kept, err := f.keep(t)
		if err != nil {
			return nil, err
		}
		if len(kept) == 0 {
			return nil, fmt.Errorf("no claim meets %q: %s", where, f.offers(t))
		}
		s = narrowed(s, func(i int) bool {
			return slices.ContainsFunc(kept, func(row []table.Cell) bool { return &row[0] == &rows[i][0] })
		})
	}
	return s, nil
}

// narrowed returns the run with the claims whose place keep approves.
func narrowed(s *checks.Summary, keep func(i int) bool) *checks.Summary {
	some := *s
	some.Claims = nil
	for i, c := range s.Claims {
		if keep(i) {
			some.Claims = append(some.Claims, c)
		}
	}
	return &some
}

func glob(pattern string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(strings.TrimSuffix(pattern, "/"))
	return regexp.MustCompile("^" + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(quoted) + "$")
}

// nearClaims says what a pattern that names nothing may have meant.
func nearClaims(s *checks.Summary, pattern string) string {
	var ids, keys []string
	for _, c := range s.Claims {
		ids = append(ids, c.Info.ID)
		if !slices.Contains(keys, c.Info.Source) {
			keys = append(keys, c.Info.Source)
		}
	}
	const few = 4
	if near := checks.Nearest(strings.Trim(pattern, "*"), append(slices.Clone(keys), ids...), few); len(near) > 0 {
		return "did you mean " + strings.Join(near, ", ") + "?"
	}
	return fmt.Sprintf("it has %d claims of %s", len(ids), strings.Join(keys, ", "))
}
