package liao2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/train"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/twolayer"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// update returns the mean of w_{k+1} - w_k over all masks of a round, its prediction with the given theta, row by row,
// and the size of the numbers involved.
func (p exactP) update(g *ground, start *nets.Network, theta float64) (mean, want []float64, size float64, err error) {
	how := train.Masking{Law: train.Bernoulli{Keep: p.Xi}, Models: p.P, LocalSteps: 1, ByModels: p.Mean == "models"}
	d := g.dim()
	sum := mat.NewDense(p.M, d, nil)
	p.enumerate(func(masks [][]bool, probability float64) {
		net := start.Clone()
		k, e := train.NewMasked(net, g.x, g.y, how, train.Options{Step: p.Eta}, nil)
		if e != nil {
			err = e
			return
		}
		k.RoundWith(masks)
		net.W.Sub(net.W, start.W)
		net.W.Scale(probability, net.W)
		sum.Add(sum, net.W)
	})
	c, f := g.terms(start), start.Output(g.x)
	want = make([]float64, p.M*d)
	for r := range p.M {
		for i := range g.n {
			z := mat.Dot(start.W.RowView(r), g.x.RowView(i))
			if z < 0 {
				continue
			}
			drive := p.Xi*f[i] - g.y[i] + (1-p.Xi)*c.At(r, i)
			for k := range d {
				want[r*d+k] -= p.Eta * theta * start.A[r] * start.Scale * drive * g.x.At(i, k)
			}
		}
	}
	return sum.RawMatrix().Data, want, mat.Norm(start.W, 2) + p.Eta*g.s*g.size(c), err
}

// The mean update of one round is a gradient step with a bias.
//
// Setting: any inputs, any weights and width, p masks of independent
// Bernoulli(xi) entries or a partition into p parts, one local step (tau = 1),
// aggregation w_r + (1/N_r) sum_l (w_r^l - w_r), N_r = max(1, sum_l M_r^l).
//
// Hypotheses: none.
//
// Conclusion: E_M[w_{r,k+1} - w_{r,k}] = -eta theta (a_r/sqrt m) sum_i [ xi f_i - y_i + (1-xi) a_r
// relu(w_r.x_i)/sqrt m ] 1{w_r.x_i >= 0} x_i, theta = 1-(1-xi)^p, or 1 for a
// partition. With the mean over all p models in place of N_r (mean "models"), theta
// is xi.
//
// Constants: derived: given M_r^l = 1 the mean of f_{M^l} is xi f + (1-xi) a_r relu(w_r.x)/sqrt m,
// whatever the other copies of neuron r, and E[(1/N_r) sum_l M_r^l] = theta. All masks
// are enumerated, and the entries compared one by one, with a tolerance
// of the number of outcomes and operations times the rounding unit
// times the largest possible weight and update.
//
// Convention: f = (1/sqrt m) sum a_r relu(w_r.x), without 1/xi.
//
// Reference: derived here.
//
// Control: averaging over the models while predicting with theta, at p = 2 (at p = 1
// the two rules coincide); and theta larger by a fiftieth.
func meanUpdate() checks.Claim[exactP] {
	theta := func(p exactP) float64 {
		return bounds.MaskScheme{Keep: p.Xi, Models: p.P, LocalSteps: 1, Partition: p.Law == "partition"}.Theta()
	}
	setup := func(p exactP, theta float64) (checks.Instance, error) {
		g, err := groundOn(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		return checks.Instance{
			Facts: []checks.Fact{checks.NewFact("theta", theta)},
			Trial: func(rng *rand.Rand) checks.Measurement {
				in := nets.NTK(p.M, g.dim())
				in.Kappa = p.Kappa
				mean, want, size, err := p.update(g, in.Draw(rng), theta)
				if err != nil {
					return checks.Failed(err)
				}
				return entries("", mean, want, float64(p.outcomes()+16*p.M*g.n)*epsilon*size)
			},
		}, nil
	}
	three := data.Spec{Kind: data.Sphere, N: 3, D: 3, Seed: 2}
	return checks.Claim[exactP]{
		ID: "liao2022/mean-update", Title: "mean update of one round", Reference: "derived here",
		Formula:    `\mathbb{E}_M[\Delta w_r] = -\eta\theta \frac{a_r}{\sqrt m} \sum_i \left[ \xi f_i - y_i + (1-\xi) \frac{a_r \mathrm{relu}(w_r^\top x_i)}{\sqrt m} \right] 1_{w_r^\top x_i \ge 0}\, x_i`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 2,
		Space: rapid.Custom(func(t *rapid.T) exactP {
			p := exactP{
				Data: gen.Separated(gen.Range{MinN: 1, MaxN: 3, MinD: 2, MaxD: 3}).Draw(t, "data"), Mean: "holders",
				Law: rapid.SampledFrom([]string{"bernoulli", "partition"}).Draw(t, "law"), P: rapid.IntRange(1, 3).Draw(t, "p"),
				Kappa: math.Pow(10, rapid.Float64Range(-1, 1).Draw(t, "log kappa")), Eta: math.Pow(10, rapid.Float64Range(-2, 1).Draw(t, "log eta")),
			}
			p.M, p.Xi = rapid.IntRange(1, 6/p.P).Draw(t, "m"), 1/float64(p.P)
			if p.Law == "bernoulli" {
				p.Xi = rapid.Float64Range(0.01, 1).Draw(t, "xi")
			}
			return p
		}),
		Grid: []exactP{
			{Data: three, M: 4, Law: "bernoulli", Xi: 0.3, P: 2, Kappa: 1, Eta: 0.7, Mean: "holders"},
			{Data: three, M: 4, Law: "partition", Xi: 1.0 / 3, P: 3, Kappa: 1, Eta: 0.7, Mean: "holders"},
			{Data: three, M: 4, Law: "bernoulli", Xi: 0.3, P: 2, Kappa: 1, Eta: 0.7, Mean: "models"},
		},
		Cost: func(p exactP) checks.Cost {
			n, _ := twolayer.Size(p.Data)
			return checks.Cost{Trial: float64(p.outcomes()) * (3000 + float64(p.M*p.P)*(8*n*n+60)), Size: fmt.Sprintf("%d masks", p.outcomes())}
		},
		Setup: func(p exactP) (checks.Instance, error) {
			if p.Mean == "models" {
				return setup(p, p.Xi)
			}
			return setup(p, theta(p))
		},
		Controls: []checks.Control[exactP]{{
			Name: "theta-more-by-a-fiftieth", Why: "the entries of the mean update are known to rounding",
			At:    []exactP{{Data: three, M: 4, Law: "bernoulli", Xi: 0.3, P: 2, Kappa: 1, Eta: 0.7, Mean: "holders"}},
			Setup: func(p exactP) (checks.Instance, error) { return setup(p, 1.02*theta(p)) },
		}, {
			Name: "average-over-models", Why: "dividing by p in place of N_r replaces theta by xi",
			At:    []exactP{{Data: three, M: 3, Law: "bernoulli", Xi: 0.5, P: 2, Kappa: 1, Eta: 1, Mean: "models"}},
			Setup: func(p exactP) (checks.Instance, error) { return setup(p, theta(p)) },
		}},
	}
}

// fullP are the parameters of training with full masks.
type fullP struct {
	Data data.Spec `json:"data"`
	M    int       `json:"m"`
	Xi   float64   `json:"xi"`
	P    int       `json:"p"`
	Tau  int       `json:"tau"`
	Eta  float64   `json:"eta"`
}

// Full masks are gradient descent to the last bit.
//
// Setting: any inputs, labels, weights and step size; p masks that keep every
// neuron (xi = 1), tau local steps a round, five rounds.
//
// Hypotheses: xi = 1.
//
// Conclusion: after every round the weights equal those of 5 tau steps of plain gradient descent,
// bit for bit: no entry of W differs, and the distance from the start is the same.
//
// Constants: derived: the mean of equal numbers is that number, which the
// running mean of the aggregation reproduces exactly. No tolerance.
//
// Convention: f = (1/sqrt m) sum a_r relu(w_r.x), without 1/xi.
//
// Reference: derived here.
//
// Control: masks that keep nine neurons of ten.
func fullMasks() checks.Claim[fullP] {
	const rounds = 5
	setup := func(p fullP) (checks.Instance, error) {
		g, err := groundOn(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		return checks.Instance{
			Hypotheses: []checks.Hypothesis{checks.Require("xi", p.Xi, checks.AtLeast, 1)},
			Trial: func(rng *rand.Rand) checks.Measurement {
				net := nets.NTK(p.M, g.dim()).Draw(rng)
				plain, err := train.NewDescent(net.Clone(), g.x, g.y, train.Options{Step: p.Eta})
				if err != nil {
					return checks.Failed(err)
				}
				how := train.Masking{Law: train.Bernoulli{Keep: p.Xi}, Models: p.P, LocalSteps: p.Tau}
				masked, err := train.NewMasked(net, g.x, g.y, how, train.Options{Step: p.Eta}, rng)
				if err != nil {
					return checks.Failed(err)
				}
				start := mat.DenseCopyOf(net.W)
				differ := 0
				for range rounds {
					masked.Round()
					for range p.Tau {
						plain.Step()
					}
					a, b := masked.State().Net.W.RawMatrix().Data, plain.State().Net.W.RawMatrix().Data
					for i := range a {
						if math.Float64bits(a[i]) != math.Float64bits(b[i]) {
							differ++
						}
					}
				}
				_, moved := nets.Movement(masked.State().Net.W, start)
				_, want := nets.Movement(plain.State().Net.W, start)
				return checks.All(
					checks.Measurement{Part: "bits", Observed: float64(differ), Predicted: 0, Relation: checks.Equal},
					checks.Measurement{Part: "movement", Observed: moved, Predicted: want, Relation: checks.Equal})
			},
		}, nil
	}
	return checks.Claim[fullP]{
		ID: "liao2022/full-masks", Title: "xi = 1 is gradient descent bit for bit", Reference: "derived here",
		Formula:    `\xi = 1 \implies W_k = W^{\mathrm{GD}}_{k\tau}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 2,
		Space: rapid.Custom(func(t *rapid.T) fullP {
			return fullP{
				Data: gen.Separated(gen.Range{MinN: 1, MaxN: 5, MinD: 2, MaxD: 5}).Draw(t, "data"),
				M:    rapid.IntRange(1, 60).Draw(t, "m"), Xi: 1, P: rapid.IntRange(1, 5).Draw(t, "p"), Tau: rapid.IntRange(1, 4).Draw(t, "tau"),
				Eta: math.Pow(10, rapid.Float64Range(-3, 0.5).Draw(t, "log eta")),
			}
		}),
		Grid: []fullP{
			{Data: data.Spec{Kind: data.Sphere, N: 6, D: 10, Seed: 1}, M: 500, Xi: 1, P: 1, Tau: 1, Eta: 0.5},
			{Data: data.Spec{Kind: data.Sphere, N: 6, D: 10, Seed: 1}, M: 500, Xi: 1, P: 3, Tau: 4, Eta: 0.5},
			{Data: images.All(data.Fashion, 10, 49), M: 300, Xi: 1, P: 2, Tau: 2, Eta: 0.1},
		},
		OnData: func(f checks.DataFile) []fullP {
			return []fullP{{
				Data: file(f, 20, 1),
				M:    300, Xi: 1, P: 2, Tau: 2, Eta: 0.1,
			}}
		},
		Cost: func(p fullP) checks.Cost {
			n, _ := twolayer.Size(p.Data)
			return checks.Cost{Trial: rounds * float64(p.M*(p.P+1)*p.Tau) * (4*n*n + 60), Size: fmt.Sprintf("m=%d", p.M)}
		},
		Setup: setup,
		Controls: []checks.Control[fullP]{{
			Name: "nine-of-ten", Why: "a neuron that is left out does not move",
			At: []fullP{{Data: data.Spec{Kind: data.Sphere, N: 6, D: 10, Seed: 1}, M: 500, Xi: 0.9, P: 1, Tau: 1, Eta: 0.5}},
		}},
	}
}
