package report

import (
	"regexp"
	"strings"
	"unicode"

	"convergo/report/mathml"
	"convergo/report/table"
)

// mathematics sets the formulas of a text in which they are written as on a
// keyboard, such as "w_r ~ N(0, kappa^2 I), a_r = +-1 fixed". What it cannot set
// stays as it is.
func mathematics(text string) table.Inline {
	if strings.ContainsAny(text, `$\`) {
		return table.Literal(text)
	}
	var out []string
	var run []string // of words that are formulas or stand between two
	flush := func() {
		if len(run) > 0 {
			out = append(out, formulaOf(run))
			run = nil
		}
	}
	words := grouped(text)
	for i, word := range words {
		bare := strings.TrimRight(word, ",;:.")
		begins := false // a formula that the next word goes on with
		if i+1 < len(words) {
			begins = word == "sum" && strings.Contains(words[i+1], "_") || (word == "a" || word == "A") && operator.MatchString(words[i+1])
		}
		if !formula(bare) && !begins && !(len(run) > 0 && joins(bare)) {
			flush()
			out = append(out, string(table.Literal(word)))
			continue
		}
		run = append(run, word)
		if bare != word {
			flush()
		}
	}
	flush()
	return table.Inline(strings.Join(out, " "))
}

// grouped cuts a text at the spaces outside parentheses that hold a formula.
func grouped(text string) []string {
	var out []string
	var word strings.Builder
	depth := 0
	for _, r := range text {
		switch {
		case strings.ContainsRune("([{", r):
			depth++
		case strings.ContainsRune(")]}", r) && depth > 0:
			depth--
		}
		if r == ' ' && depth == 0 {
			out = append(out, word.String())
			word.Reset()
			continue
		}
		word.WriteRune(r)
	}
	return append(out, word.String())
}

var (
	strong   = regexp.MustCompile(`[_^=]|\+-|->|^\||^[-+]?[A-Za-z]\(|^(relu|sqrt|sign|phi|sigma|exp|log|erf|E)\b.*[(|]|^1\{|^1/|/[A-Za-z]|[A-Za-z0-9)]\*|^<|^\[\[`)
	operator = regexp.MustCompile(`^(=|~|->|<=|>=|<|>|\+|-|\*|/|\.\.\.)$`)
	greek    = regexp.MustCompile(`^(alpha|beta|gamma|delta|eps|eta|theta|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|phi|psi|omega|Theta|Lambda|Sigma|Phi|lambda_max)$`)
	letter   = regexp.MustCompile(`^(sqrt|[b-zB-HJ-Z]|[0-9]*[A-Z]x|[a-z]x)$`)
	amount   = regexp.MustCompile(`^[-+]?[0-9./]+$`)
	prose    = regexp.MustCompile(`[A-Za-z]{3,} [A-Za-z]{3,}|^\(?(derived|see|with)`)
)

// formula reports whether a word is mathematics by itself.
func formula(word string) bool {
	if prose.MatchString(word) {
		return false
	}
	return strong.MatchString(word) || greek.MatchString(word) || letter.MatchString(word) || operator.MatchString(word)
}

// joins reports whether a word continues a formula before it.
func joins(word string) bool {
	return amount.MatchString(word) || word == "a" || word == "I" || word == "A" || strings.HasPrefix(word, "(") && !prose.MatchString(word) || word == "sqrt" || word == "max"
}

// formulaOf sets words as one formula, and leaves them prose when LaTeX or MathML
// could not read it.
func formulaOf(words []string) string {
	text := strings.Join(words, " ")
	body := strings.TrimRight(text, ",;:.")
	tail := text[len(body):]
	if operator.MatchString(body) && body != "=" || amount.MatchString(body) {
		return string(table.Literal(text))
	}
	in := table.Inline("$" + teX(body) + "$")
	if strings.IndexFunc(string(in), func(r rune) bool { return r > unicode.MaxASCII }) >= 0 {
		return string(table.Literal(text))
	}
	if _, err := in.LaTeX(); err != nil || mathml.ToText(teX(body)) == "" {
		return string(table.Literal(text))
	}
	return string(in) + tail
}

// A rewriting turns what a keyboard has into LaTeX.
type rewriting struct {
	of   *regexp.Regexp
	into string
}

var rewritings = []rewriting{
	{regexp.MustCompile(`\|\|`), `\|`},
	{regexp.MustCompile(`1\{([^}]*)\}`), `\mathbf{1}\{$1\}`},
	{regexp.MustCompile(`<([A-Za-z_]+), ?([A-Za-z_]+)>`), `\langle $1, $2\rangle`},
	{regexp.MustCompile(`\+-`), `\pm `},
	{regexp.MustCompile(`->`), `\to `},
	{regexp.MustCompile(`<=`), `\le `},
	{regexp.MustCompile(`>=`), `\ge `},
	{regexp.MustCompile(`~`), `\sim `},
	{regexp.MustCompile(`\.\.\.`), `\ldots `},
	{regexp.MustCompile(`([A-Za-z0-9}])\.([A-Za-z])`), `$1 \cdot $2`},
	{regexp.MustCompile(`\bsqrt\(((?:[^()]|\([^()]*\))*)\)`), `\sqrt{$1}`},
	{regexp.MustCompile(`\bsqrt ([A-Za-z0-9]+)`), `\sqrt{$1}`},
	{regexp.MustCompile(`_(max|min|inf|sigma|beta)\b`), `_{\$1}`},
	{regexp.MustCompile(`_([ijklrs]{2})\b`), `_{$1}`},
	{regexp.MustCompile(`_([A-Za-z]{2,})`), `_{\mathrm{$1}}`},
	{regexp.MustCompile(`\^(\([A-Za-z]\)|-[0-9]+)`), `^{$1}`},
	{regexp.MustCompile(`\^\(([-0-9/]+)\)`), `^{$1}`},
	{regexp.MustCompile(`\^inf(_|\b)`), `^\infty$1`},
	{regexp.MustCompile(`([a-z])\*(\)|$| )`), `$1^\ast $2`},
	{regexp.MustCompile(`\beps\b|\beps(_)`), `\varepsilon$1`},
	{regexp.MustCompile(`\b(sum|prod)(_)`), `\$1$2`},
	{regexp.MustCompile(`\b(sum|prod) `), `\$1 `},
	{regexp.MustCompile(`\b(alpha|beta|gamma|delta|eta|theta|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|psi|omega|Theta|Lambda|Sigma|Phi)\b`), `\$1 `},
	{regexp.MustCompile(`\b(alpha|beta|gamma|delta|eta|theta|kappa|lambda|mu|nu|xi|rho|sigma|tau|psi|omega|Theta|Lambda|Sigma|Phi)([_^])`), `\$1$2`},
	{regexp.MustCompile(`\bphi\b`), `\varphi `},
	{regexp.MustCompile(`\b(exp|log|ln|max|min|sin|cos)\b`), `\$1 `},
	{regexp.MustCompile(`(^|[^\\A-Za-z{])([A-Za-z]{3,})\b`), `$1\mathrm{$2}`},
	{regexp.MustCompile(`\*`), `\,`},
	{regexp.MustCompile(`\\\\([A-Za-z])`), `\$1`}, // a name that two of these have found
	{regexp.MustCompile(` +`), ` `},
}

// keyboard writes the characters of mathematics as a keyboard has them.
var keyboard = strings.NewReplacer("η", "eta ", "λ", "lambda", "δ", "delta ", "κ", "kappa ", "σ", "sigma ", "α", "alpha ", "β", "beta ", "γ", "gamma ", "ξ", "xi ",
	"μ", "mu ", "ρ", "rho ", "τ", "tau ", "θ", "theta ", "ε", "eps ", "²", "^2", "³", "^3", "₀", "_0", "₁", "_1", "₂", "_2", "‖", "||", "≤", "<=", "≥", ">=", "→", "->", "−", "-", "±", "+-")

// teX rewrites a formula.
func teX(s string) string {
	s = keyboard.Replace(s)
	for _, r := range rewritings {
		s = r.of.ReplaceAllString(s, r.into)
	}
	return strings.TrimSpace(strings.ReplaceAll(s, `_{\inf}`, `_\infty`))
}
