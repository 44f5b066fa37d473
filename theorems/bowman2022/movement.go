package bowman2022

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"pgregory.net/rapid"

	"convergo/checks"
	"convergo/nets/data"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// A walk is a run from labels that may be planted along the first eigenvector of G_0.
type walk struct {
	run
	Plant string `json:"plant"`
}

// movement bounds the way of the weights without any eigenvalue.
//
// Setting: gradient descent with step eta on all parameters theta; Phi_s = (1/(2n)) ||f - y||^2 after s steps.
//
// Hypotheses: Phi_{s+1} <= Phi_s - (eta/2) ||grad Phi_s||^2 at each step, which is checked on each draw; it holds for small steps.
//
// Conclusion: ||theta_T - theta_0|| <= sqrt(2 eta T (Phi_0 - Phi_T)) <= sqrt(2 eta T Phi_0) for every T: at a fixed time eta T the
// movement has a bound that knows neither n nor m nor an eigenvalue.
//
// Constants: derived: ||sum eta g_s||^2 <= T sum eta^2 ||g_s||^2 <= 2 eta T sum (Phi_s - Phi_{s+1}). Attained at T = 1 and eta = 1/lambda_1(G_0) by a small
// residual along that eigenvector, whose loss falls to zero in one step: to 0.99 at 0.98 of that step. The flow has sqrt(t (Phi_0 - Phi_t)), which is
// false for descent. Tolerance: 1e-10 of the bound; a fall of the loss
// below its rounding is no fall.
//
// Convention: f = (1/sqrt m) sum a_r phi(w_r.x + b_r) + b_0, all parameters trained; loss (1/(2n)) sum of squares; doubled start, f = 0
//
// Reference: derived here.
//
// Control: 0.97 of each bound; the flow's constant 1 for 2; the loss's fall not guarded, at a step of 1.5/lambda_1.
func movement() checks.Claim[walk] {
	sphere := data.Spec{Kind: data.Sphere, N: 4, D: 2, Seed: 1}
	sharp := walk{run{sphere, "tanh", 40, 1, 0.98}, "first"}
	single := walk{run{data.Spec{Kind: data.Sphere, N: 1, D: 1, Seed: 1}, "softplus", 2, 1, 0.98}, "first"}
	image := walk{run{images.Hard(data.MNIST, 8, 49), "relu", 100, 20, 0.5}, ""}
	long := sharp
	long.Step = 1.5
	setup := func(fall, whole float64, guarded bool) func(walk) (checks.Instance, error) {
		return func(p walk) (checks.Instance, error) { return movementSetup(p, fall, whole, guarded) }
	}
	return checks.Claim[walk]{
		ID: "bowman2022/movement", Title: "movement without eigenvalues", Reference: "derived here",
		Formula:    `\|\theta_T-\theta_0\| \le \sqrt{2\eta T(\Phi_0-\Phi_T)} \le \sqrt{2\eta T\Phi_0}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) walk {
			return walk{runs(60, 10, 1.2, "tanh", "softplus", "relu").Draw(t, "run"), rapid.SampledFrom([]string{"", "first", "last"}).Draw(t, "plant")}
		}),
		Grid: []walk{sharp, single, image, {run{images.Hard(data.Fashion, 8, 49), "tanh", 100, 20, 0.5}, ""}},
		OnData: func(f checks.DataFile) []walk {
			return []walk{{run{userfile.Labelled(f, 20), "relu", 200, 20, 0.5}, ""}}
		},
		Cost:  func(p walk) checks.Cost { return p.cost() },
		Setup: setup(1, 1, true),
		Controls: []checks.Control[walk]{
			{Name: "smaller-fall", Why: "0.97 of the bound by the loss that has fallen, attained to 0.99", At: []walk{sharp, single}, Setup: setup(0.97, 1, true)},
			{Name: "smaller-loss", Why: "0.97 of the bound by the loss at the start", At: []walk{sharp, single}, Setup: setup(1, 0.97, true)},
			{Name: "flow", Why: "the flow's constant 1 for 2", At: []walk{sharp, single}, Setup: setup(math.Sqrt(0.5), math.Sqrt(0.5), true)},
			{Name: "longer-step", Why: "at 1.5/lambda_1 the loss falls by less than the step pays for", At: []walk{long}, Setup: setup(1, 1, false)},
		},
	}
}

func movementSetup(p walk, fall, whole float64, guarded bool) (checks.Instance, error) {
	x, y, law, err := p.build()
	if err != nil {
		return checks.Instance{}, err
	}
	n := float64(len(y))
	return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
		net := law.Draw(r)
		at := net.At(x)
		values, vectors, err := spectrum(at.Gram())
		if err != nil {
			return checks.Failed(err)
		}
		labels, err := planted(p.Plant, y, vectors, 0.01)
		if err != nil {
			return checks.Failed(err)
		}
		eta := p.Step / values[len(values)-1]
		now := residual(at, labels)
		first := floats.Dot(now, now) / (2 * n)
		loss, falls := first, true
		start := net.Clone()
		var parts []checks.Measurement
		var times, moved, limit []float64
		for s := 1; s <= p.Steps; s++ {
			g := meanGradient(at, now)
			net.Move(eta, g)
			at = net.At(x)
			now = residual(at, labels)
			next := floats.Dot(now, now) / (2 * n)
			falls = falls && next <= loss-eta/2*math.Pow(g.Norm(), 2)
			loss = next
			way := net.Distance(start)
			fallen, all := math.Sqrt(2*eta*float64(s)*math.Max(first-loss, 0)), math.Sqrt(2*eta*float64(s)*first)
			parts = append(parts,
				checks.Measurement{Part: "loss that has fallen", Observed: way, Predicted: fall * fallen, Tolerance: 1e-10 * all},
				checks.Measurement{Part: "loss at the start", Observed: way, Predicted: whole * all, Tolerance: 1e-10 * all})
			times, moved, limit = append(times, eta*float64(s)), append(moved, way), append(limit, fallen)
		}
		m := checks.Each(parts...)
		m.Series = curve.Axes{X: "time eta s", Y: "distance from the start"}.Against("parameters", times, moved, limit)
		if guarded {
			m.Hypotheses = append(m.Hypotheses, checks.RequireThat("the loss falls by eta/2 ||grad||^2 at each step", falls))
		}
		return m
	}}, nil
}
