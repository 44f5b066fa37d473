package report

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Filter is a condition on the row of a table: comparisons of columns with
// values, joined by and, or, not and parentheses.
type Filter struct{ root node }

// A node of a filter is a comparison or joins others.
type node interface{ String() string }

type (
	either  struct{ a, b node }
	both    struct{ a, b node }
	negated struct{ a node }
	// A comparison compares the column of a key with values: several for in.
	comparison struct {
		key, op string
		values  []string
		pattern *regexp.Regexp // of ~, when the value is one
	}
)

// ParseFilter reads conditions such as
//
//	slack < 2 and (source in (du2019, arora2019fine) or title ~ 'norm.*growth')
//
// A comparison is "key op value". The operators are = and != (of numbers, or of
// words whatever their case), <, <=, > and >= (of numbers), "in" a list in
// parentheses, and ~ and !~ (the cell contains the value, or matches it as a
// regular expression, whatever the case). "not in", "not", "and" before "or", and
// parentheses work as they read. Keys and values are quoted by ' or " where they
// hold such words, or parentheses that do not match. A cell without a number meets no
// comparison of size.
func ParseFilter(s string) (Filter, error) {
	p := &filterParser{text: s, rest: s}
	root, err := p.or()
	if err == nil {
		if p.space(); p.rest != "" {
			err = p.wrong("%q is too much", p.rest)
		}
	}
	if err != nil {
		return Filter{}, err
	}
	return Filter{root}, nil
}

// String writes the filter in a form that [ParseFilter] reads.
func (f Filter) String() string {
	if f.root == nil {
		return ""
	}
	return f.root.String()
}

func (n either) String() string  { return "(" + n.a.String() + " or " + n.b.String() + ")" }
func (n both) String() string    { return "(" + n.a.String() + " and " + n.b.String() + ")" }
func (n negated) String() string { return "not (" + n.a.String() + ")" }

func (c comparison) String() string {
	if c.op != "in" {
		return quoteWord(c.key) + " " + c.op + " " + quoteWord(c.values[0])
	}
	words := make([]string, len(c.values))
	for i, v := range c.values {
		words[i] = quoteWord(v)
	}
	return quoteWord(c.key) + " in (" + strings.Join(words, ", ") + ")"
}

// quoteWord writes a quote within a word twice.
func quoteWord(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// A filterParser reads a filter by recursive descent.
type filterParser struct {
	text, rest string
	depth      int
}

// deepest bounds the nesting, and with it the stack.
const deepest = 100

func (p *filterParser) wrong(format string, args ...any) error {
	return fmt.Errorf("condition %q: %s; write key op value, such as verdict=HOLDS, slack<2 or claim~gram, joined by and, or, not and parentheses",
		p.text, fmt.Sprintf(format, args...))
}

func (p *filterParser) space() { p.rest = strings.TrimLeftFunc(p.rest, unicode.IsSpace) }

// word consumes a whole word such as "and".
func (p *filterParser) word(w string) bool {
	p.space()
	if len(p.rest) < len(w) || !strings.EqualFold(p.rest[:len(w)], w) || !ends(p.rest[len(w):]) {
		return false
	}
	p.rest = p.rest[len(w):]
	return true
}

// ends reports whether a word that s follows is complete.
func ends(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return s == "" || unicode.IsSpace(r) || strings.ContainsRune("()'\"", r)
}

// sign consumes a mark such as "(".
func (p *filterParser) sign(s string) bool {
	p.space()
	rest, ok := strings.CutPrefix(p.rest, s)
	if ok {
		p.rest = rest
	}
	return ok
}

func (p *filterParser) or() (node, error) {
	a, err := p.and()
	for err == nil && p.word("or") {
		var b node
		b, err = p.and()
		a = either{a, b}
	}
	return a, err
}

func (p *filterParser) and() (node, error) {
	a, err := p.unary()
	for err == nil && p.word("and") {
		var b node
		b, err = p.unary()
		a = both{a, b}
	}
	return a, err
}

func (p *filterParser) unary() (node, error) {
	if p.depth++; p.depth > deepest {
		return nil, p.wrong("more than %d parentheses within each other", deepest)
	}
	defer func() { p.depth-- }()
	switch {
	case p.word("not"):
		a, err := p.unary()
		return negated{a}, err
	case p.sign("("):
		a, err := p.or()
		if err == nil && !p.sign(")") {
			err = p.wrong("a ) is missing")
		}
		return a, err
	}
	return p.comparison()
}

var operators = []string{"<=", ">=", "!=", "!~", "==", "=", "<", ">", "~"}

func (p *filterParser) comparison() (node, error) {
	key, quoted := p.term(func(rest string) bool {
		return strings.ContainsAny(rest[:1], "<>=!~") || startsWord(rest, "in") || startsWord(rest, "not") || startsWord(rest, "and") || startsWord(rest, "or")
	})
	if key == "" && !quoted {
		return nil, p.wrong("a column's key is missing before %q", p.rest)
	}
	no := p.word("not")
	if p.word("in") {
		return p.list(key, no)
	}
	for _, op := range operators {
		if no || !p.sign(op) {
			continue
		}
		value, quoted := p.term(func(rest string) bool { return startsWord(rest, "and") || startsWord(rest, "or") })
		if value == "" && !quoted {
			return nil, p.wrong("a value is missing after %q", op)
		}
		if op == "==" {
			op = "="
		}
		return p.compare(key, op, value)
	}
	return nil, p.wrong("one of %s and in is missing after %q", strings.Join(operators, " "), key)
}

func (p *filterParser) compare(key, op, value string) (node, error) {
	c := comparison{key: key, op: op, values: []string{value}}
	switch op {
	case "<", "<=", ">", ">=":
		if _, err := strconv.ParseFloat(value, 64); err != nil {
			return nil, p.wrong("%q is no number to compare with", value)
		}
	case "~", "!~":
		c.op = "~"
		c.pattern, _ = regexp.Compile("(?i)" + value) // what is no expression is only contained
		if op == "!~" {
			return negated{c}, nil
		}
	}
	return c, nil
}

func (p *filterParser) list(key string, no bool) (node, error) {
	if !p.sign("(") {
		return nil, p.wrong("the list after in stands in parentheses")
	}
	c := comparison{key: key, op: "in"}
	for {
		value, quoted := p.term(func(rest string) bool { return rest[0] == ',' })
		if value == "" && !quoted {
			return nil, p.wrong("a value is missing in the list")
		}
		c.values = append(c.values, value)
		if p.sign(",") {
			continue
		}
		if !p.sign(")") {
			return nil, p.wrong("a ) is missing after the list")
		}
		if no {
			return negated{c}, nil
		}
		return c, nil
	}
}

// startsWord reports whether rest begins with the word w.
func startsWord(rest, w string) bool {
	return len(rest) >= len(w) && strings.EqualFold(rest[:len(w)], w) && ends(rest[len(w):])
}

// term reads a quoted text, or all up to where stop says or to a ) that nothing
// has opened; words that stop asks for count only at their beginning.
func (p *filterParser) term(stop func(rest string) bool) (text string, quoted bool) {
	p.space()
	if p.rest != "" && (p.rest[0] == '\'' || p.rest[0] == '"') {
		if text, rest, ok := unquote(p.rest); ok {
			p.rest = rest
			return text, true
		}
	}
	open, begin := 0, true
	for i, r := range p.rest {
		switch {
		case r == ')' && open == 0, open == 0 && (begin || !unicode.IsLetter(r)) && stop(p.rest[i:]):
			text, p.rest = p.rest[:i], p.rest[i:]
			return strings.TrimSpace(text), false
		case r == '(':
			open++
		case r == ')':
			open--
		}
		begin = unicode.IsSpace(r) || r == ')'
	}
	text, p.rest = p.rest, ""
	return strings.TrimSpace(text), false
}

// unquote reads the quoted text that s begins with; its quote stands twice where
// it means itself.
func unquote(s string) (text, rest string, ok bool) {
	quote := s[:1]
	var b strings.Builder
	for s = s[1:]; ; {
		i := strings.Index(s, quote)
		if i < 0 {
			return "", "", false
		}
		b.WriteString(s[:i])
		s = s[i+1:]
		if !strings.HasPrefix(s, quote) {
			return b.String(), s, true
		}
		b.WriteString(quote)
		s = s[1:]
	}
}

// comparisons lists those of the filter, in order.
func (f Filter) comparisons() []comparison {
	var all []comparison
	var visit func(node)
	visit = func(n node) {
		switch n := n.(type) {
		case either:
			visit(n.a)
			visit(n.b)
		case both:
			visit(n.a)
			visit(n.b)
		case negated:
			visit(n.a)
		case comparison:
			if !slices.ContainsFunc(all, func(c comparison) bool { return c.key == n.key }) {
				all = append(all, n)
			}
		}
	}
	visit(f.root)
	return all
}
