package table

import (
	"strconv"
	"strings"
	"unicode"

	"convergo/report/mathml"
)

// Cell is the content of one cell: [Text], [Math], [Inline], [Num], [Count],
// [Mark], [Cite], [Code],
// [Noted] or [Empty].
type Cell interface {
	// plain is the cell as readable text, on one line.
	plain() string
}

// Text is literal text. Every character prints as itself, whatever the format;
// line breaks print as spaces.
type Text string

// Math is a formula.
type Math struct {
	TeX   string // LaTeX mathematics without dollar signs
	Plain string // for text formats; made from TeX when empty
}

// Inline is prose with mathematics between dollar signs, as in
// "smallest eigenvalue $\lambda_{\min}$". Outside mathematics \$ is a dollar
// sign and \\ a backslash; a dollar sign without partner stands for itself. Use
// [Literal] to make an Inline of a string that is not ours.
type Inline string

// Count is an integer. It is printed exactly.
type Count int64

// Cite is the key of a BibTeX entry: a citation in LaTeX, the key elsewhere.
type Cite string

// Code is text for a computer, such as a command: LaTeX, HTML and Markdown set it
// so that it can be copied to the letter.
type Code string

// Mark is a word that is to stand out, such as a verdict.
type Mark struct {
	Text  string
	Class Class
}

// Class says how a [Mark] is to be taken. It chooses the colour in a terminal
// and the class in HTML ("mark-good", ...); LaTeX sets Bad in bold type.
type Class int

// Classes.
const (
	Neutral Class = iota
	Good
	Bad
	Unsure
	Muted
)

// String returns the name of c in lower case.
func (c Class) String() string {
	switch c {
	case Good:
		return "good"
	case Bad:
		return "bad"
	case Unsure:
		return "unsure"
	case Muted:
		return "muted"
	}
	return "neutral"
}

// Noted is a cell that refers to the [Note] with the same Mark.
type Noted struct {
	Cell Cell
	Mark string
}

// Empty is a cell left blank on purpose. It prints as a dash for readers and as
// nothing (CSV) or null (JSON) for programs.
type Empty struct{}

func (c Text) plain() string { return oneLine(string(c)) }

func (c Math) plain() string {
	if c.Plain != "" {
		return oneLine(c.Plain)
	}
	return oneLine(mathml.ToText(c.TeX))
}

func (c Inline) plain() string {
	var b strings.Builder
	for _, p := range c.parts() {
		b.WriteString(p.plain())
	}
	return b.String()
}

func (c Count) plain() string { return strconv.FormatInt(int64(c), 10) }
func (c Code) plain() string  { return oneLine(string(c)) }
func (c Cite) plain() string  { return oneLine(string(c)) }
func (c Mark) plain() string  { return oneLine(c.Text) }
func (c Empty) plain() string { return "–" }

func (c Noted) plain() string {
	if c.Cell == nil {
		return "(" + oneLine(c.Mark) + ")"
	}
	return c.Cell.plain() + " (" + oneLine(c.Mark) + ")"
}

// Plain returns c as readable text on one line, formulas as by mathml.ToText.
func (c Inline) Plain() string { return c.plain() }

// bare strips references to notes.
func bare(c Cell) Cell {
	for {
		n, ok := c.(Noted)
		if !ok {
			break
		}
		c = n.Cell
	}
	if c == nil {
		return Empty{}
	}
	return c
}

// Literal returns the Inline that prints s as it stands.
func Literal(s string) Inline {
	return Inline(strings.NewReplacer(`\`, `\\`, `$`, `\$`).Replace(s))
}

// parts cuts an Inline into Text and Math.
func (c Inline) parts() []Cell {
	var parts []Cell
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			parts = append(parts, Text(text.String()))
			text.Reset()
		}
	}
	for s := string(c); s != ""; {
		switch {
		case strings.HasPrefix(s, `\$`), strings.HasPrefix(s, `\\`):
			text.WriteByte(s[1])
			s = s[2:]
		case s[0] == '$':
			end := closingDollar(s[1:])
			if end < 0 {
				text.WriteByte('$')
				s = s[1:]
				continue
			}
			flush()
			parts = append(parts, Math{TeX: s[1 : 1+end]})
			s = s[end+2:]
		default:
			text.WriteByte(s[0])
			s = s[1:]
		}
	}
	flush()
	return parts
}

// closingDollar returns the index of the first dollar sign of s that is not
// escaped, or -1.
func closingDollar(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '$':
			return i
		}
	}
	return -1
}

// oneLine makes s safe to print on one line: white space of any kind becomes a
// single space, control characters and invalid UTF-8 the replacement character.
func oneLine(s string) string {
	space := false
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case unicode.IsSpace(r) || r == '\u2028' || r == '\u2029':
			if !space {
				b.WriteByte(' ')
			}
			space = true
			continue
		case unicode.IsControl(r):
			r = '\uFFFD'
		}
		space = false
		b.WriteRune(r)
	}
	return b.String()
}
