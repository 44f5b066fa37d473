// Package allenzhu2019beyond checks Allen-Zhu, Li and Liang, "Learning and Generalization in Overparameterized Neural Networks,
// Going Beyond Two Layers" (NeurIPS 2019).
//
// The paper shows that stochastic gradient descent on a wide ReLU network learns what a smaller network with smooth activations
// can, with a number of samples that hardly depends on the width. Its constants are hidden, and the width that it asks for is not
// even a float64. The proof for two layers is a chain, and each of its links has an exact form that is checked here: an indicator
// of Gaussians represents every power (Lemma A.6), hence a pseudo-network close to the start represents the target (Lemma B.1);
// few activation patterns change (Lemma B.3), so that the network is close to its pseudo-network, on which descent is online
// convex optimisation (Lemma B.4); and the Rademacher complexity of what it can reach does not grow with the width (Lemma B.5). Of the
// three-layer theorems, whose constants are hidden too, only the mixing by random signs is checked.
//
// Setting: f(x) = sum_i a_i relu(<w_i, x> + b_i), w_i and b_i ~ N(0, 1/m) coordinate by coordinate, a_i ~ N(0, eps_a^2); only the w_i move; one
// sample a step; one output (k = 1). Statements follow version 6 of the preprint. The paper also asks that the last
// coordinate of an input be 1/2; nothing here needs it.
//
//	paper                     here
//	m, d, eps_a               m, d, output of the parameters
//	W^(0) + W_t               Learner.W, and the movement that a Pass returns
//	F or f, G or g            Learner.Output, Learner.Pseudo; g^(b) is Learner.Moved
//	D_x                       the patterns 1{<w_i, x> + b_i >= 0} at the start
//	phi, h                    bounds.Indicator, of the coefficients of phi
//	C_s(phi, R), C_eps        bounds.SampleComplexity, bounds.LogWidthComplexity
//	tau                       eps_a eta t in Lemma B.3; the radius of a row elsewhere
//	V, W, Sigma               three layers: pseudo.Bilinear
//
// Files: theorem1 (Theorem 1 and its two orders), indicator (Lemmas 6.3 and A.6), mixing (Lemma 6.7), existence (Lemma B.1),
// coupling and flips (Lemma B.3), regret (Lemma B.4), rademacher (Lemma B.5).
package allenzhu2019beyond

import (
	"embed"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"convergo/checks"
	"convergo/nets/pseudo"
)

//go:embed *.go
var files embed.FS

// Source is the paper with its claims.
func Source() checks.Source {
	return checks.Source{
		Key:     "allenzhu2019beyond",
		Title:   "Learning and Generalization in Overparameterized Neural Networks, Going Beyond Two Layers",
		Authors: "Zeyuan Allen-Zhu, Yuanzhi Li, Yingyu Liang",
		Year:    2019,
		BibTeX: `@inproceedings{allenzhu2019beyond,
  author        = {Allen-Zhu, Zeyuan and Li, Yuanzhi and Liang, Yingyu},
  title         = {Learning and Generalization in Overparameterized Neural Networks, Going Beyond Two Layers},
  booktitle     = {Advances in Neural Information Processing Systems},
  volume        = {32},
  pages         = {6158--6169},
  year          = {2019},
  eprint        = {1811.04918},
  archivePrefix = {arXiv}
}`,
		Files: files, Tables: paperTables(),
		Claims: []checks.Checkable{
			learning(), sgdRisk(), widthIndependence(), movementOrder(), // Theorem 1
			indicatorIdentity(), indicatorFunction(), sampleComplexity(), // Lemmas 6.3 and A.6
			signMixing(),                                  // Lemma 6.7
			existenceMean(), existenceError(), starNorm(), // Lemma B.1
			rowMovement(), movableShare(), trainedFlips(), // Lemma B.3(a)
			coupling(), couplingMean(), sgdCoupling(), // Lemma B.3(b, c)
			pseudoRegret(), realRegret(), // Lemma B.4
			rademacherRows(), rademacherFrobenius(), // Lemma B.5
		},
	}
}

const (
	law        = "f = sum_i a_i relu(<w_i,x> + b_i); w, b ~ N(0, 1/m), a ~ N(0, eps_a^2); only w moves"
	convention = law + "; |x| = 1"
	lossOf     = "; loss sqrt(1+(f-y)^2) - 1 of one sample a step"
)

// A start is the law of a learner or, planted, one whose neurons all have the same preactivation on every input:
// claims that hold for any start are nearly equalities there.
type start struct {
	M      int     `json:"m"`
	Output float64 `json:"output"` // eps_a
	// Planted starts have zero weights, biases Gate and output weights Sign Output.
	Planted bool    `json:"planted,omitempty"`
	Gate    float64 `json:"gate,omitempty"`
	Sign    float64 `json:"sign,omitempty"`
}

func (s start) draw(d int, r *rand.Rand) *pseudo.Learner {
	net := pseudo.Law{Width: s.M, Dim: d, Output: s.Output}.Draw(r)
	if s.Planted {
		net.W.Zero()
		for i := range net.B {
			net.B[i], net.A[i] = s.Gate, s.Sign*s.Output
		}
	}
	return net
}

func norm(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	return math.Sqrt(sum)
}

func rowSquare(x *mat.Dense, i int) float64 {
	v := norm(x.RawRowView(i))
	return v * v
}

// square is the squared Frobenius norm.
func square(a *mat.Dense) float64 {
	v := norm(a.RawMatrix().Data)
	return v * v
}
