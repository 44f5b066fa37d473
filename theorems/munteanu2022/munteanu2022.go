// Package munteanu2022 checks Munteanu, Omlor, Song and Woodruff, "Bounding the Width of Neural Networks via Coupled
// Initialization - A Worst Case Analysis" (ICML 2022).
//
// The paper draws hidden weights in pairs of equal weights with opposite output weights: the network starts at zero, and
// the scale of its weights is free. So a width of order gamma^{-2} suffices for the logistic loss on data that the tangent
// kernel separates with margin gamma, and one of order n^2 for the squared loss; points on the circle show that less is not
// enough.
//
// Setting: n points of unit norm; f(x) = m^{-1/2} sum_s a_s relu(w_s.x) with w_{2i-1} = w_{2i} = beta g_i, g_i ~ N(0, I), and
// a = +1, -1, fixed; labels +-1 with the mean logistic loss, or real with (1/2) sum of squares.
//
//	paper               here
//	m, P = m/2          m or M, and pairs or Pairs
//	beta                beta, the scale of net
//	gamma               margin of separator and of the plans, gamma of arcSet
//	v(z), q             separator.at and separator.q: v = S_q/|S_q| or S_q, S_q(z) = sum_i q_i y_i x_i 1{x_i.z > 0}
//	lambda              lambda of squaredPlan: the smallest eigenvalue of H^inf
//	rho                 rho of the plans: how far a neuron may move
//
// Files: start (the network is zero), margin and separator (the margin and its finite width), flips (a scale at which no
// pattern changes), logistic, squared and grampairs (the two losses), width (lower bounds on the circle), arcs, hits and
// gaps (fixed separators and such as follow the draw).
package munteanu2022

import (
	"embed"

	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/theorems/internal/twolayer"
	"convergo/theorems/internal/userfile"

	"gonum.org/v1/gonum/mat"
)

//go:embed *.go
var files embed.FS

// Source is the paper with its claims.
func Source() checks.Source {
	return checks.Source{
		Key:     "munteanu2022",
		Title:   "Bounding the Width of Neural Networks via Coupled Initialization - A Worst Case Analysis",
		Authors: "Alexander Munteanu, Simon Omlor, Zhao Song, David P. Woodruff",
		Year:    2022,
		BibTeX: `@inproceedings{munteanu2022,
  author        = {Munteanu, Alexander and Omlor, Simon and Song, Zhao and Woodruff, David},
  title         = {Bounding the Width of Neural Networks via Coupled Initialization -- A Worst Case Analysis},
  booktitle     = {International Conference on Machine Learning},
  series        = {Proceedings of Machine Learning Research},
  volume        = {162},
  pages         = {16083--16122},
  year          = {2022},
  eprint        = {2206.12802},
  archivePrefix = {arXiv}
}`,
		Files: files, Tables: paperTables(),
		Claims: []checks.Checkable{
			zeroOutput(), silentGradient(), // start
			circleMargin(), circleCancels(), // margins on the circle
			marginKernel(),                             // margin and kernel
			finiteMargin(),                             // finite width
			noFlipScale(), flipChance(), linearModel(), // flips
			logisticDescent(), logisticSteps(), // logistic loss
			squaredExact(), squaredDescent(), gramPairs(), // squared loss
			widthLowerBound(), signChanges(), // lower bounds
			separatorScaling(), separatorLocation(), // fixed separators
			arcSeparator(), quarterPairs(), separabilityChance(), // separators that follow the draw
		},
	}
}

const convention = "f = m^{-1/2} sum_s a_s relu(w_s.x), pairs w_{2i-1} = w_{2i} = beta g_i, g_i ~ N(0, I), a = +1, -1; |x_i| = 1"

// unit is the unit roundoff of float64.
const unit = 0x1p-53

// net is the law of a coupled network of width m at scale beta.
func net(m, d int, beta float64) nets.Init {
	return nets.Init{Width: m, Dim: d, Act: nets.ReLU(), Kappa: beta, Output: nets.Ones, Symmetry: nets.Coupled}
}

// circle describes n points at equal angles with labels +1, -1, +1, ...
func circle(n int) data.Spec {
	return data.Spec{Kind: data.Circle, N: n, D: 2, Labels: data.Alternate}
}

// file describes n rows of a user's file; without labels of its own it gets random signs.
func file(f checks.DataFile, n int) data.Spec { return userfile.Labelled(f, n) }

// build builds labelled data with their limit.
func build(s data.Spec) (*twolayer.Inputs, error) {
	in, err := twolayer.Build(s)
	if err != nil {
		return nil, err
	}
	return in, nets.CheckData(in.Set.X, in.Set.Y)
}

// spectralNorm is |X|_2 from above.
func spectralNorm(x *mat.Dense) (float64, error) {
	s, err := eig.SpectralNorm(x)
	return s.Upper(), err
}
