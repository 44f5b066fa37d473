// Package song2024 checks Song, Zhang and Zhang, "Training Multi-Layer Over-Parametrized Neural Network in Subquadratic
// Time" (ITCS 2024).
//
// A layer of width m has m^2 weights, and a plain step of training reads them all. The paper trains by Gauss-Newton steps and
// pays m^2 once, at the start, and m^{2-Omega(1)} for each step afterwards: a shifted ReLU leaves few neurons active, changes of
// the weights are kept as factors of low rank, Gram matrices come from the Khatri-Rao form of the Jacobian, and the systems
// are solved by a preconditioner from a tensor sketch.
//
// The abstract of the paper was read, its body was not at hand: the definitions follow it as it is recalled, every constant
// that a claim can be refuted on is derived here, and what is only recalled says so. Operations are counted, never timed.
//
// Setting: L hidden layers of width m, h_1 = sigma_b(W_1 x), h_l = sigma_b(W_l h_{l-1}), f = <a, h_L>, weights N(0, 2/m),
// a_r = +-1; sigma_b(z) = sqrt(c_b) z 1{z > sqrt(2/m) b}; loss (1/2)||f - y||^2.
//
//	paper                here
//	b, c_b               B of the parameters, shifted.Kind.Gain
//	sigma_b              subquadratic.Activation; Hard as above, Soft for max(z - b, 0)
//	Q(b) = P(g > b)      shifted.Tail
//	J_l, G_l             Network.Factors and KhatriRao of nets/subquadratic
//	W + P K^T            Lazy of nets/subquadratic
//	T_mat(m, m^a, m)     classical: m^{2+a}, shifted.RestartCost
//	lambda               smallest eigenvalue of shifted.Gram
//
// Files, by part of the method: moments and depth (the shifted ReLU keeps norms, and at what price), sparsity (at the start and
// while weights move), structure (Khatri-Rao form, lazy updates), cost (operations of a step), search (finding the active
// neurons), sketch (tensor sketches), regression (preconditioned systems), gram (the limit kernel), newton and contraction
// (Gauss-Newton steps).
package song2024

import (
	"embed"
	"math"
	"math/rand/v2"

	"convergo/bounds/shifted"
	"convergo/checks"
	"convergo/nets/subquadratic"

	"pgregory.net/rapid"
)

//go:embed *.go
var files embed.FS

// Source is the paper with its claims.
func Source() checks.Source {
	return checks.Source{
		Key:     "song2024",
		Title:   "Training Multi-Layer Over-Parametrized Neural Network in Subquadratic Time",
		Authors: "Zhao Song, Lichen Zhang, Ruizhe Zhang",
		Year:    2024,
		BibTeX: `@inproceedings{song2024,
  author        = {Song, Zhao and Zhang, Lichen and Zhang, Ruizhe},
  title         = {Training Multi-Layer Over-Parametrized Neural Network in Subquadratic Time},
  booktitle     = {Innovations in Theoretical Computer Science Conference},
  year          = {2024},
  eprint        = {2112.07628},
  archivePrefix = {arXiv}
}`,
		Files: files, Tables: paperTables(),
		Claims: []checks.Checkable{
			shiftedMoments(), normMean(), normVariance(), // moments
			activeCount(), activeOrder(), // sparsity at the start
			switchedReach(), switchedCount(), // while weights move
			depthCount(), depthNorm(), depthAmplification(), // depth
			khatriRao(), lazyUpdates(), // structure
			stepCost(), denseExponent(), restartCost(), thresholdSearch(), // cost
			sketchMoments(), sketchError(), sketchEmbedding(), // sketch
			preconditioner(), conjugateSteps(), // regression
			limitBounds(), gramConcentration(), // gram
			linearisation(), stepCertificate(), firstStep(), // newton
			newtonWidth(), publishedContraction(), // contraction
		},
	}
}

const (
	convention = "standard: W_l entries N(0, 2/m), a_r = +-1 fixed, activation sqrt(c_b) z 1{z > sqrt(2/m) b}; no biases"
	twoLayer   = "f = m^{-1/2} sum_r a_r max(w_r.x - b, 0), w_r ~ N(0, I), a_r = +-1; |x_i| = 1; first layer trained"
	unit       = 0x1p-53 // unit roundoff
)

// activation is a shifted ReLU of either kind.
type activation struct {
	Kind shifted.Kind `json:"kind"`
	B    float64      `json:"b"`
}

// at is the activation at width m, with weights N(0, 2/m).
func (a activation) at(m int) subquadratic.Activation {
	return subquadratic.Activation{Shift: math.Sqrt(2/float64(m)) * a.B, Gain: math.Sqrt(a.Kind.Gain(a.B)), Jump: a.Kind == shifted.Hard}
}

func drawActivation(t *rapid.T, most float64) activation {
	return activation{rapid.SampledFrom([]shifted.Kind{shifted.Hard, shifted.Soft}).Draw(t, "kind"), rapid.Float64Range(0, most).Draw(t, "b")}
}

// unitVector draws a uniform direction in R^d.
func unitVector(d int, r *rand.Rand) []float64 {
	v := make([]float64, d)
	var sum float64
	for k := range v {
		v[k] = r.NormFloat64()
		sum += v[k] * v[k]
	}
	for k := range v {
		v[k] /= math.Sqrt(sum)
	}
	return v
}

// fixed is the stream of what an instance draws once for all trials.
func fixed(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 14)) }
