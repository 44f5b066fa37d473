package theorems

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"convergo/checks"
	"convergo/report"
	"convergo/report/table"
)

// TestTables runs the claims that the tables of the sources are filled from, as
// briefly as they can be: every table of every source has rows, every column is
// there, and it prints in every format.
func TestTables(t *testing.T) {
	if testing.Short() {
		t.Skip("runs claims")
	}
	var used []checks.Source
	for _, s := range all(t) {
		if len(s.Tables) == 0 {
			t.Errorf("%s declares no table", s.Key)
		}
		if err := s.ValidateTables(); err != nil {
			t.Error(err)
		}
		s.Claims = slices.DeleteFunc(slices.Clone(s.Claims), func(c checks.Checkable) bool {
			return !slices.ContainsFunc(s.Tables, func(d checks.SourceTable) bool {
				return slices.Contains(d.Claims, strings.TrimPrefix(c.Info().ID, s.Key+"/"))
			})
		})
		used = append(used, s)
	}
	budget := checks.Budget{Work: 2e9, Trials: 8, AlwaysTrials: 1, LadderTrials: 6, Bytes: 1 << 28}
	rec, err := checks.Run(t.Context(), used, checks.Options{Seed: 1, Alpha: 0.01, Dir: t.TempDir(), Profile: checks.Profile{Name: "tables", Budget: budget}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := checks.Summarize(rec)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range report.SourceKinds(s.Manifest.Sources) {
		for _, format := range []table.Format{table.Terminal, table.Markdown, table.CSV, table.JSON, table.HTML, table.LaTeX} {
			tab, err := report.Table(s, k.Name, "", report.View{})
			if err != nil {
				t.Error(err)
				break
			}
			var b bytes.Buffer
			if err := table.Render(&b, tab, format, table.Options{Siunitx: true}); err != nil {
				t.Errorf("%s as %v: %v", k.Name, format, err)
			}
		}
	}
}
