package report

import (
	"fmt"
	"slices"
	"strings"

	"convergo/report/table"
)

// dataWords are the kinds of data that parameters name, in words that follow
// their number.
var dataWords = map[string]string{
	"sphere": "unit vectors", "basis": "vectors of the standard basis", "orthonormal": "orthonormal vectors", "gaussian": "Gaussian vectors",
	"mnist": "images of MNIST", "fashion": "images of Fashion-MNIST", "duplicate": "unit vectors, some of them equal", "antipodal": "unit vectors in antipodal pairs",
	"cluster": "unit vectors in a cluster", "circle": "points around the circle", "halfcircle": "points on half of the circle", "angles": "unit vectors at given angles",
	"equicorrelated": "equicorrelated unit vectors", "simplex": "corners of a simplex", "explicit": "given vectors", "lattice": "given lattice points",
}

// symbols are the letters that papers use for parameters.
var symbols = map[string]string{
	"delta": `\delta`, "eta": `\eta`, "kappa": `\kappa`, "xi": `\xi`, "tau": `\tau`, "theta": `\theta`, "rho": `\rho`, "beta": `\beta`, "gamma": `\gamma`, "lambda": `\lambda`,
	"alpha": `\alpha`, "sigma": `\sigma`, "omega": `\omega`, "eps": `\varepsilon`, "epsilon": `\varepsilon`, "width": "m", "l": "L", "mu": `\mu`, "nu": `\nu`, "zeta": `\zeta`,
}

// inWords says parameters in words and formulas, such as "$n = 10$ unit vectors
// in $\mathbb{R}^{20}$, $m = 64$".
func inWords(ps []param) table.Inline {
	ps = slices.Clone(ps)
	take := func(name string) (string, bool) {
		i := slices.IndexFunc(ps, func(p param) bool { return p.name == name })
		if i < 0 {
			return "", false
		}
		v := ps[i].value
		ps = slices.Delete(ps, i, i+1)
		return v, true
	}
	var words []string
	if i := slices.IndexFunc(ps, func(p param) bool { return p.name == "kind" && dataWords[p.value] != "" }); i >= 0 {
		text := dataWords[ps[i].value]
		ps = slices.Delete(ps, i, i+1)
		if n, ok := take("n"); ok {
			text = equation("n", n) + " " + text
		}
		if d, ok := take("d"); ok && strings.HasPrefix(text[strings.LastIndex(text, "$")+1:], " images") {
			text += " of " + equation("d", d) + " pixels"
		} else if ok {
			text += ` in $\mathbb{R}^{` + d + "}$"
		}
		if classes, ok := take("classes"); ok {
			text += " of the classes " + strings.Join(items(classes), " and ")
		}
		words = append(words, text)
	}
	for _, p := range ps {
		words = append(words, parameter(p))
	}
	return table.Inline(strings.Join(words, ", "))
}

func equation(symbol, value string) string { return fmt.Sprintf("$%s = %s$", symbol, value) }

// parameter says one parameter: as an equation where it has a letter and a
// number.
func parameter(p param) string {
	name := strings.ReplaceAll(p.name, "_", " ")
	symbol, known := symbols[p.name]
	if !known && len(p.name) == 1 {
		symbol, known = p.name, true
	}
	switch {
	case p.value == "true":
		return name
	case p.value == "false":
		return "no " + name
	case known && numeric(p.value):
		return equation(symbol, powers(p.value))
	case known && numeric(strings.Join(items(p.value), "")):
		return "$" + symbol + "$ of " + strings.Join(items(p.value), ", ")
	case name == "labels":
		return string(table.Literal(p.value)) + " labels"
	}
	return string(table.Literal(name + " " + strings.ReplaceAll(p.value, ",", ", ")))
}

// items are those of a list such as "[1,2]"; of anything else, itself.
func items(value string) []string {
	return strings.Split(strings.TrimSuffix(strings.TrimPrefix(value, "["), "]"), ",")
}

// numeric reports whether a value is a number, or a list of numbers that needs no
// words.
func numeric(s string) bool { return s != "" && strings.Trim(s, "0123456789+-.eE") == "" }

// powers writes an exponent as one.
func powers(s string) string {
	mantissa, exponent, ok := strings.Cut(strings.ToLower(s), "e")
	if !ok {
		return s
	}
	return mantissa + ` \times 10^{` + strings.TrimPrefix(exponent, "+") + "}"
}

// claimed says what kind of statement a form is.
func claimed(form string) table.Inline {
	if text, ok := map[string]table.Inline{
		"always": "Claimed on every instance", "probably": `Claimed with probability at least $1-\delta$`, "mean": "Claimed of a mean",
		"scaling": "Claimed of an exponent", "bounded": "Claimed up to a constant", "threshold": "Claimed of the place of a threshold",
	}[form]; ok {
		return text
	}
	return "Claim of the form " + table.Literal(form)
}

// constants says where the constants of a claim are from.
func constants(basis string) string {
	if text, ok := map[string]string{"stated": "as the source states them", "derived": "derived here", "fitted": "fitted here", "recalled": "recalled, and not read in the source"}[basis]; ok {
		return text
	}
	return basis
}
