package command

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"convergo/checks"
	"convergo/report/table"

	"github.com/mattn/go-runewidth"
)

// manyClaims is a run of claims with names as long as ours, of which the first
// of each source does not hold.
func manyClaims(name string) *checks.Summary {
	s := &checks.Summary{Finished: true, Manifest: checks.Manifest{Alpha: 0.01}}
	for i := range 4 {
		key := fmt.Sprintf("allenzhu2019beyond%d", i)
		s.Manifest.Sources = append(s.Manifest.Sources, checks.SourceInfo{Key: key})
		for k := range 10 {
			c := checks.ClaimOutcome{Info: checks.Info{ID: fmt.Sprintf("%s/%s-%d", key, name, k), Source: key, Form: "always"}, Verdict: checks.Holds,
				Instances: []checks.InstanceOutcome{{Inside: true, Result: checks.Result{Verdict: checks.Holds, Trials: 1, SlackWorst: 0.9771}}},
				Detects:   []checks.Detect{{Kind: checks.Factor, Size: 1.71234567e7, Allowed: 2e7}}}
			if k == 0 {
				c.Verdict = []checks.Verdict{checks.Undecided, checks.Refuted, checks.Vacuous, checks.Holds}[i]
				c.Reason = strings.Repeat("for a long reason of many words, ", 5)
			}
			if i == 3 && k == 0 {
				c.Problems = []string{"its control is not caught"}
			}
			s.Claims = append(s.Claims, c)
		}
	}
	return s
}

func TestVerdictsFitTheTerminal(t *testing.T) {
	for _, tt := range []struct {
		width int
		name  string
		head  string // the columns that are left
	}{
		{80, "rademacher-frobenius", "claim inside detects slack verdict"},
		{100, "rademacher-frobenius", "claim inside detects slack verdict"},
		{80, "rademacher-frobenius-of-norms", "claim detects slack verdict"},
		{60, "rademacher-frobenius", "claim verdict"},
		{0, strings.Repeat("long-", 30), "claim inside detects slack verdict"},
	} {
		s := manyClaims(tt.name)
		var b bytes.Buffer
		if err := printOverview(&b, s, table.Options{Width: tt.width}); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(b.String()), "\n")
		if got := strings.Join(strings.Fields(lines[0]), " "); got != tt.head {
			t.Errorf("at %d: the head is %q, want %q", tt.width, got, tt.head)
		}
		for i, line := range lines {
			if w := runewidth.StringWidth(line); tt.width > 0 && w > tt.width {
				t.Errorf("at %d: line %d takes %d: %q", tt.width, i, w, line)
			}
		}
		rows := 0
		for i, c := range s.Claims {
			if !strings.HasPrefix(lines[2+i], c.Info.ID+" ") {
				t.Fatalf("at %d: row %d is %q, want claim %s", tt.width, i, lines[2+i], c.Info.ID)
			}
			rows++
		}
		if rows != 40 || len(lines) > 40+40 && tt.width != 60 {
			t.Errorf("at %d: %d lines for %d claims", tt.width, len(lines), rows)
		}
		// The reasons come last, and of these the refuted and broken claims.
		text := b.String()
		_, text, _ = strings.Cut(text, "why not HOLDS")
		last := -1
		for _, want := range []string{"UNDECIDED  allenzhu2019beyond0/", "VACUOUS    allenzhu2019beyond2/", "REFUTED    allenzhu2019beyond1/", "BROKEN     allenzhu2019beyond3/"} {
			at := strings.Index(text, want)
			if at <= last {
				t.Errorf("at %d: %q is at %d of the reasons, after %d:\n%s", tt.width, want, at, last, text)
			}
			last = at
		}
	}
}

// TestDetectsIsBrief: a terminal shows three digits, and report all.
func TestDetectsIsBrief(t *testing.T) {
	for text, want := range map[string]string{
		"×1.0000000034": "×1", "×1.71234567e+07 (loose)": "×1.71e+07", "×90 (loose)": "×90", "±0.13": "±0.13", "±0.2 (loose)": "±0.2", "nothing": "nothing",
	} {
		if got := table.PlainText(brief(table.Mark{Text: text})); got != want {
			t.Errorf("%s becomes %s, want %s", text, got, want)
		}
	}
	if got := brief(table.Empty{}); got != (table.Empty{}) {
		t.Errorf("nothing becomes %v", got)
	}
}
