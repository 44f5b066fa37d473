// Package montanari2022 checks Montanari and Zhong, "The Interpolation Phase Transition in Neural Networks: Memorization and
// Generalization under Lazy Training" (Annals of Statistics 2022).
//
// The paper linearises a two-layer network in its first layer. On n random inputs in R^d such a model with N neurons has Nd
// parameters, and as soon as Nd exceeds n by logarithms its kernel is close to that of infinite width, its smallest eigenvalue is
// near a constant v(sigma) of the activation, and any labels are interpolated. Ridge regression with it then has the test error of
// the kernel of infinite width, and that one the error of polynomial ridge regression with a larger ridge: the parts of the
// activation of high degree regularise by themselves.
//
// Only abstracts and a survey's account of the first version (Bartlett, Montanari, Rakhlin 2021) were at hand, so that
// nothing here has the basis "stated": theorems are given in explicit forms that are derived here. Two laws of random matrices, kernel-edges
// and limit-edge, are fitted: they hold at the size that they name, within allowances chosen from runs.
//
// Setting: inputs uniform on a sphere; weights of the first layer random, those of the second +1 and -1. We scale inputs to
// length one and draw weights N(0, I), which gives the ReLU the same gates.
//
//	paper                         here
//	n, d, N                       n, d and Neurons of the parameters
//	K_N                           Batch.Gram of nets, 1/sqrt N scaling, first layer
//	K                             kernel.ReLU and kernel.Erf of bounds/kernel
//	v(sigma)                      Induced of bounds.Isotropic
//	zeta = (lambda+v)/mu_0^2      Ridge of bounds.Isotropic
//
// Files, in the order of the claims: kernel (concentration of K_N), limit (the smallest eigenvalue of K), transition (Nd = n),
// ridge (N neurons against infinitely many), risk (the induced ridge and its test error), memory (a genuine network).
package montanari2022

import (
	"embed"
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/theorems/internal/costs"
)

//go:embed *.go
var files embed.FS

// Source is the paper with its claims.
func Source() checks.Source {
	return checks.Source{
		Key:     "montanari2022",
		Title:   "The Interpolation Phase Transition in Neural Networks: Memorization and Generalization under Lazy Training",
		Authors: "Andrea Montanari, Yiqiao Zhong",
		Year:    2022,
		BibTeX: `@article{montanari2022,
  author  = {Montanari, Andrea and Zhong, Yiqiao},
  title   = {The Interpolation Phase Transition in Neural Networks: Memorization and Generalization under Lazy Training},
  journal = {Annals of Statistics},
  volume  = {50},
  number  = {5},
  pages   = {2816--2847},
  year    = {2022},
  doi     = {10.1214/22-AOS2211}
}`,
		Files: files, Tables: paperTables(),
		Claims: []checks.Checkable{
			kernelChernoff(), kernelWidth(), kernelRate(), kernelEdges(),
			limitSeries(), limitEdge(),
			rank(), interpolation(), trainingError(), zeroRows(),
			ridgeEnergy(), ridgeDistance(), riskGap(),
			inducedRidge(), linearRisk(),
			memorise(),
		},
	}
}

const (
	key        = "montanari2022"
	convention = "unit inputs, w ~ N(0, I), output weights +-1 fixed, 1/sqrt N scaling; first layer linearised"
	unit       = 1.0 / (1 << 53) // unit roundoff
)

// activation returns a network's activation by name with its limit kernel and the bound B on |sigma'|; that of z^2 has none.
func activation(name string) (act nets.Activation, limit kernel.Kernel, b float64, err error) {
	const twoOverRootPi = 1.12837916709551257389615890312154517
	switch name {
	case "", "relu":
		return nets.ReLU(), kernel.ReLU(), 1, nil
	case "erf":
		return nets.Erf(), kernel.Erf(), twoOverRootPi, nil
	case "quadratic":
		return nets.Quadratic(), kernel.Square(), 0, nil
	}
	return act, limit, 0, fmt.Errorf("activation %q: use relu, erf or quadratic", name)
}

// sampler draws networks of one width on the same inputs, in the same memory.
type sampler struct {
	init   nets.Init
	copies int // every neuron is drawn so many times over
	net    *nets.Network
	batch  *nets.Batch
	gram   *mat.SymDense
}

func newSampler(act nets.Activation, x *mat.Dense, neurons, copies int) *sampler {
	n, d := x.Dims()
	s := &sampler{init: nets.NTK(neurons, d), copies: max(1, copies), batch: nets.NewBatch(x, neurons), gram: mat.NewSymDense(n, nil)}
	s.init.Act = act
	return s
}

// draw returns K_N of a new network, until the next draw.
func (s *sampler) draw(r *rand.Rand) *mat.SymDense {
	if s.net == nil {
		s.net = s.init.Draw(r)
	} else {
		s.init.Redraw(s.net, r)
	}
	if s.copies > 1 {
		for k := range s.net.Width() {
			copy(s.net.W.RawRowView(k), s.net.W.RawRowView(k-k%s.copies))
		}
	}
	s.batch.Forward(s.net)
	s.batch.Gram(s.gram, s.net, nets.FirstLayer)
	return s.gram
}

// spectrum returns the eigenvalues in rising order; a diagonal matrix shows them.
func spectrum(a *mat.SymDense) ([]float64, error) {
	n := a.SymmetricDim()
	if diagonal(a) {
		values := make([]float64, n)
		for i := range values {
			values[i] = a.At(i, i)
		}
		floats.Argsort(values, make([]int, n))
		return values, nil
	}
	var es mat.EigenSym
	if !es.Factorize(a, false) {
		return nil, fmt.Errorf("the eigenvalues of a kernel did not converge")
	}
	return es.Values(nil), nil
}

func diagonal(a *mat.SymDense) bool {
	raw := a.RawSymmetric()
	for i := range raw.N {
		for _, v := range raw.Data[i*raw.Stride+i+1 : i*raw.Stride+raw.N] {
			if v != 0 {
				return false
			}
		}
	}
	return true
}

// tangentCost is the price of K_N on n inputs with its spectrum.
func tangentCost(n, d, neurons int) float64 {
	return float64(neurons)*float64(25*d+2*n*d+n*n) + costs.Eigenvalue(n)
}
