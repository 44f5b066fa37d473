package cao2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/signalnoise"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// descent is a number of steps of descent on the weights, on noise patches of the law or those of a data set.
type descent struct {
	N       int        `json:"n,omitempty"`
	D       int        `json:"d,omitempty"`
	Data    *data.Spec `json:"data,omitempty"`    // rows as noise patches with their labels, in place of a draw
	Oblique float64    `json:"oblique,omitempty"` // this multiple of mu is added to every noise patch
	M       int        `json:"m"`
	Q       float64    `json:"q"`
	Mu      float64    `json:"mu"` // |mu|, noise patches having norm about 1
	Scale   float64    `json:"scale"`
	Step    float64    `json:"step"`
	Steps   int        `json:"steps"`
}

func (p descent) eta() float64 { return p.Step / math.Max(1, p.Mu*p.Mu) }

// size is n x d.
func (p descent) size() (n, d int) {
	if p.Data != nil {
		return costs.Size(*p.Data)
	}
	return p.N, p.D
}

func (p descent) cost() checks.Cost {
	n, d := p.size()
	step := float64(n+1) * float64(2*p.M) * float64(10*d+6*n+60)
	return checks.Cost{Trial: float64(p.Steps)*step + 4*float64(n*n*d), Size: fmt.Sprintf("n=%d d=%d", n, d)}
}

// set builds the data set, if there is one.
func (p descent) set() (*data.Set, error) {
	if p.Data == nil {
		return nil, nil
	}
	return p.Data.Build()
}

// draw draws what is random: signal and network, and the noise patches where no data set has them.
func (p descent) draw(set *data.Set, r *rand.Rand) (*signalnoise.Sample, *signalnoise.Network) {
	var s *signalnoise.Sample
	if set == nil {
		s = signalnoise.Law{D: p.D, Mu: p.Mu, SigmaP: 1 / math.Sqrt(float64(p.D))}.Draw(p.N, r)
	} else {
		s = &signalnoise.Sample{Mu: make([]float64, set.D()), Xi: mat.DenseCopyOf(set.X), Y: set.Y}
		for i := range s.Mu {
			s.Mu[i] = r.NormFloat64()
		}
		floats.Scale(p.Mu/floats.Norm(s.Mu, 2), s.Mu)
	}
	for i := range s.N() {
		floats.AddScaled(s.Xi.RawRowView(i), p.Oblique, s.Mu)
	}
	config := signalnoise.Config{Filters: p.M, Sigma0: p.Scale, Activation: signalnoise.Power(p.Q)}
	return s, config.Draw(len(s.Mu), r)
}

// decomposition is the identity that the proof rests on.
//
// Setting: any mu, any patches xi_1..xi_n (orthogonal to mu or not, more or fewer than d), labels +-1, any q >= 1; T steps of
// gradient descent on the weights.
//
// Hypotheses: none for the identity, but its rounding is followed only while the weights stay below a thousand times their start (a large step
// lets them explode); for the uniqueness of the coefficients, that mu, xi_1, ..., xi_n are linearly independent.
//
// Conclusion: w_{j,r}(t) = w_{j,r}(0) + j gamma_{j,r}(t) mu/|mu|^2 + sum_i rho_{j,r,i}(t) xi_i/|xi_i|^2, where gamma and rho
// start at 0 and
//
//	gamma_{j,r} += -(eta/(nm)) sum_i l'_i sigma'(<w_{j,r}, y_i mu>) |mu|^2,
//	rho_{j,r,i} += -(eta/(nm)) l'_i sigma'(<w_{j,r}, xi_i>) |xi_i|^2 j y_i,  l'_i = -1/(1 + exp(y_i f(x_i))).
//
// The recursion is run by itself, its products from the coefficients and the Gram matrix, beside descent on the weights. Compared are the
// displacement of all weights along what the coefficients say (displacement) and what is left of it (remainder); where the vectors are
// independent, also the coefficients that the weights have, from a linear system (coefficients).
//
// Constants: none. Tolerance 1e-11 of the weights, for the rounding of up to a few hundred steps; 1e-9 of the coefficients, for a
// system of condition up to 1e5.
//
// Convention: zero vectors have coefficient 0.
//
// Reference: lemma of the proof, recalled; immediate from the update (derived).
//
// Control: weight decay of 1e-6 a step; a step size 1.001 times as large in the recursion alone.
func decomposition() checks.Claim[descent] {
	setup := func(decay, speed float64) func(descent) (checks.Instance, error) {
		return func(p descent) (checks.Instance, error) {
			set, err := p.set()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement { return p.decompose(set, decay, speed, r) }}, nil
		}
	}
	spec := func(s data.Spec) *data.Spec { return &s }
	grid := []descent{
		{N: 1, D: 3, M: 1, Q: 3, Mu: 1, Scale: 0.5, Step: 1, Steps: 100},
		{N: 6, D: 40, M: 4, Q: 3, Mu: 2, Scale: 0.3, Step: 1, Steps: 100},
		{N: 12, D: 5, M: 3, Q: 2.5, Mu: 1, Scale: 0.3, Step: 1, Steps: 60}, // more samples than dimensions
		{N: 5, D: 20, Oblique: 0.3, M: 3, Q: 1, Mu: 1, Scale: 0.3, Step: 0.5, Steps: 60},
		{Data: spec(images.Hard(data.MNIST, 8, 49)), M: 3, Q: 3, Mu: 0.5, Scale: 0.3, Step: 1, Steps: 60},
		{Data: spec(images.Hard(data.Fashion, 8, 49)), M: 3, Q: 2.5, Mu: 0.5, Scale: 0.3, Step: 1, Steps: 60},
	}
	return checks.Claim[descent]{
		ID: "cao2022/decomposition", Title: "signal-noise decomposition", Reference: "lemma of the proof (recalled), derived here",
		Formula:    `w_{j,r}^{(t)} = w_{j,r}^{(0)} + j\,\gamma_{j,r}^{(t)}\,\frac{\mu}{\|\mu\|^2} + \sum_i \rho_{j,r,i}^{(t)}\,\frac{\xi_i}{\|\xi_i\|^2}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) descent {
			return descent{
				N: rapid.IntRange(1, 8).Draw(t, "n"), D: rapid.IntRange(1, 20).Draw(t, "d"), M: rapid.IntRange(1, 4).Draw(t, "m"),
				Q: rapid.SampledFrom([]float64{1, 2, 2.5, 3}).Draw(t, "q"), Mu: rapid.SampledFrom([]float64{0, 0.01, 1, 3}).Draw(t, "mu"),
				Oblique: rapid.SampledFrom([]float64{0, 0.5, -1}).Draw(t, "oblique"), Scale: rapid.SampledFrom([]float64{0.001, 0.1, 0.5}).Draw(t, "scale"),
				Step: rapid.SampledFrom([]float64{0.01, 0.3, 1}).Draw(t, "step"), Steps: rapid.IntRange(1, 30).Draw(t, "steps"),
			}
		}),
		Grid: grid,
		OnData: func(f checks.DataFile) []descent {
			s := userfile.Signed(f, 12)
			return []descent{{Data: &s, M: 3, Q: 3, Mu: 0.5, Scale: 0.3, Step: 1, Steps: 60}}
		},
		Cost: descent.cost, Setup: setup(0, 1),
		Controls: []checks.Control[descent]{
			{Name: "weight-decay", Why: "decay moves the filters along their start", At: []descent{grid[1], grid[4]}, Setup: setup(1e-6, 1)},
			{Name: "faster-recursion", Why: "coefficients of another step size are not those of the weights", At: []descent{grid[1], grid[4]}, Setup: setup(0, 1.001)},
		},
	}
}

// decompose runs both codes side by side.
func (p descent) decompose(set *data.Set, decay, speed float64, r *rand.Rand) checks.Measurement {
	s, net := p.draw(set, r)
	if err := s.Check(); err != nil {
		return checks.Failed(err)
	}
	start := mat.DenseCopyOf(net.W)
	c := bounds.NewDecomposition(p.Q, speed*p.eta(), s.Mu, s.Xi, s.Y, start)
	var steps, signal, gamma []float64
	moved := new(mat.Dense)
	for t := range p.Steps {
		net.W.Scale(1-decay, net.W)
		net.Step(s, p.eta())
		c.Step()
		moved.Sub(net.W, start)
		steps, signal, gamma = append(steps, float64(t+1)), append(signal, largestShift(moved, s.Mu)), append(gamma, floats.Max(c.Gamma))
	}
	said := c.Moved()
	length := mat.Norm(said, 2)
	tame := checks.RequireThat("weights below 1000 times their start", mat.Norm(net.W, 2)+length <= 1000*mat.Norm(start, 2)) // false for NaN
	if !tame.Met() {
		return checks.Measurement{Hypotheses: []checks.Hypothesis{tame}}
	}
	along := 0.0
	if length > 0 {
		along = floats.Dot(moved.RawMatrix().Data, said.RawMatrix().Data) / length
	}
	size := mat.Norm(start, 2) + length
	var left mat.Dense
	left.Sub(moved, said)
	parts := []checks.Measurement{
		{Part: "displacement", Observed: along, Predicted: length, Relation: checks.Equal, Tolerance: 1e-11 * size},
		{Part: "remainder", Observed: mat.Norm(&left, 2), Predicted: 0, Tolerance: 1e-11 * size},
	}
	if solved, ok := solve(s, moved); ok {
		want := coefficients(c)
		norm := floats.Norm(want, 2)
		if norm > 0 {
			parts = append(parts, checks.Measurement{Part: "coefficients", Observed: floats.Dot(solved, want) / norm, Predicted: norm, Relation: checks.Equal, Tolerance: 1e-9 * (norm + size)})
		}
	}
	m := checks.All(parts...)
	m.Hypotheses = []checks.Hypothesis{tame}
	axes := curve.Axes{X: "step", Y: "largest signal coefficient"}
	m.Series = []checks.Series{axes.Measured("from the weights", steps, signal), axes.Bound("gamma, by its recursion", steps, gamma)}
	return m
}

// largestShift is max_k j <w_k(t) - w_k(0), mu>: gamma where the noise is orthogonal to mu.
func largestShift(moved *mat.Dense, mu []float64) float64 {
	filters, _ := moved.Dims()
	most := math.Inf(-1)
	for k := range filters {
		most = math.Max(most, sign(k, filters)*floats.Dot(moved.RawRowView(k), mu))
	}
	return most
}

// sign is j of filter k of 2m.
func sign(k, filters int) float64 {
	if 2*k < filters {
		return 1
	}
	return -1
}

// solve returns gamma and rho of all filters from their displacement, filter by filter; not for vectors that are dependent or
// nearly so.
func solve(s *signalnoise.Sample, moved *mat.Dense) ([]float64, bool) {
	v := s.Vectors()
	n, d := v.Dims()
	if n > d {
		return nil, false
	}
	var gram mat.SymDense
	gram.SymOuterK(1, v)
	var chol mat.Cholesky
	if !chol.Factorize(&gram) || chol.Cond() > 1e5 {
		return nil, false
	}
	var products, c mat.Dense
	products.Mul(v, moved.T())
	if chol.SolveTo(&c, &products) != nil {
		return nil, false
	}
	filters, _ := moved.Dims()
	var out []float64
	for k := range filters {
		out = append(out, sign(k, filters)*c.At(0, k)*gram.At(0, 0))
		for i := 1; i < n; i++ {
			out = append(out, c.At(i, k)*gram.At(i, i))
		}
	}
	return out, true
}

// coefficients are gamma and rho in the same order.
func coefficients(c *bounds.Decomposition) []float64 {
	var out []float64
	for k, gamma := range c.Gamma {
		out = append(append(out, gamma), c.Rho[k]...)
	}
	return out
}
