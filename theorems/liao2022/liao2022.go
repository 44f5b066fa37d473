// Package liao2022 checks Liao and Kyrillidis, "On the Convergence of Shallow Neural Network Training with Randomly Masked
// Neurons" (TMLR 2022).
//
// The paper trains a two-layer ReLU network by rounds: p sub-networks are drawn, each takes tau local gradient steps, and
// their weights are averaged; dropout (p = tau = 1), multi-sample dropout (tau = 1) and independent subnet training (the
// masks partition the neurons) are special cases. The mean training error contracts linearly to an error region that
// depends on p and tau; the abstract of the first arXiv version says that it shrinks with p and grows with tau.
//
// Theorems are numbered as in the first arXiv version (December 2021), which is the text that was read: Theorem 2 is on the masked kernel, Theorem 3 the
// main one, Corollaries 4 to 6 its special cases, Theorem 7 on partitions. Its H^inf and lambda_0 carry a factor xi, so that its
// lambda_0 is xi times the one here, and its rate 1 - eta theta tau lambda_0/4 is 1 - eta theta tau xi lambda_0/4 here. The text of
// the published version may differ. The code that belongs to it divides the outputs of the sub-networks by xi and predicts with the whole network (Inverted here), and
// sets neurons to zero that no sub-network holds; the claims are about the algorithm of the text, which leaves them as they are.
//
// Setting: n inputs of unit norm; f(x) = m^{-1/2} sum_r a_r relu(w_r.x) with w_r(0) ~ N(0, kappa^2 I) and a_r = +-1 fixed; a
// sub-network keeps each neuron with probability xi, unscaled; its loss is (1/2) sum of squares; the prediction is xi f.
//
//	paper                     here
//	x_i, y                    ground.x, in coordinates of their span, and ground.y
//	H^inf, lambda_0           ground.limit (eigenvalues and vectors), ground.lambda0, certified
//	xi, p, tau, eta, m        Xi, P, Tau, Eta and M of the parameters
//	K, rounds                 Rounds
//	kappa                     Kappa
//	masks                     train.Bernoulli and train.Partition of nets/train
//	theta = P(kept in a round at least once)  MaskScheme.Theta of bounds
//	B_1, m of Theorem 3       lab.published, facts of the claims with 1 for the constants that are hidden
//
// Files, in the order of the claims: gram (the masked kernel), exact and update (loss and update, averaged over all masks),
// rates and meanrate (rate and error region of the main theorem), formula (the region's limit), partition (independent subnet training), local (one
// sub-network), displacement (how far the weights move). Training by rounds, which they share, is in rounds, and that with fixed activations,
// whose moments are exact, in frozen.
package liao2022

import (
	"embed"
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/train"
	"convergo/theorems/internal/twolayer"
	"convergo/theorems/internal/userfile"

	"gonum.org/v1/gonum/mat"
)

//go:embed *.go
var files embed.FS

// Source is the paper with its claims.
func Source() checks.Source {
	return checks.Source{
		Key:     "liao2022",
		Title:   "On the Convergence of Shallow Neural Network Training with Randomly Masked Neurons",
		Authors: "Fangshuo Liao, Anastasios Kyrillidis",
		Year:    2022,
		BibTeX: `@article{liao2022,
  author        = {Liao, Fangshuo and Kyrillidis, Anastasios},
  title         = {On the Convergence of Shallow Neural Network Training with Randomly Masked Neurons},
  journal       = {Transactions on Machine Learning Research},
  year          = {2022},
  url           = {https://openreview.net/forum?id=e7mYYMSyZH},
  eprint        = {2112.02668},
  archivePrefix = {arXiv}
}`,
		Files: files, Tables: paperTables(),
		Claims: []checks.Checkable{
			gramMean(), gramConcentration(), gramMovement(),
			objective(), fixedSize(), ridge(),
			meanUpdate(), fullMasks(),
			mainTheorem(), rate(), meanRate(), errorRegion(), floorFormula(),
			partitionNoise(), partitionFloor(),
			localCertificate(),
			displacementClaim(), noDisplacement(),
		},
	}
}

// convention is the normalisation.
const convention = "f = (1/sqrt m) sum a_r relu(w_r.x), no 1/xi; loss (1/2) sum of squares; w_r(0) ~ N(0, kappa^2 I); prediction xi f"

// fixed is the normalisation of the claims on fixed activations.
const fixed = "f = (1/sqrt m) sum a_r relu(w_r.x), no 1/xi; loss (1/2) sum of squares; w_r(0).x_i = +-kappa; prediction xi f"

// A ground is a data set with what the limit of masked training needs of
// it. Its samples are in coordinates of their span, which changes no law.
type ground struct {
	x       *mat.Dense
	y       []float64
	n       int
	s       float64 // ||X||_2
	rowSum  float64 // max_i sum_j |x_i . x_j|
	lambda0 eig.Certified
	limit   *bounds.MaskedLimit
}

func groundOn(spec data.Spec) (*ground, error) {
	in, err := twolayer.Build(spec)
	if err != nil {
		return nil, err
	}
	set := in.Set
	g := &ground{x: in.Span, y: set.Y, n: set.N(), s: data.SpectralNorm(set.X)}
	if g.y == nil {
		return nil, fmt.Errorf("%v has no labels; name the column that holds them", spec)
	}
	c1, err := kernel.ReLUFeature().Gram(set.X)
	if err != nil {
		return nil, err
	}
	if g.limit, err = bounds.NewMaskedLimit(in.Limit, c1); err != nil {
		return nil, err
	}
	if g.lambda0, err = kernel.ReLU().Lambda0(set.X); err != nil {
		return nil, err
	}
	for i := range g.n {
		var sum float64
		for j := range g.n {
			sum += math.Abs(mat.Dot(set.X.RowView(i), set.X.RowView(j)))
		}
		g.rowSum = math.Max(g.rowSum, sum)
	}
	return g, nil
}

func (g *ground) dim() int { _, d := g.x.Dims(); return d }

// start draws a network of zero output: pairs of neurons with opposite output
// weights, which the masks tear apart.
func (g *ground) start(m int, kappa float64, rng *rand.Rand) *nets.Network {
	in := nets.NTK(m, g.dim())
	in.Symmetry, in.Kappa = nets.Antisymmetric, kappa
	return in.Draw(rng)
}

// free draws a network without pairs.
func (l *lab) free(rng *rand.Rand) *nets.Network {
	in := nets.NTK(l.M, l.dim())
	in.Kappa = l.kappa()
	return in.Draw(rng)
}

// file is at most the first n rows of a user's file, scaled to unit norm, with
// the file's labels or, where it has none, seeded signs.
func file(f checks.DataFile, n int, labelScale float64) data.Spec {
	s := userfile.Labelled(f, n)
	s.LabelScale = labelScale
	return s
}

func maskLaw(name string, xi float64) (train.MaskLaw, error) {
	switch name {
	case "bernoulli":
		return train.Bernoulli{Keep: xi}, nil
	case "partition":
		return train.Partition{}, nil
	}
	return nil, fmt.Errorf("mask law %q: use bernoulli or partition", name)
}

func maskBuffers(p, m int) [][]bool {
	masks := make([][]bool, p)
	for l := range masks {
		masks[l] = make([]bool, m)
	}
	return masks
}
