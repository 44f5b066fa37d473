package report

import (
	"testing"

	"convergo/report/table"
)

func TestInWords(t *testing.T) {
	for params, want := range map[string]table.Inline{
		`{"data":{"kind":"sphere","n":10,"d":20},"m":64}`:                      `$n = 10$ unit vectors in $\mathbb{R}^{20}$, $m = 64$`,
		`{"data":{"kind":"mnist","n":4,"d":49,"classes":[0,1]},"delta":1e-06}`: `$n = 4$ images of MNIST of $d = 49$ pixels of the classes 0 and 1, $\delta = 1 \times 10^{-06}$`,
		`{"data":{"kind":"sphere","d":3},"raw":true,"step":false}`:             `unit vectors in $\mathbb{R}^{3}$, raw, no step`,
		`{"n":3,"label_scale":1000,"labels":"sign"}`:                           `$n = 3$, label scale 1000, sign labels`,
		`{"m":[64,128],"batch":[1,2]}`:                                         `$m$ of 64, 128, batch [1, 2]`,
		`{"kind":"kinks","act":"$x"}`:                                          `kind kinks, act \$x`,
	} {
		ps, err := flatten([]byte(params))
		if err != nil {
			t.Fatal(err)
		}
		if got := inWords(ps); got != want {
			t.Errorf("%s in words is\n%s, want\n%s", params, got, want)
		}
	}
}

func TestMathematics(t *testing.T) {
	for text, want := range map[string]table.Inline{
		"w_r ~ N(0, kappa^2 I), a_r = +-1 fixed": `$w_r \sim N(0, \kappa ^2 I)$, $a_r = \pm 1$ fixed`,
		"1/sqrt(m) scaling, loss a sum":          `$1/\sqrt{m}$ scaling, loss a sum`,
		"|x_i| = 1; loss = (1/2) sum of squares": `$|x_i| = 1$; loss $= (1/2)$ sum of squares`,
		"f = m^{-1/2} sum_r a_r relu(w_r.x)":     `$f = m^{-1/2} \sum_r a_r \mathrm{relu}(w_r \cdot x)$`,
		"lambda_max = 1":                         `$\lambda_{\max } = 1$`,
		"activation z 1{z >= 0}":                 `activation $z \mathbf{1}\{z \ge 0\}$`,
		"diverges from ηλ_max = 2":               `diverges from $\eta \lambda_{\max } = 2$`,
		"costs $5 & more":                        `costs \$5 & more`,
		"none: pure algebra":                     "none: pure algebra",
		"a mean of 3 draws (see below)":          "a mean of 3 draws (see below)",
	} {
		if got := mathematics(text); got != want {
			t.Errorf("%s is set as\n%s, want\n%s", text, got, want)
		}
	}
}

// Whatever a text holds, it can be printed.
func FuzzMathematics(f *testing.F) {
	for _, s := range []string{"w_r ~ N(0, kappa^2 I)", "sqrt(1+(f-y)^2) - 1", "x^", "a_{b", "f = \\", "|x & y| = #1%", "1{x", "_ ^ =", "ηλ = é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := mathematics(s).LaTeX(); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	})
}
