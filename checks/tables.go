package checks

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A SourceTable is a table that a paper on the source would print, filled from
// the records of its claims: a row an instance that was run, controls left out.
// Instances outside their hypotheses are marked. Manifests keep it, so that
// reports need the records alone; no result hangs on it.
type SourceTable struct {
	Name    string   `json:"name"`    // lower-case letters, digits and hyphens: "report RUN --table source/name"
	Title   string   `json:"title"`   // a few words
	Caption string   `json:"caption"` // what the rows and columns are; LaTeX mathematics between dollar signs
	Claims  []string `json:"claims"`  // names of claims of the source, without its key, in the order of the rows
	// Curve, when set, is the name of a series: a row then is one of its points.
	Curve string `json:"curve,omitempty"`
	// Join names what instances of different claims have in common when they
	// stand side by side in one row, as values of columns do. Without it each
	// instance is a row.
	Join    []string      `json:"join,omitempty"`
	Columns []TableColumn `json:"columns"`
}

// A TableColumn is a column of a SourceTable.
type TableColumn struct {
	// Value is what is shown: a parameter of the instance (its name in JSON, or
	// a path such as "data.n"), a fact, a hypothesis (what the instance has), a
	// key of the table that "report --claim" prints (observed for its worst,
	// predicted, median, slack, trials, verdict, ...), inside, detects, claim,
	// title, or data (the set of inputs in words). "fact:", "parameter:" and
	// "hypothesis:" before a name tell equal names apart, "count:" counts a list
	// of the parameters, "first:" and "last:" are the ends of a series. With a
	// Curve, "x" and "y" are its coordinates, and "curve:NAME" another series
	// at the same x.
	Value string `json:"value"`
	Claim string `json:"claim,omitempty"` // which of the joined claims shows it; the first that has it when empty
	Key   string `json:"key,omitempty"`   // for --columns, --where and CSV; Value when empty
	Head  string `json:"head"`            // heading, LaTeX mathematics between dollar signs
	Group string `json:"group,omitempty"` // heading shared with neighbouring columns of the same group
	// Yield is the place of the column in the order in which columns are given up
	// where a page is too narrow: those of 1 first, of equal places together; a
	// column of 0 stays.
	Yield int `json:"yield,omitempty"`
	// About is a sentence of the caption that is printed where the column is.
	About string `json:"about,omitempty"`
}

// ColumnKey is the key of the column in a report.
func (c TableColumn) ColumnKey() string {
	if c.Key != "" {
		return c.Key
	}
	return c.Value
}

var tableName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// ValidateTables reports what is missing from or malformed in the tables of the
// source: they name claims of all that the source has.
func (s Source) ValidateTables() error {
	seen := map[string]bool{}
	for _, t := range s.Tables {
		if seen[t.Name] {
			return fmt.Errorf("source %s: two tables are named %q: give each a name of its own", s.Key, t.Name)
		}
		seen[t.Name] = true
		if err := t.validate(s); err != nil {
			return fmt.Errorf("table %s/%s: %w", s.Key, t.Name, err)
		}
	}
	return nil
}

func (t SourceTable) validate(s Source) error {
	switch {
	case !tableName.MatchString(t.Name):
		return fmt.Errorf("the name %q: use lower-case letters, digits and hyphens", t.Name)
	case t.Title == "" || t.Caption == "":
		return errors.New("give it a Title and a Caption")
	case len(t.Claims) == 0 || len(t.Columns) == 0:
		return errors.New("give it Claims and Columns")
	case t.Curve != "" && len(t.Join) > 0:
		return errors.New("points of a curve cannot be joined: leave out Curve or Join")
	}
	for _, name := range t.Claims {
		if !slices.ContainsFunc(s.Claims, func(c Checkable) bool { return c.Info().ID == s.Key+"/"+name }) {
			return fmt.Errorf("the source has no claim %q: Claims holds names without the key of the source", name)
		}
	}
	keys := map[string]bool{}
	for _, c := range t.Columns {
		switch {
		case c.Value == "" || c.Head == "":
			return fmt.Errorf("a column needs a Value and a Head; this one has %q and %q", c.Value, c.Head)
		case keys[c.ColumnKey()]:
			return fmt.Errorf("two columns have the key %q: give one a Key", c.ColumnKey())
		case c.Yield < 0:
			return fmt.Errorf("the column %q has Yield %d: 1 is given up first, 0 never", c.ColumnKey(), c.Yield)
		case strings.ContainsAny(c.ColumnKey(), ",\n"):
			return fmt.Errorf("the column %q has a key that --columns cannot name: give it a Key without commas", c.ColumnKey())
		case c.Claim != "" && !slices.Contains(t.Claims, c.Claim):
			return fmt.Errorf("the column %q shows the claim %q, which is none of its Claims", c.ColumnKey(), c.Claim)
		}
		keys[c.ColumnKey()] = true
	}
	return nil
}
