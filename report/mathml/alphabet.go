package mathml

import (
	"strings"
)

// inAlphabet sets the letters of n in an alphabet. \mathrm makes one upright
// word of neighbouring letters.
func inAlphabet(n node, name string, a alphabet) node {
	switch n := n.(type) {
	case symbol:
		return letters(n, name, a)
	case row:
		out := row{}
		for _, item := range n {
			item = inAlphabet(item, name, a)
			s, ok := item.(symbol)
			if k := len(out) - 1; ok && k >= 0 && name == "mathrm" && s.class == upright {
				if last, ok := out[k].(symbol); ok && last.class == upright {
					out[k] = symbol{upright, last.text + s.text, last.plainText() + s.plainText()}
					continue
				}
			}
			out = append(out, item)
		}
		return unwrap(out)
	case script:
		n.base = inAlphabet(n.base, name, a)
		return n
	case accent:
		n.base = inAlphabet(n.base, name, a)
		return n
	}
	return n
}

func letters(s symbol, name string, a alphabet) symbol {
	if s.class != ident && s.class != number && s.class != upright {
		return s
	}
	plain := s.plainText()
	s.text = strings.Map(a.letter, s.text)
	if name != "mathit" && name != "mathnormal" && s.class == ident {
		s.class = upright
	}
	s.plain = plain
	if a.inText {
		s.plain = strings.Map(func(r rune) rune {
			if h, ok := a.holes[r]; ok {
				return h
			}
			return r
		}, plain)
	}
	return s
}

// plainText is the symbol as it prints in text.
func (s symbol) plainText() string {
	if s.plain != "" || s.class == blank {
		return s.plain
	}
	return s.text
}
