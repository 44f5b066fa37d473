package report

import (
	"strings"

	"convergo/checks"
)

// Program is the name of the program that made the run.
func Program(m checks.Manifest) string {
	if len(m.Command) == 0 {
		return "convergo"
	}
	return m.Command[0]
}

// CommandLine makes a line for a POSIX shell of words.
func CommandLine(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = ShellQuote(w)
	}
	return strings.Join(quoted, " ")
}

// plainWord needs no quotes in a shell.
func plainWord(s string) bool {
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("-_./=:,+@%", r):
		default:
			return false
		}
	}
	return s != ""
}

// ShellQuote makes one word of a POSIX shell of any text.
func ShellQuote(s string) string {
	if plainWord(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
