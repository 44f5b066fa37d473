package basics

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/train"
)

// A smoothNet is a tanh network on a data set, trained by descent.
type smoothNet struct {
	Data  data.Spec `json:"data"`
	Width int       `json:"m"`     // even: the initial output is zero
	Step  float64   `json:"step"`  // share of the largest certified step
	Steps int       `json:"steps"` // steps of descent
}

// gaussNewton certifies descent on a nonlinear least-squares problem.
//
// Setting: residual r of a two-layer tanh network, first layer trained, zero
// initial output (tied pairs of neurons); Jacobian J (n x md).
//
// Hypotheses: on the ball of radius 2||r_0||/alpha around the initial weights
// sigma_min(J) >= alpha, ||J|| <= beta and J is Lam-Lipschitz; eta <= min(1/(2
// beta^2), 1/(2 Lam ||r_0||)). Checked on the draw: beta = ||X||, Lam = (4/(3
// sqrt 3)) ||X|| max|x_i|/sqrt m, and alpha the larger root of alpha^2 -
// sigma_0 alpha + 2 Lam ||r_0||, which is real iff sigma_0^2 >= 8 Lam ||r_0||
// (sigma_0 = sigma_min(J(0)), Weyl).
//
// Conclusion: with c = 1 - eta (Lam ||r_0|| + beta^2)/2, which is at least 1/2,
// for all t ||r_{t+1}||^2 <= (1 - 2 c eta alpha^2) ||r_t||^2, the path is at most
// ||r_0||/(c alpha) and sigma_min(J(t)) >= alpha.
//
// Constants: with v = J^T r and Jbar the mean Jacobian of a step, ||Jbar - J|| <=
// Lam eta ||v||/2, so ||r_+||^2 <= ||r||^2 - 2 c eta ||v||^2; the path follows as
// ||r_t|| - ||r_{t+1}|| >= c alpha eta ||v||. One input and short steps attain both.
// ||J(W) - J(W')|| <= ||X|| max_i ||phi'(z_i) - phi'(z'_i)||/sqrt m (Khatri-Rao),
// with |tanh″| <= 4/(3 sqrt 3).
//
// Convention: 1/sqrt(m) scaling, loss ||r||^2/2.
//
// Reference: derived here.
//
// Control: a rate a tenth faster.
func gaussNewton() checks.Claim[smoothNet] {
	setup := func(speed float64) func(smoothNet) (checks.Instance, error) {
		return func(p smoothNet) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			spectral, err := eig.SpectralNorm(set.X)
			if err != nil {
				return checks.Instance{}, err
			}
			var longest float64
			for _, v := range data.RowNorms(set.X) {
				longest = math.Max(longest, v)
			}
			lip := 4 / (3 * math.Sqrt(3)) * spectral.Upper() * longest / math.Sqrt(float64(p.Width))
			law := nets.Init{Width: p.Width, Dim: set.D(), Act: nets.Tanh(), Kappa: 1, Symmetry: nets.Antisymmetric}
			if err := law.Validate(); err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("beta", spectral.Upper()), checks.NewFact("Lipschitz constant of J", lip), checks.NewFact("||r_0||", floats.Norm(set.Y, 2))},
				Trial: func(r *rand.Rand) checks.Measurement {
					return p.certified(set, law.Draw(r), spectral.Upper(), lip, speed)
				},
			}, nil
		}
	}
	net := func(kind string, n, d int, labels float64, m int, step float64) smoothNet {
		return smoothNet{data.Spec{Kind: kind, N: n, D: d, LabelScale: labels}, m, step, 40}
	}
	one := smoothNet{data.Spec{Kind: data.Basis, N: 1, D: 1, LabelScale: 0.001}, 200, 0.05, 400}
	return checks.Claim[smoothNet]{
		ID: "basics/gauss-newton", Title: "a certificate for nonlinear least squares",
		Reference:  "derived here",
		Formula:    `\|r_{t+1}\|^2 \le (1-2c\eta\alpha^2)\|r_t\|^2,\quad \sum_t \|\theta_{t+1}-\theta_t\| \le \frac{\|r_0\|}{c\alpha}`,
		Convention: "1/sqrt(m) scaling; loss ||r||^2/2",
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) smoothNet {
			s := gen.Separated(gen.Range{MinN: 1, MaxN: 4, MinD: 4, MaxD: 8}).Draw(t, "data")
			s.LabelScale = math.Pow(10, rapid.Float64Range(-3, -1).Draw(t, "log10 labels"))
			return smoothNet{s, 2 * rapid.IntRange(10, 150).Draw(t, "half of m"), rapid.Float64Range(0.1, 1).Draw(t, "step"), 20}
		}),
		Grid: []smoothNet{
			one, net(data.Basis, 1, 1, 0.2, 200, 1), net(data.Orthonormal, 4, 8, 0.2, 400, 1),
			net(data.Sphere, 4, 16, 0.1, 400, 0.5), net(data.Sphere, 8, 32, 0.05, 600, 1),
		},
		Cost: func(p smoothNet) checks.Cost {
			n, d := size(p.Data)
			m := float64(p.Width)
			return checks.Cost{Trial: float64(p.Steps) * (n*m*(4*d+60) + 2*n*n*m + 20*n*n*n), Size: fmt.Sprintf("m=%d", p.Width)}
		},
		Setup: setup(1),
		Controls: []checks.Control[smoothNet]{{
			Name: "a-tenth-more-than-the-rate", Why: "the residual of one input shrinks by 1 - 2 eta lambda + (eta lambda)^2, and lambda is near alpha^2",
			At: []smoothNet{one}, Setup: setup(1.1),
		}},
	}
}

// certified runs descent under the certificate, or reports on the draw that its
// hypothesis fails.
func (p smoothNet) certified(set *data.Set, net *nets.Network, beta, lip, speed float64) checks.Measurement {
	r0 := floats.Norm(set.Y, 2)
	run, err := train.NewDescent(net, set.X, set.Y, train.Options{Step: 1, Steps: p.Steps})
	if err != nil {
		return checks.Failed(err)
	}
	sigma := func() (float64, error) {
		c, err := eig.Min(run.State().Gram())
		return math.Sqrt(math.Max(0, c.Lower())), err
	}
	s0, err := sigma()
	if err != nil {
		return checks.Failed(err)
	}
	hyp := []checks.Hypothesis{checks.Require("sigma_min(J(0))^2", s0*s0, checks.AtLeast, 8*lip*r0)}
	if !hyp[0].Met() || s0 == 0 {
		return checks.Measurement{Hypotheses: append(hyp, checks.RequireThat("sigma_min(J(0)) > 0", s0 > 0))}
	}
	alpha := (s0 + math.Sqrt(s0*s0-8*lip*r0)) / 2
	cert := bounds.NewGaussNewton(alpha, beta, lip, r0)
	eta := p.Step * cert.MaxStep
	if run, err = train.NewDescent(net, set.X, set.Y, train.Options{Step: eta, Steps: p.Steps}); err != nil {
		return checks.Failed(err)
	}
	factor := 1 - speed*(1-cert.Rate(eta))
	parts := []checks.Measurement{}
	before := mat.DenseCopyOf(net.W)
	var path float64
	for range p.Steps {
		old := run.State().Norm
		run.Step()
		norm := run.State().Norm
		_, moved := nets.Movement(net.W, before)
		before.Copy(net.W)
		path += moved
		s, err := sigma()
		if err != nil {
			return checks.Failed(err)
		}
		// The outputs carry an absolute rounding of about sqrt(m) d u.
		tol := 1e-14 * math.Sqrt(float64(p.Width)) * (old + 1e-14)
		parts = append(parts,
			checks.Measurement{Part: "rate", Observed: norm * norm, Predicted: factor * old * old, Term: (factor - 1) * old * old, Tolerance: tol},
			checks.Measurement{Part: "path", Observed: path, Predicted: cert.PathAt(eta), Tolerance: 1e-12 * cert.Path},
			checks.Measurement{Part: "sigma_min(J)", Observed: s, Predicted: alpha, Relation: checks.AtLeast, Tolerance: 1e-12 * beta})
	}
	m := checks.Each(parts...)
	m.Hypotheses = hyp
	return m
}
