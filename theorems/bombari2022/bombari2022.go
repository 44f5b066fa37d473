// Package bombari2022 checks Bombari, Amani and Mondelli, "Memorization and Optimization in Deep Neural Networks with
// Minimum Over-parameterization" (NeurIPS 2022).
//
// The paper bounds the smallest eigenvalue of the empirical tangent kernel of deep networks from below when the
// number of weights of the last two hidden layers, not a width, exceeds the number of samples up to logarithms: sqrt N
// neurons a layer are enough for a smooth activation and layers that do not widen. From it follow the memorisation of
// any labels and the convergence of gradient descent from an antisymmetric start of large scale.
//
// Its text was not at hand for all of this: the main theorem is known from a later paper that restates it, the scaling
// from the authors' code. The descent theorem is known by its existence alone, so that what is claimed here in its place
// are the exact steps of such a proof, with constants of our own.
//
// Setting: N rows x_i in R^d of norm about sqrt d; f_l = phi(W_l f_{l-1}), F_L = W_L f_{L-1}, no biases; hidden weights
// N(0, 1/n_{l-1}), output weights N(0, 1), all layers trained.
//
//	paper                  here
//	N, d                   n and d, by size and the parameters
//	n_1, ..., n_{L-1}      Hidden of the parameters and of deep.Config
//	beta_l                 Std of deep.Config, by deep.LeCunStd
//	K = J J^T              Network.Gram of nets/deep
//	the block of W_{L-1}   Pass.GramTerm(L-1), K_mid in the texts; bounds.MiddleBlock is its law
//	phi                    deep.Tanh and deep.Sigmoid; bounds.Smooth
//	h_e                    the difference quotient (F(theta + e v) - F(theta))/e
//
// Files, in the order of the claims: spectrum (Theorem 3.1), law (the mean and lower tail behind it), rank (how many
// weights are needed), diagonal (upper bounds), blocks (the products that the proof works with), memory (memorisation),
// start, descent and lazy (gradient descent; lazy also has the rate).
package bombari2022

import (
	"embed"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/deep"
	"convergo/theorems/internal/costs"
)

//go:embed *.go
var files embed.FS

// Source is the paper with its claims.
func Source() checks.Source {
	return checks.Source{
		Key:     "bombari2022",
		Title:   "Memorization and Optimization in Deep Neural Networks with Minimum Over-parameterization",
		Authors: "Simone Bombari, Mohammad Hossein Amani, Marco Mondelli",
		Year:    2022,
		BibTeX: `@inproceedings{bombari2022,
  author        = {Bombari, Simone and Amani, Mohammad Hossein and Mondelli, Marco},
  title         = {Memorization and Optimization in Deep Neural Networks with Minimum Over-parameterization},
  booktitle     = {Advances in Neural Information Processing Systems},
  volume        = {35},
  pages         = {7628--7640},
  year          = {2022},
  eprint        = {2205.10217},
  archivePrefix = {arXiv}
}`,
		Files: files, Tables: paperTables(),
		Claims: []checks.Checkable{
			spectrumOrder(), spectrumGrowth(),
			kernelMean(), spectrumLower(),
			rankBound(), rankThreshold(),
			lambdaUpper(), diagonalOrder(),
			khatriRao(), blockChain(),
			memoriseError(), memoriseNorm(), memoriseOrder(),
			antisymmetricStart(),
			stepIdentity(), descentStep(), descentRate(),
			lazyLimit(),
		},
	}
}

const (
	convention = "hidden weights N(0, 1/n_{l-1}), output weights N(0, 1), inputs of norm about sqrt d; no biases; L weight layers, all trained"
	unit       = 1.0 / (1 << 53) // unit roundoff
)

// network is a law of networks on a data set.
type network struct {
	Data    data.Spec `json:"data"`
	Hidden  []int     `json:"hidden"`
	Sigmoid bool      `json:"sigmoid,omitempty"` // in place of tanh
	Linear  bool      `json:"linear,omitempty"`  // the identity in place of tanh
	Seed    uint64    `json:"seed,omitempty"`    // of the layers that the trials leave alone
}

// config is the law for inputs of dimension d.
func (p network) config(d int) deep.Config {
	c := deep.Config{Inputs: d, Hidden: p.Hidden, Std: deep.LeCunStd(d, p.Hidden), Activation: deep.Tanh()}
	switch {
	case p.Sigmoid:
		c.Activation = deep.Sigmoid()
	case p.Linear:
		c.Activation = deep.Identity()
	}
	return c
}

// smooth is the activation as package bounds has it.
func (p network) smooth() bounds.Smooth {
	if p.Sigmoid {
		return bounds.SmoothSigmoid()
	}
	return bounds.SmoothTanh()
}

// draw draws a network and runs it on the rows of x.
func (p network) draw(x *mat.Dense, r *rand.Rand) (*deep.Network, *deep.Pass, error) {
	_, d := x.Dims()
	net, err := deep.New(p.config(d), r)
	if err != nil {
		return nil, nil, err
	}
	pass, err := net.NewPass(x)
	return net, pass, err
}

// middle is the block of W_{L-1} in the tangent kernel.
func middle(net *deep.Network, pass *deep.Pass) *mat.SymDense {
	return pass.GramTerm(nil, net.Depth()-1)
}

// deepEnough refuses networks without a layer W_{L-1}.
func deepEnough(hidden []int) error {
	if len(hidden) < 1 {
		return fmt.Errorf("no hidden layer: give one width or more")
	}
	return nil
}

// matrices are the weights of a network, layer by layer; for a vector of weights its parts.
func matrices(net *deep.Network, v []float64) []*mat.Dense {
	var ws []*mat.Dense
	for l := 1; l <= net.Depth(); l++ {
		ws = append(ws, mat.NewDense(net.Width(l), net.Width(l-1), net.LayerParams(v, l)))
	}
	return ws
}

// decomposed is the eigenvector of a symmetric matrix to its i-th eigenvalue, ascending; -1 is the largest.
func decomposed(k *mat.SymDense, i int) ([]float64, error) {
	var es mat.EigenSym
	if !es.Factorize(k, true) {
		return nil, fmt.Errorf("the eigenvalues of the kernel did not converge")
	}
	if i < 0 {
		i += k.SymmetricDim()
	}
	var u mat.Dense
	es.VectorsTo(&u)
	return mat.Col(nil, i, &u), nil
}

// least is lambda_min of a kernel for a logarithmic ladder. One that cannot be told from zero counts as its
// error bound, some 1e10 times less than its scale: a failure still, and one that a logarithm can take.
func least(k *mat.SymDense) (float64, error) {
	c, err := eig.Min(k)
	return max(c.Value, c.Err), err
}

// largestDiagonal is the largest diagonal entry, the scale of a kernel.
func largestDiagonal(k *mat.SymDense) float64 {
	largest := 0.0
	for i := range k.SymmetricDim() {
		largest = max(largest, k.At(i, i))
	}
	return largest
}

// gramRounding bounds how far a computed kernel is from the exact one in norm, up to second order: entries are sums
// of products over all widths, each off by as many roundings of the product of norms.
func gramRounding(k *mat.SymDense, d int, hidden []int) float64 {
	terms := d + 10
	for _, width := range hidden {
		terms += 2*width + 10
	}
	n := k.SymmetricDim()
	return float64(n) * float64(terms) * unit * largestDiagonal(k) * 4
}

// sphere are N rows of norm sqrt d.
func sphere(n, d int, seed uint64) data.Spec {
	return data.Spec{Kind: data.Sphere, N: n, D: d, Seed: seed, RowNorm: math.Sqrt(float64(d))}
}

// pictures scales images of 49 pixels to the norm sqrt d.
func pictures(spec data.Spec) data.Spec {
	spec.RowNorm = 7
	return spec
}

// netCost is the price of a network with its tangent kernel, fitted to measured times.
func netCost(n, d int, hidden []int) float64 {
	weights, neurons, in := 0.0, d, d
	for _, width := range hidden {
		weights += float64(in * width)
		neurons += 2 * width
		in = width
	}
	return (4*float64(n)+25)*weights + float64(n)*float64(n*neurons) + 60*float64(n*neurons) + 4000
}

func (p network) cost(nets, eigenvalues float64) checks.Cost {
	n, d := costs.Size(p.Data)
	return checks.Cost{Trial: nets*netCost(n, d, p.Hidden) + eigenvalues*costs.Eigenvalue(n), Size: fmt.Sprintf("N=%d", n)}
}
