package du2019

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/train"
)

// ladder are the parameters of a claim about what happens along a ladder of widths.
type ladder struct {
	Data   data.Spec `json:"data"`
	From   int       `json:"from"`  // smallest width
	Times  int       `json:"times"` // each rung is so many times as wide as the one before
	Rungs  int       `json:"rungs"`
	Trials int       `json:"trials"`         // passes over the ladder
	Runs   int       `json:"runs,omitempty"` // a rung, of which the mean counts; 0 is one
	Steps  int       `json:"steps,omitempty"`
	Delta  float64   `json:"delta,omitempty"`
	// Grow makes the labels grow with the width to this power.
	Grow float64 `json:"grow,omitempty"`
	// MeanField scales the outputs by 1/m, and the step size by m.
	MeanField bool `json:"mean_field,omitempty"`
}

func (p ladder) widths() []int {
	ms := make([]int, p.Rungs)
	m := p.From
	for i := range ms {
		ms[i] = m
		m *= p.Times
	}
	return ms
}

func (p ladder) runs() int { return max(1, p.Runs) }

// cost counts every neuron as followed where all is true, else as drawn alone.
func (p ladder) cost(all bool) checks.Cost {
	n, d := dims(p.Data)
	k, total := min(n, d), 0.0
	for _, m := range p.widths() {
		total += float64(m)
	}
	each := 12*k + 2*n*k + n*n + 20
	if all {
		each += float64(p.Steps) * (4*n*k + n*n + 20*n + 60)
	}
	return checks.Cost{
		Setup: 60 * n * n * (n + d), Trial: float64(p.runs()) * (total*each + 200*float64(p.Rungs)*n*n*n),
		Size: fmt.Sprintf("m=%d", p.widths()[p.Rungs-1]),
	}
}

// seen is what gradient descent at one width shows.
type seen struct {
	moved, frobenius float64 // largest and total movement of the weights
	flips            float64 // share of flipped patterns
	drift            float64 // ||H(K) - H(0)||_2
	deviation        float64 // largest ||e_k - (I - eta H^inf)^k e_0||/||e_0||
}

// linear follows the linearised dynamics beside a run, and the largest deviation of its residual.
type linear struct {
	e, next   []float64
	e0        float64
	deviation float64
}

func newLinear(e []float64, norm float64) *linear {
	return &linear{e: append([]float64(nil), e...), next: make([]float64, len(e)), e0: norm}
}

func (l *linear) step(kernel *mat.SymDense, eta float64) {
	copy(l.next, l.e)
	train.LinearStep(l.next, kernel, eta, l.e)
	l.e, l.next = l.next, l.e
}

func (l *linear) see(e []float64) { l.deviation = max(l.deviation, floats.Distance(e, l.e, 2)/l.e0) }

// climb runs gradient descent at one width from an antisymmetric start, with the step size 1/(2 lambda_max(H^inf)).
func (p ladder) climb(q *problem, m int, r *rand.Rand) (o seen, err error) {
	y := q.labels(q.labelNorm * math.Pow(float64(m)/float64(p.From), p.Grow))
	if p.MeanField {
		return p.climbMeanField(q, m, y, r)
	}
	eta, norm := 0.5/q.top, floats.Norm(y, 2)
	l := newLazy(q, m, y, 1.5*q.s*norm/(q.lambda0.Value*math.Sqrt(float64(m))), true, r)
	line := newLinear(l.e, norm)
	for range p.Steps {
		l.step(eta)
		line.step(q.limit, eta)
		line.see(l.e)
	}
	if l.lost {
		return o, fmt.Errorf("neurons moved by up to %g, beyond the %g within which they are followed", l.moved, l.radius)
	}
	o.moved, o.frobenius = l.movement()
	o.flips, o.drift, o.deviation = float64(l.flipped())/float64(q.n*m), spectral(l.drift(), mat.NewSymDense(q.n, nil)), line.deviation
	return o, nil
}

// climbMeanField is the same with the output scale 1/m and step size m eta, by plain simulation.
func (p ladder) climbMeanField(q *problem, m int, y []float64, r *rand.Rand) (o seen, err error) {
	in := q.antisymmetric(m)
	in.Scale = nets.MeanFieldScale(m)
	scale := float64(m)
	var line *linear
	start := mat.NewSymDense(q.n, nil)
	err = q.descend(in.Draw(r), y, 0.5/q.top*scale, p.Steps, func(s *train.State) bool {
		if s.Step == 0 {
			start.CopySym(s.Gram())
			line = newLinear(s.Residual, s.Norm)
			return true
		}
		line.step(q.limit, 0.5/q.top)
		line.see(s.Residual)
		if s.Step == p.Steps {
			_, flips := s.Flips()
			o.moved, o.frobenius = s.Movement()
			o.flips, o.drift, o.deviation = float64(flips)/float64(q.n*m), scale*spectral(s.Gram(), start), line.deviation
		}
		return true
	})
	return o, err
}

// setup makes an instance of a scaling claim about one number of the runs.
func (p ladder) setup(exponent float64, value func(seen) float64) (checks.Instance, error) {
	q, err := build(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{
			q.distinct(),
			checks.RequireThat("y is not 0", q.labelNorm > 0),
			checks.RequireThat("steps >= 1", p.Steps >= 1),
			checks.Require("S ||y||/(lambda_0 sqrt m) at the smallest width", q.s*q.labelNorm/(q.lambda0.Value*math.Sqrt(float64(p.From))), checks.AtMost, 0.5),
		},
		Facts: q.facts(checks.NewFact("width run (largest)", float64(p.widths()[p.Rungs-1]))),
		Terms: checks.Terms{Trials: p.Trials, Exponent: checks.Float(exponent), Relation: checks.Equal, Resolution: 0.06},
		Trial: func(r *rand.Rand) checks.Measurement {
			var m checks.Measurement
			for _, width := range p.widths() {
				var sum float64
				for range p.runs() {
					o, err := p.climb(q, width, r)
					if err != nil {
						return checks.Failed(err)
					}
					sum += value(o)
				}
				m.Ladder = append(m.Ladder, checks.Rung{Size: float64(width), Value: sum / float64(p.runs())})
			}
			return m
		},
	}, nil
}

// rateClaim adds to a claim about a rate what all of them share.
func rateClaim(c checks.Claim[ladder], runs int, exponent float64, value func(seen) float64) checks.Claim[ladder] {
	setup := func(p ladder) (checks.Instance, error) { return p.setup(exponent, value) }
	small := ladder{Data: data.Spec{Kind: data.Sphere, N: 4, D: 8, Seed: 1, LabelScale: 0.15}, From: 64, Times: 4, Rungs: 4, Trials: 60, Runs: runs, Steps: 8}
	if runs > 1 { // their ratios are noisy
		small.Trials = 100
	}
	meanField := ladder{Data: data.Spec{Kind: data.Sphere, N: 4, D: 8, Seed: 1, LabelScale: 0.3}, From: 64, Times: 4, Rungs: 3, Trials: 32, Steps: 8, MeanField: true}
	grid := []ladder{small}
	for _, s := range append(pictures(3, 49), data.Spec{Kind: data.Basis, N: 4, D: 4}) {
		p := small
		p.Data, p.From, p.Rungs = s, 4096, 3
		if runs > 1 {
			p.Times, p.Runs = 8, 16 // for the larger profiles: ratios of few flips are noisy
		}
		p.Data.LabelScale = 0.3
		grid = append(grid, p)
	}
	growing := small
	growing.Grow = 0.25
	c.Convention, c.Basis, c.Form, c.Version = convention+"; antisymmetric start", checks.Derived, checks.Scaling{}, 3
	c.Along = "width $m$"
	c.Grid, c.Cost, c.Setup = grid, func(p ladder) checks.Cost { return p.cost(p.MeanField) }, setup
	c.Controls = []checks.Control[ladder]{
		{Name: "mean-field-scaling", Why: "with the output scale 1/m and step size m eta the features move by the same amount at every width", At: []ladder{meanField}},
		{Name: "growing-labels", Why: "labels that grow like m^{1/4} raise the slope by as much", At: []ladder{growing}},
	}
	return c
}

// movementRate is the scaling of the largest movement in the width.
//
// Setting: gradient descent for K steps of size 1/(2 lambda_max(H^inf)) on fixed data with fixed labels, from an antisymmetric start, u(0) = 0.
//
// Hypotheses: y is not 0 and K >= 1, as nothing moves otherwise; S ||y||/(lambda_0 sqrt m) <= 1/2 at the smallest width of the ladder: a quarter of the bound of descent-movement. Beyond, the patterns that flip change
// the slope on a finite ladder.
//
// Conclusion: max_r ||w_r(K) - w_r(0)|| behaves like m^{-1/2}: slope -1/2 to within 0.06 over the ladder.
//
// Constants: none; the exponent of descent-movement. It is exact in the limit: w_r(K) - w_r(0) is a_r m^{-1/2} times a function of the pattern of the neuron and
// of the residuals, which tend to those of the linear dynamics.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: derived here; Du et al. (2019), Lemma 3.3 and Corollary 4.1, have the upper bound.
//
// Control: mean-field scaling, slope 0; labels that grow like m^{1/4}.
func movementRate() checks.Claim[ladder] {
	return rateClaim(checks.Claim[ladder]{
		ID: "du2019/movement-rate", Title: "weights move less in wide networks", Reference: "Corollary 4.1, sharpened here",
		Formula: `\max_r \|w_r(k)-w_r(0)\| \sim m^{-1/2}`,
	}, 1, -0.5, func(o seen) float64 { return o.moved })
}

// frobeniusRate is the scaling of the total movement in the width.
//
// Setting: as in movement-rate.
//
// Hypotheses: as in movement-rate.
//
// Conclusion: ||W(K) - W(0)||_F does not depend on m: slope 0 to within 0.06 over the ladder.
//
// Constants: none; m neurons move by m^{-1/2} each.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: derived here, from Corollary 4.1 of Du et al. (2019).
//
// Control: mean-field scaling, slope 1/2; labels that grow like m^{1/4}.
func frobeniusRate() checks.Claim[ladder] {
	return rateClaim(checks.Claim[ladder]{
		ID: "du2019/frobenius-rate", Title: "the total movement does not depend on the width", Reference: "Corollary 4.1, sharpened here",
		Formula: `\|W(k)-W(0)\|_F \sim m^0`,
	}, 1, 0, func(o seen) float64 { return o.frobenius })
}

// flipRate is the scaling of the share of flipped patterns in the width.
//
// Setting: as in movement-rate.
//
// Hypotheses: as in movement-rate.
//
// Conclusion: the mean share of patterns 1{w_r.x_i >= 0} that differ from the start behaves like m^{-1/2}: slope -1/2 to within 0.06.
//
// Constants: none; a preactivation of density (2 pi)^{-1/2} at 0 changes sign with a probability proportional to its movement, while that is small.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: derived here; Du et al. (2019), Lemma 3.2 with Corollary 4.1, have the upper bound.
//
// Control: mean-field scaling, slope 0; labels that grow like m^{1/4}.
func flipRate() checks.Claim[ladder] {
	c := rateClaim(checks.Claim[ladder]{
		ID: "du2019/flip-rate", Title: "fewer patterns flip in wide networks", Reference: "Lemma 3.2 with Corollary 4.1, sharpened here",
		Formula: `\frac{1}{mn} \#\{(i,r) : \text{sign differs}\} \sim m^{-1/2}`,
	}, 4, -0.5, func(o seen) float64 { return o.flips })
	for _, p := range []*ladder{&c.Grid[0], &c.Controls[1].At[0]} { // narrower networks have too few flips
		p.From, p.Data.LabelScale = 256, 0.3
	}
	return c
}

// driftRate is the scaling of the change of the Gram matrix in the width.
//
// Setting: as in movement-rate, with orthonormal inputs.
//
// Hypotheses: as in movement-rate.
//
// Conclusion: the mean of ||H(K) - H(0)||_2 behaves like m^{-1/2}: slope -1/2 to within 0.06 over the ladder.
//
// Constants: none; the exponent of Remark 3.1. A share of order m^{-1/2} of the patterns flips, and they do not cancel: the neurons that are active on
// x_i move along x_i by the residual of x_i more than the others, so that more of them switch off than on (orthonormal inputs switch none on). The fluctuation of
// m^{1/2} flips of order 1/m each is of order m^{-3/4}, which steepens the slope where few neurons flip.
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: Du et al. (2019), Remark 3.1, for the upper bound; the exponent is derived here.
//
// Control: mean-field scaling, slope 0; labels that grow like m^{1/4}.
func driftRate() checks.Claim[ladder] {
	c := rateClaim(checks.Claim[ladder]{
		ID: "du2019/drift-rate", Title: "the Gram matrix changes less in wide networks", Reference: "Remark 3.1, sharpened here",
		Formula: `\|H(k)-H(0)\|_2 \sim m^{-1/2}`,
	}, 2, -0.5, func(o seen) float64 { return o.drift })
	orthonormal := ladder{Data: data.Spec{Kind: data.Basis, N: 2, D: 2, LabelScale: 2}, From: 1024, Times: 4, Rungs: 4, Trials: 64, Runs: 2, Steps: 8}
	wider := orthonormal
	wider.Data, wider.From, wider.Rungs = data.Spec{Kind: data.Orthonormal, N: 4, D: 8, Seed: 1, LabelScale: 4}, 2048, 3
	growing := orthonormal
	growing.Grow = 0.25
	c.Grid, c.Controls[1].At = []ladder{orthonormal, wider}, []ladder{growing}
	return c
}

// linearised is the limit of infinite width.
//
// Setting: as in movement-rate.
//
// Hypotheses: as in movement-rate.
//
// Conclusion: the mean of max_{k <= K} ||(u(k) - y) - (I - eta H^inf)^k (u(0) - y)||/||u(0) - y|| behaves like m^{-1/2}: slope -1/2 to within 0.06 over the ladder.
//
// Constants: none; ||H(0) - H^inf|| is of order m^{-1/2} (basics/gram-scaling), and so is the drift of the Gram matrix (drift-rate).
//
// Convention: NTK scaling, sum loss, only W trained.
//
// Reference: derived here; Du et al. (2019), Remark 3.1, have the upper bound.
//
// Control: mean-field scaling, where features are learned and the deviation stays.
func linearised() checks.Claim[ladder] {
	c := rateClaim(checks.Claim[ladder]{
		ID: "du2019/linearised", Title: "wide networks follow the linear dynamics", Reference: "Remark 3.1, sharpened here",
		Formula: `\max_{k \le K} \frac{\|(u(k)-y) - (I-\eta H^\infty)^k(u(0)-y)\|}{\|u(0)-y\|} \sim m^{-1/2}`,
	}, 8, -0.5, func(o seen) float64 { return o.deviation })
	c.Controls = c.Controls[:1]
	return c
}
