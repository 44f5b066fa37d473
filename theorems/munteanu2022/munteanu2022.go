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

// Source bounds the width by coupled initialisation: pairs of neurons with equal hidden and opposite
// output weights, so that the network starts at zero and the scale of its weights is free.
func Source() checks.Source {
	return checks.Source{
		Key:     "munteanu2022",
		Title:   "Bounding the Width of Neural Networks via Coupled Initialization - A Worst Case Analysis",
		Authors: "A. Munteanu, S. Omlor, Z. Song, D. Woodruff",
		Year:    2022,
		BibTeX: `@inproceedings{munteanu2022,
  author    = {Munteanu, Alexander and Omlor, Simon and Song, Zhao and Woodruff, David},
  title     = {Bounding the Width of Neural Networks via Coupled Initialization -- A Worst Case Analysis},
  booktitle = {International Conference on Machine Learning},
  series    = {Proceedings of Machine Learning Research},
  volume    = {162},
  pages     = {16083--16122},
  year      = {2022},
  eprint    = {2206.12802},
  archivePrefix = {arXiv}
}`,
		Files: files,
		Claims: []checks.Checkable{
			zeroOutput(), silentGradient(), // 07.1
			circleMargin(), circleCancels(), // 07.2
			marginKernel(),                             // 07.3
			finiteMargin(),                             // 07.4
			noFlipScale(), flipChance(), linearModel(), // 07.5
			logisticDescent(), logisticSteps(), // 07.6
			squaredExact(), squaredDescent(), gramPairs(), // 07.7
			widthLowerBound(), signChanges(), // 07.8
			separatorScaling(), separatorLocation(), // 07.9
			arcSeparator(), quarterPairs(), separabilityScaling(), // 07.10
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

// file describes the first n rows of a user's file; without labels of its own it gets random signs.
func file(f checks.DataFile, n int) data.Spec {
	s := userfile.Labelled(f, 0)
	s.N = n
	return s
}

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
