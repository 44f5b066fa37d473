package command

import (
	"fmt"
	"io"
	"os"

	"convergo/checks"
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
