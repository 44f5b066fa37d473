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
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/twolayer"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// exactP are the parameters of the identities that are checked by
// enumeration of all masks of a round.
type exactP struct {
	Data  data.Spec `json:"data"`
	M     int       `json:"m"`
	Law   string    `json:"law"` // bernoulli, partition or fixed
	Xi    float64   `json:"xi"`
	P     int       `json:"p"`
	Kappa float64   `json:"kappa"`
	Eta   float64   `json:"eta,omitempty"`
	// Mean is over "holders" (N_r, the algorithm) or over "models" (p).
	Mean string `json:"mean,omitempty"`
}

// outcomes counts the masks of a round.
func (p exactP) outcomes() int {
	if p.Law == "partition" {
		return int(math.Round(math.Pow(float64(p.P), float64(p.M))))
	}
	return 1 << (p.M * p.P)
}

// enumerate visits all masks of a round with their probabilities.
func (p exactP) enumerate(visit func(masks [][]bool, probability float64)) {
	masks := maskBuffers(p.P, p.M)
	keep := int(math.Round(p.Xi * float64(p.M)))
	for code := range p.outcomes() {
		probability, rest, kept := 1.0, code, 0
		for r := range p.M {
			for l := range masks {
				switch p.Law {
				case "partition":
					masks[l][r] = rest%p.P == l
				default:
					masks[l][r] = rest&1 == 1
					rest >>= 1
					if masks[l][r] {
						kept++
					}
				}
			}
			if p.Law == "partition" {
				rest /= p.P
			}
		}
		switch p.Law {
		case "partition":
			probability = 1 / float64(p.outcomes())
		case "fixed":
			if kept != keep {
				continue
			}
			probability = 1 / binomialCoefficient(p.M, keep)
		default:
			probability = math.Pow(p.Xi, float64(kept)) * math.Pow(1-p.Xi, float64(p.M*p.P-kept))
		}
		visit(masks, probability)
	}
}

func binomialCoefficient(n, k int) float64 {
	c := 1.0
	for i := range k {
		c = c * float64(n-i) / float64(i+1)
	}
	return math.Round(c)
}

func (p exactP) cost() checks.Cost {
	n, _ := twolayer.Size(p.Data)
	return checks.Cost{Setup: 100 * n * n * n, Trial: float64(p.outcomes()) * float64(p.M*p.P) * (6*n + 40), Size: fmt.Sprintf("%d masks", p.outcomes())}
}

// terms holds the contributions a_r relu(w_r.x_i)/sqrt m of all neurons, m x n.
func (g *ground) terms(net *nets.Network) *mat.Dense {
	batch := nets.NewBatch(g.x, net.Width())
	batch.Forward(net)
	var c mat.Dense
	c.Apply(func(r, _ int, z float64) float64 { return net.Scale * net.A[r] * math.Max(z, 0) }, batch.Z)
	return &c
}

// size bounds all partial sums of |y - f_M|, for rounding errors.
func (g *ground) size(c *mat.Dense) float64 {
	var sum float64
	m, _ := c.Dims()
	for r := range m {
		sum += mat.Norm(c.RowView(r), 2)
	}
	return sum + mat.Norm(mat.NewVecDense(g.n, g.y), 2)
}

const epsilon = 0x1p-52

// entries compares two vectors entry by entry within a rounding allowance.
func entries(part string, observed, predicted []float64, tolerance float64) checks.Measurement {
	all := make([]checks.Measurement, len(observed))
	for i, v := range observed {
		all[i] = checks.Measurement{Part: part, Observed: v, Predicted: predicted[i], Relation: checks.Equal, Tolerance: tolerance}
	}
	return checks.Worst(all...)
}

// objective returns E||y - f_M||^2 by enumeration, and xi(1-xi) (1/m) times the
// sum of relu^2 and of f^2.
func (p exactP) objective(g *ground, c *mat.Dense) (mean, fit, squares, output float64) {
	f, u := make([]float64, g.n), make([]float64, g.n)
	for r := range p.M {
		for i := range g.n {
			f[i] += c.At(r, i)
			squares += c.At(r, i) * c.At(r, i) // (1/m) relu^2
		}
	}
	for i, y := range g.y {
		fit += (y - p.Xi*f[i]) * (y - p.Xi*f[i])
		output += f[i] * f[i]
	}
	p.enumerate(func(masks [][]bool, probability float64) {
		copy(u, g.y)
		for r, kept := range masks[0] {
			if kept {
				for i := range u {
					u[i] -= c.At(r, i)
				}
			}
		}
		mean += probability * mat.Dot(mat.NewVecDense(g.n, u), mat.NewVecDense(g.n, u))
	})
	return mean, fit, squares, output
}

func objectiveSetup(p exactP, ridge func(p exactP, squares, output float64) float64) (checks.Instance, error) {
	g, err := groundOn(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	return checks.Instance{
		Facts: []checks.Fact{checks.NewFact("ridge at initialisation", bounds.DropoutRidge(p.Xi, g.n, p.Kappa))},
		Trial: func(rng *rand.Rand) checks.Measurement {
			in := nets.NTK(p.M, g.dim())
			in.Kappa = p.Kappa
			c := g.terms(in.Draw(rng))
			mean, fit, squares, output := p.objective(g, c)
			scale := g.size(c)
			return checks.Measurement{
				Observed: mean, Predicted: fit + ridge(p, squares, output), Relation: checks.Equal,
				Tolerance: float64(p.outcomes()+8*p.M*g.n) * epsilon * scale * scale,
			}
		},
	}, nil
}

func bernoulliRidge(p exactP, squares, _ float64) float64 { return p.Xi * (1 - p.Xi) * squares }

// Random masks add a ridge penalty to the squared loss.
//
// Setting: any inputs, any weights W, one mask of independent Bernoulli(xi)
// entries, or one part of a partition into p = 1/xi, whose law is the same.
//
// Hypotheses: none.
//
// Conclusion: E_M ||y - f_M||^2 = ||y - xi f||^2 + xi(1-xi) (1/m) sum_ir relu(w_r.x_i)^2,
// exactly, for every width and every W.
//
// Constants: derived: f_M is a sum of independent terms M_r c_r; its mean is xi f and
// its variance xi(1-xi) sum_r c_r^2. All masks are enumerated. The tolerance is the
// number of outcomes and operations times the rounding unit times the largest
// possible ||y - f_M||^2.
//
// Convention: f = (1/sqrt m) sum a_r relu(w_r.x), without 1/xi.
//
// Reference: derived here; dropout as a ridge penalty is well known.
//
// Control: masks of exactly xi m neurons, whose entries are not independent; the
// penalty then differs by a share of order 1/m.
func objective() checks.Claim[exactP] {
	setup := func(p exactP) (checks.Instance, error) { return objectiveSetup(p, bernoulliRidge) }
	return checks.Claim[exactP]{
		ID: "liao2022/dropout-objective", Title: "the mean masked loss is a ridge penalty", Reference: "derived here",
		Formula:    `\mathbb{E}_M \|y - f_M\|^2 = \|y - \xi f\|^2 + \xi(1-\xi) \frac{1}{m} \sum_{i,r} \mathrm{relu}(w_r^\top x_i)^2`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) exactP {
			p := exactP{
				Data: gen.Separated(gen.Range{MinN: 1, MaxN: 4, MinD: 2, MaxD: 4}).Draw(t, "data"),
				M:    rapid.IntRange(1, 7).Draw(t, "m"), P: 1, Law: "bernoulli",
				Kappa: math.Pow(10, rapid.Float64Range(-2, 2).Draw(t, "log kappa")),
				Xi:    rapid.Float64Range(0.01, 1).Draw(t, "xi"),
			}
			if rapid.Bool().Draw(t, "partition") {
				p.Law, p.P = "partition", rapid.IntRange(1, 3).Draw(t, "p")
				p.Xi = 1 / float64(p.P)
			}
			return p
		}),
		Grid: []exactP{
			{Data: data.Spec{Kind: data.Sphere, N: 3, D: 3, Seed: 1}, M: 10, Law: "bernoulli", Xi: 0.4, P: 1, Kappa: 1},
			{Data: data.Spec{Kind: data.Sphere, N: 3, D: 3, Seed: 1}, M: 6, Law: "partition", Xi: 1.0 / 3, P: 3, Kappa: 1},
			{Data: images.All(data.MNIST, 5, 49), M: 9, Law: "bernoulli", Xi: 0.5, P: 1, Kappa: 1},
		},
		OnData: func(f checks.DataFile) []exactP {
			return []exactP{{
				Data: file(f, 10, 1),
				M:    9, Law: "bernoulli", Xi: 0.5, P: 1, Kappa: 1,
			}}
		},
		Cost: exactP.cost, Setup: setup,
		Controls: []checks.Control[exactP]{{
			Name: "fixed-size-masks", Why: "the entries of a mask of exactly xi m neurons repel each other",
			At: []exactP{{Data: data.Spec{Kind: data.Sphere, N: 3, D: 3, Seed: 1}, M: 9, Law: "fixed", Xi: 4.0 / 9, P: 1, Kappa: 1}},
		}},
	}
}

// Masks of fixed size add a smaller penalty.
//
// Setting: any inputs, any weights W, a mask of exactly k = xi m neurons, all sets
// equally likely.
//
// Hypotheses: m >= 2.
//
// Conclusion: E_M ||y - f_M||^2 = ||y - xi f||^2 + xi(1-xi) ( sum_ir relu(w_r.x_i)^2 - ||f||^2 )/(m-1).
//
// Constants: derived: Cov(M_r, M_s) = -xi(1-xi)/(m-1) for r != s. Tolerance as in
// liao2022/dropout-objective.
//
// Convention: f = (1/sqrt m) sum a_r relu(w_r.x), without 1/xi.
//
// Reference: derived here.
//
// Control: Bernoulli masks of the same xi.
func fixedSize() checks.Claim[exactP] {
	setup := func(p exactP) (checks.Instance, error) {
		return objectiveSetup(p, func(p exactP, squares, output float64) float64 {
			m := float64(p.M)
			return p.Xi * (1 - p.Xi) * (m*squares - output) / (m - 1)
		})
	}
	return checks.Claim[exactP]{
		ID: "liao2022/fixed-size-objective", Title: "the mean loss under masks of fixed size", Reference: "derived here",
		Formula:    `\mathbb{E}_M \|y - f_M\|^2 = \|y - \xi f\|^2 + \frac{\xi(1-\xi)}{m-1} \left( \sum_{i,r} \mathrm{relu}(w_r^\top x_i)^2 - \|f\|^2 \right)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) exactP {
			m := rapid.IntRange(2, 8).Draw(t, "m")
			return exactP{
				Data: gen.Separated(gen.Range{MinN: 1, MaxN: 4, MinD: 2, MaxD: 4}).Draw(t, "data"), M: m, P: 1, Law: "fixed",
				Kappa: math.Pow(10, rapid.Float64Range(-2, 2).Draw(t, "log kappa")),
				Xi:    float64(rapid.IntRange(0, m).Draw(t, "k")) / float64(m),
			}
		}),
		Grid: []exactP{{Data: data.Spec{Kind: data.Sphere, N: 3, D: 3, Seed: 1}, M: 9, Law: "fixed", Xi: 4.0 / 9, P: 1, Kappa: 1}},
		Cost: exactP.cost, Setup: setup,
		Controls: []checks.Control[exactP]{{
			Name: "bernoulli-masks", Why: "independent entries have no covariance to subtract",
			At: []exactP{{Data: data.Spec{Kind: data.Sphere, N: 3, D: 3, Seed: 1}, M: 9, Law: "bernoulli", Xi: 4.0 / 9, P: 1, Kappa: 1}},
		}},
	}
}

// ridgeP are the parameters of the ridge at initialisation.
type ridgeP struct {
	Data  data.Spec `json:"data"`
	M     int       `json:"m"`
	Xi    float64   `json:"xi"`
	Kappa float64   `json:"kappa"`
}

// The penalty of random masks does not vanish with the width.
//
// Setting: unit inputs, w_r ~ N(0, kappa^2 I), masks that keep a neuron with
// probability xi.
//
// Hypotheses: none.
//
// Conclusion: E[ xi(1-xi) (1/m) sum_ir relu(w_r.x_i)^2 ] = xi(1-xi) n kappa^2/2 at
// every width m.
//
// Constants: derived: E relu(z)^2 = kappa^2/2 for z ~ N(0, kappa^2).
//
// Convention: f = (1/sqrt m) sum a_r relu(w_r.x), without 1/xi.
//
// Reference: derived here; it is the source of the region of liao2022/error-region.
//
// Control: weights larger by a tenth under the same prediction.
func ridge() checks.Claim[ridgeP] {
	setup := func(p ridgeP, kappa float64) (checks.Instance, error) {
		g, err := groundOn(p.Data)
		if err != nil {
			return checks.Instance{}, err
		}
		want := bounds.DropoutRidge(p.Xi, g.n, p.Kappa)
		return checks.Instance{
			// relu(z)^2 has the variance 5 kappa^4/4, and the deviations of n inputs at most add up.
			Terms: checks.Terms{Trials: 400, Resolution: 0.08, Deviation: checks.Float(want * math.Sqrt(5/float64(p.M)))},
			Trial: func(rng *rand.Rand) checks.Measurement {
				in := nets.NTK(p.M, g.dim())
				in.Kappa = kappa
				norm := mat.Norm(g.terms(in.Draw(rng)), 2)
				return checks.Measurement{Observed: p.Xi * (1 - p.Xi) * norm * norm, Predicted: want, Relation: checks.Equal, Tolerance: 1e-12 * want}
			},
		}, nil
	}
	four := data.Spec{Kind: data.Sphere, N: 4, D: 6, Seed: 1}
	return checks.Claim[ridgeP]{
		ID: "liao2022/ridge-at-initialisation", Title: "size of the ridge penalty at the start", Reference: "derived here",
		Formula:    `\mathbb{E}\left[ \xi(1-\xi) \frac{1}{m} \sum_{i,r} \mathrm{relu}(w_r^\top x_i)^2 \right] = \xi(1-\xi) \frac{n\kappa^2}{2}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 2,
		Grid: []ridgeP{
			{Data: four, M: 300, Xi: 0.5, Kappa: 1}, {Data: four, M: 1000, Xi: 0.5, Kappa: 1}, {Data: four, M: 300, Xi: 0.2, Kappa: 0.1},
		},
		Cost: func(p ridgeP) checks.Cost {
			n, _ := twolayer.Size(p.Data)
			return checks.Cost{Trial: float64(p.M) * n * (2*n + 30), Size: fmt.Sprintf("m=%d", p.M)}
		},
		Setup: func(p ridgeP) (checks.Instance, error) { return setup(p, p.Kappa) },
		Controls: []checks.Control[ridgeP]{{
			Name: "larger-scale", Why: "the penalty is quadratic in the scale of the weights: larger by a fifth",
			At:    []ridgeP{{Data: four, M: 200, Xi: 0.5, Kappa: 1}},
			Setup: func(p ridgeP) (checks.Instance, error) { return setup(p, 1.1*p.Kappa) },
		}},
	}
}
