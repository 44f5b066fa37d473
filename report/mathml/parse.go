package mathml

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error reports what of a formula is not understood, and where.
type Error struct {
	Pos int    // byte offset in the source
	Msg string // such as `unknown command \foo`
}

// Error returns the message with its place.
func (e *Error) Error() string { return fmt.Sprintf("mathml: %s at offset %d", e.Msg, e.Pos) }

// node is one of the types below.
type node interface{}

type (
	row    []node
	script struct {
		base, sub, sup node // sub and sup may be nil
		limits         bool // scripts go below and above in display
	}
	fraction struct {
		num, den node
		binomial bool
	}
	root   struct{ body, index node } // index may be nil
	accent struct {
		base node
		cmd  string
	}
	stack struct { // one thing over or under another
		base, over, under node
	}
	line   struct{ base node } // underlined
	fenced struct {
		open, close symbol // empty text for \left.
		body        node
	}
)

// maxDepth bounds the nesting, so that no input exhausts the stack.
const maxDepth = 100

type parser struct {
	src   string
	pos   int
	depth int
}

func parse(src string) (node, error) {
	p := &parser{src: src}
	if i := strings.IndexFunc(src, func(r rune) bool { return r == utf8.RuneError }); i >= 0 {
		return nil, &Error{i, "invalid character"}
	}
	n, err := p.row("")
	if err != nil {
		return nil, err
	}
	if p.pos < len(src) {
		return nil, p.errorf(p.pos, "unexpected %q", p.peek())
	}
	return n, nil
}

func (p *parser) errorf(pos int, format string, args ...any) error {
	return &Error{pos, fmt.Sprintf(format, args...)}
}

// peek returns the token at the position without consuming it: "", a command
// with its backslash, or one character.
func (p *parser) peek() string {
	s := p.src[p.pos:]
	if s == "" {
		return ""
	}
	if s[0] != '\\' {
		_, n := utf8.DecodeRuneInString(s)
		return s[:n]
	}
	n := 1
	for n < len(s) && isLetter(s[n]) {
		n++
	}
	if n == 1 && len(s) > 1 {
		_, k := utf8.DecodeRuneInString(s[1:])
		n += k
	}
	return s[:n]
}

func isLetter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }
func isDigit(b byte) bool  { return b >= '0' && b <= '9' }

func (p *parser) next() string {
	t := p.peek()
	p.pos += len(t)
	return t
}

func (p *parser) skipSpace() {
	for p.pos < len(p.src) && strings.IndexByte(" \t\r\n", p.src[p.pos]) >= 0 {
		p.pos++
	}
}

// row parses up to the end of the source, a closing brace, \right, \middle, or
// the token stop, none of which it consumes.
func (p *parser) row(stop string) (node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.errorf(p.pos, "nesting deeper than %d", maxDepth)
	}
	defer func() { p.depth-- }()
	items := row{}
	for {
		p.skipSpace()
		switch t := p.peek(); {
		case t == "", t == "}", t == `\right`, t == `\middle`, t == stop:
			return items, nil
		}
		n, err := p.scripted()
		if err != nil {
			return nil, err
		}
		if n != nil {
			items = append(items, n)
		}
	}
}

// scripted parses an atom with its scripts and primes.
func (p *parser) scripted() (node, error) {
	var base node = row{}
	limits := false
	if t := p.peek(); t != "^" && t != "_" && t != "'" {
		var err error
		if base, limits, err = p.atom(); err != nil || base == nil {
			return nil, err
		}
	}
	var sub, sup node
	var primes row
	for {
		p.skipSpace()
		at, t := p.pos, p.peek()
		switch t {
		case "'":
			p.next()
			primes = append(primes, symbols["prime"])
			continue
		case `\limits`, `\nolimits`:
			p.next()
			limits = t == `\limits`
			continue
		case "^", "_":
			p.next()
		default:
			if len(primes) > 0 {
				if sup != nil {
					primes = append(primes, sup)
				}
				sup = unwrap(primes)
			}
			if sub == nil && sup == nil {
				return base, nil
			}
			return script{base, sub, sup, limits}, nil
		}
		arg, err := p.argument(t)
		if err != nil {
			return nil, err
		}
		switch {
		case t == "^" && sup == nil:
			sup = arg
		case t == "_" && sub == nil:
			sub = arg
		default:
			return nil, p.errorf(at, "double script %s", t)
		}
	}
}

// argument parses the argument of a command: a group in braces or one atom.
func (p *parser) argument(of string) (node, error) {
	p.skipSpace()
	at := p.pos
	switch t := p.peek(); {
	case t == "{":
		return p.group()
	case t == "", t == "}", t == "^", t == "_", t == `\right`, t == `\middle`:
		return nil, p.errorf(at, "missing argument of %s", of)
	case isDigit(t[0]): // x^23 is x^2 3
		p.next()
		return symbol{number, t, ""}, nil
	}
	n, _, err := p.atom()
	if err == nil && n == nil {
		err = p.errorf(at, "missing argument of %s", of)
	}
	return n, err
}

// group parses {...}.
func (p *parser) group() (node, error) {
	at := p.pos
	p.next()
	n, err := p.row("")
	if err != nil {
		return nil, err
	}
	if p.next() != "}" {
		return nil, p.errorf(at, "unclosed {")
	}
	return unwrap(n), nil
}

// unwrap returns the only item of a row of one.
func unwrap(n node) node {
	if r, ok := n.(row); ok && len(r) == 1 {
		return r[0]
	}
	return n
}

// atom parses one symbol, group or command with its arguments. limits tells
// that scripts belong below and above. It returns nil for a command that leaves
// nothing, such as \displaystyle.
func (p *parser) atom() (n node, limits bool, err error) {
	if p.depth++; p.depth > maxDepth {
		return nil, false, p.errorf(p.pos, "nesting deeper than %d", maxDepth)
	}
	defer func() { p.depth-- }()
	at, t := p.pos, p.peek()
	switch {
	case t == "{":
		n, err = p.group()
		return n, false, err
	case t[0] == '\\' && len(t) > 1:
		p.next()
		return p.command(at, t[1:])
	case isDigit(t[0]):
		return p.number(), false, nil
	}
	p.next()
	r, _ := utf8.DecodeRuneInString(t)
	if s, ok := characters[r]; ok {
		return s, false, nil
	}
	switch {
	case unicode.IsLetter(r):
		return symbol{ident, t, ""}, false, nil
	case r > 127 && unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.IsMark(r):
		return symbol{plainOp, t, ""}, false, nil
	}
	return nil, false, p.errorf(at, "unexpected %q", t)
}

// number parses digits with at most one decimal point among them.
func (p *parser) number() node {
	start, point := p.pos, false
	for p.pos < len(p.src) {
		c := p.src[p.pos]
		if c == '.' && !point && p.pos+1 < len(p.src) && isDigit(p.src[p.pos+1]) {
			point = true
		} else if !isDigit(c) {
			break
		}
		p.pos++
	}
	return symbol{number, p.src[start:p.pos], ""}
}

// command parses the arguments of the command name, which begins at the offset
// at and has been consumed.
func (p *parser) command(at int, name string) (n node, limits bool, err error) {
	cmd := `\` + name
	if s, ok := symbols[name]; ok {
		return s, s.class == big && name != "int", nil
	}
	if limits, ok := functions[name]; ok {
		text := name
		if name == "liminf" || name == "limsup" {
			text = "lim " + name[3:]
		}
		return symbol{word, text, ""}, limits, nil
	}
	if a, ok := alphabets[name]; ok {
		n, err = p.argument(cmd)
		return inAlphabet(n, name, a), false, err
	}
	if _, ok := accents[name]; ok {
		n, err = p.argument(cmd)
		return accent{n, name}, false, err
	}
	switch name {
	case "frac", "dfrac", "tfrac", "binom":
		num, den, err := p.two(cmd)
		return fraction{num, den, name == "binom"}, false, err
	case "overset", "stackrel":
		over, base, err := p.two(cmd)
		return stack{base: base, over: over}, false, err
	case "underset":
		under, base, err := p.two(cmd)
		return stack{base: base, under: under}, false, err
	case "underline":
		n, err = p.argument(cmd)
		return line{n}, false, err
	case "sqrt":
		n, err = p.root()
		return n, false, err
	case "text", "textrm", "textbf", "textit", "textsf", "texttt", "mbox":
		s, err := p.raw(cmd)
		return symbol{prose, s, ""}, false, err
	case "operatorname":
		limits = p.peek() == "*"
		if limits {
			p.next()
		}
		s, err := p.raw(cmd)
		return symbol{word, s, ""}, limits, err
	case "left":
		n, err = p.fenced(at)
		return n, false, err
	case "big", "Big", "bigg", "Bigg", "bigl", "Bigl", "biggl", "Biggl",
		"bigr", "Bigr", "biggr", "Biggr", "bigm", "Bigm", "biggm", "Biggm":
		s, err := p.delimiter(cmd)
		switch {
		case err != nil:
			return nil, false, err
		case strings.HasSuffix(name, "l"):
			s.class = open
		case strings.HasSuffix(name, "r"):
			s.class = closing
		case strings.HasSuffix(name, "m"):
			s.class = rel
		}
		return s, false, nil
	case "displaystyle", "textstyle", "scriptstyle":
		return nil, false, nil
	}
	return nil, false, p.errorf(at, "unknown command %s", cmd)
}

func (p *parser) two(cmd string) (a, b node, err error) {
	if a, err = p.argument(cmd); err != nil {
		return nil, nil, err
	}
	b, err = p.argument(cmd)
	return a, b, err
}

func (p *parser) root() (node, error) {
	p.skipSpace()
	var index node
	if at := p.pos; p.peek() == "[" {
		p.next()
		n, err := p.row("]")
		if err != nil {
			return nil, err
		}
		if p.next() != "]" {
			return nil, p.errorf(at, "unclosed [")
		}
		index = unwrap(n)
	}
	body, err := p.argument(`\sqrt`)
	return root{body, index}, err
}

// raw returns the text between braces, with the escapes of text undone.
func (p *parser) raw(cmd string) (string, error) {
	p.skipSpace()
	at := p.pos
	if p.next() != "{" {
		return "", p.errorf(at, "missing argument of %s", cmd)
	}
	var b strings.Builder
	for depth := 0; ; {
		pos := p.pos
		t := p.next()
		switch {
		case t == "":
			return "", p.errorf(at, "unclosed {")
		case t == "{":
			depth++
		case t == "}":
			if depth--; depth < 0 {
				return b.String(), nil
			}
		case t == "~":
			b.WriteByte(' ')
		case len(t) == 2 && strings.Contains(`%&#_${} `, t[1:]):
			b.WriteString(t[1:])
		case t == `\,`, t == `\;`:
			b.WriteByte(' ')
		case t[0] == '\\' || t == "$":
			return "", p.errorf(pos, "unexpected %s inside %s", t, cmd)
		case t == "\n" || t == "\t" || t == "\r":
			b.WriteByte(' ')
		case !unicode.IsGraphic([]rune(t)[0]):
			return "", p.errorf(pos, "unexpected %q", t)
		default:
			b.WriteString(t)
		}
	}
}

// delimiter parses what may follow \left or \big.
func (p *parser) delimiter(cmd string) (symbol, error) {
	p.skipSpace()
	at := p.pos
	t := p.next()
	if t == "." {
		return symbol{class: fence}, nil
	}
	s, ok := symbol{}, false
	if strings.HasPrefix(t, `\`) {
		s, ok = symbols[t[1:]]
	} else if t != "" {
		r, _ := utf8.DecodeRuneInString(t)
		s, ok = characters[r]
	}
	switch {
	case ok && (s.class == open || s.class == closing || s.class == fence), t == "/":
		return s, nil
	case t == "<":
		return symbols["langle"], nil
	case t == ">":
		return symbols["rangle"], nil
	}
	return symbol{}, p.errorf(at, "no delimiter after %s", cmd)
}

// fenced parses \left( ... \middle| ... \right).
func (p *parser) fenced(at int) (node, error) {
	left, err := p.delimiter(`\left`)
	if err != nil {
		return nil, err
	}
	var items row
	for {
		body, err := p.row("")
		if err != nil {
			return nil, err
		}
		items = append(items, body.(row)...)
		switch p.next() {
		case `\middle`:
			s, err := p.delimiter(`\middle`)
			if err != nil {
				return nil, err
			}
			s.class = rel
			items = append(items, s)
		case `\right`:
			right, err := p.delimiter(`\right`)
			left.class, right.class = open, closing
			return fenced{left, right, items}, err
		default:
			return nil, p.errorf(at, `\left without \right`)
		}
	}
}
