package mathml

import (
	"encoding/xml"
	"strings"
)

// ToMathML returns the formula src, LaTeX without dollar signs, as a <math>
// element of presentation MathML; display sets it on a line of its own. The
// source is kept as the attribute alttext. The error is an [*Error].
func ToMathML(src string, display bool) (string, error) {
	n, err := parse(src)
	if err != nil {
		return "", err
	}
	w := &writer{}
	w.WriteString(`<math xmlns="http://www.w3.org/1998/Math/MathML"`)
	if display {
		w.WriteString(` display="block"`)
	}
	w.WriteString(` alttext="`)
	w.escape(src)
	w.WriteString(`">`)
	w.element("mrow", n)
	w.WriteString("</math>")
	return w.String(), nil
}

// ToHTML returns the formula as [ToMathML] does, in the syntax of HTML and in
// about half the bytes: without what a browser implies, and without the source.
func ToHTML(src string, display bool) (string, error) {
	n, err := parse(src)
	if err != nil {
		return "", err
	}
	w := &writer{brief: true}
	w.WriteString("<math")
	if display {
		w.WriteString(" display=block")
	}
	w.WriteString(">")
	if r, ok := n.(row); ok {
		w.items(r)
	} else {
		w.node(n)
	}
	w.WriteString("</math>")
	return w.String(), nil
}

type writer struct {
	strings.Builder
	brief bool // leave out what HTML and browsers imply
}

func (w *writer) escape(s string) {
	// The only error is one of the writer, and a Builder has none.
	_ = xml.EscapeText(&w.Builder, []byte(s))
}

// element writes the nodes as children of one element; an empty row as mrow, so
// that the number of children is right.
func (w *writer) element(tag string, children ...node) {
	if w.brief {
		tag = strings.ReplaceAll(tag, `"`, "")
	}
	name, _, _ := strings.Cut(tag, " ")
	w.WriteString("<" + tag + ">")
	for _, c := range children {
		if r, ok := c.(row); ok && tag == "mrow" {
			w.items(r)
			continue
		}
		w.node(c)
	}
	w.WriteString("</" + name + ">")
}

// items writes the items of a row, with an invisible function application after
// a named function that has an argument.
func (w *writer) items(r row) {
	for i, item := range r {
		w.node(item)
		if !w.brief && isFunction(item) && i+1 < len(r) && isOperand(r[i+1]) {
			w.WriteString("<mo>\u2061</mo>")
		}
	}
}

func isFunction(n node) bool {
	if s, ok := n.(script); ok {
		n = s.base
	}
	s, ok := n.(symbol)
	return ok && s.class == word
}

func isOperand(n node) bool {
	s, ok := n.(symbol)
	return !ok || s.class == ident || s.class == upright || s.class == number || s.class == word || s.class == open || s.class == fence
}

func (w *writer) node(n node) {
	switch n := n.(type) {
	case row:
		w.element("mrow", n)
	case symbol:
		w.symbol(n)
	case limitWord:
		w.leaf(`mo form="prefix" movablelimits="true"`, string(n))
	case script:
		w.script(n)
	case fraction:
		if n.binomial {
			w.WriteString(`<mrow><mo>(</mo>`)
			w.element(`mfrac linethickness="0"`, n.num, n.den)
			w.WriteString(`<mo>)</mo></mrow>`)
			return
		}
		w.element("mfrac", n.num, n.den)
	case root:
		if n.index != nil {
			w.element("mroot", n.body, n.index)
			return
		}
		w.element("msqrt", n.body)
	case accent:
		w.element(`mover accent="true"`, n.base, symbol{plainOp, accents[n.cmd].char, ""})
	case stack:
		if n.over != nil {
			w.element("mover", n.base, n.over)
			return
		}
		w.element("munder", n.base, n.under)
	case line:
		w.element(`munder accentunder="true"`, n.base, symbol{plainOp, "_", ""})
	case fenced:
		w.WriteString("<mrow>")
		w.delimiter(n.open, "prefix")
		w.node(n.body)
		w.delimiter(n.close, "postfix")
		w.WriteString("</mrow>")
	}
}

// limitWord is a named function with limits. It is an operator, not an
// identifier, so that its limits go beside it within a line of prose.
type limitWord string

func (w *writer) script(s script) {
	under, over, both := "msub", "msup", "msubsup"
	if s.limits {
		under, over, both = "munder", "mover", "munderover"
	}
	base := s.base
	if b, ok := base.(symbol); ok && b.class == word && s.limits {
		base = limitWord(b.text)
	}
	switch {
	case s.sup == nil:
		w.element(under, base, s.sub)
	case s.sub == nil:
		w.element(over, base, s.sup)
	default:
		w.element(both, base, s.sub, s.sup)
	}
}

func (w *writer) delimiter(s symbol, form string) {
	if s.text == "" {
		return
	}
	w.leaf(`mo form="`+form+`" fence="true" stretchy="true"`, s.text)
}

func (w *writer) symbol(s symbol) {
	switch s.class {
	case ident:
		w.leaf("mi", s.text)
	case upright, word:
		// A single letter would be italic; more than one is upright anyway.
		if len([]rune(s.text)) == 1 {
			w.leaf(`mi mathvariant="normal"`, s.text)
			return
		}
		w.leaf("mi", s.text)
	case number:
		w.leaf("mn", s.text)
	case prose:
		w.leaf("mtext", strings.ReplaceAll(s.text, " ", "\u00A0"))
	case blank:
		w.space(s.text)
	case big:
		w.leaf(`mo movablelimits="true"`, s.text)
	case open:
		w.leaf(`mo form="prefix" stretchy="false"`, s.text)
	case closing:
		w.leaf(`mo form="postfix" stretchy="false"`, s.text)
	case fence:
		// Without a side of its own, the sign must not stretch nor take space.
		w.leaf(`mo stretchy="false" lspace="0" rspace="0"`, s.text)
	case punct:
		w.leaf(`mo separator="true"`, s.text)
	case rel:
		w.leaf(`mo stretchy="false"`, s.text)
	default:
		w.leaf("mo", s.text)
	}
}

func (w *writer) leaf(tag, text string) {
	if w.brief {
		tag = briefTag(tag, text)
	}
	name, _, _ := strings.Cut(tag, " ")
	w.WriteString("<" + tag + ">")
	w.escape(text)
	w.WriteString("</" + name + ">")
}

func (w *writer) space(width string) {
	if w.brief { // HTML has no empty element of this name: it is closed, or holds all that follows
		w.WriteString("<mspace width=" + width + "></mspace>")
		return
	}
	w.WriteString(`<mspace width="` + width + `"/>`)
}

// briefTag leaves out the attributes that a browser takes from its dictionary
// of operators, and the quotation marks.
func briefTag(tag, text string) string {
	const brackets, strokes, arrows = "()[]{}⌊⌋⌈⌉⟨⟩", "|‖", "→⟶←↦⇒⟹⇐⇔⟺↔↑↓"
	switch {
	case tag == "mo":
		return tag
	case strings.Contains(tag, `stretchy="true"`) && strings.Contains(brackets+strokes, text):
		return "mo" // the first and the last of a row
	case strings.Contains(brackets, text):
		return "mo stretchy=false"
	case strings.Contains(strokes, text) && strings.HasPrefix(tag, "mo "):
		return "mi" // neither stretched nor spaced
	case strings.Contains(tag, "separator"),
		tag == `mo stretchy="false"` && !strings.Contains(arrows, text),
		strings.Contains(tag, "movablelimits") && strings.Contains("∑∏⋃⋂⨁⨂⋁⋀", text):
		return "mo"
	}
	return strings.ReplaceAll(tag, `"`, "")
}
