package command

import (
	"fmt"
	"io"
	"os"

	"convergo/checks"
	"convergo/report"
	"convergo/report/table"
)

// openRun reads and judges a run, and says what its records lack.
func openRun(dir string, warn io.Writer) (*checks.Records, *checks.Summary, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, nil, fmt.Errorf("run folder: %w", err)
	}
	rec, err := checks.Open(dir)
	if err != nil {
		return nil, nil, failed(err)
	}
	s, err := checks.Summarize(rec)
	if err != nil {
		return nil, nil, failed(err)
	}
	for _, note := range rec.Notes {
		fmt.Fprintln(warn, note)
	}
	const few = 5
	for i, g := range s.Gaps {
		if i == few {
			fmt.Fprintf(warn, "unfinished: and %d more\n", len(s.Gaps)-few)
			break
		}
		fmt.Fprintln(warn, "unfinished:", g)
	}
	return rec, s, nil
}

// printOverview prints a row a claim and a row a source, narrow enough for any
// terminal, and last, where the eye is, why claims do not hold. All other
// columns, and what they mean, are those of report.
func printOverview(w io.Writer, s *checks.Summary) error {
	sources, err := report.Table(s, "sources", "", report.View{
		Columns: []string{"source", "claims", "holds", "refuted", "undecided", "vacuous", "unfit", "detects", "loose"}})
	if err != nil {
		return err
	}
	claims, err := report.Table(s, "overview", "", report.View{Columns: []string{"claim", "inside", "detects", "slack", "verdict", "controls"}})
	if err != nil {
		return err
	}
	sources.Title, sources.Caption, sources.Notes = "", "", append(sources.Notes, claims.Notes...)
	claims.Title, claims.Notes, claims.Caption = "", nil, table.Inline("Inside: instances run within all hypotheses, of all. Detects: the smallest error of a constant that this run would have refuted. Slack: prediction over observation, 1 is tight. Caught: sabotaged variants refuted, as they must be.")
	o := terminalOptions(w)
	for _, t := range []*table.Table{claims, sources} {
		if err := table.Render(w, t, table.Terminal, o); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	return nil
}

// tally counts verdicts and broken checks in a line.
func tally(s *checks.Summary) string {
	counts := map[checks.Verdict]int{}
	broken, weak := 0, 0
	for _, c := range s.Claims {
		counts[c.Verdict]++
		switch {
		case len(c.Problems) > 0:
			broken++
		case len(c.Weak) > 0:
			weak++
		}
	}
	text := fmt.Sprintf("%d claims: %d HOLDS, %d REFUTED, %d UNDECIDED, %d VACUOUS", len(s.Claims),
		counts[checks.Holds], counts[checks.Refuted], counts[checks.Undecided], counts[checks.Vacuous])
	if broken > 0 {
		text += fmt.Sprintf("; %d BROKEN checks", broken)
	}
	if weak > 0 {
		text += fmt.Sprintf("; %d WEAK, which find only larger errors than they should", weak)
	}
	return text
}
