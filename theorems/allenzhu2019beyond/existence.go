package allenzhu2019beyond

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets/pseudo"
)

// target is f*(x) = phi(<w_1, x>) <w_2, x> at an input with <w_1, x> = u and <w_2, x> = v, and learners for it.
type target struct {
	C      []float64 `json:"c"`
	U      float64   `json:"u"`
	V      float64   `json:"v"`
	M      int       `json:"m"`
	Output float64   `json:"output"`
	Batch  int       `json:"batch"` // learners a trial
}

func (p target) cost() checks.Cost {
	return checks.Cost{Setup: 3e6, Trial: float64(p.Batch*p.M) * (70 + 25*float64(len(p.C)))}
}

// sabotage is what controls do to the construction.
type sabotage struct {
	unbiased bool    // the network has no biases
	output   float64 // the construction takes this times eps_a
}

// star draws a learner and builds W* for it, in coordinates where x is the first of three axes.
func (p target) star(in bounds.Indicator, s sabotage, r *rand.Rand) (*pseudo.Learner, *mat.Dense) {
	net := pseudo.Law{Width: p.M, Dim: 3, Output: p.Output}.Draw(r)
	root, side := math.Sqrt(float64(p.M)), math.Sqrt(1-p.U*p.U)
	w2 := [3]float64{p.V, 0, math.Sqrt(1 - p.V*p.V)}
	eps := p.Output
	if s.output > 0 {
		eps *= s.output
	}
	move := mat.NewDense(p.M, 3, nil)
	for i, a := range net.A {
		w := net.W.RawRowView(i)
		h := in.At(root*(p.U*w[0]+side*w[1]), root*net.B[i])
		for k, v := range w2 {
			move.Set(i, k, a*h*v/(eps*eps*float64(p.M)))
		}
		if s.unbiased {
			net.B[i] = 0
		}
	}
	return net, move
}

// average is the instance that holds the mean of a batch of draws to what is predicted.
func (p target) average(in bounds.Indicator, s sabotage, predicted, deviation, resolution float64, of func(*pseudo.Learner, *mat.Dense) float64) checks.Instance {
	return checks.Instance{
		Facts: []checks.Fact{checks.NewFact("E h^2", in.Square())},
		Terms: checks.Terms{Deviation: checks.Float(deviation / math.Sqrt(float64(p.Batch))), Resolution: checks.Float(resolution), Trials: 200},
		Trial: func(r *rand.Rand) checks.Measurement {
			sum := 0.0
			for range p.Batch {
				sum += of(p.star(in, s, r))
			}
			return checks.Measurement{Observed: sum / float64(p.Batch), Predicted: predicted, Relation: checks.Equal}
		},
	}
}

// firstAxis is the input.
var firstAxis = []float64{1, 0, 0}

// setup builds the function of the indicator and the law of the error.
func (p target) law() (bounds.Indicator, bounds.PseudoError, error) {
	in, err := bounds.NewIndicator(p.C)
	if err != nil {
		return in, bounds.PseudoError{}, err
	}
	e, err := in.PseudoError(p.M, p.U, p.V)
	return in, e, err
}

// existenceMean is Lemma B.1 in the mean.
//
// Setting: f*(x) = phi(<w_1, x>) <w_2, x> with unit w_1, w_2 and a polynomial phi; h the function of indicator-function; a learner at its
// start and W* with rows w*_i = a_i h(sqrt m <w_1, w_i>, sqrt m b_i) w_2/(eps_a^2 m).
//
// Hypotheses: |x| = 1, |<w_1, x>| <= 0.99, degree at most 6 (for the quadrature behind the deviation).
//
// Conclusion: E sum_i a_i 1{<w_i, x> + b_i >= 0} <w*_i, x> = f*(x) exactly, at every width. A trial averages learners.
//
// Constants: exact, derived: E a_i^2 = eps_a^2, and sqrt m (<w_1, w_i>, the rest of <w_i, x>, b_i) are the three normals of
// indicator-function. The construction is that of the paper, whose h is cut off. The deviation of a trial is the root of the exact error of
// existence-error.
//
// Convention: one term (p = 1) and one output; sums over terms add their W*.
//
// Reference: Allen-Zhu, Li, Liang (2019), Lemma B.1; exactness derived here.
//
// Control: a network without biases, for which the even powers vanish; W* for output weights 10 per cent larger.
func existenceMean() checks.Checkable {
	setup := func(s sabotage) func(target) (checks.Instance, error) {
		return func(p target) (checks.Instance, error) {
			in, e, err := p.law()
			if err != nil {
				return checks.Instance{}, err
			}
			return p.average(in, s, in.Value(p.U)*p.V, math.Sqrt(e.Square), 0.15, func(net *pseudo.Learner, move *mat.Dense) float64 { return net.Moved(firstAxis, move) }), nil
		}
	}
	grid := []target{
		{C: []float64{0.3, 0.5}, U: 0.8, V: 0.9, M: 40, Output: 0.2, Batch: 60},
		{C: []float64{0, 0, 1}, U: 0.95, V: -1, M: 100, Output: 1, Batch: 40},
		{C: []float64{0.5}, U: 0, V: 0.5, M: 1, Output: 3, Batch: 400},
	}
	return checks.Claim[target]{
		ID: "allenzhu2019beyond/existence-mean", Title: "a pseudo-network near the start has the target as mean", Reference: "Lemma B.1; exactness derived here",
		Formula:    `\mathbb{E}\sum_i a_i\,1\{\langle w_i,x\rangle+b_i\ge 0\}\,\langle w^*_i,x\rangle = \phi(\langle w_1,x\rangle)\,\langle w_2,x\rangle`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: grid, Cost: target.cost, Setup: setup(sabotage{}),
		Controls: []checks.Control[target]{
			{Name: "no-bias", Why: "even powers vanish without biases", At: grid[1:2], Setup: setup(sabotage{unbiased: true})},
			{Name: "output-scale", Why: "W* is 1/1.21 of what it must be", At: grid[:1], Setup: setup(sabotage{output: 1.1})},
		},
	}
}

// existenceError is how near that pseudo-network is to the target.
//
// Setting: as existence-mean.
//
// Hypotheses: as existence-mean.
//
// Conclusion: E (g^(b)(x; W*) - f*(x))^2 = (<w_2, x>^2/m) (3 (E h^2/2 + 4 c_0 (phi(u) - c_0)) - phi(u)^2) with u = <w_1, x>: the error is
// of order m^{-1/2}, and m = (3 E h^2 + 12 |c_0| |phi - c_0|)/eps^2 neurons suffice for eps, where the lemma asks for a polynomial in
// C_eps. A trial averages learners.
//
// Constants: exact, derived: the m summands are independent copies of (a/eps_a)^2 h 1{...} <w_2, x>/m, with E(a/eps_a)^4 = 3. The deviation
// of the square is from the fourth moment, with 2 per cent for its quadrature.
//
// Convention: one term, one output.
//
// Reference: derived here, after Allen-Zhu, Li, Liang (2019), Lemma B.1.
//
// Control: 0.8 and 1.25 times the error; 1 in place of the 3 of E(a/eps_a)^4; half the width.
func existenceError() checks.Checkable {
	setup := func(predict func(p target, in bounds.Indicator, square float64) float64) func(target) (checks.Instance, error) {
		return func(p target) (checks.Instance, error) {
			in, e, err := p.law()
			if err != nil {
				return checks.Instance{}, err
			}
			aim := in.Value(p.U) * p.V
			return p.average(in, sabotage{}, predict(p, in, e.Square), 1.02*e.SquareDeviation, 0.2, func(net *pseudo.Learner, move *mat.Dense) float64 {
				off := net.Moved(firstAxis, move) - aim
				return off * off
			}), nil
		}
	}
	scaled := func(s float64) func(target) (checks.Instance, error) {
		return setup(func(_ target, _ bounds.Indicator, square float64) float64 { return s * square })
	}
	grid := []target{
		{C: []float64{0.3, 0.5}, U: 0.8, V: 0.9, M: 40, Output: 0.2, Batch: 110},
		{C: []float64{0.2, 0.5, -0.2}, U: 0.6, V: 1, M: 20, Output: 1, Batch: 200},
	}
	return checks.Claim[target]{
		ID: "allenzhu2019beyond/existence-error", Title: "the error of the pseudo-network, exactly", Reference: "derived here, after Lemma B.1",
		Formula:    `\mathbb{E}\big(g^{(b)}(x;W^*)-f^*(x)\big)^2 = \tfrac{\langle w_2,x\rangle^2}{m}\Big(3\big(\tfrac12\mathbb{E}h^2+4c_0(\phi(u)-c_0)\big)-\phi(u)^2\Big)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: grid, Cost: target.cost, Setup: scaled(1),
		Controls: []checks.Control[target]{
			{Name: "smaller", Why: "the error is exact", At: grid[:1], Setup: scaled(0.8)},
			{Name: "larger", Why: "the error is exact", At: grid[:1], Setup: scaled(1.25)},
			{Name: "signs", Why: "output weights of one size would have 1 in place of 3", At: grid[:1], Setup: setup(func(p target, in bounds.Indicator, _ float64) float64 {
				phi := in.Value(p.U)
				return p.V * p.V / float64(p.M) * (in.ActiveSquare(p.U) - phi*phi)
			})},
			{Name: "width", Why: "half the neurons err twice as much in square", At: grid[:1], Setup: scaled(2)},
		},
	}
}

// starNorm is the distance from the start to W*.
//
// Setting: as existence-mean.
//
// Hypotheses: degree at most 6.
//
// Conclusion: E |W*|_F^2 = E h^2/(eps_a^2 m), so that |W*|_F is of order C_s/(eps_a sqrt m). A trial averages learners.
//
// Constants: exact, derived, from E a^2 = eps_a^2; as printed |W*|_F is at most of order k p C_s(phi, 1)/(eps_a sqrt m) up to logarithms,
// and every row at most k p C_0/(eps_a m), which needs the cut-off h of the paper. The deviation is that of (a/eps_a)^2 h^2, whose square
// has the mean 3 E h^4, with 2 per cent for its quadrature.
//
// Convention: one term, one output.
//
// Reference: Allen-Zhu, Li, Liang (2019), Lemma B.1; exactness derived here.
//
// Control: 0.85 and 1.18 times.
func starNorm() checks.Checkable {
	setup := func(s float64) func(target) (checks.Instance, error) {
		return func(p target) (checks.Instance, error) {
			in, err := bounds.NewIndicator(p.C)
			if err != nil {
				return checks.Instance{}, err
			}
			mean, d := in.Square(), in.SquareDeviation()
			scale := 1 / (p.Output * p.Output * float64(p.M))
			deviation := math.Sqrt((3*(d*d+mean*mean) - mean*mean) / float64(p.M)) // of the mean over neurons of (a/eps_a)^2 h^2
			return p.average(in, sabotage{}, s*mean*scale, 1.02*deviation*scale, 0.12, func(_ *pseudo.Learner, move *mat.Dense) float64 { return square(move) }), nil
		}
	}
	grid := []target{
		{C: []float64{0.3, 0.5}, U: 0.8, V: 0.9, M: 40, Output: 0.2, Batch: 60},
		{C: []float64{0.2, 0.5, -0.7, 0.3}, U: 0.6, V: 1, M: 100, Output: 1, Batch: 40},
	}
	return checks.Claim[target]{
		ID: "allenzhu2019beyond/star-norm", Title: "how far the good pseudo-network is from the start", Reference: "Lemma B.1; exactness derived here",
		Formula:    `\mathbb{E}\|W^*\|_F^2 = \frac{\mathbb{E}h^2}{\varepsilon_a^2\,m}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: grid, Cost: target.cost, Setup: setup(1),
		Controls: []checks.Control[target]{
			{Name: "smaller", Why: "the norm is exact", At: grid[:1], Setup: setup(0.85)},
			{Name: "larger", Why: "the norm is exact", At: grid[:1], Setup: setup(1.18)},
		},
	}
}
