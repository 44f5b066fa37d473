package liu2022

import (
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/train"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// A recursor predicts the next residual by the recursion of the linearised network, as a product with H_0.
type recursor struct {
	h      *mat.SymDense
	t      bounds.Momentum
	method string
}

// next is (1+beta)(I - eta H) now - beta (I - eta H) before for Nesterov's method, and what it is for the others.
func (r recursor) next(now, before []float64) []float64 {
	n := len(now)
	mean := make([]float64, n) // what H is applied to
	for i := range mean {
		mean[i] = now[i]
		if r.method == nesterov {
			mean[i] += r.t.Beta * (now[i] - before[i])
		}
	}
	hm := mat.NewVecDense(n, nil)
	hm.MulVec(r.h, mat.NewVecDense(n, mean))
	out := make([]float64, n)
	for i := range out {
		out[i] = now[i] + r.t.Beta*(now[i]-before[i]) - r.t.Step*hm.AtVec(i)
	}
	return out
}

// A watch follows a run step by step: its defects, the neurons that have changed sign, and their speed.
type watch struct {
	d              *train.Descent
	predict        recursor
	now, before    []float64
	ever           []bool // neuron r has had another sign on x_i, at i m + r
	patterns       *nets.Patterns
	last           *mat.Dense
	speed          float64 // max_r ||w_r(t) - w_r(t-1)|| before the step
	defect, stored float64 // ||phi_t|| and ||z_t||
}

func newWatch(d *train.Descent, t bounds.Momentum, method string) *watch {
	s := d.State()
	n, m := s.Patterns.Dims()
	h := mat.NewSymDense(n, nil)
	h.CopySym(s.Gram())
	e := append([]float64(nil), s.Residual...)
	return &watch{
		d: d, predict: recursor{h, t, method}, now: e, before: append([]float64(nil), e...),
		ever: make([]bool, n*m), patterns: nets.NewPatterns(n, m), last: mat.DenseCopyOf(s.Net.W),
	}
}

// step takes one, and measures its defect against the state before it.
func (w *watch) step() {
	s := w.d.State()
	previous := mat.DenseCopyOf(s.Net.W)
	w.speed, _ = nets.Movement(previous, w.last)
	want := w.predict.next(w.now, w.before)
	w.stored = math.Hypot(floats.Norm(w.now, 2), floats.Norm(w.before, 2))
	w.d.Step()
	w.last = previous
	w.defect = floats.Distance(s.Residual, want, 2)
	copy(w.before, w.now)
	copy(w.now, s.Residual)
	s.Batch.Patterns(w.patterns)
	n, m := w.patterns.Dims()
	for i := range n {
		for r := range m {
			if w.patterns.Active(i, r) != s.Patterns.Active(i, r) {
				w.ever[i*m+r] = true
			}
		}
	}
}

// share is max_i |S_i|/m.
func (w *watch) share() float64 {
	n, m := w.patterns.Dims()
	most := 0
	for i := range n {
		count := 0
		for r := range m {
			if w.ever[i*m+r] {
				count++
			}
		}
		most = max(most, count)
	}
	return float64(most) / float64(m)
}

// defect bounds how far a step of the network is from one of its linearisation.
//
// Setting: any of the methods on a drawn network, or on a planted one; phi_t = e(t+1) - (what the recursion with H_0 makes of e(t)
// and e(t-1)); S_i the neurons that have had another sign on x_i by step t+1 than at the start, s = max_i |S_i|/m; v the largest
// ||w_r(t) - w_r(t-1)||.
//
// Hypotheses: as for movement.
//
// Conclusion: descent: ||phi_t|| <= (2n-1) eta s ||e(t)||; heavy ball: ||phi_t|| <= (2n-1) eta s ||e(t)|| + beta s sqrt(n m) v; Nesterov's method:
// ||phi_t|| <= (2n-1) eta s ((1+beta) ||e(t)|| + beta ||e(t-1)||) + beta s sqrt(n m) v.
//
// Constants: derived, see bounds.FlipDefect and bounds.MomentumFlipDefect; 2n-1 sharpens the 3n that counts |S_j| + 2 |S_i| neurons. Momentum
// remembers a step that was taken with another pattern, which is why ||phi_t|| is not bounded by residuals alone. Attained by
// descent and heavy ball where one neuron leaves one input, by Nesterov's method to 2 % if it does so at full speed, and by descent to 1 % where n neurons leave one of n nearly parallel
// inputs each.
//
// Convention: 1/sqrt(m) scaling; e(-1) = e(0).
//
// Reference: derived here. Tolerance: rounding of outputs.
//
// Control: 0.9 of either term, on the planted starts; momentum without the term of v; H_0 of another draw for that of the run.
func defect() checks.Claim[shaken] {
	planted := func(n int, method string) shaken {
		return shaken{trained{data.Spec{Kind: data.Basis, N: n, D: n, Labels: data.Const}, n, method, 4, 0}, true, false}
	}
	lone := func(method string) shaken {
		steps := 4
		if method == nesterov {
			steps = 20 // to gather speed
		}
		return shaken{trained{data.Spec{Kind: data.Basis, N: 1, D: 1, Labels: data.Const}, 1, method, steps, 0}, false, true}
	}
	random := func(spec data.Spec, method string) shaken {
		return shaken{trained{spec, 200, method, 40, 0}, false, false}
	}
	setup := func(s defectPlan) func(shaken) (checks.Instance, error) {
		return func(p shaken) (checks.Instance, error) { return defectSetup(p, s) }
	}
	sphere := data.Spec{Kind: data.Sphere, N: 6, D: 8, Seed: 1}
	return checks.Claim[shaken]{
		ID: "liu2022/defect", Title: "what flips add to the linear recursion", Reference: "derived here",
		Formula:    `\|\varphi_t\| \le (2n-1)\,\eta\,s \left((1+\beta)\|\xi_t\| + \beta\|\xi_{t-1}\|\right) + \beta s \sqrt{nm}\, \max_r \|w_r(t)-w_r(t-1)\|`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) shaken { return shaken{trainedSpace().Draw(t, "run"), false, false} }),
		Grid: []shaken{
			lone(descent), lone(heavyBall), lone(nesterov), planted(6, descent), planted(6, heavyBall), planted(6, nesterov),
			random(sphere, descent), random(sphere, nesterov), random(images.Hard(data.MNIST, 8, 49), nesterov), random(images.Hard(data.Fashion, 8, 49), nesterov),
		},
		OnData: func(f checks.DataFile) []shaken { return []shaken{random(userfile.Signed(f, 8), nesterov)} },
		Cost: func(p shaken) checks.Cost {
			c := p.cost()
			n, d := p.Data.Size()
			c.Trial += float64(p.Steps*p.Width) * float64(6*n+8*min(n, d))
			return c
		},
		Setup: setup(defectPlan{1, 1, false}),
		Controls: []checks.Control[shaken]{
			{Name: "smaller-for-flips", Why: "0.9 of the first term, which is attained", At: []shaken{lone(descent), planted(6, descent)}, Setup: setup(defectPlan{0.9, 1, false})},
			{Name: "smaller-for-inertia", Why: "0.9 of the term of v, which is attained", At: []shaken{lone(heavyBall), lone(nesterov)}, Setup: setup(defectPlan{1, 0.9, false})},
			{Name: "residuals-alone", Why: "without the term of v momentum is not bounded", At: []shaken{lone(heavyBall), lone(nesterov)}, Setup: setup(defectPlan{1, 0, false})},
			{Name: "another-network", Why: "H_0 of another draw is off by m^{-1/2}, and no neuron has flipped yet", At: []shaken{{trained{sphere, 200, nesterov, 40, 1e-4}, false, false}}, Setup: setup(defectPlan{1, 1, true})},
		},
	}
}

// A defectPlan multiplies the two terms of the bound, or takes the Gram matrix of another draw.
type defectPlan struct {
	flips, inertia float64
	stale          bool
}

func defectSetup(p shaken, plan defectPlan) (checks.Instance, error) {
	return p.along(func(g *ground, d *train.Descent, t bounds.Momentum, r *rand.Rand) ([]checks.Measurement, error) {
		s := d.State()
		n, m := s.Patterns.Dims()
		w := newWatch(d, t, p.Method)
		if plan.stale {
			var err error
			if w.predict.h, _, _, err = g.gram(g.draw(p.Width, nets.Independent, r)); err != nil {
				return nil, err
			}
		}
		scale := floats.Norm(s.U, 2) + s.Norm + mat.Norm(s.Net.W, 2) // the terms of an output add up to ||W||_F at most
		spectral := math.Sqrt(float64(n))
		if !p.Planted && !p.Lone {
			spectral = g.s
		}
		var parts []checks.Measurement
		for range p.Steps {
			now, before := floats.Norm(w.now, 2), floats.Norm(w.before, 2)
			w.step()
			far, _ := s.Movement()
			share := w.share()
			full := bounds.MomentumFlipDefect(n, m, t.Step, t.Beta, share, now, before, w.speed, p.Method == nesterov)
			still := bounds.MomentumFlipDefect(n, m, t.Step, t.Beta, share, now, before, 0, p.Method == nesterov)
			bound := plan.flips*still + plan.inertia*(full-still)
			// Each output sums m products over sqrt m, of weights that have moved by far.
			tol := 16 * unit * (scale + now) * float64(m+n+g.dim()) * (1 + spectral*far)
			parts = append(parts, checks.Measurement{Part: p.Method, Observed: w.defect, Predicted: bound, Tolerance: tol})
		}
		return parts, nil
	})
}
