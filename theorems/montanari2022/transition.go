package montanari2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/checks"
	"convergo/nets"
	"convergo/theorems/internal/curve"
)

// model is a linearised network on random inputs.
type model struct {
	N          int    `json:"n"`
	D          int    `json:"d"`
	Neurons    int    `json:"neurons"`
	Activation string `json:"activation"`
	Subspace   int    `json:"subspace,omitempty"` // the inputs lie in so many dimensions
}

// inputs draws the inputs.
func (p model) inputs(r *rand.Rand) *mat.Dense {
	if p.Subspace <= 0 {
		return nets.UnitRows(p.N, p.D, r)
	}
	x := mat.NewDense(p.N, p.D, nil)
	x.Slice(0, p.N, 0, p.Subspace).(*mat.Dense).Copy(nets.UnitRows(p.N, p.Subspace, r))
	return x
}

// features draws inputs and a network and returns the feature matrix Phi, n x Nd.
func (p model) features(r *rand.Rand) (*mat.Dense, error) {
	act, _, _, err := activation(p.Activation)
	if err != nil {
		return nil, err
	}
	x := p.inputs(r)
	init := nets.NTK(p.Neurons, p.D)
	init.Act = act
	net, batch := init.Draw(r), nets.NewBatch(x, p.Neurons)
	batch.Forward(net)
	j := batch.Jacobian(net, nets.FirstLayer)
	return mat.DenseCopyOf(j.Slice(0, p.N, 0, p.Neurons*p.D)), nil
}

// dimension is the rank that the features have as long as there are samples enough: Nd for erf, and for z^2 with M = min(N, d) the Md -
// M(M-1)/2 dimensions of the symmetric matrices seen by M directions.
func (p model) dimension() int {
	if p.Activation != "quadratic" {
		return p.Neurons * p.D
	}
	m := min(p.Neurons, p.D)
	return m*p.D - m*(m-1)/2
}

func (p model) cost() checks.Cost {
	n, columns := float64(p.N), float64(p.Neurons*p.D)
	least := min(n, columns)
	return checks.Cost{Trial: 30*n*columns + 12*least*least*max(n, columns) + 2e4, Size: fmt.Sprintf("n=%d Nd=%.0f", p.N, columns)}
}

// visible counts the singular values above a share of the largest: what is zero in exact arithmetic comes out below 1e-14 of it.
func visible(phi *mat.Dense) (int, error) {
	const share = 1e-12
	var svd mat.SVD
	if !svd.Factorize(phi, mat.SVDNone) {
		return 0, fmt.Errorf("the singular values of the features did not converge")
	}
	values, count := svd.Values(nil), 0
	for _, v := range values {
		if v > share*values[0] {
			count++
		}
	}
	return count, nil
}

// rank is the number of directions that the linearised network has.
//
// Setting: n independent inputs, uniform on the sphere of R^d; N neurons w_k ~ N(0, I); Phi the n x Nd matrix of the rows
// (sigma'(w_1.x_i) x_i, ..., sigma'(w_N.x_i) x_i)/sqrt N, with K_N = Phi Phi^T.
//
// Hypotheses: d >= 3; sigma = erf, or sigma(z) = z^2.
//
// Conclusion: almost surely rank(Phi) = min(n, Nd) for erf, and min(n, Md - M(M-1)/2) with M = min(N, d) for z^2. So
// lambda_min(K_N) = 0 for n > Nd, and any labels are interpolated for n <= Nd with erf; with z^2, whose v(sigma) is 0 beyond
// degree two, never for n > d(d+1)/2, however many neurons there are.
//
// Constants: exact. The rank is at most n and the dimension of the span of the functions x -> sigma'(w_k.x) x_a on the sphere, and equals the
// lesser of both for almost all inputs, because a minor that is an analytic function and not zero vanishes on a null set. For
// erf the Nd functions are independent as soon as no two w_k are parallel or opposite: let w_1 be the longest
// of those with b_k != 0 in sum_k e^{-(w_k.x)^2} b_k.x = 0 on the sphere, hence on the complex sphere, and take x = i t u + s v with u along w_1,
// v orthogonal to it and s^2 - t^2 = 1: as t grows the first term has the factor e^{t^2 |w_1|^2}, more than any other,
// since |w_k.u| < |w_1|. So b_1.x = 0 for all such x, and b_1 = 0. For z^2 the functions are the entries of x x^T W^T; the symmetric
// matrices map to a space of that dimension. A singular value counts from 1e-12 of the largest on; for d = 2 the
// statement is true too, but singular values fall below that.
//
// Convention: unit inputs, w ~ N(0, I), output weights +-1 fixed, 1/sqrt N scaling; first layer linearised.
//
// Reference: derived here, for the transition of Montanari and Zhong (2022) at Nd = n.
//
// Control: ReLU with few neurons, of which none is active on some input; inputs in a subspace, whose dimension takes the place of d;
// and one direction more or less than there are.
func rank() checks.Checkable {
	setup := func(shift int) func(model) (checks.Instance, error) {
		return func(p model) (checks.Instance, error) {
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{{Name: "d >= 3", Have: checks.Float(p.D), Need: 3, Relation: checks.AtLeast}},
				Facts:      []checks.Fact{checks.NewFact("Nd", float64(p.Neurons*p.D))},
				Trial: func(r *rand.Rand) checks.Measurement {
					phi, err := p.features(r)
					if err != nil {
						return checks.Failed(err)
					}
					count, err := visible(phi)
					return checks.Measurement{Observed: float64(count), Predicted: float64(min(p.N, p.dimension()) + shift), Relation: checks.Equal, Err: err}
				},
			}, nil
		}
	}
	square := model{N: 48, D: 6, Neurons: 8, Activation: "erf"}
	return checks.Claim[model]{
		ID: "montanari2022/rank", Title: "directions of the linearised network", Reference: "derived here",
		Formula:    `\operatorname{rank} K_N = \min(n, Nd)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) model {
			return model{
				N: rapid.IntRange(1, 14).Draw(t, "n"), D: rapid.IntRange(3, 5).Draw(t, "d"), Neurons: rapid.IntRange(1, 4).Draw(t, "neurons"),
				Activation: rapid.SampledFrom([]string{"erf", "quadratic"}).Draw(t, "activation"),
			}
		}),
		Grid: []model{
			square,
			{N: 49, D: 6, Neurons: 8, Activation: "erf"},        // one input too many
			{N: 47, D: 6, Neurons: 8, Activation: "erf"},        // and one to spare
			{N: 40, D: 7, Neurons: 30, Activation: "quadratic"}, // 28 directions in 210 parameters
			{N: 30, D: 6, Neurons: 3, Activation: "quadratic"},  // 15 in 18
		},
		Cost: model.cost, Setup: setup(0),
		Controls: []checks.Control[model]{
			{Name: "silent-inputs", Why: "of 24 inputs three see none of three ReLU neurons, in mean", At: []model{{N: 24, D: 8, Neurons: 3, Activation: "relu"}}},
			{Name: "subspace", Why: "inputs in five of six dimensions leave 40 directions", At: []model{{N: 48, D: 6, Neurons: 8, Activation: "erf", Subspace: 5}}},
			{Name: "one-more", Why: "there is no further direction", At: []model{square}, Setup: setup(1)},
			{Name: "one-less", Why: "and none is missing", At: []model{square}, Setup: setup(-1)},
		},
	}
}

// crossing is a ladder in the number of inputs around the number of directions.
type crossing struct {
	model        // N of it is not used
	Inputs []int `json:"inputs"` // falling, so that directions over inputs rises
}

// interpolation is the phase transition.
//
// Setting: as in rank; labels y ~ N(0, I), independent of the inputs; the number n of inputs falls past the number P of directions, Nd for erf
// and d(d+1)/2 for z^2 with N >= d neurons.
//
// Hypotheses: d >= 3; sigma = erf, or sigma(z) = z^2 with N >= d.
//
// Conclusion: the probability that some parameters a have Phi a = y, up to 1e-9 of ||y||^2 in square, jumps from 0 to 1 between n = P + 1 and n = P.
//
// Constants: exact, by rank: for n > P the share of ||y||^2 that is missed has the Beta law of (n-P)/2 and P/2 degrees, below 1e-9 with
// probability of 1.4e-4 at n = P + 1 = 31, and for n <= P it is 0. The crossing is placed to 3.8 %, the distance of two neighbouring n.
//
// Convention: unit inputs, w ~ N(0, I), output weights +-1 fixed, 1/sqrt N scaling; first layer linearised.
//
// Reference: Montanari and Zhong (2022), abstract, for the transition; its place derived here.
//
// Control: inputs in four of five dimensions, which moves the transition to 4N; ReLU with two neurons, silent on some inputs; and the
// transition claimed a tenth later and earlier.
func interpolation() checks.Checkable {
	setup := func(location float64) func(crossing) (checks.Instance, error) {
		return func(p crossing) (checks.Instance, error) {
			if len(p.Inputs) < 2 {
				return checks.Instance{}, fmt.Errorf("%d numbers of inputs: give two or more", len(p.Inputs))
			}
			p.N = p.Inputs[0]
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{{Name: "d >= 3", Have: checks.Float(p.D), Need: 3, Relation: checks.AtLeast}},
				Facts:      []checks.Fact{checks.NewFact("directions", float64(p.dimension())), checks.NewFact("parameters", float64(p.Neurons*p.D))},
				Terms:      checks.Terms{Location: checks.Float(location), Resolution: 0.038, Trials: 24},
				Trial:      func(r *rand.Rand) checks.Measurement { return p.pass(r) },
			}, nil
		}
	}
	around := []int{40, 36, 33, 31, 30, 28, 25, 20}
	erf := crossing{model: model{D: 5, Neurons: 6, Activation: "erf"}, Inputs: around}
	return checks.Claim[crossing]{
		ID: "montanari2022/interpolation", Title: "transition from missing labels to interpolation", Reference: "abstract; place derived here",
		Formula:    `\min_a \|\Phi a - y\| = 0 \iff n \le Nd \quad\text{almost surely}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Threshold{}, Version: 1,
		Grid: []crossing{
			erf,
			{model: model{D: 7, Neurons: 9, Activation: "quadratic"}, Inputs: []int{38, 34, 31, 29, 28, 26, 23}},
		},
		Cost: func(p crossing) checks.Cost {
			c := checks.Cost{}
			for _, p.N = range p.Inputs {
				c.Trial += p.cost().Trial
			}
			return c
		},
		Setup: setup(1),
		Controls: []checks.Control[crossing]{
			{Name: "subspace", Why: "the transition moves to 24 inputs", At: []crossing{{model: model{D: 5, Neurons: 6, Activation: "erf", Subspace: 4}, Inputs: around}}},
			{Name: "silent-neurons", Why: "two ReLU neurons are silent on one input in four", At: []crossing{{model: model{D: 15, Neurons: 2, Activation: "relu"}, Inputs: around}}},
			{Name: "later", Why: "a tenth too late", At: []crossing{erf}, Setup: setup(1.1)},
			{Name: "earlier", Why: "a tenth too early", At: []crossing{erf}, Setup: setup(0.9)},
		},
	}
}

// pass draws one model on the largest number of inputs and fits labels on fewer and fewer of them.
func (p crossing) pass(r *rand.Rand) checks.Measurement {
	phi, err := p.features(r)
	if err != nil {
		return checks.Failed(err)
	}
	var m checks.Measurement
	var ratios, missing, predicted []float64
	directions := float64(p.dimension())
	for _, n := range p.Inputs {
		missed, err := missedShare(mat.DenseCopyOf(phi.Slice(0, n, 0, p.Neurons*p.D)), 1, r)
		if err != nil {
			return checks.Failed(err)
		}
		ratio, value := directions/float64(n), 0.0
		if missed < 1e-9 {
			value = 1
		}
		m.Ladder = append(m.Ladder, checks.Rung{Size: ratio, Value: value})
		ratios, missing, predicted = append(ratios, ratio), append(missing, missed), append(predicted, max(0, 1-ratio))
	}
	axes := curve.Axes{X: "directions over inputs", Y: "share of the labels missed"}
	m.Series = []checks.Series{axes.Measured("least squares", ratios, missing), axes.Bound("1 - directions over inputs", ratios, predicted)}
	return m
}

// missedShare is the mean over draws of labels y ~ N(0, I) of ||y - P y||^2/||y||^2, P the projection on the columns of phi.
func missedShare(phi *mat.Dense, draws int, r *rand.Rand) (float64, error) {
	var svd mat.SVD
	if !svd.Factorize(phi, mat.SVDThinU) {
		return 0, fmt.Errorf("the singular values of the features did not converge")
	}
	values := svd.Values(nil)
	var u mat.Dense
	svd.UTo(&u)
	n, _ := phi.Dims()
	y, sum := mat.NewVecDense(n, nil), 0.0
	for range draws {
		for i := range n {
			y.SetVec(i, r.NormFloat64())
		}
		left := mat.VecDenseCopyOf(y)
		for k, s := range values {
			if s > 1e-12*values[0] {
				left.AddScaledVec(left, -mat.Dot(u.ColView(k), y), u.ColView(k))
			}
		}
		sum += mat.Dot(left, left) / mat.Dot(y, y)
	}
	return sum / float64(draws), nil
}

// missedDeviation is the standard deviation of the share of n normal labels that is missed by some directions fewer, of the Beta law.
func missedDeviation(n, directions float64) float64 {
	return math.Sqrt(2 * (n - directions) * directions / (n * n * (n + 2)))
}

// trainingError is the share of random labels that is missed.
//
// Setting: as in rank, n inputs and P = Nd directions (erf); labels y ~ N(0, I), independent of the inputs.
//
// Hypotheses: d >= 3; sigma = erf; Nd < n.
//
// Conclusion: E min_a ||Phi a - y||^2/||y||^2 = 1 - Nd/n.
//
// Constants: exact. The share has the Beta law of (n-P)/2 and P/2 degrees, whatever the features of rank P are, hence the standard
// deviation sqrt(2 (n-P) P/(n^2 (n+2))), divided by the root of the number of labels that a trial averages.
//
// Convention: unit inputs, w ~ N(0, I), output weights +-1 fixed, 1/sqrt N scaling; first layer linearised.
//
// Reference: derived here; the side Nd < n of the transition of Montanari and Zhong (2022).
//
// Control: inputs in a subspace, whose dimension takes the place of d; and a neuron more than there is.
func trainingError() checks.Checkable {
	const labels, hidden = 250, 1e-6
	setup := func(extra int) func(model) (checks.Instance, error) {
		return func(p model) (checks.Instance, error) {
			n, columns := float64(p.N), float64(p.dimension())
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{
					{Name: "d >= 3", Have: checks.Float(p.D), Need: 3, Relation: checks.AtLeast},
					{Name: "Nd < n", Have: checks.Float(columns), Need: checks.Float(n - 1), Relation: checks.AtMost},
				},
				Terms: checks.Terms{
					Trials: 50, Resolution: 0.03,
					Deviation: checks.Float(missedDeviation(n, columns) / math.Sqrt(labels)),
				},
				Trial: func(r *rand.Rand) checks.Measurement {
					phi, err := p.features(r)
					if err != nil {
						return checks.Failed(err)
					}
					missed, err := missedShare(phi, labels, r)
					return checks.Measurement{
						Observed: missed, Predicted: 1 - float64((p.Neurons+extra)*p.D)/n, Relation: checks.Equal, Tolerance: hidden, Err: err,
					}
				},
			}, nil
		}
	}
	half := model{N: 40, D: 5, Neurons: 4, Activation: "erf"}
	return checks.Claim[model]{
		ID: "montanari2022/training-error", Title: "labels missed by too few parameters", Reference: "derived here",
		Formula:    `\mathbb{E} \min_a \frac{\|\Phi a - y\|^2}{\|y\|^2} = 1 - \frac{Nd}{n}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []model{half, {N: 30, D: 3, Neurons: 5, Activation: "erf"}, {N: 32, D: 4, Neurons: 5, Activation: "erf"}},
		Cost: func(p model) checks.Cost {
			c := p.cost()
			c.Trial += 4 * labels * float64(p.N*(p.dimension()+8))
			return c
		},
		Setup: setup(0),
		Controls: []checks.Control[model]{
			{Name: "subspace", Why: "inputs in four of five dimensions leave 16 directions of 20", At: []model{{N: 40, D: 5, Neurons: 4, Activation: "erf", Subspace: 4}}},
			{Name: "one-neuron-more", Why: "five neurons would miss less than four do", At: []model{{N: 30, D: 3, Neurons: 5, Activation: "erf"}}, Setup: setup(1)},
		},
	}
}

// silence is how many inputs are seen by no neuron.
type silence struct {
	N          int  `json:"n"`
	D          int  `json:"d"`
	Neurons    int  `json:"neurons"`
	Correlated bool `json:"correlated,omitempty"` // all inputs within a tenth of one direction
	Zero       bool `json:"zero,omitempty"`       // the first input is zero
}

// silentDeviation bounds the standard deviation of the share of silent inputs, of mean q, averaged over networks; it is that of one input.
func silentDeviation(q, networks float64) float64 { return math.Sqrt(q * (1 - q) / networks) }

// zeroRows is why the transition of ReLU models with few neurons is blurred.
//
// Setting: any n inputs different from zero; N ReLU neurons w_k ~ N(0, I).
//
// Hypotheses: none.
//
// Conclusion: the number of inputs on which no neuron is active, and whose row of features is zero, has the mean n 2^{-N}; judged
// is its share.
//
// Constants: exact: each w_k.x_i is symmetric about 0 and independent over k. The share lies in [0, 1], so that its
// variance is at most q(1-q), q = 2^{-N}, and that of a mean over M networks at most q(1-q)/M.
//
// Convention: unit inputs, w ~ N(0, I).
//
// Reference: derived here.
//
// Control: a tenth off the mean, either way; and one input of twelve that is zero.
func zeroRows() checks.Checkable {
	const networks = 900
	setup := func(factor float64) func(silence) (checks.Instance, error) {
		return func(p silence) (checks.Instance, error) {
			q := math.Ldexp(1, -p.Neurons)
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("zero rows expected", float64(p.N)*q)},
				Terms: checks.Terms{Trials: 100, Resolution: 0.045, Deviation: checks.Float(silentDeviation(q, networks))},
				Trial: func(r *rand.Rand) checks.Measurement {
					x := nets.UnitRows(p.N, p.D, r)
					if p.Correlated {
						x.Apply(func(_, k int, v float64) float64 { return 0.1*v + float64(1-min(k, 1)) }, x)
					}
					if p.Zero {
						x.SetRow(0, make([]float64, p.D))
					}
					return checks.Measurement{Observed: silentShare(x, p.Neurons, networks, r), Predicted: factor * q, Relation: checks.Equal}
				},
			}, nil
		}
	}
	return checks.Claim[silence]{
		ID: "montanari2022/zero-rows", Title: "inputs that no ReLU neuron sees", Reference: "derived here",
		Formula:    `\mathbb{E}\,\#\{i\colon \Phi_i = 0\} = n 2^{-N}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []silence{
			{N: 1, D: 1, Neurons: 1}, {N: 12, D: 4, Neurons: 1}, {N: 12, D: 4, Neurons: 2}, {N: 8, D: 4, Neurons: 1, Correlated: true},
		},
		Cost: func(p silence) checks.Cost {
			return checks.Cost{Trial: networks * float64(p.Neurons) * float64(25*p.D+2*p.N*p.D+4*p.N)}
		},
		Setup: setup(1),
		Controls: []checks.Control[silence]{
			{Name: "less", Why: "a tenth less than there are", At: []silence{{N: 12, D: 4, Neurons: 1}}, Setup: setup(0.9)},
			{Name: "more", Why: "a tenth more than there are", At: []silence{{N: 12, D: 4, Neurons: 2}}, Setup: setup(1.1)},
			{Name: "zero-input", Why: "on one input of twelve, zero, the sign of a neuron is no matter of chance", At: []silence{{N: 12, D: 4, Neurons: 1, Zero: true}}},
		},
	}
}

// silentShare draws networks of a width on x and returns the mean share of zero rows.
func silentShare(x *mat.Dense, neurons, networks int, r *rand.Rand) float64 {
	n, d := x.Dims()
	net := nets.NTK(neurons*networks, d).Draw(r)
	batch, patterns := nets.NewBatch(x, neurons*networks), nets.NewPatterns(n, neurons*networks)
	batch.Forward(net)
	batch.Patterns(patterns)
	silent := 0
	for i := range n {
		for k := range networks {
			seen := false
			for unit := range neurons {
				seen = seen || patterns.Active(i, k*neurons+unit)
			}
			if !seen {
				silent++
			}
		}
	}
	return float64(silent) / float64(n*networks)
}
