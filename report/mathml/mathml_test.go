package mathml

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestToText(t *testing.T) {
	for src, want := range map[string]string{
		``: ``,
		`\lambda_{\min}(H) \ge \frac{3}{4}\lambda_0`:                                 `λ_min(H) ≥ (3/4) λ_0`,
		`m = \Omega\left(\frac{n^6}{\lambda_0^4\delta^3}\right)`:                     `m = Ω(n^6/(λ_0^4 δ^3))`,
		`\|u(k)-y\|_2^2 \le \left(1-\frac{\eta\lambda_0}{2}\right)^k \|u(0)-y\|_2^2`: `‖u(k) - y‖_2^2 ≤ (1 - (ηλ_0)/2)^k ‖u(0) - y‖_2^2`,
		`\Pr[\max_{i,j} |H_{ij}(0)-H^\infty_{ij}| \ge t] \le 2n^2 e^{-m t^2/2}`:      `Pr[max_{i,j}|H_ij(0) - H_ij^∞| ≥ t] ≤ 2n^2 e^(-mt^2/2)`,
		`\mathbb{E}_{w\sim\mathcal{N}(0,I)}[\sigma'(w^\top x_i)]`:                    `E_{w~N(0,I)}[σ'(w^⊤ x_i)]`,
		`\sum_{r=1}^m a_r\sigma(\langle w_r,x\rangle)`:                               `∑_{r=1}^m a_r σ(⟨w_r, x⟩)`,
		`\sqrt{\frac{\log(n/\delta)}{m}}`:                                            `√((log(n/δ))/m)`,
		`\sqrt[3]{x+1} + \sqrt 2`:                                                    `3√(x + 1) + √2`,
		`\hat{y} = \tilde X\odot \bar Y`:                                             `y` + "\u0302 = X\u0303 ⊙ Y\u0304",
		`\widehat{AB} \in \mathbb{R}^{n\times d}`:                                    `hat(AB) ∈ ℝ^(n×d)`,
		`-1 \le x < \infty \quad\text{for all } k\ge 0`:                              `-1 ≤ x < ∞ for all k ≥ 0`,
		`\operatorname*{arg\,min}_w L(w)`:                                            `arg min_w L(w)`,
		`\operatorname{tr}(A\circ B)`:                                                `tr(A ∘ B)`,
		`\exp(-\eta\lambda t) \ll n\log n`:                                           `exp(-ηλt) ≪ n log n`,
		`\log\frac1\delta`:                                                           `log(1/δ)`,
		`1.06 \times 10^{18}`:                                                        `1.06 × 10^18`,
		`W^{(k)} - W^{(0)}`:                                                          `W^(k) - W^(0)`,
		`x^{2}_{i} y^{-1/2}`:                                                         `x_i^2 y^(-1/2)`,
		`f''(x)`:                                                                     `f''(x)`,
		`\{x : x > 0\}`:                                                              `{x : x > 0}`,
		`\binom{n}{2}`:                                                               `C(n, 2)`,
		`{a+b}^2`:                                                                    `(a + b)^2`,
		`a/{(b+c)}`:                                                                  `a/(b + c)`,
		`\foo  {x}`:                                                                  `\foo {x}`, // not understood: as it stands
	} {
		if got := ToText(src); got != want {
			t.Errorf("ToText(%s)\n got %s\nwant %s", src, got, want)
		}
	}
}

func TestToMathML(t *testing.T) {
	const head = `<math xmlns="http://www.w3.org/1998/Math/MathML" alttext="`
	for src, want := range map[string]string{
		`x_i^2`:                 `<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>`,
		`x^23`:                  `<msup><mi>x</mi><mn>2</mn></msup><mn>3</mn>`,
		`1.25`:                  `<mn>1.25</mn>`,
		`\frac{a}{b}`:           `<mfrac><mi>a</mi><mi>b</mi></mfrac>`,
		`\frac12`:               `<mfrac><mn>1</mn><mn>2</mn></mfrac>`,
		`\sqrt[3]{x}`:           `<mroot><mi>x</mi><mn>3</mn></mroot>`,
		`a<b`:                   `<mi>a</mi><mo stretchy="false">&lt;</mo><mi>b</mi>`,
		`\mathbb{R}`:            `<mi mathvariant="normal">ℝ</mi>`,
		`\mathrm{tr}`:           `<mi>tr</mi>`,
		`\log n`:                "<mi>log</mi><mo>\u2061</mo><mi>n</mi>",
		`\max_i`:                `<munder><mo form="prefix" movablelimits="true">max</mo><mi>i</mi></munder>`,
		`\text{for $k$}`:        "",
		`\text{for all}\ k`:     "<mtext>for\u00A0all</mtext><mspace width=\"0.25em\"/><mi>k</mi>",
		`\left(x\right.`:        `<mrow><mo form="prefix" fence="true" stretchy="true">(</mo><mrow><mi>x</mi></mrow></mrow>`,
		`f'`:                    `<msup><mi>f</mi><mo>′</mo></msup>`,
		`{}^2`:                  `<msup><mrow></mrow><mn>2</mn></msup>`,
		`\displaystyle\sum_i^n`: `<munderover><mo movablelimits="true">∑</mo><mi>i</mi><mi>n</mi></munderover>`,
	} {
		got, err := ToMathML(src, false)
		if want == "" {
			if err == nil {
				t.Errorf("ToMathML(%s) = %s, want an error", src, got)
			}
			continue
		}
		got = strings.TrimPrefix(got, head)
		_, got, _ = strings.Cut(got, "><mrow>")
		if got = strings.TrimSuffix(got, "</mrow></math>"); err != nil || got != want {
			t.Errorf("ToMathML(%s)\n got %s, %v\nwant %s", src, got, err, want)
		}
	}
	if got, _ := ToMathML("x", true); !strings.Contains(got, `display="block"`) {
		t.Errorf("display mode is not marked: %s", got)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		src string
		pos int
		msg string
	}{
		{`x + \foo{y}`, 4, `unknown command \foo`},
		{`\frac{1}`, 8, `missing argument of \frac`},
		{`x^`, 2, `missing argument of ^`},
		{`x^2^3`, 3, `double script ^`},
		{`{x`, 0, `unclosed {`},
		{`x}`, 1, `unexpected "}"`},
		{`\left( x`, 0, `\left without \right`},
		{`\left x \right)`, 6, `no delimiter after \left`},
		{`a & b`, 2, `unexpected "&"`},
		{`a \\ b`, 2, `unknown command \\`},
		{`50%`, 2, `unexpected "%"`},
		{`\sqrt[3{x}`, 5, `unclosed [`},
		{`\text{x`, 5, `unclosed {`},
		{`\text{\bf x}`, 6, `unexpected \bf inside \text`},
		{"a\x00", 1, `unexpected "\x00"`},
		{"a\xff", 1, `invalid character`},
		{strings.Repeat("{", 1000), 99, `nesting deeper than 100`},
		{`\`, 0, "unexpected \"\\\\\""},
	} {
		_, err := ToMathML(c.src, false)
		var e *Error
		if !errors.As(err, &e) || e.Msg != c.msg || c.src[0] != '{' && e.Pos != c.pos {
			t.Errorf("ToMathML(%.20q): got %v, want %s at offset %d", c.src, err, c.msg, c.pos)
		}
	}
}

func TestToHTML(t *testing.T) {
	for src, want := range map[string]string{
		`\lambda_0 \ge 0`:                `<msub><mi>λ</mi><mn>0</mn></msub><mo>≥</mo><mn>0</mn>`,
		`\max(a, b)`:                     `<mi>max</mi><mo stretchy=false>(</mo><mi>a</mi><mo>,</mo><mi>b</mi><mo stretchy=false>)</mo>`,
		`\|x\|`:                          `<mi>‖</mi><mi>x</mi><mi>‖</mi>`,
		`\left(\frac12\right)`:           `<mrow><mo>(</mo><mrow><mfrac><mn>1</mn><mn>2</mn></mfrac></mrow><mo>)</mo></mrow>`,
		`\left.x\right|`:                 `<mrow><mrow><mi>x</mi></mrow><mo>|</mo></mrow>`,
		`\sum_i x_i \to y`:               `<munder><mo>∑</mo><mi>i</mi></munder><msub><mi>x</mi><mi>i</mi></msub><mo stretchy=false>→</mo><mi>y</mi>`,
		`a\quad \binom nk`:               `<mi>a</mi><mspace width=1em></mspace><mrow><mo>(</mo><mfrac linethickness=0><mi>n</mi><mi>k</mi></mfrac><mo>)</mo></mrow>`,
		`\min_x \operatorname{E} \hat y`: `<munder><mo form=prefix movablelimits=true>min</mo><mi>x</mi></munder><mi mathvariant=normal>E</mi><mover accent=true><mi>y</mi><mo>^</mo></mover>`,
		`a < b`:                          `<mi>a</mi><mo>&lt;</mo><mi>b</mi>`,
	} {
		got, err := ToHTML(src, true)
		if want := "<math display=block>" + want + "</math>"; err != nil || got != want {
			t.Errorf("ToHTML(%s) = %s, %v, want %s", src, got, err, want)
		}
	}
	var e *Error
	if _, err := ToHTML(`\foo`, false); !errors.As(err, &e) {
		t.Errorf("an unknown command gives %v", err)
	}
}

// Every command must be printable both ways: a table entry with a wrong class
// or an empty text would vanish from the formula.
func TestEverySymbolPrints(t *testing.T) {
	for name, s := range symbols {
		src := `\` + name
		out, err := ToMathML(src, false)
		if err != nil || s.class != blank && !strings.Contains(out, "</m") {
			t.Errorf("ToMathML(%s) = %s, %v", src, out, err)
		}
		if s.class != blank && ToText(src) == "" {
			t.Errorf("ToText(%s) is empty", src)
		}
	}
	for name, a := range alphabets {
		for _, r := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" {
			if c := a.letter(r); !unicode.IsLetter(c) {
				t.Errorf(`\%s{%c} is %U, not a letter`, name, r, c)
			}
		}
	}
}

func wellFormed(s string) error {
	d := xml.NewDecoder(strings.NewReader(s))
	for {
		if _, err := d.Token(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func FuzzToMathML(f *testing.F) {
	for _, s := range []string{
		`\lambda_{\min}(H) \ge \frac{3}{4}\lambda_0`, `\left\|\frac{x}{y}\right\|_2^{2'}`, `\text{a <b> & c}`,
		`\sqrt[n]{x} \hat{\mathbb{R}}`, `\operatorname*{arg\,max}_{x}`, `x''^2_i`, `{{}}^{}_{}`, `\left<a\middle|b\right>`, "\\", `\%`, "é̂",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		out, err := ToMathML(src, false)
		text := ToText(src)
		if strings.ContainsAny(text, "\n\r") {
			t.Errorf("ToText(%q) = %q has more than one line", src, text)
		}
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Pos < 0 || e.Pos > len(src) {
				t.Errorf("ToMathML(%q): error %v is not an *Error inside the source", src, err)
			}
			return
		}
		if err := wellFormed(out); err != nil {
			t.Errorf("ToMathML(%q) = %s: %v", src, out, err)
		}
		if brief, err := ToHTML(src, false); err != nil || strings.Count(brief, "<m") != strings.Count(brief, "</m") {
			t.Errorf("ToHTML(%q) = %s, %v", src, brief, err)
		}
		if !utf8.ValidString(text) {
			t.Errorf("ToText(%q) is not UTF-8", src)
		}
	})
}
