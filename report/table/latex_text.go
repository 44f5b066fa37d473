package table

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// breaking are the commands that end a cell, a row or the formula itself.
var breaking = regexp.MustCompile(`^\\(\\|\(|\)|\[|\]|cr|crcr|tabularnewline|newline|begin|end|noalign|hline|omit|span|multicolumn|par)$`)

// checkMath returns an error for a formula that would break the table around
// it: braces that do not match, alignment and comment characters, ends of rows.
func checkMath(tex string) error {
	bad := func(what string) error {
		return fmt.Errorf("formula %q: %s would break the table: write one line of LaTeX mathematics without dollar signs", tex, what)
	}
	depth := 0
	for i := 0; i < len(tex); i++ {
		switch tex[i] {
		case '\\':
			n := i + 1
			for n < len(tex) && (tex[n]|0x20 >= 'a' && tex[n]|0x20 <= 'z') {
				n++
			}
			if n == i+1 {
				n++
			}
			if n > len(tex) {
				return bad(`a backslash at the end`)
			}
			if cmd := tex[i:n]; breaking.MatchString(cmd) {
				return bad(cmd)
			}
			i = n - 1
		case '{':
			depth++
		case '}':
			if depth--; depth < 0 {
				return bad("an unmatched }")
			}
		case '%', '&', '#', '$':
			return bad(fmt.Sprintf("an unescaped %c", tex[i]))
		case '^':
			if strings.HasPrefix(tex[i:], "^^") {
				return bad("^^") // TeX reads it as a character code
			}
		}
	}
	if depth > 0 {
		return bad("an unmatched {")
	}
	return nil
}

func latexNum(n numeral) string {
	value := latexValue(n.value)
	switch n.spread {
	case interval:
		value = fmt.Sprintf(`%s\;[%s, %s]`, value, latexValue(n.lo), latexValue(n.hi))
	case plusMinus:
		value = fmt.Sprintf(`%s \pm %s`, value, latexValue(n.err))
	}
	if n.sci {
		if n.spread != alone {
			value = "(" + value + ")"
		}
		value += fmt.Sprintf(` \times 10^{%d}`, n.exp)
	}
	return "$" + value + "$"
}

// latexValue prints a mantissa, or a number printed whole such as 1.5e-07.
func latexValue(s string) string {
	switch s {
	case "inf":
		return `\infty`
	case "-inf":
		return `-\infty`
	case "NaN":
		return `\mathrm{NaN}`
	}
	mantissa, e, ok := strings.Cut(s, "e")
	if !ok {
		return thousands(s)
	}
	e = strings.TrimPrefix(e, "+")
	sign := ""
	if strings.HasPrefix(e, "-") {
		sign, e = "-", e[1:]
	}
	return mantissa + ` \times 10^{` + sign + strings.TrimLeft(e, "0") + "}"
}

// thousands parts the whole digits of a long number in threes by thin spaces.
func thousands(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, rest, point := strings.Cut(s, ".")
	if len(whole) > 4 {
		var parts []string
		for ; len(whole) > 3; whole = whole[:len(whole)-3] {
			parts = append([]string{whole[len(whole)-3:]}, parts...)
		}
		whole = strings.Join(append([]string{whole}, parts...), `\,`)
	}
	if point {
		whole += "." + rest
	}
	return sign + whole
}

// latexEscapes is applied in a single pass, so that a replacement is never
// escaped again. Characters that pdflatex does not know from its default
// encoding are set in mathematics.
var latexEscapes = strings.NewReplacer(
	`\`, `\textbackslash{}`, `&`, `\&`, `%`, `\%`, `#`, `\#`, `_`, `\_`, `{`, `\{`, `}`, `\}`, `$`, `\$`,
	`~`, `\textasciitilde{}`, `^`, `\textasciicircum{}`, `<`, `\textless{}`, `>`, `\textgreater{}`, `|`, `\textbar{}`,
	`"`, `''`, "`", `\textasciigrave{}`, `*`, `{*}`, `[`, `{[}`, `]`, `{]}`, `--`, `-{}-`,
	"\u00A0", `~`, `–`, `--`, `—`, `---`, `±`, `$\pm$`, `×`, `$\times$`, `≤`, `$\le$`, `≥`, `$\ge$`, `≈`, `$\approx$`,
	`∞`, `$\infty$`, `→`, `$\to$`, `λ`, `$\lambda$`, `δ`, `$\delta$`, `ε`, `$\varepsilon$`, `η`, `$\eta$`, `κ`, `$\kappa$`,
	`σ`, `$\sigma$`, `α`, `$\alpha$`, `β`, `$\beta$`, `μ`, `$\mu$`, `√`, `$\surd$`, `‖`, `$\Vert$`, `−`, `$-$`, `…`, `\dots{}`,
	"\uFFFD", `?`)

func latexText(s string) string {
	s = latexEscapes.Replace(oneLine(s))
	if strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch tex, ok := latexSymbols[r]; {
		case ok:
			b.WriteString("$" + tex + "$")
		case r < latexKnows || strings.ContainsRune("–—‘’“”„…†‡•€", r):
			b.WriteRune(r)
		default: // LaTeX would stop at it
			b.WriteByte('?')
		}
	}
	return b.String()
}

// latexSymbols are characters of mathematics that LaTeX does not read as they
// are. Those of latexEscapes come first.
var latexSymbols = func() map[rune]string {
	m := map[rune]string{'ο': "o", '′': "'", '→': `\to`, '⇒': `\Rightarrow`, '⇔': `\Leftrightarrow`, '←': `\leftarrow`, '∀': `\forall`, '∃': `\exists`,
		'∑': `\sum`, '∏': `\prod`, '∫': `\int`, '∂': `\partial`, '∇': `\nabla`, '∩': `\cap`, '∪': `\cup`, '⊂': `\subset`, '⊆': `\subseteq`, '∅': `\emptyset`,
		'⟨': `\langle`, '⟩': `\rangle`, '⊤': `\top`, '⊥': `\bot`, '≪': `\ll`, '≫': `\gg`, '≡': `\equiv`, '∼': `\sim`, '∝': `\propto`, '⊗': `\otimes`, '⊙': `\odot`,
		'≠': `\ne`, '≈': `\approx`, '∈': `\in`, '∞': `\infty`, 'ℓ': `\ell`, '⌈': `\lceil`, '⌉': `\rceil`, '⌊': `\lfloor`, '⌋': `\rfloor`, 'ϵ': `\epsilon`, 'ϕ': `\phi`, '∘': `\circ`}
	for i, r := range []rune("αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ") {
		m[r] = `\` + strings.Fields(`alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon varphi chi psi omega
			Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega`)[i]
	}
	for i, r := range []rune("₀₁₂₃₄₅₆₇₈₉₊₋") {
		m[r] = "_{" + "0123456789+-"[i:i+1] + "}"
	}
	for i, r := range []rune("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻") {
		m[r] = "^{" + "0123456789+-"[i:i+1] + "}"
	}
	return m
}()

// caption returns \caption and \label, each followed by end.
func (l *latex) caption(end string) string {
	s := ""
	if l.table.Caption != "" {
		s += `\caption{` + l.inline(l.table.Caption) + "}" + end
	}
	if l.table.Label != "" {
		s += `\label{` + labelText(l.table.Label) + "}" + end
	}
	return s
}

var notLabel = regexp.MustCompile(`[^A-Za-z0-9:./+-]+`)

// labelText makes a label of characters that are safe in every TeX file.
func labelText(s string) string { return notLabel.ReplaceAllString(s, "-") }

var notKey = regexp.MustCompile(`[^A-Za-z0-9:./+_-]+`)

// citeKey makes a key of characters that BibTeX reads.
func citeKey(s string) string { return notKey.ReplaceAllString(s, "") }

// codeText makes text that is copied as it is written: quotation marks are upright,
// and dashes stay two. Lines are broken at its spaces and behind its slashes.
func codeText(s string) string {
	upright := strings.NewReplacer("''", `\char34{}`, "'", `\textquotesingle{}`)
	words := strings.Fields(s)
	for i, word := range words {
		parts := strings.SplitAfter(word, "/")
		for j, part := range parts {
			parts[j] = `\texttt{` + upright.Replace(latexText(part)) + "}"
		}
		words[i] = strings.Join(parts, `\allowbreak{}`)
	}
	return strings.Join(words, " ")
}
