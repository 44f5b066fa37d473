package du2019

import (
	"embed"

	"convergo/checks"
)

//go:embed *.go
var files embed.FS

// Source is the paper that card 00 describes: gradient descent on a wide two-layer ReLU network drives the
// training loss to zero at a linear rate governed by lambda_0, the smallest eigenvalue of a kernel matrix
// of the inputs. Its chain of facts (kernel concentration, few flips, small movement) is checked link by
// link, each with explicit constants.
func Source() checks.Source {
	return checks.Source{
		Key:     "du2019",
		Title:   "Gradient Descent Provably Optimizes Over-parameterized Neural Networks",
		Authors: "Simon S. Du, Xiyu Zhai, Barnabás Póczos, Aarti Singh",
		Year:    2019,
		BibTeX: `@inproceedings{du2019,
  title         = {Gradient Descent Provably Optimizes Over-parameterized Neural Networks},
  author        = {Du, Simon S. and Zhai, Xiyu and P{\'o}czos, Barnab{\'a}s and Singh, Aarti},
  booktitle     = {International Conference on Learning Representations},
  year          = {2019},
  eprint        = {1810.02054},
  archivePrefix = {arXiv}
}`,
		Files: files,
		Claims: []checks.Checkable{
			kernelPositive(), kernelBoundary(), eigenvalueSeries(), eigenvalueClosed(), eigenvaluePair(),
			gramConcentration(), gramMoment(), gramHoeffding(), gramChernoff(), gramWidth(), gramRate(),
			signFlips(), gramEntries(), jacobianChange(), gramEigenvalue(), gramHalf(), gramStability(),
			flipBernstein(), flipDoubling(), flipTotal(),
			gradientNorm(), flowMovement(), descentMovement(),
			movementRate(), frobeniusRate(), flipRate(), driftRate(),
			certificate(), certificatePaper(),
			flowTheorem(), descentTheorem(), descentDerived(), descentAntisymmetric(),
			criticalWidth(), criticalGrowth(),
			initialResidual(), outputTail(), outputNorm(), outputCovariance(), outputFourth(),
			jointGram(), jointKernel(), jointFlow(), jointTheorem(), jointBalance(),
			linearised(),
			experimentFlips(), experimentMovement(), experimentLoss(),
		},
	}
}

const convention = "f = m^{-1/2} sum_r a_r relu(w_r.x), w_r ~ N(0, I), a_r = +-1 fixed, |x_i| = 1, loss = (1/2) sum of squares"
