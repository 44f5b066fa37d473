package yang2023

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/theorems/internal/images"
)

// batched is a network law of which a trial averages many draws.
type batched struct {
	Data  data.Spec `json:"data"`
	Bias  float64   `json:"bias"`
	M     int       `json:"m"`
	Draws int       `json:"draws"`
}

// startLoss is the mean loss at the start.
//
// Setting: n unit inputs with any labels; a network of any width m with independent signs a_r, all biases B >= 0.
//
// Hypotheses: none.
//
// Conclusion: E L(0) = (1/2)(||y||^2 + n v), v = E relu(N(0, 1) - B)^2 = (1+B^2) Q(B) - B exp(-B^2/2)/sqrt(2 pi).
//
// Constants: none: the signs make all but the squares vanish. v is 1/2 at B = 0 and falls with B. The standard
// deviation of L(0) is at most (n/2) sqrt(E u^4 - v^2) + sqrt(v) sum_i |y_i|, E u^4 = 3 v^2 + (s - 3 v^2)/m, s = E relu^4, by
// Minkowski's inequality; a trial averages draws. Judged to 6 %.
//
// Convention: 1/sqrt(m) scaling; loss = (1/2) sum of squares.
//
// Reference: Yang et al., Lemmas 5 and 25 (L(0) = O(n + ...), with high probability); exact mean derived here.
//
// Control: the second moment at B = 0 and at 0.8 B; signs that are all +1.
func startLoss() checks.Checkable {
	setup := func(moment func(float64) float64, law nets.OutputLaw) func(batched) (checks.Instance, error) {
		return func(p batched) (checks.Instance, error) {
			in, err := load(p.Data, p.Bias)
			if err != nil {
				return checks.Instance{}, err
			}
			n, y := float64(in.n()), in.set.Y
			v, fourth := bounds.TruncatedMoments(p.Bias)
			spread := n/2*math.Sqrt(2*v*v+(fourth-3*v*v)/float64(p.M)) + math.Sqrt(v)*floats.Norm(y, 1)
			return checks.Instance{
				Terms: checks.Terms{Resolution: 0.06, Deviation: checks.Float(spread / math.Sqrt(float64(p.Draws)))},
				Trial: func(r *rand.Rand) checks.Measurement {
					batch, sum := nets.NewBatch(in.x, p.M), 0.0
					for range p.Draws {
						net := in.law(p.M, nets.Independent).Draw(r)
						if law == nets.Ones {
							for k := range net.A {
								net.A[k] = 1
							}
						}
						batch.Forward(net)
						sum += nets.Square{}.Value(batch.U, y)
					}
					return checks.Measurement{
						Observed: sum / float64(p.Draws), Predicted: (floats.Dot(y, y) + n*moment(p.Bias)) / 2, Relation: checks.Equal,
					}
				},
			}, nil
		}
	}
	second := func(b float64) float64 { v, _ := bounds.TruncatedMoments(b); return v }
	grid := []batched{
		{Data: data.Spec{Kind: data.Sphere, N: 3, D: 3, Seed: 1, LabelScale: 0.1}, Bias: 0, M: 5, Draws: 300},
		{Data: data.Spec{Kind: data.Sphere, N: 3, D: 3, Seed: 1, LabelScale: 0.1}, Bias: 1, M: 30, Draws: 100},
		{Data: images.Hard(data.MNIST, 4, 49), Bias: 0.5, M: 10, Draws: 60},
	}
	return checks.Claim[batched]{
		ID: "yang2023/start-loss", Title: "mean loss at the start", Reference: "Lemmas 5 and 25, exact mean derived here",
		Formula: `\mathbb{E}\,L(0) = \frac12\left(\|y\|^2 + n\left[(1+B^2)Q(B) - \frac{B e^{-B^2/2}}{\sqrt{2\pi}}\right]\right)`, Convention: convention,
		Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: grid,
		Cost: func(p batched) checks.Cost {
			return checks.Cost{Setup: limitCost(p.Data), Trial: float64(p.Draws) * drawCost(p.Data, p.M)}
		},
		Setup: setup(second, nets.Signs),
		Controls: []checks.Control[batched]{
			{Name: "no-bias", Why: "a bias makes outputs smaller: v falls from 0.5 to 0.075 at B = 1", At: grid[1:2], Setup: setup(func(float64) float64 { return second(0) }, nets.Signs)},
			{Name: "smaller-bias", Why: "v at 0.8 B is 1.4 times v at B = 1", At: grid[1:2], Setup: setup(func(b float64) float64 { return second(0.8 * b) }, nets.Signs)},
			{Name: "equal-signs", Why: "without random signs the products of neurons stay", At: grid[:1], Setup: setup(second, nets.Ones)},
		},
	}
}
