package theorems

import (
	"convergo/checks"
)

// Du2019 is the paper that card 00 describes: gradient descent on a wide two-layer ReLU network drives the
// training loss to zero at a linear rate governed by lambda_0, the smallest eigenvalue of a kernel matrix
// of the inputs. Its chain of facts (kernel concentration, few flips, small movement) is checked link by
// link, each with explicit constants.
func (sources) Du2019() checks.Source {
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
		Claims: []checks.Checkable{
			du2019KernelPositive(), du2019KernelBoundary(), du2019EigenvalueSeries(), du2019EigenvalueClosed(), du2019EigenvaluePair(),
			du2019GramConcentration(), du2019GramMoment(), du2019GramHoeffding(), du2019GramChernoff(), du2019GramWidth(), du2019GramRate(),
			du2019SignFlips(), du2019GramEntries(), du2019JacobianChange(), du2019GramEigenvalue(), du2019GramHalf(), du2019GramStability(),
			du2019FlipBernstein(), du2019FlipDoubling(), du2019FlipTotal(),
			du2019GradientNorm(), du2019FlowMovement(), du2019DescentMovement(),
			du2019MovementRate(), du2019FrobeniusRate(), du2019FlipRate(), du2019DriftRate(),
			du2019Certificate(), du2019CertificatePaper(),
			du2019FlowTheorem(), du2019DescentTheorem(), du2019DescentDerived(), du2019DescentAntisymmetric(),
			du2019CriticalWidth(), du2019CriticalGrowth(),
			du2019InitialResidual(), du2019OutputTail(), du2019OutputNorm(), du2019OutputCovariance(), du2019OutputFourth(),
			du2019JointGram(), du2019JointKernel(), du2019JointFlow(), du2019JointTheorem(), du2019JointBalance(),
			du2019Linearised(),
			du2019ExperimentFlips(), du2019ExperimentMovement(), du2019ExperimentLoss(),
		},
	}
}

const du2019Convention = "f = m^{-1/2} sum_r a_r relu(w_r.x), w_r ~ N(0, I), a_r = +-1 fixed, |x_i| = 1, loss = (1/2) sum of squares"
