package du2019

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/train"
	"convergo/theorems/internal/curve"
)

// ladderResult is what one run at one width shows.
type ladderResult struct {
	start            float64 // ||e_0||
	moved, frobenius float64 // largest and total movement of the weights
	flips            float64 // share of flipped patterns
	drift            float64 // ||H(K) - H(0)||_2
	deviation        float64 // largest ||e_k - (I - eta H^inf)^k e_0||/||e_0||
	loss             float64 // (1/2) ||e_K||^2
	losses, flipped  []float64
}

// climb runs gradient descent at one width. The step size is half the inverse of the largest eigenvalue of the limit kernel.
func (p ladder) climb(q *problem, m int, r *rand.Rand) (o ladderResult, err error) {
	in, eta, gramScale := nets.NTK(m, q.k), 0.5/q.top, 1.0
	if p.MeanField {
		in.Scale, gramScale = nets.MeanFieldScale(m), float64(m)
		eta *= gramScale
	}
	if p.Ones {
		in.Output = nets.Ones
	}
	net := in.Draw(r)
	start, linear := mat.NewSymDense(q.n, nil), make([]float64, q.n)
	next := make([]float64, q.n)
	var e0 float64
	err = q.descend(net, q.set.Y, eta, p.Steps, func(s *train.State) bool {
		switch {
		case s.Step == 0:
			start.CopySym(s.Gram())
			copy(linear, s.Residual)
			e0 = s.Norm
		default:
			copy(next, linear)
			train.LinearStep(next, q.limit, eta/gramScale, linear)
			linear, next = next, linear
		}
		var gap float64
		for i, e := range s.Residual {
			gap += (e - linear[i]) * (e - linear[i])
		}
		o.deviation = max(o.deviation, math.Sqrt(gap)/e0)
		if s.Step%max(1, p.Steps/20) == 0 || s.Step == p.Steps {
			_, flips := s.Flips()
			o.flips = float64(flips) / float64(q.n*m)
			o.losses, o.flipped = append(o.losses, s.Loss()), append(o.flipped, o.flips)
		}
		if s.Step == p.Steps {
			o.moved, o.frobenius = s.Movement()
			o.start = e0
			o.drift = gramScale * spectral(s.Gram(), start)
			o.loss = s.Loss()
		}
		return true
	})
	return o, err
}

func (p ladder) curveSteps() []float64 {
	var steps []float64
	for k := 0; k <= p.Steps; k++ {
		if k%max(1, p.Steps/20) == 0 || k == p.Steps {
			steps = append(steps, float64(k))
		}
	}
	return steps
}

// setup makes an instance of a scaling claim about one number of the runs; seen, if any, is drawn for every width.
func (p ladder) setup(terms checks.Terms, value func(ladderResult) float64, seen func(ladderResult) []float64, yName string) (checks.Instance, error) {
	q, err := build(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	terms.Trials = p.Trials
	return checks.Instance{
		Facts: q.facts(checks.NewFact("width run (largest)", float64(p.From<<(p.Rungs-1)))), Terms: terms,
		Trial: func(r *rand.Rand) checks.Measurement {
			var m checks.Measurement
			for _, width := range p.widths() {
				o, err := p.climb(q, width, r)
				if err != nil {
					return checks.Failed(err)
				}
				m.Ladder = append(m.Ladder, checks.Rung{Size: float64(width), Value: value(o)})
				if seen != nil {
					m.Series = append(m.Series, curve.Axes{X: "step", Y: yName}.Measured(fmt.Sprintf("m = %d", width), p.curveSteps(), seen(o)))
				}
			}
			return m
		},
	}, nil
}

func ladderGrid() []ladder {
	return []ladder{
		{Data: data.Spec{Kind: data.Sphere, N: 4, D: 8, Seed: 1, LabelScale: 3}, From: 64, Rungs: 5, Trials: 60, Steps: 20},
		{Data: data.Spec{Kind: data.Sphere, N: 10, D: 20, Seed: 1}, From: 256, Rungs: 6, Trials: 24, Steps: 100},
	}
}

func meanField() []ladder {
	p := ladderGrid()[0]
	p.MeanField = true
	return []ladder{p}
}

const meanFieldWhy = "with the output scale 1/m and step size m eta the features move by the same amount at every width"

// movementRate is the scaling of the largest movement in the width.
//
// Setting: gradient descent for K steps of size 1/(2 lambda_max(H^inf)) on fixed data with labels of a fixed size.
//
// Hypotheses: none.
//
// Conclusion: max_r ||w_r(K) - w_r(0)||/||u(0) - y|| behaves like m^{-1/2}: slope -1/2 to within 0.15 over the ladder.
//
// Constants: none; the exponent of descent-movement.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: Du et al. (2019), Lemma 3.3, Corollary 4.1; card 00.5.
//
// Control: mean-field scaling, slope 0.
func movementRate() checks.Claim[ladder] {
	setup := func(p ladder) (checks.Instance, error) {
		return p.setup(checks.Terms{Exponent: -0.5, Relation: checks.Equal, Resolution: 0.15},
			func(o ladderResult) float64 { return o.moved / o.start }, nil, "")
	}
	return checks.Claim[ladder]{
		ID: "du2019/movement-rate", Title: "weights move less in wide networks", Reference: "Corollary 4.1 (card 00.5)",
		Formula:    `\frac{\max_r \|w_r(k)-w_r(0)\|}{\|u(0)-y\|} \sim m^{-1/2}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Version: 1,
		Grid: ladderGrid(), Cost: func(p ladder) checks.Cost { return p.cost() }, Setup: setup,
		Controls: []checks.Control[ladder]{{Name: "mean-field-scaling", Why: meanFieldWhy, At: meanField()}},
	}
}

// frobeniusRate is the scaling of the total movement in the width.
//
// Setting: as in movement-rate.
//
// Hypotheses: none.
//
// Conclusion: ||W(K) - W(0)||_F/||u(0) - y|| does not depend on m: slope 0 to within 0.1 over the ladder.
//
// Constants: none; m neurons move by m^{-1/2} each.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: card 00.5, derived from Corollary 4.1 of Du et al. (2019).
//
// Control: mean-field scaling, slope 1/2.
func frobeniusRate() checks.Claim[ladder] {
	setup := func(p ladder) (checks.Instance, error) {
		return p.setup(checks.Terms{Exponent: 0, Relation: checks.Equal, Resolution: 0.1},
			func(o ladderResult) float64 { return o.frobenius / o.start }, nil, "")
	}
	return checks.Claim[ladder]{
		ID: "du2019/frobenius-rate", Title: "the total movement does not depend on the width", Reference: "Corollary 4.1 (card 00.5)",
		Formula:    `\frac{\|W(k)-W(0)\|_F}{\|u(0)-y\|} \sim m^0`,
		Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Version: 1,
		Grid: ladderGrid(), Cost: func(p ladder) checks.Cost { return p.cost() }, Setup: setup,
		Controls: []checks.Control[ladder]{{Name: "mean-field-scaling", Why: meanFieldWhy, At: meanField()}},
	}
}

// flipRate is the scaling of the share of flipped patterns in the width.
//
// Setting: as in movement-rate.
//
// Hypotheses: none.
//
// Conclusion: the share of patterns 1{w_r.x_i >= 0} that differ from the start behaves like m^{-1/2}: slope -1/2 to within 0.2.
//
// Constants: none; sign-flips with a radius of m^{-1/2}.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: Du et al. (2019), Lemma 3.2 with Corollary 4.1; card 00.5.
//
// Control: mean-field scaling, slope 0.
func flipRate() checks.Claim[ladder] {
	setup := func(p ladder) (checks.Instance, error) {
		return p.setup(checks.Terms{Exponent: -0.5, Relation: checks.Equal, Resolution: 0.2},
			func(o ladderResult) float64 { return o.flips }, nil, "")
	}
	return checks.Claim[ladder]{
		ID: "du2019/flip-rate", Title: "fewer patterns flip in wide networks", Reference: "Lemma 3.2 with Corollary 4.1 (card 00.5)",
		Formula:    `\frac{1}{mn} \#\{(i,r) : \text{sign differs}\} \sim m^{-1/2}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Version: 1,
		Grid: ladderGrid(), Cost: func(p ladder) checks.Cost { return p.cost() }, Setup: setup,
		Controls: []checks.Control[ladder]{{Name: "mean-field-scaling", Why: meanFieldWhy, At: meanField()}},
	}
}

// driftRate is the scaling of the change of the Gram matrix in the width.
//
// Setting: as in movement-rate.
//
// Hypotheses: none.
//
// Conclusion: ||H(K) - H(0)||_2 behaves like m^{-1/2}: slope -1/2 to within 0.2 over the ladder.
//
// Constants: none; gram-entries with a radius of m^{-1/2}.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: Du et al. (2019), Remark 3.1; cards 00.5 and 00.10.
//
// Control: mean-field scaling, slope 0.
func driftRate() checks.Claim[ladder] {
	setup := func(p ladder) (checks.Instance, error) {
		return p.setup(checks.Terms{Exponent: -0.5, Relation: checks.Equal, Resolution: 0.2},
			func(o ladderResult) float64 { return o.drift }, nil, "")
	}
	return checks.Claim[ladder]{
		ID: "du2019/drift-rate", Title: "the Gram matrix changes less in wide networks", Reference: "Remark 3.1 (cards 00.5, 00.10)",
		Formula:    `\|H(k)-H(0)\|_2 \sim m^{-1/2}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Version: 1,
		Grid: ladderGrid(), Cost: func(p ladder) checks.Cost { return p.cost() }, Setup: setup,
		Controls: []checks.Control[ladder]{{Name: "mean-field-scaling", Why: meanFieldWhy, At: meanField()}},
	}
}
