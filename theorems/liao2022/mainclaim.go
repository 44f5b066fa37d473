package liao2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/checks"
	"convergo/nets/train"
	"convergo/theorems/internal/twolayer"

	"gonum.org/v1/gonum/mat"
)

// mainP are the parameters of the published theorem.
type mainP struct {
	Run   training `json:"run"`   // its width 0 is the one that the theorem asks for
	Delta float64  `json:"delta"` // over the weights
	Runs  int      `json:"runs"`  // of masks, for one draw of the weights
}

// The published theorem: linear convergence to an error region.
//
// Setting: unit inputs, w_r ~ N(0, kappa^2 I), a_r = +-1 fair; p independent masks, tau local steps.
//
// Hypotheses: m >= (K/delta) max( n^4/(kappa^2 xi theta lambda^4), n K^2 B_1/(kappa^2 theta lambda^2), K^2 p ) and eta <= lambda/(n tau max(n, p)), lambda = xi
// lambda_0, with 1 for the constants that the theorem hides; lambda_0 > 0.
//
// Conclusion: with probability at least 1 - delta over the weights, E||y - u_k||^2 <= (1 - eta theta tau lambda/4)^k ||y - u_0||^2 + B_1 for k = K, the expectation being
// over the masks, with B_1 = 64(1-xi)^2 n^3 d/(m lambda^2) + 68 eta tau (theta-xi^2) n^3 kappa^2/(p lambda) + (theta-xi^2) n kappa^2/(6 tau^2 p) + (tau-1)^2 p C_1/(24
// tau^2) + 8 eta^2 (tau-1)^2 n^4 p C_1/lambda^2 + 4 eta (tau-1) p n C_1, C_1 = 4 theta^2 (1-xi) n kappa^2/p.
//
// Constants: stated in Theorem 3 of the first arXiv version, which hides those of the width and of the step; labels are O(1) there, and of
// size 100 here, so that the first term shows. The mean over the masks is estimated from the
// given number of runs, whose spread is far below the room that the bound leaves.
//
// Convention: f = (1/sqrt m) sum a_r relu(w_r.x), without 1/xi; u = xi f.
//
// Reference: Liao and Kyrillidis, Theorem 3 (arXiv v1); the number in the published version was not seen.
//
// Control: eight times the published rate.
//
// Loose: the mean squared error falls along each eigenvector by (1 - eta theta xi h)^2 a round, so that its rate is 2 eta theta xi h to first order, where the theorem has a quarter: a factor
// of 8 at h = lambda_0, less over several rounds, by what B_1 adds, and by the neurons that large labels switch off. B_1 itself cannot be told from its double: at the widths that can be run, which grow with the cube of K, the first term is above the
// error at every k. It has 68 (theta-xi^2) n^3/(p lambda) where the limit of liao2022/floor-formula has theta xi^2 (1-xi) tr(H C1)/(2p).
func mainTheorem() checks.Claim[mainP] {
	setup := func(p mainP, rate float64) (checks.Instance, error) {
		l, err := p.lab()
		if err != nil {
			return checks.Instance{}, err
		}
		n := float64(l.n)
		lambda := l.Xi * l.lambda0.Value
		share := 1 - math.Pow(1-rate*l.eta*l.law.Theta()*float64(l.Tau)*lambda/4, float64(l.Rounds))
		return checks.Instance{
			Hypotheses: []checks.Hypothesis{
				checks.RequireThat("lambda_0 > 0", l.lambda0.OK && l.lambda0.Value > 0),
				checks.Require("width", float64(l.M), checks.AtLeast, l.publishedWidth(p.Delta)),
				checks.Require("step size", l.eta*(1-1e-12), checks.AtMost, lambda/(n*float64(l.Tau)*math.Max(n, float64(l.P)))),
			},
			Facts: append(l.facts(), l.published()...),
			Terms: checks.Terms{Delta: checks.Float(p.Delta)},
			Trial: func(rng *rand.Rand) checks.Measurement {
				seen, start, err := p.mean(l, rng)
				if err != nil {
					return checks.Failed(err)
				}
				return checks.Measurement{
					Observed: seen, Predicted: (1-share)*start + l.publishedRegion(), Term: -share * start, Tolerance: 1e-12 * start,
				}
			},
		}, nil
	}
	run := func(n int, xi float64, models, steps, rounds int) mainP {
		return mainP{
			Run:   training{Data: orthonormals(n, 100), Scheme: schemeBernoulli, Xi: xi, P: models, Tau: steps, Rounds: rounds},
			Delta: 0.5, Runs: 8,
		}
	}
	one := run(1, 0.9, 1, 1, 3)
	return checks.Claim[mainP]{
		ID: "liao2022/main-theorem", Title: "published convergence to an error region", Reference: "Theorem 3 (arXiv v1)",
		Formula:    `\mathbb{E}\|y - u_k\|^2 \le \left(1 - \tfrac14 \eta\theta\tau\lambda\right)^k \|y - u_0\|^2 + B_1`,
		Convention: convention, Basis: checks.Stated, Form: checks.Probably{}, Version: 1,
		Grid:  []mainP{one, run(1, 0.9, 2, 2, 2), run(2, 0.95, 1, 1, 2)},
		Setup: func(p mainP) (checks.Instance, error) { return setup(p, 1) },
		Cost: func(p mainP) checks.Cost {
			l, err := p.lab()
			if err != nil {
				return checks.Cost{}
			}
			n, _ := twolayer.Size(p.Run.Data)
			return checks.Cost{Setup: 100 * n * n * n, Trial: float64(p.Runs) * l.cost().Trial, Size: fmt.Sprintf("m=%d", l.M)}
		},
		Detects: map[string]float64{"": 6},
		Controls: []checks.Control[mainP]{
			{
				Name: "eight-times-the-rate", Why: "over three rounds the error falls by less than eight times the published rate promises",
				At: []mainP{one}, Setup: func(p mainP) (checks.Instance, error) { return setup(p, 8) },
			},
		},
	}
}

// lab sets the step size and the width that the theorem asks for.
func (p mainP) lab() (*lab, error) {
	run := p.Run
	run.Eta, run.M = 1, 2
	l, err := run.lab()
	if err != nil {
		return nil, err
	}
	n := float64(l.n)
	l.eta = l.Xi * l.lambda0.Value / (n * float64(l.Tau) * math.Max(n, float64(l.P)))
	l.Eta = l.eta * l.top()
	for l.M = 2; float64(l.M) < l.publishedWidth(p.Delta); { // B_1 falls with the width
		l.M = 2 * int(math.Ceil(1.01*float64(l.M)/2))
		if l.M > 1<<24 {
			return nil, fmt.Errorf("%v: the theorem asks for more than %d neurons", p.Run.Data, 1<<24)
		}
	}
	return l, nil
}

// mean returns the mean of the squared error after the rounds over the masks, for one draw of the weights, and that of the start.
func (p mainP) mean(l *lab, rng *rand.Rand) (seen, start float64, err error) {
	w := l.free(rng)
	for range p.Runs {
		k, err := train.NewMasked(w.Clone(), l.x, l.y, l.masking(), train.Options{Step: l.eta}, rng)
		if err != nil {
			return 0, 0, err
		}
		start = k.State().Norm * k.State().Norm
		for range l.Rounds {
			k.Round()
		}
		e := mat.Norm(mat.NewVecDense(l.n, k.State().Residual), 2)
		seen += e * e / float64(p.Runs)
	}
	return seen, start, nil
}
