// Package arora2019fine checks Arora, Du, Hu, Li and Wang, "Fine-Grained Analysis of Optimization and Generalization for
// Overparameterized Two-Layer Neural Networks" (ICML 2019).
//
// The paper predicts the whole training curve of a wide two-layer ReLU network from the eigenvectors of H^inf and the
// projections of the labels on them, shows that the weights travel sqrt(y^T (H^inf)^{-1} y), and bounds the test error by
// sqrt(2 y^T (H^inf)^{-1} y/n), which it evaluates for simple targets.
//
// Setting: n inputs of unit norm; f(x) = m^{-1/2} sum_r a_r relu(w_r.x) with w_r(0) ~ N(0, kappa^2 I) and a_r = +-1 fixed;
// loss (1/2) sum of squares; gradient descent with a constant step.
//
//	paper                   here
//	x_i, y                  problem.x, problem.y; problem.span are the x_i in coordinates of their span
//	H^inf                   problem.h
//	lambda_0, lambda_max    problem.low, problem.high, certified
//	(H^inf)^{-1}            problem.inv
//	||X||                   problem.s, rounded up
//	m, kappa, k             M, Kappa and T of run
//	eta                     Step of run, in units of 1/lambda_max: problem.step gives eta
//	y^T (H^inf)^{-1} y      problem.inv.Form(y)
//
// Files, in the order of the claims: trajectory (Theorem 4.1), certificate (Theorems 3.1 and 4.1 for networks that prove it
// of themselves), width (Theorem 4.1 with an explicit eps), convergence (Theorem 3.1), movement (Lemmas 5.3 and C.1, Section 5.2), flips (Lemma C.2), complexity (Lemma
// 5.4), generalisation and population (Theorem 5.1, Figure 2), targets (Theorem 6.1, Corollary 6.2, Examples 6.3 and 6.4),
// worstlabel and labels (Section 4, Figures 1 and 2). Lemma C.3, the Gram matrix at the start, is the base fact
// basics/gram-hoeffding, whatever kappa is; basics/gram-chernoff needs less width.
//
// The source calls M_g a bound on y^T (H^inf)^{-1} y, and then bounds its root in Examples 6.2 to 6.4; here the root is
// meant throughout.
package arora2019fine

import (
	"embed"
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/train"
	"convergo/theorems/internal/twolayer"
	"convergo/theorems/internal/userfile"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

//go:embed *.go
var files embed.FS

// Source is the paper with its claims.
func Source() checks.Source {
	return checks.Source{
		Key:     "arora2019fine",
		Title:   "Fine-Grained Analysis of Optimization and Generalization for Overparameterized Two-Layer Neural Networks",
		Authors: "Sanjeev Arora, Simon S. Du, Wei Hu, Zhiyuan Li, Ruosong Wang",
		Year:    2019,
		BibTeX: `@inproceedings{arora2019fine,
  author        = {Arora, Sanjeev and Du, Simon S. and Hu, Wei and Li, Zhiyuan and Wang, Ruosong},
  title         = {Fine-Grained Analysis of Optimization and Generalization for Overparameterized Two-Layer Neural Networks},
  booktitle     = {International Conference on Machine Learning},
  series        = {Proceedings of Machine Learning Research},
  volume        = {97},
  pages         = {322--332},
  year          = {2019},
  eprint        = {1901.08584},
  archivePrefix = {arXiv}
}`,
		Files: files, Tables: paperTables(),
		Claims: []checks.Checkable{
			trajectory(), explicitTrajectory(), certifiedTrajectory(), trajectoryRate(), aPosteriori(), stepResidual(),
			linearConvergence(), certifiedConvergence(),
			neuronMovement(), movementIdentity(), movementRate(),
			flipSet(), flipLaw(), gramStability(), featureStability(),
			rademacherDetermined(), rademacherClass(),
			kernelGeneralisation(), networkGeneralisation(), labelNoise(),
			monomial(), monomialPrinted(), polynomialSum(), smooth(),
			worstLabel(), labelMeasure(), labelSteps(), labelTraining(),
		},
	}
}

const convention = "outputs scaled by 1/sqrt(m), first layer trained, loss a sum, w_r(0) ~ N(0, kappa^2 I)"

// problem is a data set with its limit kernel H^inf and what is certified of it.
type problem struct {
	x, span   *mat.Dense // the rows, and the rows in coordinates of their span
	y         []float64
	h         *mat.SymDense
	inv       *eig.Inverse
	low, high eig.Certified // extreme eigenvalues of H^inf, entry errors included
	s         float64       // at least ||X||_2
}

func build(spec data.Spec) (problem, error) {
	in, err := twolayer.Build(spec)
	if err != nil {
		return problem{}, err
	}
	set := in.Set
	f := problem{x: set.X, span: in.Span, y: set.Y, h: in.Limit}
	top := 0.0
	for _, v := range data.RowNorms(set.X) {
		top = math.Max(top, v)
	}
	delta := float64(set.N()) * kernel.ReLU().EntryError(set.D(), top)
	if f.inv, err = eig.NewInverse(f.h, delta); err != nil {
		return f, err
	}
	f.low = f.inv.Min()
	if f.high, err = eig.Max(f.h); err != nil {
		return f, err
	}
	f.high = f.high.Widen(delta)
	norm, err := eig.SpectralNorm(set.X)
	f.s = norm.Upper()
	return f, err
}

func (f problem) n() int { return f.h.SymmetricDim() }

// withLabels is build for claims that need labels, which a user's file may
// lack.
func withLabels(spec data.Spec) (problem, error) {
	f, err := build(spec)
	if err == nil && f.y == nil {
		err = fmt.Errorf("the data have no labels; name the label column of the file, first or last")
	}
	return f, err
}

// floor is max(lambda_0, 0), never above the exact one.
func (f problem) floor() float64 { return math.Max(0, f.low.Lower()) }

// step turns a fraction of 1/lambda_max into a step size.
func (f problem) step(fraction float64) float64 { return fraction / f.high.Upper() }

func (f problem) certified() checks.Hypothesis {
	return checks.RequireThat("lambda_0 certified positive", f.low.OK && f.low.Lower() > 0)
}

// network draws weights in the span of the samples, which has the same law of everything that is measured.
func (f problem) network(m int, kappa float64, pairs nets.Symmetry, r *rand.Rand) *nets.Network {
	_, d := f.span.Dims()
	in := nets.NTK(m, d)
	in.Kappa, in.Symmetry = kappa, pairs
	return in.Draw(r)
}

func (f problem) descent(net *nets.Network, eta float64) (*train.Descent, error) {
	return train.NewDescent(net, f.span, f.y, train.Options{Step: eta})
}

// initial evaluates a network at the start.
func (f problem) initial(net *nets.Network) *nets.Batch {
	b := nets.NewBatch(f.span, net.Width())
	b.Forward(net)
	return b
}

// size returns n and min(n, d), the dimension that training costs.
func size(s data.Spec) (n, span float64) {
	n, d := twolayer.Size(s)
	return n, min(n, d)
}

// setupWork is the price of build: the kernel and three eigenvalue problems.
func setupWork(s data.Spec) float64 {
	n, _ := size(s)
	return 100*n*n + 40*n*n*n + 2*n*n*float64(s.D)
}

// fileRun describes a run on a user's file, with random signs for labels where the file has no column of them: the
// claims on runs hold for any.
func fileRun(f checks.DataFile, n, m int, kappa, step float64, t int) []run {
	spec := userfile.Labelled(f, n)
	if spec.Labels == data.Sign {
		spec.Seed = 1
	}
	return []run{{spec, m, kappa, step, t}}
}

// worst keeps the least favourable of many comparisons "observed <= predicted" of one trial, leaving
// out those where both sides are within rounding of zero.
type worst struct {
	m    checks.Measurement
	seen bool
}

func (w *worst) add(m checks.Measurement) {
	switch {
	case m.Observed <= m.Tolerance && m.Predicted <= m.Tolerance:
	case !w.seen:
		w.m, w.seen = m, true
	default:
		w.m = checks.Worst(w.m, m)
	}
}

// result is the comparison kept; when all sides were within rounding of zero it is 0 <= 0.
func (w *worst) result(part string) checks.Measurement {
	w.m.Part = part
	return w.m
}

// run are the parameters of one training run.
type run struct {
	Data  data.Spec `json:"data"`
	M     int       `json:"m"`
	Kappa float64   `json:"kappa"`
	Step  float64   `json:"step"` // eta lambda_max(H^inf)
	T     int       `json:"t"`    // steps
}

func (p run) work() float64 {
	n, d := size(p.Data)
	return float64(p.T) * (4*n*d*float64(p.M) + 4*n*n + 3000)
}

func (p run) cost() checks.Cost {
	n, d := size(p.Data)
	m := float64(p.M)
	return checks.Cost{Setup: setupWork(p.Data), Trial: p.work() + 30*m*d, Bytes: 8 * m * (2*d + n), Size: fmt.Sprintf("m=%d", p.M)}
}

// measuredCost adds the patterns and Gram matrices that are looked at in every step.
func (p run) measuredCost() checks.Cost {
	n, d := size(p.Data)
	c := p.cost()
	c.Trial += float64(p.T) * float64(p.M) * (6*n + n*n/32 + 3*d)
	return c
}

// runs draws runs on any data; pairs asks for even widths.
func runs(specs *rapid.Generator[data.Spec], maxM, maxT int) *rapid.Generator[run] {
	return rapid.Custom(func(t *rapid.T) run {
		return run{
			Data:  specs.Draw(t, "data"),
			M:     2 * rapid.IntRange(1, maxM/2).Draw(t, "half the width"),
			Kappa: rapid.SampledFrom([]float64{1, 1e-3, 0.1, 3}).Draw(t, "kappa"),
			Step:  rapid.Float64Range(0.01, 1).Draw(t, "step"),
			T:     rapid.IntRange(2, maxT).Draw(t, "steps"),
		}
	})
}
