package arora2019exact

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/deep"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// decaying is a training whose first residual is along the smallest eigenvalue of the kernel.
type decaying struct {
	Data   data.Spec `json:"data"`
	Hidden []int     `json:"hidden"`
	Kappa  float64   `json:"kappa"`
	Gap    float64   `json:"gap"` // length of the first residual
	Steps  int       `json:"steps"`
	Curve  bool      `json:"curve,omitempty"`
}

// loosening changes what decay claims, or how it trains.
type loosening struct {
	faster, shorter float64 // the derived rate times, the derived movement divided by
	printed         float64 // the printed ones, likewise
	withoutKappa    bool    // in the movement
	meanLoss        bool    // train the mean of the losses
	anyKernel       bool    // do not ask for lambda_min(H) >= lambda_0/2
}

// The residual falls at a linear rate and the weights do not go far, as long as the kernel stays.
//
// Setting: n inputs; L hidden layers; all layers trained by descent with the step eta = 0.05/(kappa^2 lambda_max(H(0))); labels u(0) - c q, q the
// eigenvector of lambda_min(H(0)), which makes the claims nearly equalities. H_k is the kernel of f at step k; Lambda = min_k lambda_min(H_k); psi = min_k
// (||r_k|| - ||r_{k+1}||) ||r_k||/(eta ||J_k^T r_k||^2) is the least share of its first-order decrease that a step realises: 1 for the flow.
//
// Hypotheses: lambda_0 = lambda_min(H*) > 0; on the draw: Lambda >= lambda_0/2, which wide networks keep; psi >= 0.9.
//
// Conclusion: after K steps, t = eta K,
// (rate) ||r_K|| <= (1 - kappa^2 eta psi Lambda)^K ||r_0||, for the flow exp(-kappa^2 Lambda t);
// (movement) ||theta_K - theta_0|| <= (||r_0|| - ||r_K||)/(kappa psi sqrt(Lambda));
// (printed rate) exp(-kappa^2 psi lambda_0 t/2); (printed movement) sqrt(2/lambda_0) ||r_0||/(kappa psi).
// As printed the movement is O(sqrt(n)/lambda_0) without 1/kappa; false at kappa = 1/5, true is 1/kappa times it. Nor is the rate
// that of the loss divided by n, which the appendix takes in places.
//
// Constants: derived: ||r_k|| - ||r_{k+1}|| >= eta psi ||J_k^T r_k||^2/||r_k|| and ||J_k^T r_k|| >= kappa sqrt(Lambda) ||r_k|| give both: the first
// step by step, the second summed over eta ||J_k^T r_k||. Nothing is supposed of kinks. Allowance: the error of the eigenvalues, and 1e-9.
//
// Convention: the paper's; the rate is compared as -log(||r_K||/||r_0||)/(kappa^2 t).
//
// Reference: Lemmas D.5 to D.7, Theorem D.1; derived here.
//
// Control: rate and movement stronger by 10 %, the printed ones by 2.5; the movement without 1/kappa at kappa = 1/5; the mean of the
// losses; networks of four neurons, whose kernel has less than half of lambda_0.
//
// Loose: the printed parts have lambda_0/2 where the kernel keeps lambda_0: a factor 2 in the rate, its root in the movement.
func decay() checks.Checkable {
	setup := func(s loosening) func(decaying) (checks.Instance, error) {
		return func(p decaying) (checks.Instance, error) { return p.instance(s) }
	}
	two := decaying{Data: data.Spec{Kind: data.Basis, N: 2, D: 2}, Hidden: []int{400}, Kappa: 0.2, Gap: 0.2, Steps: 100}
	narrow := decaying{Data: data.Spec{Kind: data.Sphere, N: 5, D: 5, Seed: 1}, Hidden: []int{4}, Kappa: 1, Gap: 0.01, Steps: 20}
	return checks.Claim[decaying]{
		ID: "arora2019exact/decay", Title: "decay and movement", Reference: "Lemmas D.5 to D.7; derived here",
		Formula:    `\|r(t)\| \le e^{-\kappa^2\Lambda t}\|r_0\|, \quad \|\theta(t)-\theta(0)\| \le \|r_0\|/(\kappa\sqrt\Lambda)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []decaying{
			two, {Data: data.Spec{Kind: data.Sphere, N: 4, D: 6, Seed: 3}, Hidden: []int{500}, Kappa: 1, Gap: 0.3, Steps: 100, Curve: true},
			{Data: data.Spec{Kind: data.Sphere, N: 2, D: 3, Seed: 2}, Hidden: []int{100, 100}, Kappa: 1, Gap: 0.1, Steps: 60},
			{Data: images.Easy(data.MNIST, 3, 49), Hidden: []int{300}, Kappa: 1, Gap: 0.3, Steps: 60},
		},
		OnData: func(f checks.DataFile) []decaying {
			return []decaying{{Data: userfile.Rows(f, 8), Hidden: []int{1000}, Kappa: 1, Gap: 0.1, Steps: 100}}
		},
		Cost: func(p decaying) checks.Cost {
			n, d := costs.Size(p.Data)
			return checks.Cost{Setup: costs.Eigenvalue(n), Trial: float64(p.Steps) * (netCost(n, d, p.Hidden) + costs.Eigenvalue(n))}
		},
		Setup:   setup(loosening{faster: 1, shorter: 1, printed: 1}),
		Detects: map[string]float64{"printed rate": 2.3, "printed movement": 1.75},
		Controls: []checks.Control[decaying]{
			{Name: "faster", Why: "1.1 times Lambda in the rate", At: []decaying{two}, Setup: setup(loosening{faster: 1.1, shorter: 1, printed: 1})},
			{Name: "shorter", Why: "the movement divided by 1.1", At: []decaying{two}, Setup: setup(loosening{faster: 1, shorter: 1.1, printed: 1})},
			{Name: "printed-stronger", Why: "2.5 times the printed rate, the printed movement divided by 2.5", At: []decaying{two}, Setup: setup(loosening{faster: 1, shorter: 1, printed: 2.5})},
			{Name: "without-kappa", Why: "the movement without 1/kappa at kappa = 1/5", At: []decaying{two}, Setup: setup(loosening{faster: 1, shorter: 1, printed: 1, withoutKappa: true})},
			{Name: "mean-loss", Why: "the loss divided by n = 2 falls at half the rate", At: []decaying{two}, Setup: setup(loosening{faster: 1, shorter: 1, printed: 1, meanLoss: true})},
			{Name: "narrow", Why: "four neurons for five inputs: lambda_min(H(0)) is below lambda_0/2, and so is the rate", At: []decaying{narrow}, Setup: setup(loosening{faster: 1, shorter: 1, printed: 1, anyKernel: true})},
		},
	}
}

func (p decaying) instance(s loosening) (checks.Instance, error) {
	set, err := p.Data.Build()
	if err != nil {
		return checks.Instance{}, err
	}
	lambda, err := kernel.NTK(len(p.Hidden)).Lambda0(set.X)
	if err != nil {
		return checks.Instance{}, err
	}
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{checks.RequireThat("lambda_0 > 0", lambda.OK)},
		Facts:      []checks.Fact{checks.NewFact("lambda_0", lambda.Value)},
		Trial:      func(rng *rand.Rand) checks.Measurement { return p.train(set, lambda, s, rng) },
	}, nil
}

// descending follows a training.
type descending struct {
	norms    []float64 // of the residuals
	least    eig.Certified
	psi      float64
	decrease float64 // r^T J J^T r at the last step
	err      error
}

func (p decaying) train(set *data.Set, lambda eig.Certified, s loosening, rng *rand.Rand) checks.Measurement {
	net, err := draw(set.D(), p.Hidden, p.Kappa, rng)
	if err != nil {
		return checks.Failed(err)
	}
	pass, err := net.NewPass(set.X)
	if err != nil {
		return checks.Failed(err)
	}
	var spectrum mat.EigenSym
	if !spectrum.Factorize(pass.Gram(nil), true) {
		return checks.Measurement{Hypotheses: []checks.Hypothesis{checks.RequireThat("eigenvalues of H(0)", false)}}
	}
	values := spectrum.Values(nil)
	var vectors mat.Dense
	spectrum.VectorsTo(&vectors)
	y := make([]float64, set.N())
	for i := range y {
		y[i] = pass.Output()[i] - p.Gap*vectors.At(i, 0)
	}
	if !(values[len(values)-1] > 0) {
		return checks.Measurement{Hypotheses: []checks.Hypothesis{checks.RequireThat("a live network", false)}}
	}
	eta := 0.05 / values[len(values)-1]
	step := eta
	if s.meanLoss {
		step /= float64(set.N())
	}
	d := &descending{psi: math.Inf(1), least: eig.Certified{Value: math.Inf(1)}}
	before := append([]float64(nil), net.Params()...)
	_, err = deep.Descent{Step: step, Steps: p.Steps, Observe: func(state *deep.State) bool { return d.see(state, step, p.Kappa) }}.Run(net, set.X, y)
	if err == nil {
		err = d.err
	}
	if err != nil {
		return checks.Failed(err)
	}
	d.psi = math.Min(d.psi, 1) // a smaller share is one too; 1 where nothing moves
	m := p.judge(d, lambda, s, eta, floats.Distance(before, net.Params(), 2))
	m.Hypotheses = []checks.Hypothesis{checks.Require("share of the first-order decrease", d.psi, checks.AtLeast, 0.9)}
	if !s.anyKernel {
		m.Hypotheses = append(m.Hypotheses, checks.Require("lambda_min(H) on the way", d.least.Lower(), checks.AtLeast, lambda.Upper()/2))
	}
	if p.Curve {
		m.Series = p.curves(d, lambda.Value, eta)
	}
	return m
}

// see is called at each step.
func (d *descending) see(state *deep.State, step, kappa float64) bool {
	norm := floats.Norm(state.Residual, 2)
	if len(d.norms) > 0 {
		last := d.norms[len(d.norms)-1]
		if d.decrease > 0 {
			d.psi = math.Min(d.psi, (last-norm)*last/(step*d.decrease))
		}
	}
	d.norms = append(d.norms, norm)
	gram := state.Pass.Gram(nil)
	r := mat.NewVecDense(len(state.Residual), state.Residual)
	d.decrease = mat.Inner(r, gram, r)
	gram.ScaleSym(1/(kappa*kappa), gram)
	least, err := eig.Min(gram)
	if err != nil {
		d.err = err
		return false
	}
	if least.Value < d.least.Value {
		d.least = least
	}
	return true
}

// judge compares rate and movement after the last step.
func (p decaying) judge(d *descending, lambda eig.Certified, s loosening, eta, movement float64) checks.Measurement {
	steps := float64(len(d.norms) - 1)
	first, last := d.norms[0], d.norms[len(d.norms)-1]
	scaled := p.Kappa * p.Kappa * eta
	rate := -math.Log(last/first) / (scaled * steps)
	least := math.Max(d.least.Lower(), 0)
	reach := math.Inf(1) // a kernel that turns singular bounds no movement
	if least > 0 {
		reach = (first - last) / (d.psi * math.Sqrt(least))
	}
	kappa := p.Kappa
	if s.withoutKappa {
		kappa = 1
	}
	return checks.All(
		checks.Measurement{Part: "rate", Observed: rate, Predicted: -s.faster * math.Log1p(-scaled*d.psi*least) / scaled, Relation: checks.AtLeast, Tolerance: 1e-9 * rate},
		checks.Measurement{Part: "movement", Observed: movement, Predicted: reach / kappa / s.shorter, Tolerance: 1e-9 * movement},
		checks.Measurement{Part: "printed rate", Observed: rate, Predicted: s.printed * d.psi * lambda.Value / 2, Relation: checks.AtLeast, Tolerance: lambda.Err},
		checks.Measurement{Part: "printed movement", Observed: movement, Predicted: math.Sqrt(2/lambda.Upper()) * first / (kappa * d.psi) / s.printed, Tolerance: 1e-9 * movement},
	)
}

func (p decaying) curves(d *descending, lambda, eta float64) []checks.Series {
	var times, seen, allowed []float64
	for k, v := range d.norms {
		t := float64(k) * eta * p.Kappa * p.Kappa
		times, seen, allowed = append(times, t), append(seen, v/d.norms[0]), append(allowed, math.Exp(-lambda*t/2))
	}
	return curve.Axes{X: "kappa^2 t", Y: "||r(t)||/||r(0)||", LogY: true}.Against("residual", times, seen, allowed)
}
