package yang2023

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/train"
	"convergo/theorems/internal/images"
)

// trip is a problem trained to the end: labels of norm Norm along the labels of the data.
type trip struct {
	Data  data.Spec `json:"data"`
	Bias  float64   `json:"bias"`
	M     int       `json:"m"`
	Norm  float64   `json:"norm"`
	Delta float64   `json:"delta"`
}

// distance is how far weights and biases travel.
//
// Setting: n unit inputs; a start in m/2 pairs of equal neurons with opposite signs, all biases B >= 0; labels y; descent on
// weights and biases with eta = 1/((1+eps') lambda_max(H^inf(B))), here for 15 steps at most or until ||e(t)|| is a thousandth
// of ||y||.
//
// Hypotheses: lambda(B) > 0; with eps and eps' for which n exp(-(m/2) c(eps) lambda(B)/Lambda) and
// n exp(-(m/2) c'(eps') lambda(B)/Lambda) are delta/3, c and c' the lower and upper rate of Chernoff's bound: eps < 1; and
// labels so small that with R = sqrt(2 Lambda/m) ||y||/((1-eps) lambda(B)) n (m/2) P(|g - B| <= R) <= delta/3.
//
// Conclusion: with probability at least 1-delta, for every t, the distance |(W, b)(t) - (W, b)(0)|_F lies between
// sqrt(y^T H^inf(B)^{-1} y/(1+eps')) - ||e(t)||/sqrt((1-eps) lambda(B)) and sqrt(y^T H^inf(B)^{-1} y/(1-eps)).
//
// Constants: derived. Matrix Chernoff for H^{-1/2} H(0) H^{-1/2}, whose summands have norm at most Lambda/lambda(B) and whose mean is
// I: (1-eps) H^inf <= H(0) <= (1+eps') H^inf. No neuron comes to its boundary, so that the distance at the end is
// sqrt(y^T H(0)^{-1} y), of which the last term may be missing. In the limit m -> inf both ends agree, as in Lemma 11,
// which allows larger labels at the price of terms for the neurons that cross their boundary, with hidden constants.
//
// Convention: 1/sqrt(m) scaling; loss = (1/2) sum of squares.
//
// Reference: Yang et al., Lemma 11; derived here.
//
// Control: the kernel of fixed biases; both ends moved by ten per cent.
func distance() checks.Checkable {
	setup := func(longest, shortest float64, of func(bias float64) kernel.Kernel) func(trip) (checks.Instance, error) {
		return func(p trip) (checks.Instance, error) { return p.instance(longest, shortest, of) }
	}
	line := trip{Data: orthonormal(1), Bias: 0.5, M: 5000, Norm: 1e-6, Delta: 0.5}
	grid := []trip{
		line, {Data: data.Spec{Kind: data.Antipodal, N: 2, D: 2, Seed: 1}, Bias: 0, M: 2000, Norm: 1e-6, Delta: 0.5},
		{Data: orthonormal(3), Bias: 1, M: 4000, Norm: 1e-6, Delta: 0.5},
		{Data: images.Hard(data.MNIST, 2, 49), Bias: 1, M: 6000, Norm: 1e-6, Delta: 0.5},
	}
	return checks.Claim[trip]{
		ID: "yang2023/distance", Title: "distance travelled by weights and biases", Reference: "Lemma 11, explicit; derived here",
		Formula:    `\sqrt{\frac{y^{\top} H^{\infty}(B)^{-1} y}{1+\epsilon'}} - \frac{\|e(t)\|}{\sqrt{(1-\epsilon)\lambda(B)}} \le \|(W,b)(t) - (W,b)(0)\|_F \le \sqrt{\frac{y^{\top} H^{\infty}(B)^{-1} y}{1-\epsilon}}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) trip {
			return trip{
				Data: gen.Separated(gen.Range{MinN: 1, MaxN: 2, MinD: 2, MaxD: 3}).Draw(t, "data"), Bias: rapid.Float64Range(0, 1).Draw(t, "bias"),
				M: 2 * rapid.IntRange(20, 300).Draw(t, "pairs"), Norm: 1e-6, Delta: 0.8,
			}
		}),
		Grid:  grid,
		Cost:  func(p trip) checks.Cost { return run{Data: p.Data, M: p.M}.cost() },
		Setup: setup(1, 1, kernel.BiasedReLU),
		Controls: []checks.Control[trip]{
			{Name: "fixed-biases", Why: "without the biases the same labels are sqrt 2 times as far", At: []trip{line}, Setup: setup(1, 1, kernel.ThresholdReLU)},
			{Name: "shorter", Why: "the distance is within a few per cent of the limit", At: []trip{line}, Setup: setup(0.9, 1, kernel.BiasedReLU)},
			{Name: "longer", Why: "the distance is within a few per cent of the limit", At: []trip{line}, Setup: setup(1, 1.1, kernel.BiasedReLU)},
		},
	}
}

func (p trip) instance(longest, shortest float64, of func(bias float64) kernel.Kernel) (checks.Instance, error) {
	in, err := load(p.Data, p.Bias)
	if err != nil {
		return checks.Instance{}, err
	}
	inst := checks.Instance{Hypotheses: []checks.Hypothesis{in.positive()}, Terms: checks.Terms{Delta: checks.Float(p.Delta)}}
	y := append([]float64(nil), in.set.Y...)
	size := floats.Norm(y, 2)
	if size == 0 {
		inst.Trivial = "all labels are zero"
	}
	if p.M < 2 || p.M%2 != 0 {
		return inst, fmt.Errorf("width %d: neurons in pairs need an even width", p.M)
	}
	if !inst.Hypotheses[0].Met() || size == 0 {
		return inst, nil
	}
	floats.Scale(p.Norm/size, y)
	low, s := in.lambda.Lower(), math.Sqrt(in.top)
	eps, over := bounds.ChernoffLoss(in.n(), p.M/2, low, s, p.Delta/3), bounds.ChernoffGain(in.n(), p.M/2, low, s, p.Delta/3)
	kept := (1 - eps) * low
	radius := math.Sqrt(2*in.top/float64(p.M)) * p.Norm / kept
	inst.Hypotheses = append(inst.Hypotheses,
		checks.Require("eps", eps, checks.AtMost, 0.95),
		checks.Require("chance that a neuron comes to its boundary", float64(in.n()*p.M/2)*bounds.StripProbability(p.Bias, radius), checks.AtMost, p.Delta/3))
	limit, err := of(p.Bias).Gram(in.set.X)
	if err != nil {
		return inst, err
	}
	inverse, err := eig.NewInverse(limit, float64(in.n())*kernel.BiasedReLU(p.Bias).EntryError(in.set.D(), 1))
	if err != nil {
		return inst, err
	}
	square := inverse.Form(y)
	if !square.OK {
		return inst, fmt.Errorf("the kernel of %v is singular to rounding", p.Data)
	}
	high, err := eig.Max(in.limit)
	if err != nil {
		return inst, err
	}
	reach := math.Sqrt(square.Value)
	inst.Facts = []checks.Fact{checks.NewFact("lambda(B)", in.lambda.Value), checks.NewFact("limit over |y|", reach/p.Norm), checks.NewFact("eps", eps), checks.NewFact("eps'", over)}
	inst.Trial = func(r *rand.Rand) checks.Measurement {
		d, err := train.NewDescent(in.law(p.M, nets.Antisymmetric).Draw(r), in.x, y, train.Options{Step: 1 / ((1 + over) * high.Upper())})
		if err != nil {
			return checks.Failed(err)
		}
		for range trainSteps {
			if d.Step(); d.State().Norm < 1e-3*p.Norm {
				break
			}
		}
		state := d.State()
		_, moved := state.Movement()
		rounding := 1e-5*reach + square.Err/reach // of weights of size 1 that move by 1e-6/sqrt(m), and of the inverse
		return checks.All(
			checks.Measurement{Part: "longest", Observed: moved / p.Norm, Predicted: longest * reach / math.Sqrt(1-eps) / p.Norm, Tolerance: rounding / p.Norm},
			checks.Measurement{
				Part: "shortest", Observed: (moved + state.Norm/math.Sqrt(kept)) / p.Norm, Predicted: shortest * reach / math.Sqrt(1+over) / p.Norm, Relation: checks.AtLeast, Tolerance: rounding / p.Norm,
			},
		)
	}
	return inst, nil
}
