package page

import (
	"regexp"
	"strings"
)

var heading = regexp.MustCompile(`^([A-Z][A-Za-z ]{2,20}):\s+`)

// statement sets a doc comment: paragraphs, of which some open with a heading,
// and indented blocks as they stand.
func statement(doc string) string {
	var b strings.Builder
	for _, para := range strings.Split(strings.TrimSpace(doc), "\n\n") {
		if strings.HasPrefix(para, "\t") || strings.HasPrefix(para, " ") {
			b.WriteString("<pre>" + text(para) + "</pre>")
			continue
		}
		b.WriteString("<p>")
		if m := heading.FindStringSubmatch(para); m != nil {
			b.WriteString("<b>" + text(m[1]) + "</b> ")
			para = para[len(m[0]):]
		}
		b.WriteString(prose(para))
	}
	return b.String()
}

// signs are written in ASCII in doc comments and reasons.
var (
	signs    = strings.NewReplacer("<=", "≤", ">=", "≥", "!=", "≠", "+-", "±", "->", "→")
	exponent = regexp.MustCompile(`\b(\d+(?:\.\d+)?)e([+-]\d+)\b`)
)

// prose sets text that people wrote, with the signs and powers of ten of a
// printed page.
func prose(s string) string {
	s = text(signs.Replace(s))
	return exponent.ReplaceAllStringFunc(s, func(number string) string {
		m := exponent.FindStringSubmatch(number)
		power := strings.TrimPrefix(m[2], "+")
		sign := ""
		if rest, negative := strings.CutPrefix(power, "-"); negative {
			sign, power = "−", rest
		}
		if power = strings.TrimLeft(power, "0"); power == "" {
			power = "0"
		}
		factor := m[1] + " × "
		if m[1] == "1" {
			factor = ""
		}
		return factor + "10<sup>" + sign + power + "</sup>"
	})
}
