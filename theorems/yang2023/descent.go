package yang2023

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
	"convergo/nets/biased"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/train"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
)

// Directions of the residual at the start.
const (
	own    = ""       // by the labels of the data
	bottom = "bottom" // the eigenvector of the smallest eigenvalue of H(0)
	top    = "top"    // that of the largest
)

// run is one problem of gradient descent.
type run struct {
	Data    data.Spec `json:"data"`
	Bias    float64   `json:"bias"`
	M       int       `json:"m"`
	Planted bool      `json:"planted,omitempty"` // a network of n neurons, each active on its own input with preactivation 1
	Along   string    `json:"along,omitempty"`   // direction of e(0)
	Scale   float64   `json:"scale,omitempty"`   // |e(0)|, where Along names a direction
	Keep    float64   `json:"keep"`              // floor mu as a share of lambda_min(H(0))
	Step    float64   `json:"step"`              // eta as a share of the largest
}

func (p run) cost() checks.Cost {
	n, d := size(p.Data)
	return checks.Cost{Setup: limitCost(p.Data), Trial: drawCost(p.Data, p.M) + trainSteps*float64(p.M)*n*(4*d+12), Bytes: 24 * float64(p.M) * (n + d)}
}

// trainSteps is how many steps of descent are taken at most.
const trainSteps = 15

// start draws or plants the network.
func (p run) start(in *inputs, r *rand.Rand) (*nets.Network, error) {
	if !p.Planted {
		law := in.law(p.M, nets.Antisymmetric)
		if err := law.Validate(); err != nil {
			return nil, err
		}
		return law.Draw(r), nil
	}
	n, d := in.x.Dims()
	if p.Data.Kind != data.Basis || n != d-1 || p.M != n {
		return nil, fmt.Errorf("a planted start needs basis data with n = d = m")
	}
	net := in.law(n, nets.Independent).Draw(rand.New(rand.NewPCG(0, 0)))
	for k := range n {
		net.A[k] = 1
		for i := range n {
			net.W.Set(k, i, -1)
		}
		net.W.Set(k, k, 1+p.Bias)
	}
	return net, nil
}

// labels are those for which the residual at the start is what the instance asks for.
func (p run) labels(in *inputs, u []float64, h *mat.SymDense) ([]float64, error) {
	if p.Along == own {
		return in.set.Y, nil
	}
	v, err := eigenvector(h, p.Along)
	if err != nil {
		return nil, err
	}
	y := make([]float64, len(u))
	for i := range y {
		y[i] = u[i] - p.Scale*v[i]
	}
	return y, nil
}

// eigenvector is a unit eigenvector of the smallest or largest eigenvalue, with a sum that is not negative.
func eigenvector(h *mat.SymDense, which string) ([]float64, error) {
	var e mat.EigenSym
	if !e.Factorize(h, true) {
		return nil, fmt.Errorf("no eigenvectors of a kernel of size %d", h.SymmetricDim())
	}
	var vectors mat.Dense
	e.VectorsTo(&vectors)
	column := 0
	if which == top {
		column = h.SymmetricDim() - 1
	}
	v := mat.Col(nil, column, &vectors)
	if floats.Sum(v) < 0 {
		floats.Scale(-1, v)
	}
	return v, nil
}

// sabotage is what a control changes; the zero value changes nothing.
type sabotage struct {
	rate, reach, step float64 // factors, 0 for 1
	active            float64 // factor on the share of active neurons
	residual          float64 // |e(0)|; 0 leaves it
	blind             bool    // hypotheses are not asked for
}

func factor(v float64) float64 {
	if v == 0 {
		return 1
	}
	return v
}

// certificate is linear convergence from any start, with every constant.
//
// Setting: n unit inputs; weights and biases of any kind, here drawn with zero output or planted by hand; any labels;
// gradient descent on weights and biases with step eta.
//
// Hypotheses: with H(0) the kernel at the start, a floor mu in (0, lambda_min(H(0))], R = sqrt(2 Lambda/m) ||e(0)||/mu and s
// the largest share, over the inputs, of neurons with |w_r(0).x_i - b_r(0)| <= R:
// (2 kappa - 2 + sqrt(2 n Lambda)) s <= lambda_min(H(0)) - mu, and 0 < eta <= 2/(Lambda + mu + sqrt(2 n Lambda) s).
//
// Conclusion: for all t, ||e(t)|| <= (1 - eta mu)^t ||e(0)||, and no preactivation has moved by more than R.
//
// Constants: derived, with the proof at bounds.BiasCertificate; no probability. The first hypothesis follows from
// 6 n s <= lambda_min(H(0)) - mu, the second from eta <= 1/Lambda. With mu = lambda(B)/2 the conclusion implies that of
// the paper, L(t) <= (1 - eta lambda(B)/4)^t L(0). All constants are attained: rate and R by one input, the step and the
// share by one neuron on one input, which dies once its preactivation is to fall by more than it has.
//
// Convention: 1/sqrt(m) scaling; loss = (1/2) sum of squares. A run ends after 15 steps or once the residual has fallen to a
// hundredth.
//
// Reference: derived here, after Yang et al., Theorem 1 with Lemmas 20 and 23.
//
// Control: a residual a quarter too large, for which a neuron dies; a step a quarter too large; a rate 1.2 times as fast; 0.95 R.
func certificate() checks.Checkable {
	setup := func(s sabotage) func(run) (checks.Instance, error) {
		return func(p run) (checks.Instance, error) {
			in, err := load(p.Data, p.Bias)
			if err != nil {
				return checks.Instance{}, err
			}
			if s.residual > 0 {
				p.Scale = s.residual
			}
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("lambda(B)", in.lambda.Value), checks.NewFact("Lambda", in.top), checks.NewFact("kappa", in.rowSum)},
				Trial: func(r *rand.Rand) checks.Measurement {
					m, err := p.descend(in, s, r)
					if err != nil {
						return checks.Failed(err)
					}
					return m
				},
			}, nil
		}
	}
	one := run{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, M: 1, Planted: true, Along: bottom, Scale: 0.95, Keep: 0.99, Step: 0.5}
	stride := run{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, M: 1, Planted: true, Along: bottom, Scale: 0.1, Keep: 0.5, Step: 0.99}
	slow := run{Data: data.Spec{Kind: data.Sphere, N: 5, D: 5, Seed: 1}, Bias: 1, M: 600, Along: bottom, Scale: 1e-4, Keep: 0.98, Step: 0.5}
	grid := []run{
		one, stride,
		{Data: orthonormal(1), Bias: 0.5, M: 400, Along: bottom, Scale: 1e-4, Keep: 0.98, Step: 0.5}, // rate and reach are attained
		slow,
		{Data: data.Spec{Kind: data.Basis, N: 4, D: 4}, M: 4, Planted: true, Along: bottom, Scale: 0.1, Keep: 0.99, Step: 0.5},
		{Data: withLabels(orthonormal(2), 0.1), Bias: 1, M: 12000, Keep: 0.3, Step: 0.9},
		{Data: data.Spec{Kind: data.Sphere, N: 4, D: 6, Seed: 2, LabelScale: 0.01}, Bias: 0.5, M: 3000, Keep: 0.5, Step: 0.9},
		{Data: withLabels(images.Hard(data.MNIST, 3, 49), 5e-5), Bias: 0.5, M: 3000, Keep: 0.4, Step: 0.9},
	}
	return checks.Claim[run]{
		ID: "yang2023/certificate", Title: "linear convergence of weights and biases from any start", Reference: "Theorem 1, explicit; derived here",
		Formula:    `(2\kappa - 2 + \sqrt{2n\Lambda})\, s \le \lambda_{\min}(H(0)) - \mu \Rightarrow \|e(t)\| \le (1-\eta\mu)^t \|e(0)\|`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) run {
			return run{
				Data: gen.Separated(gen.Range{MinN: 1, MaxN: 4, MinD: 2, MaxD: 4}).Draw(t, "data"), Bias: biasOf(t) / 2, M: 2 * rapid.IntRange(1, 200).Draw(t, "pairs"),
				Along: rapid.SampledFrom([]string{bottom, top}).Draw(t, "along"), Scale: math.Pow(10, rapid.Float64Range(-6, 1).Draw(t, "log10 scale")),
				Keep: rapid.Float64Range(0.05, 1).Draw(t, "keep"), Step: rapid.Float64Range(0.05, 1).Draw(t, "step"),
			}
		}),
		Grid: grid,
		Cost: run.cost, Setup: setup(sabotage{}),
		Controls: []checks.Control[run]{
			{Name: "neuron-dies", Why: "at |e(0)| = 1.25 the only neuron is to fall below its boundary, and stays there", At: []run{one}, Setup: setup(sabotage{residual: 1.25, blind: true})},
			{Name: "large-step", Why: "at 1.25 times the largest step the residual overshoots: |1 - 2 eta| > 1 - eta mu", At: []run{stride}, Setup: setup(sabotage{step: 1.25, blind: true})},
			{Name: "faster", Why: "along the smallest eigenvector nothing is faster than lambda_min(H(0))", At: []run{slow, grid[4]}, Setup: setup(sabotage{rate: 1.2})},
			{Name: "shorter-reach", Why: "one input moves all its active neurons by R", At: grid[2:3], Setup: setup(sabotage{reach: 0.95})},
		},
		Constants: []checks.Constant[run]{
			{
				Name: "step", Why: "the step over the largest: the residual overshoots", At: []run{stride}, Factors: []float64{1.02, 1.1, 1.3},
				Scaled: func(p run, f float64) (checks.Instance, error) {
					return setup(sabotage{step: f, blind: true})(p)
				},
			},
			{
				Name: "share", Why: "the residual over that at which the first neuron is near a boundary: the neuron dies", At: []run{one}, Factors: []float64{1.08, 1.2, 1.5},
				Scaled: func(p run, f float64) (checks.Instance, error) {
					return setup(sabotage{residual: 0.95 * f, blind: true})(p)
				},
			},
		},
	}
}

// withLabels scales the labels of a description.
func withLabels(s data.Spec, scale float64) data.Spec {
	s.LabelScale = scale
	return s
}

// descend trains and holds the run against its certificate.
func (p run) descend(in *inputs, s sabotage, r *rand.Rand) (checks.Measurement, error) {
	net, err := p.start(in, r)
	if err != nil {
		return checks.Measurement{}, err
	}
	n, m := in.n(), net.Width()
	batch, h := nets.NewBatch(in.x, m), mat.NewSymDense(n, nil)
	batch.Forward(net)
	batch.Gram(h, net, nets.FirstLayer)
	low, err := eig.Min(h)
	if err != nil {
		return checks.Measurement{}, err
	}
	y, err := p.labels(in, batch.U, h)
	if err != nil {
		return checks.Measurement{}, err
	}
	e := make([]float64, n)
	cert := bounds.BiasCertificate{N: n, Width: m, Lambda: in.top, RowSum: in.rowSum, Floor: p.Keep * low.Lower(), Residual: nets.Residual(e, batch.U, y)}
	var hypotheses []checks.Hypothesis
	if !s.blind {
		hypotheses = []checks.Hypothesis{checks.RequireThat("lambda_min(H(0)) is positive", low.OK), checks.RequireThat("e(0) is not rounding", cert.Residual > 1e-7)}
		if !hypotheses[0].Met() || !hypotheses[1].Met() {
			return checks.Measurement{Hypotheses: hypotheses}, nil
		}
	}
	share := float64(batch.Fragile(make([]int, n), net, cert.Radius()*(1+1e-12))) / float64(m)
	eta := p.Step * cert.LargestStep(share)
	if s.step > 0 {
		eta = s.step * cert.LargestStep(0)
	}
	if !s.blind {
		hypotheses = append(hypotheses,
			checks.Require("cost of the neurons near a boundary", cert.Spend(share), checks.AtMost, low.Lower()-cert.Floor),
			checks.Require("share of the largest step", p.Step, checks.AtMost, 1))
		if !hypotheses[2].Met() || !hypotheses[3].Met() {
			return checks.Measurement{Hypotheses: hypotheses}, nil
		}
	}
	f, err := follow(in, net, y, eta, factor(s.rate)*cert.Floor)
	if err != nil {
		return checks.Measurement{}, err
	}
	all := checks.All(f.slowest, checks.Measurement{Part: "movement", Observed: f.reach, Predicted: factor(s.reach) * cert.Radius(), Tolerance: 64 * unit * f.largest})
	all.Hypotheses = hypotheses
	return all, nil
}

// followed is what a run of descent shows.
type followed struct {
	shares  checks.Series      // of the most active input, against the step
	slowest checks.Measurement // rate: -log of the contraction per step, on average up to its slowest step
	reach   float64            // largest movement of a preactivation
	active  int                // largest number of active neurons on an input, over all steps
	largest float64            // largest preactivation
}

// follow trains until the residual is a hundredth, and compares with the contraction 1 - eta mu a step.
func follow(in *inputs, net *nets.Network, y []float64, eta, mu float64) (followed, error) {
	d, err := train.NewDescent(net, in.x, y, train.Options{Step: eta})
	if err != nil {
		return followed{}, err
	}
	s := d.State()
	start, counts, first := mat.DenseCopyOf(s.Batch.Z), make([]int, in.n()), s.Norm
	f := followed{largest: math.Max(mat.Max(start), -mat.Min(start))}
	claimed := math.Inf(1) // everything at once, where eta mu >= 1
	if eta*mu < 1 {
		claimed = -math.Log1p(-eta * mu)
	}
	f.slowest = checks.Measurement{Part: "rate", Observed: math.Inf(1), Predicted: math.Min(claimed, 50), Relation: checks.AtLeast}
	// Outputs are sums over m neurons: their rounding.
	noise := 32 * unit * math.Sqrt(float64(in.n()*net.Width())) * (f.largest + 1)
	var steps, norms, limits, shares []float64
	note := func(t, active int) {
		f.active, shares = max(f.active, active), append(shares, float64(active)/float64(net.Width()))
		steps, norms, limits = append(steps, float64(t)), append(norms, s.Norm/first), append(limits, math.Exp(-f.slowest.Predicted*float64(t)))
	}
	note(0, biased.Active(counts, s.Batch))
	for t := 1; t <= trainSteps && s.Norm > math.Max(1e-2*first, 1e3*noise*float64(t)); t++ {
		d.Step()
		// A residual that rounding may have made is taken for none.
		if v := -math.Log(math.Max(0, s.Norm-noise)/first) / float64(t); v < f.slowest.Observed {
			f.slowest.Observed, f.slowest.Tolerance = v, 2*noise/math.Max(s.Norm, noise)
		}
		f.reach = math.Max(f.reach, biased.Reach(s.Batch.Z, start))
		note(t, biased.Active(counts, s.Batch))
	}
	if f.slowest.Observed > 50 { // one step left nothing but rounding
		f.slowest.Observed = 50
	}
	axes := curve.Axes{X: "step t", Y: "norm of e(t) over that of e(0)", LogY: true}
	f.slowest.Series = axes.Against("residual", steps, norms, limits)
	f.shares = curve.Axes{X: "step t", Y: "largest share of active neurons"}.Measured("active", steps, shares)
	return f, nil
}
