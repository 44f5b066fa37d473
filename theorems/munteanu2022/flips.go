package munteanu2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/images"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// A offsets is a coupled network with weights W(0) + D that keeps D apart from W(0). At the scales of
// this theory (1e6 and more) outputs taken from the weights themselves lose as many digits as the scale has;
// here a pair whose neurons are both active contributes <D_1 - D_2, x>, whatever the scale.
type offsets struct {
	x     *mat.Dense // n x d
	z0    *mat.Dense // m x n, preactivations at W(0)
	d     *mat.Dense // m x d, the offsets
	dz    *mat.Dense // m x n, their preactivations
	u     []float64  // n outputs
	scale float64
	flips int // patterns that differ from W(0)
}

func newOffsets(x, z0 *mat.Dense) *offsets {
	m, n := z0.Dims()
	_, d := x.Dims()
	return &offsets{x: x, z0: z0, d: mat.NewDense(m, d, nil), dz: mat.NewDense(m, n, nil), u: make([]float64, n), scale: nets.NTKScale(m)}
}

// forward brings dz, u and flips up to date with d.
func (o *offsets) forward() {
	m, n := o.z0.Dims()
	o.dz.Mul(o.d, o.x.T())
	clear(o.u)
	o.flips = 0
	for s := 0; s < m; s += 2 {
		z, a, b := o.z0.RawRowView(s), o.dz.RawRowView(s), o.dz.RawRowView(s+1)
		for i := range n {
			first, second := z[i]+a[i] >= 0, z[i]+b[i] >= 0
			switch {
			case first && second:
				o.u[i] += o.scale * (a[i] - b[i])
			case first:
				o.u[i] += o.scale * (z[i] + a[i])
			case second:
				o.u[i] -= o.scale * (z[i] + b[i])
			}
			if start := z[i] >= 0; first != start || second != start {
				o.flips++
			}
		}
	}
}

// step takes a gradient step of size eta for a loss with derivative g in the outputs.
func (o *offsets) step(eta float64, g []float64) {
	m, _ := o.z0.Dims()
	for s := range m {
		sign := float64(1 - 2*(s%2))
		z, dz, d := o.z0.RawRowView(s), o.dz.RawRowView(s), o.d.RawRowView(s)
		for i, v := range g {
			if z[i]+dz[i] >= 0 {
				c := eta * o.scale * sign * v
				for k, x := range o.x.RawRowView(i) {
					d[k] -= c * x
				}
			}
		}
	}
	o.forward()
}

// rounding bounds, to first order, the rounding of the outputs of one step relative to their size.
func (o *offsets) rounding() float64 {
	m, n := o.z0.Dims()
	_, d := o.x.Dims()
	return 2 * unit * float64(m+n+d+8)
}

// closest is min over neurons and samples of |<w_s,x_i>|/|x_i|: no neuron that moves less changes a
// pattern.
func closest(z *mat.Dense, norms []float64) float64 {
	m, _ := z.Dims()
	least := math.Inf(1)
	for s := range m {
		for i, v := range z.RawRowView(s) {
			least = math.Min(least, math.Abs(v)/norms[i])
		}
	}
	return least
}

// movementSetup are data, a width, a failure probability and a movement. Scale multiplies the least beta: above 1
// inside the hypotheses, below 1 in controls.
type movementSetup struct {
	Data  data.Spec `json:"data"`
	M     int       `json:"m"`
	Delta float64   `json:"delta"`
	Rho   float64   `json:"rho"`
	Scale float64   `json:"scale,omitempty"`
}

func (p movementSetup) beta(n int) float64 {
	beta := bounds.NoFlipScale(n, p.M, p.Rho, p.Delta)
	if p.Scale > 0 {
		beta *= p.Scale
	}
	return beta
}

// build returns the data, in coordinates of their span, their norms and the law of the network at its scale beta.
func (p movementSetup) build() (x *mat.Dense, norms []float64, law nets.Init, err error) {
	in, err := build(p.Data)
	if err != nil {
		return nil, nil, law, err
	}
	n, d := in.Span.Dims()
	law = net(p.M, d, p.beta(n))
	return in.Span, data.RowNorms(in.Span), law, law.Validate()
}

func (p movementSetup) cost() checks.Cost {
	n := float64(p.Data.N)
	if p.Data.N == 0 {
		n = float64(max(len(p.Data.Points), 8))
	}
	return checks.Cost{Trial: float64(p.M) * n * (12 + 8*n), Bytes: 40 * float64(p.M) * n, Size: fmt.Sprintf("m=%d", p.M)}
}

func movesSpace(rows gen.Range, pairs int) *rapid.Generator[movementSetup] {
	return rapid.Custom(func(t *rapid.T) movementSetup {
		return movementSetup{
			Data: gen.Specs(rows).Draw(t, "data"), M: 2 * rapid.IntRange(1, pairs).Draw(t, "pairs"),
			Delta: rapid.SampledFrom([]float64{0.9, 0.5}).Draw(t, "delta"), Rho: math.Pow(10, rapid.Float64Range(-3, 3).Draw(t, "log10 rho")),
		}
	})
}

// noFlipScale is the event behind all that the paper proves.
//
// Setting: n samples, a coupled network of width m at scale beta, a radius rho.
//
// Hypotheses: beta >= 2 n m rho/(sqrt(2 pi) delta).
//
// Conclusion: with probability at least 1 - delta/2 every |<w_s(0),x_i>| > rho |x_i|, so that no pattern changes
// on the data while no neuron moves farther than rho. What is judged is that probability itself, at the least beta: a
// trial is the share of 100 draws in which some |<w_s(0),x_i>| <= rho |x_i|, and its mean is at most delta/2.
//
// Constants: derived. P[|N(0, beta^2)| <= rho] <= 2 rho/(sqrt(2 pi) beta), summed over n m/2 Gaussians. The sum is
// attained as delta falls: for n m/2 independent preactivations the probability is 1 - (1 - p)^{nm/2} with
// p = erf(rho/(beta sqrt 2)) (flip-chance), that is delta/2 - delta^2/8 to second order. For opposite samples it is half.
//
// Convention: coupled pairs count once.
//
// Reference: the freedom of the scale is recalled from the paper (derived).
//
// Control: three quarters of the scale.
func noFlipScale() checks.Claim[movementSetup] {
	setup := func(p movementSetup) (checks.Instance, error) {
		x, norms, law, err := p.build()
		if err != nil {
			return checks.Instance{}, err
		}
		return checks.Instance{
			Facts: []checks.Fact{checks.NewFact("beta", law.Kappa)},
			Terms: checks.Terms{Range: &[2]checks.Float{0, 1}, Resolution: 0.08},
			Trial: func(r *rand.Rand) checks.Measurement {
				batch := nets.NewBatch(x, p.M)
				share := share(func() bool {
					batch.Forward(law.Draw(r))
					return closest(batch.Z, norms) <= p.Rho
				})
				return checks.Measurement{Observed: share, Predicted: p.Delta / 2}
			},
		}, nil
	}
	moves := func(s data.Spec, m int, delta, rho float64) movementSetup {
		return movementSetup{Data: s, M: m, Delta: delta, Rho: rho}
	}
	shrunk := func(p movementSetup) movementSetup { p.Scale = 0.75; return p }
	alone := moves(data.Spec{Kind: data.Basis, N: 1, D: 1}, 2, 0.8, 1) // one Gaussian: the union bound is all but attained
	sphere := moves(data.Spec{Kind: data.Sphere, N: 6, D: 5, Seed: 1}, 4, 0.5, 1e-3)
	pictures := moves(images.Easy(data.MNIST, 10, 49), 10, 0.5, 1)
	return checks.Claim[movementSetup]{
		ID: "munteanu2022/no-flip-scale", Title: "a scale at which no activation flips", Reference: "derived here",
		Formula: `\beta \ge \frac{2 n m \rho}{\sqrt{2\pi}\, \delta} \ \Rightarrow\ \mathbb{P}\Bigl[\min_{s,i} \frac{|\langle w_s(0),x_i\rangle|}{\|x_i\|} \le \rho\Bigr] \le \frac{\delta}{2}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Mean{}, Version: 3,
		Space: movesSpace(gen.Range{MinN: 1, MaxN: 4, MinD: 1, MaxD: 4}, 4),
		Grid: []movementSetup{
			alone, sphere, moves(data.Spec{Kind: data.Antipodal, N: 8, D: 5, Seed: 1}, 10, 0.9, 1), moves(circle(16), 10, 0.4, 3),
			pictures, moves(images.Classes(data.Fashion, 10, 49, 0, 9), 10, 0.5, 1),
		},
		OnData: func(f checks.DataFile) []movementSetup {
			return []movementSetup{moves(file(f, 10), 20, 0.5, 1)}
		},
		Cost: func(p movementSetup) checks.Cost {
			c := p.cost()
			c.Trial *= draws
			return c
		},
		Setup: setup,
		Controls: []checks.Control[movementSetup]{{
			Name: "smaller-scale", Why: "at three quarters of the scale the event fails a third more often, which is more than delta/2",
			At: []movementSetup{shrunk(alone), shrunk(sphere)},
		}},
	}
}

// orthonormal are n orthonormal samples; Ratio is beta/rho.
type orthonormal struct {
	N     int     `json:"n"`
	M     int     `json:"m"`
	Ratio float64 `json:"ratio"`
}

// flipChance is the exact probability behind no-flip-scale.
//
// Setting: n orthonormal samples, a coupled network of width m at scale beta, a radius rho.
//
// Hypotheses: none.
//
// Conclusion: some |<w_s(0),x_i>| <= rho with probability exactly 1 - (1 - p)^{nm/2},
// p = erf(rho/(beta sqrt 2)). A trial is the share of 100 draws.
//
// Constants: derived: the n m/2 preactivations are independent. Against the union bound
// n m rho/(sqrt(2 pi) beta) this shows how sharp the scale of no-flip-scale is.
//
// Convention: coupled pairs count once.
//
// Reference: derived here.
//
// Control: the probability for m independent neurons.
func flipChance() checks.Claim[orthonormal] {
	setup := func(copies float64) func(orthonormal) (checks.Instance, error) {
		return func(p orthonormal) (checks.Instance, error) {
			set, err := data.Spec{Kind: data.Orthonormal, N: p.N, D: p.N, Seed: 1}.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			norms, law := data.RowNorms(set.X), net(p.M, p.N, p.Ratio)
			chance := -math.Expm1(copies * float64(p.N*p.M) / 2 * math.Log1p(-bounds.FlipProbability(1/p.Ratio)))
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("union bound", float64(p.N*p.M)/(math.Sqrt(2*math.Pi)*p.Ratio))},
				Terms: checks.Terms{Range: &[2]checks.Float{0, 1}, Resolution: 0.1},
				Trial: func(r *rand.Rand) checks.Measurement {
					batch := nets.NewBatch(set.X, p.M)
					share := share(func() bool {
						batch.Forward(law.Draw(r))
						return closest(batch.Z, norms) <= 1
					})
					return checks.Measurement{Observed: share, Predicted: chance, Relation: checks.Equal}
				},
			}, nil
		}
	}
	return checks.Claim[orthonormal]{
		ID: "munteanu2022/flip-chance", Title: "chance of a preactivation within rho", Reference: "derived here",
		Formula: `\mathbb{P}[\min_{s,i} |\langle w_s(0),x_i\rangle| \le \rho] = 1 - (1-p)^{nm/2}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []orthonormal{{4, 20, 64}, {8, 20, 96}},
		Cost: func(p orthonormal) checks.Cost {
			return checks.Cost{Trial: draws * float64(p.M*p.N) * float64(10+4*p.N)}
		},
		Setup: setup(1),
		Controls: []checks.Control[orthonormal]{{
			Name: "independent-neurons", Why: "partners have the same preactivations", At: []orthonormal{{4, 20, 64}, {8, 20, 96}}, Setup: setup(2),
		}},
	}
}

// linearModel is the exact linear regime.
//
// Setting: a coupled network at the scale of no-flip-scale for a radius rho; any offsets D whose rows are no
// longer than rho. Half of the neurons go the whole way toward the boundary of a random sample, the worst
// direction, the others in a random one.
//
// Hypotheses: on the draw, every |<w_s(0),x_i>| > rho |x_i| (probability at least 1 - delta/2).
//
// Conclusion: no pattern changes on the data, and f(W(0)+D, x_i) = <grad f(W(0),x_i), D> exactly.
//
// Constants: none. Tolerances are rounding: the offsets kept apart from the weights allow
// 2 u (m+n+d+8) sqrt(m) rho with u = 2^-53; the plain evaluation at the weights W(0)+D, which cancels between
// partners, 2 u (m+d+8) m^{-1/2} sum_s |w_s|. For beta near 1e7 the second is a million times the first.
//
// Convention: coupled pairs, NTK scaling.
//
// Reference: derived here.
//
// Control: a scale of order rho, where patterns do change.
func linearModel() checks.Claim[movementSetup] {
	setup := func(p movementSetup) (checks.Instance, error) {
		x, norms, law, err := p.build()
		if err != nil {
			return checks.Instance{}, err
		}
		return checks.Instance{
			Facts: []checks.Fact{checks.NewFact("beta", law.Kappa)},
			Trial: func(r *rand.Rand) checks.Measurement {
				net, batch := law.Draw(r), nets.NewBatch(x, p.M)
				batch.Forward(net)
				off := newOffsets(x, mat.DenseCopyOf(batch.Z))
				push(off, norms, p.Rho, r)
				off.forward()
				return compare(net, batch, off, p.Rho, norms)
			},
		}, nil
	}
	moves := func(s data.Spec, m int, rho, scale float64) movementSetup {
		return movementSetup{Data: s, M: m, Delta: 0.2, Rho: rho, Scale: scale}
	}
	sphere := data.Spec{Kind: data.Sphere, N: 10, D: 6, Seed: 3}
	return checks.Claim[movementSetup]{
		ID: "munteanu2022/linear-model", Title: "the network is linear in its movement", Reference: "derived here",
		Formula: `f(W(0)+D, x_i) = \langle \nabla f(W(0),x_i), D\rangle`, Convention: convention,
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: movesSpace(gen.Range{MinN: 1, MaxN: 8, MinD: 1, MaxD: 6}, 50),
		Grid:  []movementSetup{moves(sphere, 300, 1, 0), moves(circle(8), 1000, 10, 0), moves(images.Classes(data.Fashion, 20, 49, 0, 9), 400, 1, 0)},
		Cost: func(p movementSetup) checks.Cost {
			c := p.cost()
			c.Trial *= 3
			return c
		},
		Setup: setup,
		Controls: []checks.Control[movementSetup]{{
			Name: "small-scale", Why: "at a scale of order rho a share of the patterns changes",
			At: []movementSetup{moves(sphere, 300, 1, 1e-4), moves(circle(8), 1000, 10, 1e-4)},
		}},
	}
}

// push gives every neuron an offset of length rho: half of them straight toward the boundary of a
// random sample, the others anywhere.
func push(off *offsets, norms []float64, rho float64, r *rand.Rand) {
	m, d := off.d.Dims()
	for s := range m {
		row := off.d.RawRowView(s)
		if i := r.IntN(len(norms)); r.IntN(2) == 0 {
			copy(row, off.x.RawRowView(i))
			for k := range row {
				row[k] *= -math.Copysign(1/norms[i], off.z0.At(s, i))
			}
		} else {
			for k := range d {
				row[k] = r.NormFloat64()
			}
		}
		length := floats.Norm(row, 2) * (1 + 8*float64(d)*unit) // not above rho by rounding
		for k := range row {
			row[k] *= rho / length
		}
	}
}

func compare(net *nets.Network, batch *nets.Batch, off *offsets, rho float64, norms []float64) checks.Measurement {
	m, n := off.z0.Dims()
	_, d := off.x.Dims()
	linear, size, reach := make([]float64, n), 0.0, 0.0
	for s := range m {
		for i, z := range off.z0.RawRowView(s) {
			if z >= 0 {
				linear[i] += net.Scale * net.A[s] * off.dz.At(s, i)
			}
		}
	}
	closest := closest(off.z0, norms)
	net.W.Add(net.W, off.d)
	batch.Forward(net)
	for s := range m {
		size += net.Scale * mat.Norm(net.W.RowView(s), 2)
	}
	apart, plain := 0.0, 0.0
	for i := range n {
		reach = math.Max(reach, norms[i])
		apart = math.Max(apart, math.Abs(off.u[i]-linear[i]))
		plain = math.Max(plain, math.Abs(batch.U[i]-linear[i]))
	}
	event := checks.Require("least |<w,x>|/|x|", closest, checks.AtLeast, rho*(1+64*float64(d)*unit))
	parts := []checks.Measurement{
		{Part: "flips", Observed: float64(off.flips), Predicted: 0},
		{Part: "linear form", Observed: apart, Predicted: 0, Tolerance: off.rounding() * math.Sqrt(float64(m)) * rho * reach},
		{Part: "linear form, plain evaluation", Observed: plain, Predicted: 0, Tolerance: 2 * unit * float64(m+d+8) * size * reach},
	}
	all := checks.Each(parts...)
	all.Hypotheses = []checks.Hypothesis{event}
	return all
}
