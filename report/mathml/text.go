package mathml

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// ToText returns the formula src, LaTeX without dollar signs, as one line of
// readable Unicode text: \lambda_{\min}(H) \ge \frac{3}{4}\lambda_0 becomes
// "λ_min(H) ≥ (3/4) λ_0". A formula that [ToMathML] would refuse is returned as
// it is, with line breaks as spaces.
func ToText(src string) string {
	n, err := parse(src)
	if err != nil {
		return strings.Join(strings.Fields(src), " ")
	}
	return strings.TrimSpace(text(n, false))
}

// piece is a part of a line of text, with what decides the spaces around it.
type piece struct {
	s      string
	class  class
	script bool // ends in a script or fraction, so that a letter after it needs a space
}

// text prints n; tight leaves out the spaces around operators, for scripts.
func text(n node, tight bool) string {
	var ps []piece
	if r, ok := n.(row); ok {
		for i, item := range r {
			ps = append(ps, pieceOf(item, len(r) > 1, tight))
			if f, ok := item.(fraction); ok && len(r) > 1 && !f.binomial && needsFence(r, i) {
				ps[i].s = "(" + ps[i].s + ")"
			}
		}
	} else {
		ps = []piece{pieceOf(n, false, tight)}
	}
	return join(ps, tight)
}

// needsFence reports whether the fraction r[i] has a factor beside it.
func needsFence(r row, i int) bool {
	return i > 0 && isFactor(r[i-1], true) || i+1 < len(r) && isFactor(r[i+1], false)
}

func isFactor(n node, before bool) bool {
	s, ok := n.(symbol)
	if !ok {
		return true
	}
	switch s.class {
	case ident, upright, number, word, big:
		return true
	case open:
		return !before
	case closing:
		return before
	case fence:
		return true
	case plainOp:
		return s.text == "/"
	}
	return false
}

func pieceOf(n node, inRow, tight bool) piece {
	switch n := n.(type) {
	case symbol:
		return piece{s: n.plainText(), class: n.class}
	case row:
		return piece{s: text(n, tight), class: ident}
	case script:
		base := pieceOf(n.base, true, tight)
		s := base.s
		if !isAtom(n.base) {
			s = "(" + s + ")"
		}
		if n.sub != nil {
			s += "_" + argument(n.sub, "{", "}")
		}
		switch {
		case isPrimes(n.sup):
			s += text(n.sup, true)
		case n.sup != nil:
			s += "^" + argument(n.sup, "(", ")")
		}
		return piece{s: s, class: base.class, script: true}
	case fraction:
		if n.binomial {
			return piece{s: "C(" + text(n.num, tight) + ", " + text(n.den, tight) + ")", class: word}
		}
		return piece{s: operand(n.num) + "/" + operand(n.den), class: ident, script: true}
	case root:
		s := "√"
		if n.index != nil {
			s = operand(n.index) + "√"
		}
		return piece{s: s + operand(n.body), class: ident, script: true}
	case accent:
		s, a := text(n.base, true), accents[n.cmd]
		if utf8.RuneCountInString(s) == 1 {
			return piece{s: s + a.combining, class: ident}
		}
		return piece{s: a.name + "(" + s + ")", class: word}
	case stack:
		s := text(n.base, tight)
		if n.over != nil {
			return piece{s: s + "^" + argument(n.over, "(", ")"), class: classOf(n.base)}
		}
		return piece{s: s + "_" + argument(n.under, "{", "}"), class: classOf(n.base)}
	case line:
		return piece{s: text(n.base, tight), class: ident}
	case fenced:
		return piece{s: n.open.plainText() + text(n.body, tight) + n.close.plainText(), class: open, script: true}
	}
	return piece{}
}

func classOf(n node) class {
	if s, ok := n.(symbol); ok {
		return s.class
	}
	return ident
}

func isPrimes(n node) bool {
	switch n := n.(type) {
	case symbol:
		return n.text == "′"
	case row:
		for _, item := range n {
			if !isPrimes(item) {
				return false
			}
		}
		return len(n) > 0
	}
	return false
}

// isAtom reports whether a script after n is read as belonging to all of n.
func isAtom(n node) bool {
	switch n := n.(type) {
	case symbol, accent, fenced, line, stack:
		return true
	case row:
		return len(n) == 0
	}
	return false
}

// argument prints a script: bare when it is a word, a number or in brackets
// already, else between l and r.
func argument(n node, l, r string) string {
	s := text(n, true)
	bare := s != ""
	for i, c := range s {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) && !unicode.IsMark(c) && c != '⊤' && c != '∞' &&
			!(utf8.RuneCountInString(s) == 1) && !(i > 0 && c == '.') {
			bare = false
		}
	}
	if bare || enclosed(s) {
		return s
	}
	return l + s + r
}

// operand prints a part of a fraction or root, in brackets unless it is atomic.
func operand(n node) string {
	s := text(n, false)
	switch n := n.(type) {
	case symbol, accent:
		return s
	case script:
		if isAtom(n.base) {
			return s
		}
	}
	if enclosed(s) {
		return s
	}
	return "(" + s + ")"
}

// enclosed reports whether the first character of s is a bracket closed by the
// last.
func enclosed(s string) bool {
	pairs := map[rune]rune{'(': ')', '[': ']', '{': '}', '‖': '‖'}
	first, size := utf8.DecodeRuneInString(s)
	last, tail := utf8.DecodeLastRuneInString(s)
	if c, ok := pairs[first]; !ok || c != last || len(s) < size+tail {
		return false
	}
	if first == last {
		return !strings.ContainsRune(s[size:len(s)-tail], first)
	}
	depth := 0
	for i, r := range s {
		switch r {
		case first:
			depth++
		case last:
			if depth--; depth == 0 {
				return i == len(s)-tail
			}
		}
	}
	return false
}

// join concatenates the pieces with the spaces that mathematics needs to be
// read.
func join(ps []piece, tight bool) string {
	var b strings.Builder
	var prev *piece
	for i := range ps {
		p := &ps[i]
		if p.class == bin && isPrefix(prev) {
			p.class = plainOp // a sign
		}
		if prev != nil && p.s != "" && !strings.HasSuffix(b.String(), " ") && p.class != blank && spaced(*prev, *p, tight) {
			b.WriteByte(' ')
		}
		b.WriteString(p.s)
		if p.s != "" {
			prev = p
		}
	}
	return b.String()
}

// isPrefix reports whether an operator after prev has no left operand.
func isPrefix(prev *piece) bool {
	if prev == nil {
		return true
	}
	switch prev.class {
	case bin, rel, punct, word, big:
		return true
	case open:
		return !prev.script
	}
	return false
}

func spaced(a, b piece, tight bool) bool {
	if a.class == word || b.class == word || a.class == big || b.class == big {
		return wordSpace(a, b)
	}
	if tight {
		return false
	}
	switch {
	case a.class == bin || b.class == bin || a.class == rel || b.class == rel:
		return true
	case a.class == punct:
		return b.class != closing
	case a.class == prose || b.class == prose:
		return false
	case a.class == open && a.script && b.class == fence: // (...)^k ‖...‖
		return true
	case a.script && isOperandClass(b.class):
		return b.class != open || strings.Contains(a.s, "/")
	}
	return false
}

func isOperandClass(c class) bool {
	return c == ident || c == upright || c == number || c == open
}

// wordSpace decides the space before or after a named function or a sum.
func wordSpace(a, b piece) bool {
	switch {
	case a.class == open && !a.script, b.class == closing, b.class == punct, a.class == fence, b.class == fence, b.class == plainOp, a.class == plainOp, b.class == prose, a.class == prose:
		return false
	case b.class == open, strings.HasPrefix(b.s, "("):
		return a.class != word && a.class != big
	}
	return true
}
