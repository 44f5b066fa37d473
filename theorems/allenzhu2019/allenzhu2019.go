// Package allenzhu2019 checks Allen-Zhu, Li and Song, "A Convergence Theory for Deep Learning via Over-Parameterization"
// (ICML 2019).
//
// The paper trains the hidden layers of a deep ReLU network, full batch or by mini-batches, to zero loss in polynomial time
// once no two inputs are close: near the random start the gradient is as large as the loss (Theorem 3), and the loss is nearly
// smooth in spite of the kinks (Theorem 4). The widths that it asks for are out of reach, so that its theorems are checked
// outside their hypotheses; each has a companion here whose constants are explicit and whose hypotheses are met.
//
// Setting: n inputs of unit norm, |x_i - x_j| >= delta; h_0 = relu(A x), h_l = relu(W_l h_{l-1}) for l = 1..L, f = B h_L;
// A and W_l are N(0, 2/m), B is N(0, 1/d); A and B stay, W_1..W_L are trained on F = (1/2) sum_i |f(x_i) - y_i|^2. All networks
// here have d = 1 output, but in last-layer-mean.
//
//	paper              here
//	m, L, d            M, L, and D of the parameters that have outputs
//	A, W_l, B          weights 1, l+1 and L+2 of nets/deep
//	h_{i,l}            Pass.Feature(l+1)
//	D_{i,l}            Pass.Slope(l+1), with 0 at a kink
//	|W|_2, |W|_F       the largest spectral norm of the W_l; the Frobenius norm of all
//	Back_{i,l} B...    Pass.Backward(l+1), the gradient of f(x_i) in W_l h_{l-1}
//
// Files, in the order of the paper: theorem1 and pair (gradient descent), theorem2 (stochastic), theorem3 (the size of the
// gradient), theorem4 (semi-smoothness), template (descent from both), theorem5 (the tangent kernel), section7, tails and angle (the start), section8 (perturbations).
package allenzhu2019

import (
	"embed"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/checks"
	"convergo/nets/deep"
)

//go:embed *.go
var files embed.FS

// Source is the paper with its claims.
func Source() checks.Source {
	return checks.Source{
		Key:     "allenzhu2019",
		Title:   "A Convergence Theory for Deep Learning via Over-Parameterization",
		Authors: "Zeyuan Allen-Zhu, Yuanzhi Li, Zhao Song",
		Year:    2019,
		BibTeX: `@inproceedings{allenzhu2019,
  author        = {Allen-Zhu, Zeyuan and Li, Yuanzhi and Song, Zhao},
  title         = {A Convergence Theory for Deep Learning via Over-Parameterization},
  booktitle     = {International Conference on Machine Learning},
  series        = {Proceedings of Machine Learning Research},
  volume        = {97},
  pages         = {242--252},
  year          = {2019},
  eprint        = {1811.03962},
  archivePrefix = {arXiv}
}`,
		Files: files, Tables: paperTables(),
		Claims: []checks.Checkable{
			descentTheorem(), localDescent(), stepLimit(), pairSteps(), equalInputs(), // Theorem 1
			stochasticDescent(), stochasticSteps(), // Theorem 2
			gradientSandwich(), lastLayerMean(), gradientSeparation(), // Theorem 3
			semiSmooth(), deepSemiSmooth(), crossTerm(), descentTemplate(), // Theorem 4
			gradientCloseness(), linearisation(), // Theorem 5
			forwardNorm(), forwardRange(), forwardTail(), // Lemma 7.1
			productNorm(), gradientNorm(), backwardNorm(), // Lemmas 7.3 and 7.4
			angleMap(), angleNetwork(), // Lemma 7.5
			mostFlips(), flipShare(), flipOrder(), randomFlips(), // Lemma 8.2
		},
	}
}

const convention = "standard: A, W_l ~ N(0, 2/m), B ~ N(0, 1/d), hidden layers W_1..W_L trained, F = half the sum of squares"

// unit is the unit roundoff of float64.
const unit = 0x1p-53

// config is the law of the network with d0 inputs, width m and L trained layers.
func config(d0, m, l int) deep.Config {
	c := deep.Config{Inputs: d0}
	for range l + 1 {
		c.Hidden = append(c.Hidden, m)
		c.Std = append(c.Std, math.Sqrt(2/float64(m)))
	}
	c.Std = append(c.Std, 1)
	return c
}

// hiddenGram adds the tangent kernels of W_1..W_L.
func hiddenGram(p *deep.Pass, l int) *mat.SymDense {
	g := p.GramTerm(nil, 2)
	var term *mat.SymDense
	for k := 2; k <= l; k++ {
		term = p.GramTerm(term, k+1)
		g.AddSym(g, term)
	}
	return g
}

// frozen are the weights that stay: A and B.
func frozen(l int) []int { return []int{1, l + 2} }

// square is |v|^2.
func square(v []float64) float64 { return floats.Dot(v, v) }

// unitVector is the first vector of the standard basis of R^d.
func unitVector(d int) *mat.Dense {
	x := mat.NewDense(1, d, nil)
	x.Set(0, 0, 1)
	return x
}

// mean averages draws of a quantity.
func mean(draws int, r *rand.Rand, draw func(*rand.Rand) (float64, error)) (float64, error) {
	sum := 0.0
	for range draws {
		v, err := draw(r)
		if err != nil {
			return 0, err
		}
		sum += v
	}
	return sum / float64(draws), nil
}
