package bombari2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/checks"
	"convergo/nets"
	"convergo/nets/deep"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/ladder"
)

// square is a ladder of networks with two hidden layers of about as many weights between them as are asked for.
type square struct {
	Ratio  float64 `json:"ratio"`            // n_1 n_2 over N
	Narrow int     `json:"narrow,omitempty"` // n_1, with n_2 to suit; 0 means n_1 = n_2
	All    bool    `json:"all,omitempty"`    // all layers in place of W_{L-1} alone
	Power  float64 `json:"power,omitempty"`  // of N beyond the first, in n_1 n_2
	N      []int   `json:"n"`
}

// widths are the hidden widths at N samples.
func (p square) widths(n int) []int {
	weights := p.Ratio * float64(n) * math.Pow(float64(n)/float64(p.N[0]), p.Power)
	if p.Narrow > 0 {
		return []int{p.Narrow, int(math.Ceil(weights / float64(p.Narrow)))}
	}
	root := int(math.Ceil(math.Sqrt(weights)))
	return []int{root, root}
}

// draws is how many networks are averaged at N samples, more where they are cheap and scatter more.
func (p square) draws(n int) int {
	if p.All {
		return max(1, 320/n) // the blocks of the other layers scatter less
	}
	return max(1, 384/n)
}

// rung returns n_1 n_2 over lambda_min at N samples, in geometric mean.
func (p square) rung(n int, r *rand.Rand) (float64, error) {
	hidden := p.widths(n)
	config := network{Hidden: hidden}.config(hidden[0])
	sum, draws := 0.0, p.draws(n)
	for range draws {
		x := nets.Gaussian(n, hidden[0], r)
		net, err := deep.New(config, r)
		if err != nil {
			return 0, err
		}
		pass, err := net.NewPass(x)
		if err != nil {
			return 0, err
		}
		var k *mat.SymDense
		if k = middle(net, pass); p.All {
			k = pass.Gram(nil)
		}
		low, err := least(k)
		if err != nil {
			return 0, err
		}
		sum += math.Log(float64(hidden[0]*hidden[1]) / low)
	}
	return math.Exp(sum / float64(draws)), nil
}

func (p square) cost() checks.Cost {
	c := checks.Cost{}
	for _, n := range p.N {
		hidden := p.widths(n)
		c.Trial += float64(p.draws(n)) * (netCost(n, hidden[0], hidden) + costs.Eigenvalue(n))
		c.Size = fmt.Sprintf("N=%d", n)
	}
	return c
}

// spectrumOrder is the lower bound of the main theorem, with its hidden constant.
//
// Setting: N Gaussian inputs in R^d; a tanh network with two hidden layers of equal width n_1 = n_2 = d and the
// weights of the paper; K its tangent kernel on the inputs, K_mid the part of K that belongs to W_2.
//
// Hypotheses: a smooth activation, n_l = O(n_{l-1}), N^gamma = O(n_2) for some gamma > 0, and N of smaller order than
// n_1 n_2 with logarithms whose power was not found. Here n_1 n_2 = 8 N or 16 N on every rung: the conclusion is checked
// without the logarithms, where the theorem says nothing yet.
//
// Conclusion: there is C with n_1 n_2 <= C lambda_min(K): the ratio of the two, that of a typical draw, does not drift
// upward as N grows. A drift exponent up to 0.25 counts as none. It is checked for K_mid <= K, on which the proof rests,
// and for K. A bound from below says nothing of a downward drift.
//
// Constants: hidden, so that nothing is refuted here.
//
// Convention: hidden weights N(0, 1/n_{l-1}), output weights N(0, 1).
//
// Reference: Bombari, Amani, Mondelli (2022), Theorem 3.1, as restated by Karhadkar, Murray and Montufar (2024).
//
// Control: n_1 = 5 on every rung while n_2 makes up for it, against N^gamma = O(n_l): the ratio rises by N^2 and more;
// and n_1 n_2 growing like N^{1/2} alone, so that their ratio to N falls from 8 to 4.
//
// Loose: a drift is told from none by 0.25, as a draw scatters by 40 %.
func spectrumOrder() checks.Checkable {
	setup := func(p square) (checks.Instance, error) {
		if len(p.N) < 2 {
			return checks.Instance{}, fmt.Errorf("%d rungs: give two or more sizes N", len(p.N))
		}
		last := p.N[len(p.N)-1]
		hidden := p.widths(last)
		return checks.Instance{
			Facts: []checks.Fact{
				checks.NewFact("largest N", float64(last)),
				checks.NewFact("neurons there", float64(hidden[0]+hidden[1])),
				checks.NewFact("n_1 n_2 over N there", float64(hidden[0]*hidden[1])/float64(last)),
			},
			Terms: checks.Terms{Resolution: 0.25, Trials: 44},
			Trial: func(r *rand.Rand) checks.Measurement {
				m := ladder.Pass(len(p.N), func(i int) (float64, float64, error) {
					v, err := p.rung(p.N[i], r)
					return float64(p.N[i]), v, err
				})
				if m.Err == nil {
					m.Series = p.series(m.Ladder)
				}
				return m
			},
		}, nil
	}
	return checks.Claim[square]{
		ID: "bombari2022/spectrum-order", Title: "smallest eigenvalue with N weights", Reference: "Theorem 3.1",
		Formula:    `\exists C\colon\; n_{L-2}\, n_{L-1} \le C\,\lambda_{\min}(K)`,
		Convention: convention, Basis: checks.Stated, Form: checks.Bounded{}, Along: "samples $N$", Version: 1, Detects: map[string]float64{"": 0.45},
		Grid: []square{
			{Ratio: 8, N: []int{24, 96}},
			{Ratio: 8, All: true, N: []int{32, 128}},
			{Ratio: 16, N: []int{50, 100, 200, 400, 800}},
		},
		Cost: square.cost, Setup: setup,
		Controls: []checks.Control[square]{
			{Name: "bottleneck", Why: "a first layer of 5 neurons stays while N grows: the products of its features no longer tell the samples apart", At: []square{{Ratio: 4, Narrow: 5, N: []int{12, 48}}}},
			{Name: "fewer-weights", Why: "weights that grow like the root of N run out", At: []square{{Ratio: 8, Power: -0.5, N: []int{12, 48}}}},
		},
	}
}

// series is lambda_min beside n_1 n_2 over the constant of the first rung.
func (p square) series(ladder []checks.Rung) []checks.Series {
	var n, measured, order []float64
	for _, rung := range ladder {
		hidden := p.widths(int(rung.Size))
		weights := float64(hidden[0] * hidden[1])
		n = append(n, rung.Size)
		measured = append(measured, weights/rung.Value)
		order = append(order, weights/ladder[0].Value)
	}
	axes := curve.Axes{X: "samples N", Y: "smallest eigenvalue", LogX: true, LogY: true}
	return []checks.Series{axes.Measured("measured", n, measured), axes.Bound("a constant times n_1 n_2", n, order)}
}

const growthInputs = 8 // the dimension of the inputs of growth

// growth is a ladder of square networks on fixed orthogonal inputs.
type growth struct {
	N     int     `json:"n"`
	From  int     `json:"from"`           // n_1 = n_2 on the first rung; it grows fourfold
	Rungs int     `json:"rungs"`          //
	Std   float64 `json:"std,omitempty"`  // of the output weights times sqrt n_2, if divided by it
	Draws int     `json:"draws"`          // networks on the last rung, averaged; four times as many on the one before
	Tall  bool    `json:"tall,omitempty"` // n_1 stays
}

// spectrumGrowth is the exponent of the weights at a fixed number of samples.
//
// Setting: N inputs sqrt d e_i, d = 8 fixed; a tanh network of two hidden layers n_1 = n_2 with the weights of the paper.
//
// Hypotheses: n_1 n_2 large against N; here n_1, n_2 >= 24 N.
//
// Conclusion: lambda_min(K_mid) grows at least like n_1 n_2: its log-log slope in n_1 n_2 is at least 1, to within 0.05.
// The exponent is the theorem's; at fixed N the limit of lambda_min(K_mid)/(n_1 n_2) is positive and the fluctuations
// around it, which lower the smallest eigenvalue, shrink, so that the finite slope lies a little above 1.
//
// Constants: the exponent 1 is stated; the resolution is ours.
//
// Convention: hidden weights N(0, 1/n_{l-1}), output weights N(0, 1), not divided by n_2.
//
// Reference: Bombari, Amani, Mondelli (2022), Theorem 3.1, as restated by Karhadkar, Murray and Montufar (2024).
//
// Control: output weights N(0, n_2^{-0.4}), which take n_2^{0.4} and so 0.2 of the slope away; and n_1 fixed while n_2
// grows by the same factor as the product, seen against n_2^2: slope 1/2.
func spectrumGrowth() checks.Checkable {
	return checks.Claim[growth]{
		ID: "bombari2022/spectrum-growth", Title: "smallest eigenvalue linear in the weights", Reference: "Theorem 3.1",
		Formula:    `\lambda_{\min}(K) = \Omega(n_{L-2}\, n_{L-1})`,
		Convention: convention, Basis: checks.Stated, Form: checks.Scaling{}, Along: "$n_1 n_2$", Version: 1,
		Grid: []growth{
			{N: 1, From: 32, Rungs: 2, Draws: 24},
			{N: 2, From: 48, Rungs: 2, Draws: 6},
			{N: 8, From: 192, Rungs: 3, Draws: 4},
		},
		Cost: func(p growth) checks.Cost {
			c := checks.Cost{Size: fmt.Sprintf("n_1=%d", p.From<<(2*(p.Rungs-1)))}
			for i := range p.Rungs {
				n := p.From << (2 * i)
				c.Trial += float64(p.Draws<<(2*(p.Rungs-1-i))) * (netCost(p.N, growthInputs, []int{n, n}) + costs.Eigenvalue(p.N))
			}
			return c
		},
		Setup: func(p growth) (checks.Instance, error) {
			if p.N < 1 || p.N > growthInputs || p.Rungs < 2 || p.Draws < 1 {
				return checks.Instance{}, fmt.Errorf("%d inputs, %d rungs and %d draws: give 1 to %d, two or more, and one or more", p.N, p.Rungs, p.Draws, growthInputs)
			}
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("n_1 over N", float64(p.From)/float64(p.N), checks.AtLeast, 24)},
				Terms:      checks.Terms{Exponent: 1, Relation: checks.AtLeast, Resolution: 0.05, Trials: 26},
				Trial: func(r *rand.Rand) checks.Measurement {
					return ladder.Pass(p.Rungs, func(i int) (float64, float64, error) { return p.rung(i, r) })
				},
			}, nil
		},
		Controls: []checks.Control[growth]{
			{Name: "smaller-output", Why: "output weights that shrink with n_2 take their square away", At: []growth{{N: 1, From: 32, Rungs: 2, Draws: 24, Std: 0.2}}},
			{Name: "one-width", Why: "with n_1 fixed the eigenvalue grows like n_2 alone", At: []growth{{N: 2, From: 48, Rungs: 2, Draws: 6, Tall: true}}},
		},
	}
}

// rung returns n_1 n_2 on rung i and lambda_min(K_mid) there.
func (p growth) rung(i int, r *rand.Rand) (size, value float64, err error) {
	n := p.From << (2 * i)
	hidden := []int{n, n}
	if p.Tall {
		hidden[0] = p.From
	}
	config := network{Hidden: hidden}.config(growthInputs)
	if p.Std > 0 {
		config.Std[2] = math.Pow(float64(n), -p.Std)
	}
	x := mat.NewDense(p.N, growthInputs, nil)
	for k := range p.N {
		x.Set(k, k, math.Sqrt(growthInputs))
	}
	sum := 0.0
	draws := p.Draws << (2 * (p.Rungs - 1 - i)) // the fluctuations shrink with the width
	for range draws {
		net, err := deep.New(config, r)
		if err != nil {
			return 0, 0, err
		}
		pass, err := net.NewPass(x)
		if err != nil {
			return 0, 0, err
		}
		low, err := least(middle(net, pass))
		if err != nil {
			return 0, 0, err
		}
		sum += math.Log(low)
	}
	return float64(n) * float64(n), math.Exp(sum / float64(draws)), nil
}

// anyWidths draws hidden widths, down to layers of one neuron.
func anyWidths(t *rapid.T, layers, most int) []int {
	return rapid.SliceOfN(rapid.IntRange(1, most), 1, layers).Draw(t, "hidden")
}
