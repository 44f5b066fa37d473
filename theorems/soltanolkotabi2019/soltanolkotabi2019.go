// Package soltanolkotabi2019 checks Soltanolkotabi, Javanmard and Lee, "Theoretical Insights Into the Optimization Landscape
// of Over-Parameterized Shallow Neural Networks" (IEEE Transactions on Information Theory 2019).
//
// The paper has two parts. For the activation z^2 it describes the whole landscape of the training loss in the hidden
// weights: with as many neurons of each output sign as inputs have coordinates, on any data, all local minima are global and all
// other stationary points have a direction that curves down; for inputs in general position and not many more samples than
// squared coordinates the minimum is zero. For other smooth activations it proves that gradient descent from near the planted
// weights converges linearly. The first part has no hidden constants, and is checked at every kind of point with the
// quantities that its proof works with. The constants of the second are hidden: a certificate of our own stands in their place.
//
// The text that was read is version 3 on arXiv; the journal's was not at hand.
//
// Setting: n rows x_i in R^d with labels y_i; f(x) = v^T phi(W x), k hidden neurons, no biases, no factor of the width; loss
// L = (1/2n) sum_i (f(x_i) - y_i)^2, of W alone unless it is said otherwise.
//
//	paper                  here
//	X (d x n)              its transpose: rows of Set.X
//	v, W                   Network.A and Network.W of nets, Scale 1
//	k                      Width; k+ and k- count the positive and the negative v_l
//	D_v                    diag(v)
//	W^T D_v W              M, quadratic.Form of nets/quadratic
//	sum_i r_i x_i x_i^T    S, bounds.QuadraticResiduals
//	the minimum over M     bounds.FitQuadratic: least squares over all symmetric matrices
//	X * X                  bounds.QuadraticFeatures, up to the doubled rows of mixed products
//
// Files, in the order of the claims: landscape (Theorem 2.1, first part), zeroloss (its second part, Lemma 5.6), planted
// (Theorem 2.2), certificate (Lemma 6.1), saddle and hessian (the proof of Theorem 2.1), joint (both layers), local (in the
// place of Theorem 2.5), khatrirao (in the place of Corollary 7.5).
package soltanolkotabi2019

import (
	"embed"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/quadratic"
	"convergo/theorems/internal/costs"
)

//go:embed *.go
var files embed.FS

// Source is the paper with its claims.
func Source() checks.Source {
	return checks.Source{
		Key:     "soltanolkotabi2019",
		Title:   "Theoretical Insights Into the Optimization Landscape of Over-Parameterized Shallow Neural Networks",
		Authors: "Mahdi Soltanolkotabi, Adel Javanmard, Jason D. Lee",
		Year:    2019,
		BibTeX: `@article{soltanolkotabi2019,
  author        = {Soltanolkotabi, Mahdi and Javanmard, Adel and Lee, Jason D.},
  title         = {Theoretical Insights Into the Optimization Landscape of Over-Parameterized Shallow Neural Networks},
  journal       = {IEEE Transactions on Information Theory},
  volume        = {65},
  number        = {2},
  pages         = {742--769},
  year          = {2019},
  doi           = {10.1109/TIT.2018.2854560},
  eprint        = {1707.04926},
  archivePrefix = {arXiv}
}`,
		Files: files, Tables: paperTables(),
		Claims: []checks.Checkable{
			benignLandscape(),
			rankThreshold(), minimumAttained(), residualMean(),
			sameSignLandscape(), plantedLoss(),
			exactGap(),
			saddleEverywhere(), saddleStationary(), curvatureCertificate(),
			hessianForm(), originSpectrum(), orbit(),
			jointLandscape(),
			localDescent(),
			khatriRaoMean(), khatriRaoLower(),
		},
	}
}

const convention = "standard: f(x) = v^T (W x)^2, no width factors, no biases; mean loss (1/2n) sum (f - y)^2; v fixed"

// scene is labelled data with output weights and the size of hidden weights.
type scene struct {
	Data  data.Spec `json:"data"`
	V     []float64 `json:"v"`
	Scale float64   `json:"scale,omitempty"` // of the N(0, 1) hidden weights; 0 puts them at zero
}

// setting is what the claims compute once of a scene.
type setting struct {
	x      *mat.Dense
	y, v   []float64
	n, d   int
	fit    bounds.QuadraticFit
	energy float64 // (1/2n) ||y||^2, the loss at W = 0
}

func newSetting(spec data.Spec, v []float64) (*setting, error) {
	set, err := spec.Build()
	if err != nil {
		return nil, err
	}
	return labelled(set.X, set.Y, v)
}

func labelled(x *mat.Dense, y, v []float64) (*setting, error) {
	n, d := x.Dims()
	fit, err := bounds.FitQuadratic(x, y)
	return &setting{x: x, y: y, v: v, n: n, d: d, fit: fit, energy: floats.Dot(y, y) / (2 * float64(n))}, err
}

// draw draws hidden weights of the given size.
func (s *setting) draw(scale float64, r *rand.Rand) *nets.Network {
	w := nets.Gaussian(len(s.v), s.d, r)
	w.Scale(scale, w)
	return quadratic.Network(w, s.v)
}

func (s *setting) loss(net *nets.Network) float64 {
	return nets.Square{Mean: true}.Value(net.Output(s.x), s.y)
}

// enough says how many neurons a sign must have.
func enough(v []float64, need int) []checks.Hypothesis {
	positive, negative := count(v)
	return []checks.Hypothesis{
		checks.Require("k+", float64(positive), checks.AtLeast, float64(need)),
		checks.Require("k-", float64(negative), checks.AtLeast, float64(need)),
	}
}

func count(v []float64) (positive, negative int) {
	for _, a := range v {
		switch {
		case a > 0:
			positive++
		case a < 0:
			negative++
		}
	}
	return positive, negative
}

// signs are output weights, first the positive ones, of absolute values from 1 to 1 + spread within each sign.
func signs(positive, negative int, spread float64) []float64 {
	var v []float64
	for _, side := range []struct {
		count int
		sign  float64
	}{{positive, 1}, {negative, -1}} {
		for l := range side.count {
			v = append(v, side.sign*(1+spread*float64(l)/float64(max(1, side.count-1))))
		}
	}
	return v
}

// fourthPower is sum_i ||x_i||^4.
func fourthPower(x *mat.Dense) (sum float64) {
	for _, r := range data.RowNorms(x) {
		sum += math.Pow(r, 4)
	}
	return sum
}

// nuclear is the sum of the absolute eigenvalues of a - b.
func nuclear(a, b mat.Symmetric) (float64, error) {
	difference := mat.NewSymDense(a.SymmetricDim(), nil)
	for p := range a.SymmetricDim() {
		for q := p; q < a.SymmetricDim(); q++ {
			difference.SetSym(p, q, a.At(p, q)-b.At(p, q))
		}
	}
	values, err := bounds.SymmetricEigenvalues(difference)
	for i := range values {
		values[i] = math.Abs(values[i])
	}
	return floats.Sum(values), err
}

// gaussian are raw N(0, I) inputs with N(0, 1) labels.
func gaussian(n, d int) data.Spec {
	return data.Spec{Kind: data.Gaussian, N: n, D: d, Seed: 1, Raw: true, Labels: data.Normal}
}

// steep are the unit vectors of the axes with labels -1 (or another constant): S and M - M* have one eigenvector basis and constant
// eigenvalues at W = 0, so that trace duality is an equality.
func steep(d int, label float64) data.Spec {
	return data.Spec{Kind: data.Basis, N: d, D: d, Labels: data.Const, LabelScale: label}
}

// scenes draws scenes with `spare` or more neurons a sign beyond the dimension.
func scenes(n, d, spare int) *rapid.Generator[scene] {
	return rapid.Custom(func(t *rapid.T) scene {
		spec := gen.Specs(gen.Range{MinN: 1, MaxN: n, MinD: 1, MaxD: d}).Draw(t, "data")
		_, dim := costs.Size(spec)
		spec.Raw = spec.Kind == data.Lattice && rapid.Bool().Draw(t, "raw")
		spec.LabelScale = rapid.SampledFrom([]float64{0, 0.01, 100, -1}).Draw(t, "label scale")
		positive, negative := rapid.IntRange(0, 1).Draw(t, "more positive"), rapid.IntRange(0, 1).Draw(t, "more negative")
		return scene{
			Data: spec, V: signs(dim+spare+positive, dim+spare+negative, rapid.SampledFrom([]float64{0, 1, 9}).Draw(t, "spread")),
			Scale: rapid.SampledFrom([]float64{0, 0.01, 0.3, 1, 3}).Draw(t, "scale"),
		}
	})
}

// hessianCost is the price of a Hessian of k neurons with its eigenvalues, and of a fit.
func (p scene) hessianCost() float64 {
	n, d := costs.Size(p.Data)
	size := len(p.V) * d
	return costs.Eigenvalue(size) + float64(n*size*size) + fitCost(n, d)
}

func (p scene) cost() checks.Cost { return checks.Cost{Setup: 1e4, Trial: p.hessianCost()} }

// fitCost is the price of least squares over symmetric matrices.
func fitCost(n, d int) float64 {
	features := float64(d * (d + 1) / 2)
	small := math.Min(float64(n), features)
	return 20*float64(n)*features*small + 5000
}
