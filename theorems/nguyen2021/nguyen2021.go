// Package nguyen2021 checks Nguyen, Mondelli and Montúfar, "Tight Bounds on the Smallest Eigenvalue of the Neural Tangent
// Kernel for Deep ReLU Networks" (ICML 2021).
// The statements follow version 5 on arXiv (2012.11654).
//
// The paper bounds the smallest eigenvalue of the tangent kernel of deep ReLU networks from both sides: in the limit of
// infinite width it is of order d, the squared norm of the data, and at finite width one layer of about N neurons anywhere
// suffices. On the way it bounds the singular values of feature matrices and the Lipschitz constant of random feature maps.
// Nothing is trained: all statements are about the start.
//
// Setting: N rows x_i in R^d of norm about sqrt d; L weight layers (L-1 hidden ones), W_l ~ N(0, beta_l^2), no biases and no
// factors of the width, all layers trained.
//
//	paper                  here
//	N, d                   n and d, by size and the parameters
//	n_1, ..., n_{L-1}      Hidden of the parameters and of deep.Config
//	beta_l                 Std of deep.Config
//	Kbar^(L) = J J^T       Network.Gram of nets/deep
//	K^(L), G^(l)           kernel.NTK, kernel.NNGP and kernel.NTKTerm of bounds/kernel
//	F_k                    layer, applied k times
//	mu_r(sigma)            kernel.HermiteReLU
//
// Files, in the order of the claims: growth, limit, chain and sphere (Theorem 3.2), finite and diagonal (Theorem 4.1), features
// (Theorem 5.1, Lemma 5.2), hermite (Lemmas 5.3 to 5.5), lipschitz and plane (Lemma 6.1, Theorem 6.2), memory (Corollary 4.2).
// The analogue of Lemma 5.2 for the first block of the tangent kernel is the base fact basics/gram-chernoff.
package nguyen2021

import (
	"embed"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/deep"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/ladder"
)

//go:embed *.go
var files embed.FS

// Source is the paper with its claims.
func Source() checks.Source {
	return checks.Source{
		Key:     "nguyen2021",
		Title:   "Tight Bounds on the Smallest Eigenvalue of the Neural Tangent Kernel for Deep ReLU Networks",
		Authors: "Quynh Nguyen, Marco Mondelli, Guido Montufar",
		Year:    2021,
		BibTeX: `@inproceedings{nguyen2021,
  author        = {Nguyen, Quynh and Mondelli, Marco and Mont{\'u}far, Guido},
  title         = {Tight Bounds on the Smallest Eigenvalue of the Neural Tangent Kernel for Deep {ReLU} Networks},
  booktitle     = {International Conference on Machine Learning},
  series        = {Proceedings of Machine Learning Research},
  volume        = {139},
  pages         = {8119--8129},
  year          = {2021},
  eprint        = {2012.11654},
  archivePrefix = {arXiv}
}`,
		Files: files, Tables: paperTables(),
		Claims: []checks.Checkable{
			limitLinear(), limitOrder(),
			limitLower(), limitUpper(), limitChain(),
			limitSphere(),
			oneWideLayer(), homogeneity(), finiteLinear(),
			diagonalMean(), finiteUpper(),
			featureSpectrum(), featureChernoff(), featureWidth(),
			hermiteBound(), centring(), centredPower(),
			lipschitzJacobian(), lipschitzTwo(), lipschitzOrder(),
			memoriseLinear(), memoriseNorm(),
		},
	}
}

const (
	limitConvention = "limit kernel at weight variance 1, divided by prod_l n_l/2; L weight layers, all trained; no biases"
	convention      = "standard: N(0, beta_l^2) weights, no width factors, no biases; L weight layers, all trained"
	unit            = 1.0 / (1 << 53) // unit roundoff
	drift           = 0.2             // exponent up to which a drift of a hidden constant counts as none
)

// positive returns an eigenvalue for a logarithmic ladder. One that cannot be told from zero counts as its
// error bound, some 1e10 times less than its scale: a failure still, and one that a logarithm can take.
func positive(c eig.Certified, err error) (float64, error) {
	return max(c.Value, c.Err), err
}

// startLambda draws inputs and the kernel of a network on them, without its weights, and returns lambda_min(Kbar).
func startLambda(law string, n int, config deep.Config, r *rand.Rand) (float64, error) {
	x, err := inputs(law, n, config.Inputs, r)
	if err != nil {
		return 0, err
	}
	k, err := deep.StartGram(x, config, r)
	if err != nil {
		return 0, err
	}
	return positive(eig.Min(k))
}

// draws is how many a rung of n samples takes of a ladder of sizes: the lower ones, which cost least, up to eight.
func draws(sizes []int, n int) int {
	below := slices.Max(sizes) / n
	return min(below*below, 8)
}

// typical climbs a ladder of sizes; each rung is the median of its draws of a ratio.
func typical(sizes []int, ratio func(n int, r *rand.Rand) (float64, error), r *rand.Rand) checks.Measurement {
	return ladder.Pass(len(sizes), func(i int) (size, value float64, err error) {
		n := sizes[i]
		drawn := make([]float64, draws(sizes, n))
		for k := range drawn {
			if drawn[k], err = ratio(n, r); err != nil {
				return 0, 0, err
			}
		}
		slices.Sort(drawn)
		return float64(n), math.Sqrt(drawn[(len(drawn)-1)/2] * drawn[len(drawn)/2]), nil
	})
}

// inputs draws n independent rows of squared norm d, in mean: gaussian N(0, I_d); sphere, uniform on
// the sphere of radius sqrt d; cube, uniform on {-1,1}^d; plane, uniform on the circle of radius sqrt d in a random plane.
func inputs(law string, n, d int, r *rand.Rand) (*mat.Dense, error) {
	x := nets.Gaussian(n, d, r)
	switch law {
	case "gaussian":
		return x, nil
	case "sphere":
	case "cube":
		x.Apply(func(_, _ int, v float64) float64 { return math.Copysign(1, v) }, x)
		return x, nil
	case "plane":
		// A centred Gaussian direction of the plane spanned by two Gaussian vectors made orthonormal.
		u, v := x.RawRowView(0), make([]float64, d)
		for k := range v {
			v[k] = r.NormFloat64()
		}
		u = slices.Clone(u)
		floats.Scale(1/floats.Norm(u, 2), u)
		floats.AddScaled(v, -floats.Dot(u, v), u)
		floats.Scale(1/floats.Norm(v, 2), v)
		for i := range n {
			row, a, b := x.RawRowView(i), r.NormFloat64(), r.NormFloat64()
			for k := range row {
				row[k] = a*u[k] + b*v[k]
			}
		}
	default:
		return nil, fmt.Errorf("law %q: use gaussian, sphere, cube or plane", law)
	}
	for i := range n {
		row := x.RawRowView(i)
		floats.Scale(math.Sqrt(float64(d))/floats.Norm(row, 2), row)
	}
	return x, nil
}

// compact returns A with A A^T = X X^T and at most as many columns as rows: A g has the law of X w for Gaussian vectors.
func compact(x *mat.Dense) *mat.Dense {
	if n, d := x.Dims(); n >= d {
		return x
	}
	var gram mat.SymDense
	gram.SymOuterK(1, x)
	var chol mat.Cholesky
	if !chol.Factorize(&gram) {
		return x
	}
	var lower mat.TriDense
	chol.LTo(&lower)
	return mat.DenseCopyOf(&lower)
}

// layer returns relu(F W^T).
func layer(f, w *mat.Dense) *mat.Dense {
	n, _ := f.Dims()
	m, _ := w.Dims()
	out := mat.NewDense(n, m, nil)
	for i := range n {
		row := out.RawRowView(i)
		for j := range row {
			row[j] = max(0, floats.Dot(f.RawRowView(i), w.RawRowView(j)))
		}
	}
	return out
}

// rows builds the data with its first row scaled; scale 0 means 1.
func rows(spec data.Spec, scale float64) (*mat.Dense, error) {
	set, err := spec.Build()
	if err != nil {
		return nil, err
	}
	if scale != 0 {
		floats.Scale(scale, set.X.RawRowView(0))
	}
	return set.X, nil
}

// spec draws data of any kind, lattice points also with their own norms.
func spec(t *rapid.T, n, d int) data.Spec {
	spec := gen.Specs(gen.Range{MinN: 1, MaxN: n, MinD: 1, MaxD: d}).Draw(t, "data")
	spec.Raw = spec.Kind == data.Lattice && rapid.Bool().Draw(t, "raw")
	return spec
}

// scale draws the factor on the first row, over four decades.
func scale(t *rapid.T) float64 {
	return rapid.SampledFrom([]float64{0, 0.01, 0.1, 3, 100}).Draw(t, "scale")
}

// Operation counts, fitted to measured times: a limit kernel with its eigenvalue, and a network
// with its tangent kernel.
func limitCost(n, d, l int) float64 {
	return costs.Eigenvalue(n) + float64(n*n)*float64(2*d+100*l)
}

func netCost(n, d int, hidden []int) float64 {
	weights, neurons, in := 0.0, d, d
	for _, width := range hidden {
		weights += float64(in * width)
		neurons += 2 * width
		in = width
	}
	return (4*float64(n)+25)*weights + float64(n)*float64(n*neurons) + 4000
}

// startCost is netCost for a kernel drawn without the weights.
func startCost(n, d int, hidden []int) float64 {
	neurons := d
	for _, width := range hidden {
		neurons += width
	}
	return float64(n)*float64(neurons)*(50+4*float64(n)) + costs.Eigenvalue(n) + 4000
}
