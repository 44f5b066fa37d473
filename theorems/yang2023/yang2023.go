// Package yang2023 checks Yang, Jiang, Zhang, Wang and Liang, "Convergence and Generalization of Wide Neural Networks with
// Large Bias" (arXiv 2023; JMLR 2024 as "Neural Networks with Sparse Activation Induced by Large Bias").
//
// The paper trains the weights and the biases of a two-layer ReLU network whose biases all start at B >= 0. A neuron is then
// active on an input with probability Q(B) <= exp(-B^2/2)/2, and stays so to within a constant: training is sparse. With a
// width of order lambda^{-4} n^4 exp(-B^2) the loss decreases linearly, at the rate of the smallest eigenvalue lambda(B) of a
// limit kernel that the biases make larger; for vectors in a region of R^n that eigenvalue is bounded by the separation of
// the inputs. Sparsity also enters the generalisation bound.
//
// Setting: n inputs of unit norm; f(x) = m^{-1/2} sum_r a_r relu(w_r.x - b_r), w_r ~ N(0, I_d), b_r = B, a_r = +-1 fixed; the
// loss L = (1/2) sum_i (f(x_i) - y_i)^2; gradient descent on W and b.
//
//	paper                    here
//	B                        Bias of the parameters and of biased.Init
//	(W, b), x                weights of a network of package nets on lifted inputs (x, -1), see nets/biased
//	S_on(i, t)               patterns of a batch, counted by biased.Active
//	H^inf(B), lambda(B)      kernel.BiasedReLU, and its smallest eigenvalue
//	P = [p_ij]               kernel.Threshold: p_ij = P(w.x_i >= B, w.x_j >= B)
//	K~ = XX^T + 11^T         gram of inputs; Lambda its largest eigenvalue, kappa its largest row sum
//	Q(B)                     kernel.UpperTail
//	R                        Radius of bounds.BiasCertificate
//
// Theorems are numbered as in the journal. Its constants are hidden except in Theorem 13; those here are derived.
//
// Files, in the order of the claims: sparsity, start and strip (Lemmas 3, 5, 6 and 33), gram (Lemmas 15 and 16), descent and
// convergence (Theorem 1), region and spectrum (Theorem 13), scaling (the assumption lambda(B) = lambda_0 exp(-B^2/2)),
// complexity and distance (Theorem 9, Lemmas 11 and 41).
package yang2023

import (
	"embed"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/biased"
	"convergo/nets/data"
)

//go:embed *.go
var files embed.FS

// Source is the paper with its claims.
func Source() checks.Source {
	return checks.Source{
		Key:     "yang2023",
		Title:   "Convergence and Generalization of Wide Neural Networks with Large Bias",
		Authors: "Hongru Yang, Ziyu Jiang, Ruizhe Zhang, Zhangyang Wang, Yingbin Liang",
		Year:    2023,
		BibTeX: `@article{yang2023,
  author        = {Yang, Hongru and Jiang, Ziyu and Zhang, Ruizhe and Liang, Yingbin and Wang, Zhangyang},
  title         = {Neural Networks with Sparse Activation Induced by Large Bias: Tighter Analysis with Bias-Generalized {NTK}},
  journal       = {Journal of Machine Learning Research},
  volume        = {25},
  number        = {321},
  pages         = {1--51},
  year          = {2024},
  url           = {http://jmlr.org/papers/v25/23-0831.html},
  eprint        = {2301.00327},
  archivePrefix = {arXiv}
}`,
		Files: files, Tables: paperTables(),
		Claims: []checks.Checkable{
			activeShare(), activeCounts(), movedCounts(), // sparsity
			startLoss(),                 // start
			stripChance(), stripBound(), // strip
			kernelEntry(), gramEntries(), gramChernoff(), // gram
			certificate(), convergence(), // descent, convergence
			regionTheorem(), region(), // region
			eigenvalueBounds(), fixedThreshold(), // spectrum
			condition(), biasScaling(), // scaling
			rademacher(), ball(), // complexity
			distance(),
		},
	}
}

const (
	convention = "f = m^{-1/2} sum_r a_r relu(w_r.x - b_r), w_r ~ N(0, I), b_r = B, a_r = +-1 fixed; |x_i| = 1; loss = (1/2) sum of squares; W and b trained"
	unit       = 0x1p-53 // unit roundoff
)

// inputs are a data set with what the theory knows of it at one bias.
type inputs struct {
	set    *data.Set
	x      *mat.Dense    // lifted, in coordinates of the span of the inputs: the network has the same law there and costs less
	gram   *mat.SymDense // K~
	top    float64       // Lambda = lambda_max(K~), from above
	rowSum float64       // kappa
	bias   float64
	limit  *mat.SymDense // H^inf(B)
	lambda eig.Certified // lambda(B)
}

// load builds the data, which must be of unit norm, and its limit kernel.
func load(spec data.Spec, bias float64) (*inputs, error) {
	if !(bias >= 0) || math.IsInf(bias, 0) {
		return nil, fmt.Errorf("bias %v: the biases start at a constant of at least 0", bias)
	}
	set, err := spec.Build()
	if err != nil {
		return nil, err
	}
	for i, norm := range data.RowNorms(set.X) {
		if math.Abs(norm-1) > 1e-9 {
			return nil, fmt.Errorf("input %d has norm %v: scale the inputs to unit norm", i+1, norm)
		}
	}
	span, _ := nets.InSpan(set.X)
	in := &inputs{set: set, x: biased.Lift(span), bias: bias, gram: mat.NewSymDense(set.N(), nil)}
	in.gram.SymOuterK(1, biased.Lift(set.X))
	top, err := eig.Max(in.gram)
	if err != nil {
		return nil, err
	}
	in.top = top.Upper()
	in.rowSum = largestRowSum(in.gram)
	if in.limit, err = kernel.BiasedReLU(bias).Gram(set.X); err != nil {
		return nil, err
	}
	in.lambda, err = kernel.BiasedReLU(bias).Lambda0(set.X)
	return in, err
}

func largestRowSum(gram *mat.SymDense) float64 {
	largest := 0.0
	for i := range gram.SymmetricDim() {
		sum := 0.0
		for j := range gram.SymmetricDim() {
			sum += gram.At(i, j)
		}
		largest = math.Max(largest, sum)
	}
	return largest
}

// n is the number of inputs.
func (in *inputs) n() int { return in.set.N() }

// law is the law of a network of width m on the inputs.
func (in *inputs) law(m int, symmetry nets.Symmetry) biased.Init {
	_, d := in.x.Dims()
	return biased.Init{Width: m, Dim: d - 1, Bias: in.bias, Symmetry: symmetry}
}

// positive is the hypothesis that the limit kernel is certified positive definite.
func (in *inputs) positive() checks.Hypothesis {
	return checks.Require("lambda(B) over its error", in.lambda.Value, checks.AtLeast, math.Max(2*in.lambda.Err, 1e-6))
}

// size are samples and columns of a description, for costs; a network lives in the span of the samples.
func size(spec data.Spec) (n, d float64) {
	rows, columns := spec.Size()
	if columns == 0 || columns > rows {
		columns = rows
	}
	return float64(rows), float64(columns)
}

// tail is the operation count of one joint tail, and limitCost that of loading an instance.
const tail = 3000

func limitCost(spec data.Spec) float64 {
	n, d := size(spec)
	return n*n*(tail+2*d) + 30*n*n*n + 1e4
}

// drawCost is that of drawing a network of width m and evaluating it.
func drawCost(spec data.Spec, m int) float64 {
	n, d := size(spec)
	return float64(m) * (20*(d+1) + n*(2*d+12))
}

// biasOf draws a bias, and some that are special.
func biasOf(t *rapid.T) float64 {
	return rapid.OneOf(rapid.SampledFrom([]float64{0, 1e-3, 1, 2}), rapid.Float64Range(0, 4)).Draw(t, "bias")
}
