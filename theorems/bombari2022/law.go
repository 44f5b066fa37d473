package bombari2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/deep"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// conditional is a network of which W_1, ..., W_{L-2} are drawn once, from Seed, and the others by each trial.
type conditional struct {
	network
	Along  string  `json:"along,omitempty"`  // u: first, mean or least
	Delta  float64 `json:"delta,omitempty"`  // allowed failure probability
	Factor float64 `json:"factor,omitempty"` // on the variance of W_{L-1}, in the networks alone; 0 means 1
}

// lower is a conditional law with its features and the law of the block.
type lower struct {
	p        conditional
	x        *mat.Dense
	template *deep.Network
	block    bounds.MiddleBlock
	mu       eig.Certified // lambda_min of the mean of a neuron
}

func (p conditional) build() (lower, error) {
	set, err := p.Data.Build()
	if err != nil {
		return lower{}, err
	}
	if err := deepEnough(p.Hidden); err != nil {
		return lower{}, err
	}
	net, pass, err := p.draw(set.X, rand.New(rand.NewPCG(p.Seed, 1)))
	if err != nil {
		return lower{}, err
	}
	below := net.Depth() - 2
	block, err := bounds.NewMiddleBlock(p.smooth(), pass.Feature(below), 1/float64(net.Width(below)), 1)
	if err != nil {
		return lower{}, err
	}
	mu, err := eig.Min(block.Mean)
	return lower{p: p, x: set.X, template: net, block: block, mu: mu.Widen(block.Err)}, err
}

// width is n_{L-1}.
func (l lower) width() int { return l.template.Width(l.template.Depth() - 1) }

// draw draws the last two layers and returns K_mid.
func (l lower) draw(r *rand.Rand) (*mat.SymDense, error) {
	net := l.template.Clone()
	depth := net.Depth()
	std := math.Sqrt(max(l.p.Factor, 0))
	if l.p.Factor == 0 {
		std = 1
	}
	std /= math.Sqrt(float64(net.Width(depth - 2)))
	for _, layer := range []int{depth - 1, depth} {
		for i := range net.LayerParams(net.Params(), layer) {
			net.LayerParams(net.Params(), layer)[i] = std * r.NormFloat64()
		}
		std = 1
	}
	pass, err := net.NewPass(l.x)
	if err != nil {
		return nil, err
	}
	return middle(net, pass), nil
}

// vector is the unit vector that the parameters name.
func (l lower) vector() ([]float64, error) {
	n := l.block.Mean.SymmetricDim()
	u := make([]float64, n)
	switch l.p.Along {
	case "", "first":
		u[0] = 1
	case "mean":
		for i := range u {
			u[i] = 1 / math.Sqrt(float64(n))
		}
	case "least":
		return decomposed(l.block.Mean, 0)
	default:
		return nil, fmt.Errorf("u along %q: use first, mean or least", l.p.Along)
	}
	return u, nil
}

func (p conditional) cost(eigenvalues float64) checks.Cost {
	c := p.network.cost(1, eigenvalues)
	n, _ := costs.Size(p.Data)
	c.Setup = costs.Eigenvalue(n) + float64(n*n)*40*40*20
	return c
}

// kernelMean is the exact mean of the block of W_{L-1}.
//
// Setting: any inputs and widths; a network with tanh or the sigmoid; F_{L-2} its features below W_{L-1}, given; u a unit
// vector of R^N.
//
// Hypotheses: none.
//
// Conclusion: E[u^T K_mid u | F_{L-2}] = n_{L-1} u^T ( (F_{L-2} F_{L-2}^T) o E[phi'(g) phi'(g)^T] ) u, with g a centred
// Gaussian vector of the covariance F_{L-2} F_{L-2}^T/n_{L-2}. With u = e_i it is a diagonal entry; with u = 1/sqrt N it is the
// spike of features that are not centred, of order N n_{L-2} n_{L-1}; along the eigenvector of the least eigenvalue it is the
// limit of lambda_min for n_{L-1} to infinity.
//
// Constants: ours: K_mid is a sum over independent neurons of w_k^2 D_k F F^T D_k, E w_k^2 = 1. The Gaussian means are computed
// by a trapezoidal rule with a proved error, below 1e-12. The standard deviation that the interval needs is proved too: a
// neuron adds w^2 a with a <= R = ||F||^2 sup phi'^2, so that its variance is at most 3 R E a - (E a)^2.
//
// Convention: hidden weights N(0, 1/n_{l-1}), output weights N(0, 1).
//
// Reference: derived here: the conditional mean behind Bombari, Amani, Mondelli (2022), Theorem 3.1.
//
// Control: W_{L-1} of twice the variance, for tanh a smaller mean by a fifth, at one entry and at the spike; and the mean of a
// network with the sigmoid for one with tanh.
func kernelMean() checks.Checkable {
	setup := func(assumed func(conditional) conditional) func(conditional) (checks.Instance, error) {
		return func(p conditional) (checks.Instance, error) {
			l, err := p.build()
			if err != nil {
				return checks.Instance{}, err
			}
			u, err := l.vector()
			if err != nil {
				return checks.Instance{}, err
			}
			claimed := l
			if assumed != nil {
				if claimed, err = assumed(p).build(); err != nil {
					return checks.Instance{}, err
				}
			}
			one := quadratic(claimed.block.Mean, u)
			width := float64(l.width())
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("mean over n_1 n_2", one/float64(l.template.Width(l.template.Depth()-2)))},
				Terms: checks.Terms{Deviation: checks.Float(l.block.Deviation(quadratic(l.block.Mean, u), l.width()) / width), Resolution: 0.1, Trials: 240},
				Trial: func(r *rand.Rand) checks.Measurement {
					k, err := l.draw(r)
					if err != nil {
						return checks.Failed(err)
					}
					return checks.Measurement{Observed: quadratic(k, u) / width, Predicted: one, Relation: checks.Equal, Error: claimed.block.Err}
				},
			}, nil
		}
	}
	small := network{Data: sphere(3, 6, 1), Hidden: []int{8, 600}, Seed: 1}
	wide := small
	wide.Hidden = []int{8, 2400}
	one := network{Data: sphere(1, 4, 1), Hidden: []int{8, 600}, Seed: 1}
	sigmoid := one
	sigmoid.Sigmoid = true
	three := sigmoid
	three.Data = sphere(3, 6, 1)
	return checks.Claim[conditional]{
		ID: "bombari2022/kernel-mean", Title: "mean of the block of the last hidden weights", Reference: "derived here, for Theorem 3.1",
		Formula:    `\mathbb{E}[K_{L-1} \mid F_{L-2}] = n_{L-1}\,(F_{L-2}F_{L-2}^{\top}) \circ \mathbb{E}[\phi'(g)\phi'(g)^{\top}]`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []conditional{
			{network: one},
			{network: small, Along: "mean"},
			{network: wide, Along: "least"},
			{network: three, Along: "mean"}, // the spike
			{network: network{Data: pictures(images.Easy(data.MNIST, 3, 49)), Hidden: []int{10, 6, 800}, Seed: 2}, Along: "mean"},
		},
		OnData: func(f checks.DataFile) []conditional {
			return []conditional{{network: network{Data: userfile.Rows(f, 6), Hidden: []int{10, 600}, Seed: 1}, Along: "mean"}}
		},
		Cost:  func(p conditional) checks.Cost { return p.cost(0) },
		Setup: setup(nil),
		Controls: []checks.Control[conditional]{
			{Name: "twice-the-variance", Why: "wider preactivations have smaller slopes", At: []conditional{{network: one, Factor: 2}}},
			{Name: "other-activation", Why: "the slope of the sigmoid is a quarter of that of tanh", At: []conditional{{network: one, Along: "first"}}, Setup: setup(func(p conditional) conditional {
				p.Sigmoid = true
				return p
			})},
			{Name: "more-variance-in-the-spike", Why: "the entries off the diagonal fall with the slopes too", At: []conditional{{network: small, Along: "mean", Factor: 1.8}}},
		},
	}
}

// spectrumLower is a lower bound on the smallest eigenvalue that holds at every width.
//
// Setting: as in kernel-mean, F_{L-2} given; mu = lambda_min of the mean (F F^T) o E[phi'(g) phi'(g)^T], R = ||F||^2 sup phi'^2.
//
// Hypotheses: 0 < delta < 1, and the bound is positive.
//
// Conclusion: with probability at least 1 - delta over W_{L-1} and W_L,
// lambda_min(K) >= lambda_min(K_mid) >= max_{s>0} (2 R/s) ( -n_{L-1} log[1 - (mu/R)(1 - (1+s)^{-1/2})] - log(N/delta) ).
// The bound is n_{L-1} mu less fluctuations, and mu is of order n_{L-2} where Theorem 3.1 applies: no n_l need exceed N for it,
// since a Hadamard product of N features in few dimensions can be positive definite.
//
// Constants: ours. By the Laplace transform of a sum of independent matrices the failure probability is at most
// N e^{t x} ||E exp(-t w^2 A)||^n with A = D F F^T D, 0 <= A <= R. Given A the mean over w is (1 + 2 t A)^{-1/2}, convex in A and so
// below its chord 1 - (A/R)(1 - (1+s)^{-1/2}), s = 2 t R; then E A >= mu. No bound on the Gaussian output weights is needed.
//
// Convention: hidden weights N(0, 1/n_{l-1}), output weights N(0, 1).
//
// Reference: derived here: an explicit form of the lower bound of Bombari, Amani, Mondelli (2022), Theorem 3.1, for given
// features; its concentration step is Tropp, Foundations of Computational Mathematics 12 (2012), Theorem 3.6.
//
// Control: 1.2 times the bound on one small input, where it is nearly attained; and a network whose
// W_{L-1} has three times the variance.
func spectrumLower() checks.Checkable {
	setup := func(factor float64) func(conditional) (checks.Instance, error) {
		return func(p conditional) (checks.Instance, error) {
			l, err := p.build()
			if err != nil {
				return checks.Instance{}, err
			}
			if !(p.Delta > 0 && p.Delta < 1) {
				return checks.Instance{}, fmt.Errorf("delta = %v: a failure probability lies between 0 and 1", p.Delta)
			}
			low := max(l.mu.Lower(), 0)
			bound := factor * l.block.Lower(low, l.width(), p.Delta)
			inst := checks.Instance{
				Terms: checks.Terms{Delta: checks.Float(p.Delta)},
				Facts: []checks.Fact{
					checks.NewFact("lambda_min of the mean", l.mu.Value*float64(l.width())),
					checks.NewFact("n_{L-1}", float64(l.width())),
					checks.NewFact("n_{L-1} for half of the mean", l.block.Width(low, 0.5, p.Delta)),
				},
				Trial: func(r *rand.Rand) checks.Measurement {
					k, err := l.draw(r)
					if err != nil {
						return checks.Failed(err)
					}
					lambda, err := eig.Min(k)
					return checks.Measurement{
						Observed: lambda.Value, Predicted: bound, Relation: checks.AtLeast,
						Error: lambda.Err + gramRounding(k, l.x.RawMatrix().Cols, p.Hidden), Err: err,
					}
				},
			}
			if !(bound > 0) {
				inst.Trivial = "the bound is not positive: the layer is too narrow for this confidence"
			}
			return inst, nil
		}
	}
	// One input so small that tanh is linear: R = mu, and K_mid is a chi-square.
	one := conditional{network: network{Data: data.Spec{Kind: data.Sphere, N: 1, D: 4, Seed: 1, RowNorm: 0.05}, Hidden: []int{4, 300}, Seed: 1}, Delta: 0.05}
	wide := one
	wide.Hidden = []int{4, 3000}
	axes := conditional{network: network{Data: data.Spec{Kind: data.Basis, N: 3, D: 3, RowNorm: math.Sqrt(3)}, Hidden: []int{12, 800}, Seed: 1}, Delta: 0.1}
	few := conditional{network: network{Data: sphere(5, 6, 1), Hidden: []int{4, 4000}, Seed: 2}, Delta: 0.2} // N > n_1
	return checks.Claim[conditional]{
		ID: "bombari2022/spectrum-lower", Title: "smallest eigenvalue at every width", Reference: "derived here, for Theorem 3.1",
		Formula:    `\Pr\Big[\lambda_{\min}(K_{L-1}) \ge \max_{s>0} \tfrac{2R}{s}\big(-n_{L-1}\log[1-\tfrac{\mu}{R}(1-(1+s)^{-1/2})] - \log\tfrac{N}{\delta}\big)\Big] \ge 1-\delta`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Grid: []conditional{
			one, axes, few,
			{network: network{Data: sphere(3, 6, 1), Hidden: []int{10, 8, 1500}, Seed: 3, Sigmoid: true}, Delta: 0.3},
			{network: network{Data: pictures(images.Easy(data.MNIST, 4, 49)), Hidden: []int{10, 6000}, Seed: 1}, Delta: 0.3},
		},
		OnData: func(f checks.DataFile) []conditional {
			return []conditional{{network: network{Data: userfile.Rows(f, 4), Hidden: []int{12, 6000}, Seed: 1}, Delta: 0.2}}
		},
		Cost:  func(p conditional) checks.Cost { return p.cost(1) },
		Setup: setup(1),
		Controls: []checks.Control[conditional]{
			{Name: "larger-bound", Why: "6/5 of the bound is above the mean", At: []conditional{wide}, Setup: setup(1.2)},
			{Name: "more-variance", Why: "with W_{L-1} of three times the variance the slopes and so the eigenvalue fall", At: []conditional{{network: network{Data: sphere(1, 4, 1), Hidden: []int{4, 2000}, Seed: 1}, Delta: 0.1, Factor: 3}}},
		},
	}
}

// quadratic is u^T K u.
func quadratic(k *mat.SymDense, u []float64) float64 {
	v := mat.NewVecDense(len(u), nil)
	v.MulVec(k, mat.NewVecDense(len(u), u))
	return floats.Dot(u, v.RawVector().Data)
}
