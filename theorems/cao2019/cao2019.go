// Package cao2019 checks Cao and Gu, "Generalization Bounds of Stochastic Gradient Descent for Wide and Deep Neural
// Networks" (NeurIPS 2019).
//
// The paper trains all layers of a wide ReLU network by one pass of stochastic gradient descent on the logistic loss.
// The mean test error of the iterates is bounded by the smallest training loss in a ball of the random feature model whose
// features are the gradients at the start (NTRF), and by the norm of an interpolant in the tangent kernel. Its constants are
// hidden and its width is of order n^7. The proof is a chain, and each of its links is checked here with explicit constants that
// hold at every width: the network is nearly linear in its weights, online descent has small regret, and what it loses on samples that
// it has not seen bounds its error.
//
// Setting: f_W(x) = sqrt(m) W_L relu(W_{L-1} ... relu(W_1 x)), all layers of width m; W_l ~ N(0, 2/m) for l < L and
// W_L ~ N(0, 1/m); |x| = 1, y = +-1, loss log(1 + exp(-y f)); statements follow version 2 of the preprint.
//
//	paper                   here
//	L                       L, weight layers
//	W^(1), W^(i)            the network at the start and when OnePass visits sample i
//	B(W, omega)             moves of each layer by at most omega in Frobenius norm
//	R                       Radius, over sqrt m; D where it is that of all layers together
//	Theta^(L)               bounds.HalfLastTheta(L)
//	F, F^T F                J^T/sqrt m and Network.Gram/m
//
// Files: ntrf (Theorem 3.3), kernel (Lemma 3.8), margin (Corollary 3.10), linear and convex (Lemmas 4.1, 4.2), descent (Lemma 4.3),
// batch (equation 4.2), size (Lemmas 4.4 and B.3), interpolant (proof of Corollary 3.10).
package cao2019

import (
	"embed"
	"math"

	"convergo/checks"
	"convergo/nets/deep"
)

//go:embed *.go
var files embed.FS

// Source is the paper with its claims.
func Source() checks.Source {
	return checks.Source{
		Key:     "cao2019",
		Title:   "Generalization Bounds of Stochastic Gradient Descent for Wide and Deep Neural Networks",
		Authors: "Yuan Cao, Quanquan Gu",
		Year:    2019,
		BibTeX: `@inproceedings{cao2019,
  author        = {Cao, Yuan and Gu, Quanquan},
  title         = {Generalization Bounds of Stochastic Gradient Descent for Wide and Deep Neural Networks},
  booktitle     = {Advances in Neural Information Processing Systems},
  volume        = {32},
  pages         = {10836--10846},
  year          = {2019},
  eprint        = {1905.13210},
  archivePrefix = {arXiv}
}`,
		Files: files, Tables: paperTables(),
		Claims: []checks.Checkable{
			ntrfBound(),                        // Theorem 3.3
			gradientGram(), gradientGramRate(), // Lemma 3.8
			marginDuality(), leaveOneOut(), // Corollary 3.10
			nearLinearity(), nearLinearityRate(), // Lemma 4.1
			nearConvexity(),               // Lemma 4.2
			sgdIdentity(), linearRegret(), // Lemma 4.3
			onlineToBatch(), // equation (4.2)
			initialOutput(), // Lemma 4.4
			interpolant(),   // proof of Corollary 3.10
			gradientSize(),  // Lemma B.3
		},
	}
}

const (
	law        = "f = sqrt(m) W_L relu(W_{L-1} ... relu(W_1 x)); hidden weights N(0, 2/m), last N(0, 1/m); no biases; all layers trained"
	convention = law + "; |x| = 1"
)

// unit is the unit roundoff of float64.
const unit = 0x1p-53

// network is the paper's law of initial networks, with hidden variances 2/m.
func network(d, layers, m int) deep.Config { return networkAt(d, layers, m, 2) }

// networkAt is that law with another hidden variance, gain/m.
func networkAt(d, layers, m int, gain float64) deep.Config {
	c := deep.Config{Inputs: d, Multiplier: math.Sqrt(float64(m))}
	for range layers - 1 {
		c.Hidden = append(c.Hidden, m)
		c.Std = append(c.Std, math.Sqrt(gain/float64(m)))
	}
	c.Std = append(c.Std, math.Sqrt(1/float64(m)))
	return c
}

// netCost is the price of drawing a network, and of a pass with the tangent kernel of n samples.
func netCost(n, d, layers, m int) float64 {
	weights := float64(m*d) + float64(m*m)*float64(max(0, layers-2))
	return (4*float64(n)+25)*weights + 2*float64(n*n)*float64(m*layers+d) + 4000
}

// logistic is log(1 + e^{-u}), and its slope -1/(1 + e^u).
func logistic(u float64) float64 {
	if u > 0 {
		return math.Log1p(math.Exp(-u))
	}
	return math.Log1p(math.Exp(u)) - u
}

func logisticSlope(u float64) float64 {
	if u > 0 {
		e := math.Exp(-u)
		return -e / (1 + e)
	}
	return -1 / (1 + math.Exp(u))
}
