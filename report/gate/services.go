package gate

import (
	"os"
	"path/filepath"
	"strings"

	"convergo/checks"
)

type object = map[string]any

// place is where a change shows: where the claim is written or, when it is gone,
// its line in the baseline. An empty file means nowhere.
func place(c *checks.Comparison, ch checks.Change) (file string, line int) {
	if ch.Info.File != "" {
		return ch.Info.File, max(1, ch.Info.Line)
	}
	return relative(c.Baseline.Name), max(1, ch.Old.Row)
}

// relative names a file of the repository around the working folder from its
// root, with slashes, as services want it. Without a repository the working
// folder is the root; a file elsewhere keeps its name.
func relative(name string) string {
	if name == "" {
		return ""
	}
	if whole, err := filepath.Abs(name); err == nil {
		if below, err := filepath.Rel(root(), whole); err == nil && filepath.IsLocal(below) {
			return filepath.ToSlash(below)
		}
	}
	return filepath.ToSlash(filepath.Clean(name))
}

func root() string {
	here, err := os.Getwd()
	if err != nil {
		return "."
	}
	for dir := here; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return here
		}
	}
}

// reported are the changes that a service is told of: all that close the gate,
// and improvements, which wait to be accepted.
func reported(c *checks.Comparison) []checks.Change {
	var out []checks.Change
	for _, ch := range c.Changes {
		if closes(ch) || ch.Kind == checks.Improved {
			out = append(out, ch)
		}
	}
	return out
}

func closes(ch checks.Change) bool { return ch.Kind == checks.Regressed || ch.Kind == checks.Removed }

func message(ch checks.Change) string {
	return printable(ch.Claim + ": " + strings.Join(ch.Reasons, "; "))
}

// printable drops the control characters that XML cannot hold.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, s)
}
