// Package arora2019exact checks Arora, Du, Hu, Li, Salakhutdinov and Wang, "On Exact Computation with an Infinitely Wide
// Neural Net" (NeurIPS 2019).
//
// The paper shows without limits that the tangent kernel of a random deep ReLU network is close to a deterministic kernel
// once its smallest width is large, that a wide network trained to the end by gradient flow predicts like kernel
// regression with that kernel (NTK), and gives a dynamic programme for the kernel of convolutional networks (CNTK), with and
// without global average pooling.
//
// Setting: L hidden layers, g^(0)(x) = x, f^(h) = W^(h) g^(h-1), g^(h) = sqrt(c_sigma/d_h) sigma(f^(h)), c_sigma = 2, output
// f = W^(L+1) g^(L); all weights N(0,1), no biases, all layers trained; the trained network is kappa f; the loss is half
// the sum of squared errors. Section and lemma numbers are those of the first version, arXiv:1904.11955v1.
//
//	paper                        here
//	L, d_1, ..., d_L             hidden, Hidden of deep.Config (Convention: deep.NTK)
//	kappa                        Multiplier of deep.Config
//	Sigma^(h), Theta^(L)         kernel.NNGP and kernel.NTK of bounds/kernel
//	H(t), ker_t                  Pass.Gram of nets/deep, divided by kappa^2
//	H*, lambda_0                 Gram matrix of kernel.NTK and its smallest eigenvalue
//	k0, k1                       (pi - angle)/pi and kernel.NNGPStep
//	Section 4                    nets/conv (networks) and bounds/kernel/conv (kernel)
//
// Files, in the order of the claims: flow (Lemma 3.1), limit (equations 7, 12, 13), start (Theorem 3.1), shallow (one
// hidden layer, explicit), covariance (Theorem B.1), overlap (Lemmas B.1, B.5), output (Lemma B.4), regression (Theorem 3.2),
// perturbation (Lemma C.1), training (Lemmas D.5 to D.7), convolution and recursion (Section 4).
package arora2019exact

import (
	"embed"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"convergo/checks"
	"convergo/nets/deep"
)

const key = "arora2019exact"

//go:embed *.go
var files embed.FS

// Source is the paper with its claims.
func Source() checks.Source {
	return checks.Source{
		Key:     key,
		Title:   "On Exact Computation with an Infinitely Wide Neural Net",
		Authors: "Sanjeev Arora, Simon S. Du, Wei Hu, Zhiyuan Li, Ruslan Salakhutdinov, Ruosong Wang",
		Year:    2019,
		BibTeX: `@inproceedings{arora2019exact,
  author        = {Arora, Sanjeev and Du, Simon S. and Hu, Wei and Li, Zhiyuan and Salakhutdinov, Ruslan and Wang, Ruosong},
  title         = {On Exact Computation with an Infinitely Wide Neural Net},
  booktitle     = {Advances in Neural Information Processing Systems},
  volume        = {32},
  pages         = {8141--8150},
  year          = {2019},
  eprint        = {1904.11955},
  archivePrefix = {arXiv}
}`,
		Files: files, Tables: paperTables(),
		Claims: []checks.Checkable{
			flowIdentity(),
			kernelDefinition(), kernelPair(), kernelAntipodal(),
			kernelTheorem(), kernelRate(), diagonalVariance(),
			shallowMean(), shallowVariance(), shallowDiagonal(), shallowTail(),
			covarianceMap(), forwardCovariance(),
			overlapModulus(), overlapCount(),
			initialOutput(), outputVariance(),
			regressionRate(),
			initialShift(), predictionPath(),
			decay(),
			cntkMean(), cntkRecursion(), cntkReductions(),
		},
	}
}

const convention = "NTK: N(0,1) weights, factor sqrt(2/d_h) after each hidden layer, no biases, all layers trained; loss half the sum of squares"

// draw returns a network with the given hidden widths; kappa 0 is 1.
func draw(inputs int, hidden []int, kappa float64, rng *rand.Rand) (*deep.Network, error) {
	return deep.New(deep.Config{Inputs: inputs, Hidden: hidden, Convention: deep.NTK, Multiplier: kappa}, rng)
}

// unitPair returns two unit vectors of the plane at an angle, one a row.
func unitPair(cos, sin float64) *mat.Dense { return mat.NewDense(2, 2, []float64{1, 0, cos, sin}) }

// netCost counts the operations of drawing a network and evaluating its kernel on n inputs of dimension d.
func netCost(n, d int, hidden []int) float64 {
	weights, in := 0.0, d
	for _, width := range hidden {
		weights += float64(in * width)
		in = width
	}
	return (4*float64(n)+25)*(weights+float64(in)) + float64(10*n*n) + 3000
}
