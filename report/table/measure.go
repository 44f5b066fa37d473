package table

import (
	"strings"
	"unicode/utf8"
)

// Widths of what LaTeX prints, in units of the type size, from the metrics of
// Computer Modern Roman at 8 points: nothing that is common in papers runs wider.
// They are estimates from above, since a table that is a little narrower than its
// line is fine, and one that is a little wider is not.

// romanWidths are those of ASCII from the space on, in thousandths.
var romanWidths = [...]int{
	354, 295, 531, 885, 531, 885, 826, 295, 413, 413, 531, 826, 295, 354, 295, 531, 531, 531, 531, 531, 531, 531, 531, 531, 531, 531, 295, 295, 826, 826, 826, 502,
	826, 796, 752, 767, 811, 723, 693, 834, 796, 383, 545, 825, 664, 973, 796, 826, 723, 826, 782, 590, 767, 796, 796, 1091, 796, 796, 649, 295, 531, 295, 531, 885,
	295, 531, 590, 472, 590, 472, 325, 531, 590, 295, 325, 561, 295, 885, 590, 531, 590, 561, 414, 419, 413, 590, 561, 767, 561, 561, 472, 531, 295, 531, 826,
}

// italicWidths are those of the letters of mathematics, capitals first.
var italicWidths = [2][26]int{
	{796, 801, 757, 872, 779, 672, 828, 873, 461, 580, 896, 723, 1020, 843, 806, 674, 836, 800, 646, 619, 719, 619, 1002, 874, 616, 720},
	{564, 455, 460, 547, 493, 510, 506, 612, 362, 430, 553, 317, 940, 645, 514, 535, 474, 479, 491, 384, 615, 517, 762, 598, 525, 494},
}

const (
	relation    = 0.61  // space on both sides of a relation
	operator    = 0.50  // and of a binary operator
	script      = 0.88  // size of an exponent
	scriptSpace = 0.065 // behind it
	bold        = 1.16
)

// commandWidths are those of commands that are not as wide as an average symbol.
var commandWidths = map[string]float64{
	"times": 0.83 + operator, "pm": 0.83 + operator, "cdot": 0.3 + operator, "le": 0.83 + relation, "ge": 0.83 + relation, "ne": 0.83 + relation, "approx": 0.83 + relation,
	"to": 1.06 + relation, "infty": 1.06, "in": 0.72 + relation, "textbackslash": 0.53, "textless": 0.83, "textgreater": 0.83, "textbar": 0.3, "dots": 1.1, "ldots": 1.1,
	"sum": 1.1, "prod": 1, "sqrt": 0.9, "Vert": 0.53, "quad": 1.06, "qquad": 2.1, "langle": 0.42, "rangle": 0.42,
	",": 0.18, ";": 0.3, ":": 0.24, " ": 0.36, "!": 0, "_": 0.55, "%": 0.89, "&": 0.83, "#": 0.89, "$": 0.53, "{": 0.53, "}": 0.53, "|": 0.53,
	"raggedright": 0, "allowbreak": 0, "mathrm": 0, "mathbf": 0, "mathbb": 0, "mathcal": 0, "mathsf": 0, "operatorname": 0, "text": 0, "textrm": 0, "textit": 0, "ensuremath": 0,
	"left": 0.1, "right": 0.1, "bigl": 0.1, "bigr": 0.1, "Bigl": 0.2, "Bigr": 0.2, "cite": 0, "footnotesize": 0, "tfrac": 0, "frac": 0.1, "hat": 0, "tilde": 0, "bar": 0,
}

// names of functions are as wide as their letters.
const functionNames = " log exp min max sup inf lim det ln sin cos tan arccos arcsin Pr dim ker deg argmin argmax "

// texWidth estimates the width of a line of LaTeX in units of the type size.
func texWidth(s string) float64 {
	m := &measure{rest: s}
	total := 0.0
	for m.rest != "" {
		total += m.next()
	}
	const safe = 1.01
	return safe * total
}

// A measure reads LaTeX token by token.
type measure struct {
	rest string
	math bool
}

// next returns the width of the next token or group.
func (m *measure) next() float64 {
	r, n := utf8.DecodeRuneInString(m.rest)
	m.rest = m.rest[n:]
	switch r {
	case '$':
		m.math = !m.math
		return 0
	case '{':
		return m.group()
	case '}':
		return 0
	case '\\':
		return m.command()
	case '^', '_':
		if m.math {
			return script*m.argument() + scriptSpace
		}
	case '~':
		return 0.36
	case '=', '<', '>':
		if m.math {
			return 0.83 + relation
		}
	case '+', '-', '*':
		if m.math {
			return 0.83 + operator
		}
	case ' ':
		if m.math {
			return 0
		}
	case ',', ';':
		if m.math {
			return 0.295 + 0.18
		}
	}
	return m.letter(r)
}

func (m *measure) letter(r rune) float64 {
	switch {
	case m.math && r >= 'A' && r <= 'Z':
		return float64(italicWidths[0][r-'A']) / 1000
	case m.math && r >= 'a' && r <= 'z':
		return float64(italicWidths[1][r-'a']) / 1000
	case r >= ' ' && int(r-' ') < len(romanWidths):
		return float64(romanWidths[r-' ']) / 1000
	}
	return 0.8
}

// group measures up to the brace that closes it.
func (m *measure) group() float64 {
	total := 0.0
	for m.rest != "" {
		if m.rest[0] == '}' {
			m.rest = m.rest[1:]
			break
		}
		total += m.next()
	}
	return total
}

// argument measures what a command or a script takes: a token or a group.
func (m *measure) argument() float64 {
	m.rest = strings.TrimLeft(m.rest, " ")
	if m.rest == "" {
		return 0
	}
	return m.next()
}

func (m *measure) command() float64 {
	n := 0
	for n < len(m.rest) && (m.rest[n]|0x20 >= 'a' && m.rest[n]|0x20 <= 'z') {
		n++
	}
	n = min(max(n, 1), len(m.rest))
	name := m.rest[:n]
	m.rest = m.rest[n:]
	switch name {
	case "textbf":
		return bold * m.argument()
	case "texttt":
		const typewriter = 1.25 // its narrow letters are as wide as all
		return typewriter * m.argument()
	case "char":
		m.rest = strings.TrimLeft(m.rest, "0123456789")
		return 0.53
	case "textsuperscript":
		return script*m.argument() + scriptSpace
	}
	if n > 1 || name != " " {
		m.rest = strings.TrimPrefix(m.rest, " ") // it ends the name
	}
	if w, ok := commandWidths[name]; ok {
		return w
	}
	if strings.Contains(functionNames, " "+name+" ") {
		w := 0.2
		for _, r := range name {
			w += float64(romanWidths[r-' ']) / 1000
		}
		return w
	}
	return 0.8 // Greek and the like
}

// longestPiece is the width of the longest piece of LaTeX text that no line is
// broken in: between spaces outside mathematics, after the marks that a line of a
// wrapped column may be broken at, and at the relations and operators of a
// formula that stand in no group.
func longestPiece(s string) float64 {
	longest, from := 0.0, 0
	cut := func(at int, math bool) {
		piece := s[from:at]
		if math && from > 0 {
			piece = "$" + piece
		}
		longest = max(longest, texWidth(piece))
		from = at
	}
	depth, math := 0, false
	begun := false // of the piece, whether it starts within a formula
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			n := i + 1
			for n < len(s) && (s[n]|0x20 >= 'a' && s[n]|0x20 <= 'z') {
				n++
			}
			name := s[i+1 : n]
			if name == "" {
				n = min(n+1, len(s))
			}
			if at := min(n, len(s)); depth == 0 && (name == "allowbreak" || math && strings.Contains(" le ge ne approx times cdot pm in to ", " "+name+" ")) {
				cut(at, begun)
				begun = math
			}
			i = n - 1
		case c == '$':
			math = !math
		case c == '{':
			depth++
		case c == '}':
			depth--
		case depth == 0 && (!math && (c == ' ' || c == '-') || math && strings.IndexByte("=<>+-", c) >= 0):
			cut(i+1, begun)
			begun = math
		}
	}
	cut(len(s), begun)
	return longest
}
