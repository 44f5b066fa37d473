// Package du2019 checks Du, Zhai, Póczos and Singh, "Gradient Descent Provably Optimizes Over-parameterized Neural
// Networks" (ICLR 2019).
//
// The paper proves that gradient flow and gradient descent on a wide two-layer ReLU network drive the training loss to
// zero, at a linear rate governed by lambda_0, the smallest eigenvalue of a kernel matrix of the inputs. Its chain of
// facts (the Gram matrix at the start is close to its limit; it is stable while weights move little; weights move little
// while the loss falls) is checked link by link, beside versions of each link with explicit constants derived here.
//
// Setting: n inputs of unit norm, no two of them parallel; f(x) = m^{-1/2} sum_r a_r relu(w_r.x) with w_r ~ N(0, I) and
// a_r = +-1 fixed (but for Theorem 3.3 in Section 3.2, which trains both layers); loss (1/2) sum of squares.
//
//	paper             here
//	x_i, y            problem.set.X, problem.set.Y; problem.x are the x_i in coordinates of their span
//	n, d, m           problem.n, the columns of set.X (problem.k in the span), a width in the parameters
//	H^inf             problem.limit
//	lambda_0          problem.lambda0, certified
//	||X||_2           problem.s, rounded up (S in the statements)
//	H(k)              Batch.Gram of package nets, State.Gram of nets/train
//	R, S_i            the radius of a ball, and its fragile neurons: |w_r(0).x_i| <= R
//	delta, eta, k     Delta, Step and Steps of the parameters
//
// Files, in the order of the claims: kernel (Theorem 3.1), gram (Lemma 3.1), ball, stability and flips (Lemmas 3.2 and 4.1) with
// the adversary in attack, descent (Lemma 3.3, Corollary 4.1) with the exact flow in flow, rates (their scaling in the width, and
// Remark 3.1), certificate, convergence and critical (Theorems 3.2 and 4.1) with what these theorems share in theorems and very wide
// networks in lazy, start (the outputs at initialisation), layers and joint (both layers, Section 3.2 and Appendix A.1), experiment
// (Section 5). What they share is in problem. Facts about Gram matrices and flips that are not the paper's own are claims of basics.
package du2019

import (
	"embed"

	"convergo/checks"
)

//go:embed *.go
var files embed.FS

// Source is the paper with its claims.
func Source() checks.Source {
	return checks.Source{
		Key:     "du2019",
		Title:   "Gradient Descent Provably Optimizes Over-parameterized Neural Networks",
		Authors: "Simon S. Du, Xiyu Zhai, Barnabás Póczos, Aarti Singh",
		Year:    2019,
		BibTeX: `@inproceedings{du2019,
  author        = {Du, Simon S. and Zhai, Xiyu and P{\'o}czos, Barnab{\'a}s and Singh, Aarti},
  title         = {Gradient Descent Provably Optimizes Over-parameterized Neural Networks},
  booktitle     = {International Conference on Learning Representations},
  year          = {2019},
  eprint        = {1810.02054},
  archivePrefix = {arXiv}
}`,
		Files: files, Tables: paperTables(),
		Claims: []checks.Checkable{
			kernelPositive(), kernelBoundary(), eigenvalueClosed(), eigenvaluePair(),
			gramConcentration(),
			gramEntries(), jacobianChange(), gramEigenvalue(), gramLoss(), gramHalf(), gramStability(),
			flipBernstein(), flipDoubling(), flipTotal(),
			gradientNorm(), flowMovement(), descentMovement(),
			movementRate(), frobeniusRate(), flipRate(), driftRate(),
			certificate(), certificatePaper(),
			flowTheorem(), flowAntisymmetric(), descentTheorem(), descentDerived(), descentAntisymmetric(),
			criticalWidth(),
			initialResidual(), outputTail(), outputCovariance(), outputFourth(),
			jointGram(), jointFlow(), jointCertificate(), jointTheorem(),
			linearised(),
			widthExperiment(),
		},
	}
}

const convention = "f = m^{-1/2} sum_r a_r relu(w_r.x), w_r ~ N(0, I), a_r = +-1 fixed, |x_i| = 1, loss = (1/2) sum of squares"
