// Package liu2022 checks Liu, Pan and Tao, "Provable Convergence of Nesterov's Accelerated Gradient Method for
// Over-Parameterized Neural Networks" (Knowledge-Based Systems, 2022).
//
// The paper proves that Nesterov's method with constant momentum drives the training loss of a wide two-layer ReLU network to
// zero at the rate (1 - Theta(1/sqrt kappa))^t, kappa the condition number of a Gram matrix, where gradient descent has
// 1 - Theta(1/kappa), and heavy ball (Wang, Lin and Abernethy, ICML 2021) is of the order of Nesterov's method. Only the
// abstract was read: step size, momentum, width and the constants of both papers are recalled, and every number that is claimed
// here is derived.
//
// Setting: n unit inputs, the rows of X, of which no two are parallel; f(x) = m^{-1/2} sum_r a_r relu(w_r.x), w_r(0) ~ N(0, I),
// a_r = +-1, of which W is trained; loss (1/2) sum_i (f(x_i) - y_i)^2. Nesterov's method starts from W(-1) = W(0), so that its
// first step is a plain one.
//
//	paper                        here
//	W(t), xi_t = f(W(t)) - y     train.Descent, its State and Residual; e(t) in formulas
//	z_t = (xi_t, xi_{t-1})       stacked
//	H^inf, lambda_0              kernel.ReLU of bounds/kernel, Lambda0
//	H_0                          State.Gram of nets/train at the start
//	eta, beta                    bounds.NesterovHalf: eta = 1/(2 lmax), beta = (3s-2)/(3s+2), s = sqrt kappa
//	heavy ball's                 bounds.WangHeavyBall: eta = 1/lmax, beta = (1 - 1/(2s))^2
//	M                            blocks bounds.NesterovBlock, bounds.HeavyBallBlock
//
// Files, in the order of the proof: spectrum and powers (the residual matrix M), recursion (linear dynamics), speed (comparison of
// the methods), movement and defect (what the network adds), perturbation (from measured defects to the rate, training curves), theorem.
//
// Facts that other sources state are not repeated: the largest eigenvalue of M at every kappa (basics/nesterov-radius),
// ||M^t|| <= 11 s (1 - 2/(3s))^t (basics/nesterov-transient), heavy ball in general (basics/heavy-ball-transient), the
// divergence beyond (2+2 beta)/(1+2 beta) (basics/nesterov-stability), the perturbed recursion ||z_t|| <= C (rho + C eps)^t ||z_0||
// (basics/gronwall) and the count of fragile neurons for a fixed radius (basics/flip-count).
package liu2022

import (
	"embed"
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/train"
	"convergo/theorems/internal/twolayer"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

//go:embed *.go
var files embed.FS

// Source is the paper with its claims.
func Source() checks.Source {
	return checks.Source{
		Key:     "liu2022",
		Title:   "Provable Convergence of Nesterov's Accelerated Gradient Method for Over-Parameterized Neural Networks",
		Authors: "Xin Liu, Zhisong Pan, Wei Tao",
		Year:    2022,
		BibTeX: `@article{liu2022,
  author        = {Liu, Xin and Pan, Zhisong and Tao, Wei},
  title         = {Provable Convergence of {Nesterov}'s Accelerated Gradient Method for Over-parameterized Neural Networks},
  journal       = {Knowledge-Based Systems},
  year          = {2022},
  eprint        = {2107.01832},
  archivePrefix = {arXiv}
}`,
		Files: files, Tables: paperTables(),
		Claims: []checks.Checkable{
			residualSpectrum(),
			residualPowers(), heavyBallPowers(),
			linearRecursion(),
			rates(), crossing(),
			movement(), gramDrift(), fragileShare(),
			defect(),
			measuredRate(),
			certificate(), theorem(), mainTheorem(),
			curves(),
		},
	}
}

const (
	convention = "f = (1/sqrt m) sum a_r relu(w_r.x), first layer trained; loss (1/2) sum of squares; w_r(0) ~ N(0, I); W(-1) = W(0)"
	linear     = "lambda_max = 1; blocks [[a, -b], [1, 0]], spectral norm"
	unit       = 1.0 / (1 << 53) // unit roundoff
)

// Methods that the paper compares.
const (
	descent   = "descent"
	heavyBall = "heavy ball"
	nesterov  = "Nesterov"
)

// tune returns the parameters of a method for a spectrum in [lmin, lmax], with its radius there.
func tune(method string, lmin, lmax float64) (bounds.Momentum, error) {
	switch {
	case !(lmin > 0 && lmax >= lmin):
		return bounds.Momentum{}, fmt.Errorf("spectrum in [%v, %v]: momentum needs positive eigenvalues", lmin, lmax)
	case method == descent:
		return bounds.Momentum{Step: 1 / lmax, Radius: 1 - lmin/lmax}, nil
	case method == heavyBall:
		return bounds.WangHeavyBall(lmin, lmax), nil
	case method == nesterov:
		return bounds.NesterovHalf(lmin, lmax), nil
	}
	return bounds.Momentum{}, fmt.Errorf("method %q: use %q, %q or %q", method, descent, heavyBall, nesterov)
}

// options turns parameters into those of a run.
func options(method string, m bounds.Momentum) train.Options {
	return train.Options{Step: m.Step, Momentum: train.Momentum{Beta: m.Beta, Nesterov: method == nesterov && m.Beta != 0}}
}

// block is the residual block of a method at one eigenvalue.
func block(method string, m bounds.Momentum, lambda float64) (a, b float64) {
	if method == nesterov {
		return bounds.NesterovBlock(m.Step, m.Beta, lambda)
	}
	return bounds.HeavyBallBlock(m.Step, m.Beta, lambda)
}

// A ground is a data set as the runs need it: samples in coordinates of their span, which changes no law.
type ground struct {
	*twolayer.Inputs
	x *mat.Dense
	y []float64
	n int
	s float64 // ||X||_2
}

func groundOn(spec data.Spec) (*ground, error) {
	in, err := twolayer.Build(spec)
	if err != nil {
		return nil, err
	}
	if in.Set.Y == nil {
		return nil, fmt.Errorf("%v has no labels; name the column that holds them", spec)
	}
	s, err := eig.SpectralNorm(in.Set.X)
	if err != nil {
		return nil, err
	}
	return &ground{Inputs: in, x: in.Span, y: in.Set.Y, n: in.Set.N(), s: s.Upper()}, nil
}

func (g *ground) dim() int { _, d := g.x.Dims(); return d }

// draw draws a network of width m, in antisymmetric pairs or not.
func (g *ground) draw(m int, pairs nets.Symmetry, r *rand.Rand) *nets.Network {
	in := nets.NTK(m, g.dim())
	in.Symmetry = pairs
	return in.Draw(r)
}

// gram is the Gram matrix of a network, with a positive and certified spectrum or an error.
func (g *ground) gram(net *nets.Network) (h *mat.SymDense, low, high eig.Certified, err error) {
	b := nets.NewBatch(g.x, net.Width())
	b.Forward(net)
	h = mat.NewSymDense(g.n, nil)
	b.Gram(h, net, nets.FirstLayer)
	if low, err = eig.Min(h); err != nil {
		return nil, low, high, err
	}
	high, err = eig.Max(h)
	return h, low, high, err
}

// runCost counts the operations of steps on m neurons.
func runCost(spec data.Spec, m, steps int) checks.Cost {
	n, d := twolayer.Size(spec)
	k := math.Min(n, d)
	return checks.Cost{
		Setup: 300*n*n*n + 2*n*n*d + 2e4, Trial: float64(m)*(40*k+float64(steps)*(4*n*k+10*n+6*k)) + 60*n*n*n + 1e4,
		Bytes: 8 * float64(m) * (4*k + 2*n), Size: fmt.Sprintf("m=%d, T=%d", m, steps),
	}
}

// near returns labels at a distance from the outputs, in a random direction.
func near(u []float64, distance float64, r *rand.Rand) []float64 {
	v := make([]float64, len(u))
	for i := range v {
		v[i] = r.NormFloat64()
	}
	size := floats.Norm(v, 2)
	for i := range v {
		v[i] = u[i] - distance*v[i]/size
	}
	return v
}
