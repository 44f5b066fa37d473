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

// Source trains a two-layer network through randomly masked sub-networks:
// dropout, multi-sample dropout and independent subnet training.
func Source() checks.Source {
	return checks.Source{
		Key:     "liao2022",
		Title:   "On the Convergence of Shallow Neural Network Training with Randomly Masked Neurons",
		Authors: "Fangshuo Liao, Anastasios Kyrillidis",
		Year:    2022,
		BibTeX: `@article{liao2022,
  author  = {Liao, Fangshuo and Kyrillidis, Anastasios},
  title   = {On the Convergence of Shallow Neural Network Training with Randomly Masked Neurons},
  journal = {Transactions on Machine Learning Research},
  year    = {2022},
  note    = {arXiv:2112.02668}
}`,
		Files: files,
		Claims: []checks.Checkable{
			gramMean(), gramConcentration(), gramMovement(),
			objective(), fixedSize(), ridge(),
			meanUpdate(), fullMasks(),
			rate(), errorRegion(), floorFormula(), regionOrder(),
			partitionNoise(), partitionFloor(), vanishingFloor(), partitionWidth(),
			localCertificate(),
			displacementClaim(), noDisplacement(),
		},
	}
}

// convention is the normalisation of the card.
const convention = "f = (1/sqrt m) sum a_r relu(w_r.x), no 1/xi; loss (1/2) sum of squares; w_r(0) ~ N(0, kappa^2 I); prediction xi f"

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
