package mathml

// class is the part a symbol plays in a formula. It decides the MathML element
// and the spaces around the symbol in text.
type class int

const (
	ident class = iota // variable or constant, italic in MathML
	upright
	number
	word // named function
	big  // sum-like operator that takes limits
	bin
	rel
	punct
	open
	closing
	fence // either side, such as |
	plainOp
	prose
	blank
)

type symbol struct {
	class class
	text  string // as in MathML
	plain string // as in text, when different
}

// symbols are the commands without argument.
var symbols = map[string]symbol{
	// Greek.
	"alpha": {ident, "α", ""}, "beta": {ident, "β", ""}, "gamma": {ident, "γ", ""}, "delta": {ident, "δ", ""},
	"epsilon": {ident, "ϵ", "ε"}, "varepsilon": {ident, "ε", ""}, "zeta": {ident, "ζ", ""}, "eta": {ident, "η", ""},
	"theta": {ident, "θ", ""}, "vartheta": {ident, "ϑ", ""}, "iota": {ident, "ι", ""}, "kappa": {ident, "κ", ""},
	"lambda": {ident, "λ", ""}, "mu": {ident, "μ", ""}, "nu": {ident, "ν", ""}, "xi": {ident, "ξ", ""},
	"pi": {ident, "π", ""}, "rho": {ident, "ρ", ""}, "varrho": {ident, "ϱ", ""}, "sigma": {ident, "σ", ""},
	"varsigma": {ident, "ς", ""}, "tau": {ident, "τ", ""}, "upsilon": {ident, "υ", ""}, "phi": {ident, "ϕ", "φ"},
	"varphi": {ident, "φ", ""}, "chi": {ident, "χ", ""}, "psi": {ident, "ψ", ""}, "omega": {ident, "ω", ""},
	"Gamma": {upright, "Γ", ""}, "Delta": {upright, "Δ", ""}, "Theta": {upright, "Θ", ""}, "Lambda": {upright, "Λ", ""},
	"Xi": {upright, "Ξ", ""}, "Pi": {upright, "Π", ""}, "Sigma": {upright, "Σ", ""}, "Upsilon": {upright, "Υ", ""},
	"Phi": {upright, "Φ", ""}, "Psi": {upright, "Ψ", ""}, "Omega": {upright, "Ω", ""},

	// Other letters and constants.
	"ell": {ident, "ℓ", ""}, "infty": {upright, "∞", ""}, "partial": {upright, "∂", ""}, "nabla": {upright, "∇", ""},
	"emptyset": {upright, "∅", ""}, "varnothing": {upright, "∅", ""}, "top": {upright, "⊤", ""}, "bot": {upright, "⊥", ""},
	"forall": {upright, "∀", ""}, "exists": {upright, "∃", ""}, "angle": {upright, "∠", ""}, "neg": {upright, "¬", ""},
	"lnot": {upright, "¬", ""}, "Re": {upright, "ℜ", "Re"}, "Im": {upright, "ℑ", "Im"}, "aleph": {upright, "ℵ", ""},
	"ldots": {plainOp, "…", "..."}, "dots": {plainOp, "…", "..."}, "cdots": {plainOp, "⋯", "..."}, "vdots": {plainOp, "⋮", ""},
	"prime": {plainOp, "′", "'"}, "dagger": {plainOp, "†", ""}, "backslash": {plainOp, "\\", ""},
	"%": {upright, "%", ""}, "#": {upright, "#", ""}, "&": {upright, "&", ""}, "$": {upright, "$", ""}, "_": {upright, "_", ""},

	// Relations.
	"le": {rel, "≤", ""}, "leq": {rel, "≤", ""}, "leqslant": {rel, "⩽", "≤"}, "ge": {rel, "≥", ""}, "geq": {rel, "≥", ""},
	"geqslant": {rel, "⩾", "≥"}, "ll": {rel, "≪", ""}, "gg": {rel, "≫", ""}, "lesssim": {rel, "≲", ""}, "gtrsim": {rel, "≳", ""},
	"lt": {rel, "<", ""}, "gt": {rel, ">", ""}, "ne": {rel, "≠", ""}, "neq": {rel, "≠", ""}, "approx": {rel, "≈", ""},
	"sim": {rel, "∼", "~"}, "simeq": {rel, "≃", ""}, "cong": {rel, "≅", ""}, "equiv": {rel, "≡", ""}, "asymp": {rel, "≍", ""},
	"propto": {rel, "∝", ""}, "in": {rel, "∈", ""}, "notin": {rel, "∉", ""}, "ni": {rel, "∋", ""}, "subset": {rel, "⊂", ""},
	"subseteq": {rel, "⊆", ""}, "supset": {rel, "⊃", ""}, "supseteq": {rel, "⊇", ""}, "prec": {rel, "≺", ""},
	"preceq": {rel, "⪯", ""}, "succ": {rel, "≻", ""}, "succeq": {rel, "⪰", ""}, "mid": {rel, "∣", "|"}, "perp": {rel, "⟂", "⊥"},
	"parallel": {rel, "∥", ""}, "to": {rel, "→", ""}, "rightarrow": {rel, "→", ""}, "longrightarrow": {rel, "⟶", "→"},
	"leftarrow": {rel, "←", ""}, "gets": {rel, "←", ""}, "mapsto": {rel, "↦", ""}, "Rightarrow": {rel, "⇒", ""},
	"implies": {rel, "⟹", "⇒"}, "Leftarrow": {rel, "⇐", ""}, "Leftrightarrow": {rel, "⇔", ""}, "iff": {rel, "⟺", "⇔"},
	"leftrightarrow": {rel, "↔", ""}, "uparrow": {rel, "↑", ""}, "downarrow": {rel, "↓", ""}, "coloneqq": {rel, "≔", ":="},

	// Binary operators.
	"times": {bin, "×", ""}, "cdot": {bin, "⋅", "·"}, "pm": {bin, "±", ""}, "mp": {bin, "∓", ""}, "div": {bin, "÷", ""},
	"odot": {bin, "⊙", ""}, "otimes": {bin, "⊗", ""}, "oplus": {bin, "⊕", ""}, "circ": {bin, "∘", ""}, "bullet": {bin, "∙", ""},
	"ast": {bin, "∗", "*"}, "star": {bin, "⋆", ""}, "cup": {bin, "∪", ""}, "cap": {bin, "∩", ""}, "setminus": {bin, "∖", "\\"},
	"wedge": {bin, "∧", ""}, "land": {bin, "∧", ""}, "vee": {bin, "∨", ""}, "lor": {bin, "∨", ""}, "colon": {punct, ":", ""},

	// Delimiters.
	"|": {fence, "‖", ""}, "Vert": {fence, "‖", ""}, "vert": {fence, "|", ""}, "lVert": {open, "‖", ""}, "rVert": {closing, "‖", ""},
	"lvert": {open, "|", ""}, "rvert": {closing, "|", ""}, "langle": {open, "⟨", ""}, "rangle": {closing, "⟩", ""},
	"lfloor": {open, "⌊", ""}, "rfloor": {closing, "⌋", ""}, "lceil": {open, "⌈", ""}, "rceil": {closing, "⌉", ""},
	"{": {open, "{", ""}, "}": {closing, "}", ""}, "lbrace": {open, "{", ""}, "rbrace": {closing, "}", ""},
	"lbrack": {open, "[", ""}, "rbrack": {closing, "]", ""},

	// Sums and the like.
	"sum": {big, "∑", ""}, "prod": {big, "∏", ""}, "int": {big, "∫", ""}, "bigcup": {big, "⋃", ""}, "bigcap": {big, "⋂", ""},
	"bigoplus": {big, "⨁", ""}, "bigotimes": {big, "⨂", ""}, "bigvee": {big, "⋁", ""}, "bigwedge": {big, "⋀", ""},

	// Spaces: the text is the width in em.
	"quad": {blank, "1em", " "}, "qquad": {blank, "2em", "  "}, ",": {blank, "0.1667em", ""}, ":": {blank, "0.2222em", " "},
	">": {blank, "0.2222em", " "}, ";": {blank, "0.2778em", " "}, "!": {blank, "-0.1667em", ""}, " ": {blank, "0.25em", " "},
	"\n": {blank, "0.25em", " "}, "\t": {blank, "0.25em", " "},
}

// functions are the named operators; those with true take limits below.
var functions = map[string]bool{
	"arccos": false, "arcsin": false, "arctan": false, "arg": false, "cos": false, "cosh": false, "cot": false,
	"coth": false, "csc": false, "deg": false, "dim": false, "exp": false, "hom": false, "ker": false, "lg": false,
	"ln": false, "log": false, "sec": false, "sin": false, "sinh": false, "tan": false, "tanh": false,
	"det": true, "gcd": true, "inf": true, "lim": true, "liminf": true, "limsup": true, "max": true, "min": true,
	"Pr": true, "sup": true,
}

// characters are the bytes that stand for a symbol of their own.
var characters = map[rune]symbol{
	'+': {bin, "+", ""}, '-': {bin, "−", "-"}, '*': {bin, "∗", "*"}, '/': {plainOp, "/", ""},
	'=': {rel, "=", ""}, '<': {rel, "<", ""}, '>': {rel, ">", ""}, ':': {rel, ":", ""},
	',': {punct, ",", ""}, ';': {punct, ";", ""}, '.': {punct, ".", ""}, '!': {closing, "!", ""}, '?': {closing, "?", ""},
	'(': {open, "(", ""}, '[': {open, "[", ""}, ')': {closing, ")", ""}, ']': {closing, "]", ""},
	'|': {fence, "|", ""}, '~': {blank, "0.25em", " "}, '"': {plainOp, "\"", ""}, '`': {plainOp, "`", ""}, '@': {upright, "@", ""},
}

// accents sit over their argument: the MathML character and the combining one.
var accents = map[string]struct {
	char, combining string
	name            string // for text, over more than one letter
}{
	"hat": {"^", "\u0302", "hat"}, "widehat": {"^", "\u0302", "hat"}, "tilde": {"~", "\u0303", "tilde"},
	"widetilde": {"~", "\u0303", "tilde"}, "bar": {"¯", "\u0304", "bar"}, "overline": {"¯", "\u0304", "bar"},
	"vec": {"→", "\u20D7", "vec"}, "dot": {"˙", "\u0307", "dot"}, "ddot": {"¨", "\u0308", "ddot"},
	"check": {"ˇ", "\u030C", "check"}, "breve": {"˘", "\u0306", "breve"}, "acute": {"´", "\u0301", "acute"},
	"grave": {"`", "\u0300", "grave"}, "mathring": {"˚", "\u030A", "ring"},
}

// alphabet maps the letters and digits of a font to Unicode: the code points of
// A, a and 0, and the letters that were in Unicode before their alphabet.
type alphabet struct {
	upper, lower, digit rune
	holes               map[rune]rune
	inText              bool // the holes are common enough for a terminal
}

var alphabets = map[string]alphabet{
	"mathbb": {0x1D538, 0x1D552, 0x1D7D8, map[rune]rune{'C': 'ℂ', 'H': 'ℍ', 'N': 'ℕ', 'P': 'ℙ', 'Q': 'ℚ', 'R': 'ℝ', 'Z': 'ℤ'}, true},
	"mathcal": {0x1D49C, 0x1D4B6, 0, map[rune]rune{'B': 'ℬ', 'E': 'ℰ', 'F': 'ℱ', 'H': 'ℋ', 'I': 'ℐ', 'L': 'ℒ', 'M': 'ℳ', 'R': 'ℛ',
		'e': 'ℯ', 'g': 'ℊ', 'o': 'ℴ'}, false},
	"mathfrak":   {0x1D504, 0x1D51E, 0, map[rune]rune{'C': 'ℭ', 'H': 'ℌ', 'I': 'ℑ', 'R': 'ℜ', 'Z': 'ℨ'}, false},
	"mathbf":     {0x1D400, 0x1D41A, 0x1D7CE, nil, false},
	"boldsymbol": {0x1D468, 0x1D482, 0x1D7CE, nil, false},
	"bm":         {0x1D468, 0x1D482, 0x1D7CE, nil, false},
	"mathsf":     {0x1D5A0, 0x1D5BA, 0x1D7E2, nil, false},
	"mathtt":     {0x1D670, 0x1D68A, 0x1D7F6, nil, false},
	"mathrm":     {},
	"mathit":     {},
	"mathnormal": {},
}

func init() { alphabets["mathscr"] = alphabets["mathcal"] }

// letter returns r in the alphabet, or r itself when the alphabet lacks it.
func (a alphabet) letter(r rune) rune {
	if h, ok := a.holes[r]; ok {
		return h
	}
	switch {
	case r >= 'A' && r <= 'Z' && a.upper != 0:
		return a.upper + r - 'A'
	case r >= 'a' && r <= 'z' && a.lower != 0:
		return a.lower + r - 'a'
	case r >= '0' && r <= '9' && a.digit != 0:
		return a.digit + r - '0'
	}
	return r
}
