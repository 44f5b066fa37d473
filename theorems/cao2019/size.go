package cao2019

import (
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/deep"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/images"
)

// start is one input and a network at the initialisation.
type start struct {
	Data  data.Spec `json:"data"`
	L     int       `json:"l"`
	M     int       `json:"m"`
	Layer int       `json:"layer,omitempty"`
	Nets  int       `json:"nets"`           // averaged in a trial
	Gain  float64   `json:"gain,omitempty"` // hidden variance times m; 0 means 2 (control)
}

func (p start) cost() checks.Cost {
	_, d := costs.Size(p.Data)
	return checks.Cost{Trial: float64(p.Nets) * netCost(1, d, p.L, p.M), Size: fmt.Sprintf("m=%d", p.M)}
}

// average draws networks and averages a number of them.
func (p start) average(set *data.Set, of func(*deep.Pass) float64, r *rand.Rand) (float64, error) {
	gain := p.Gain
	if gain == 0 {
		gain = 2
	}
	sum := 0.0
	for range p.Nets {
		net, err := deep.New(networkAt(set.D(), p.L, p.M, gain), r)
		if err != nil {
			return 0, err
		}
		pass, err := net.NewPass(set.X)
		if err != nil {
			return 0, err
		}
		sum += of(pass)
	}
	return sum / float64(p.Nets), nil
}

// meanOf is the instance for the mean of a number of the networks, of which the deviation is known.
func (p start) meanOf(mean, deviation, resolution float64, of func(*deep.Pass) float64) (checks.Instance, error) {
	set, err := p.Data.Build()
	if err != nil {
		return checks.Instance{}, err
	}
	if set.N() != 1 {
		return checks.Instance{}, fmt.Errorf("%d inputs: the claim is about one", set.N())
	}
	return checks.Instance{
		Terms: checks.Terms{Resolution: checks.Float(resolution), Deviation: checks.Float(deviation / math.Sqrt(float64(p.Nets)))},
		Trial: func(r *rand.Rand) checks.Measurement {
			v, err := p.average(set, of, r)
			return checks.Measurement{Observed: v, Predicted: mean, Relation: checks.Equal, Err: err}
		},
	}, nil
}

var (
	oneInput   = data.Spec{Kind: data.Sphere, N: 1, D: 3, Seed: 1}
	onePicture = images.All(data.Fashion, 1, 49)
)

// initialOutput is Lemma 4.4 in mean, at every width.
//
// Setting: a unit input x, a network with L >= 2 layers of any width at the initialisation.
//
// Hypotheses: none.
//
// Conclusion: E f(x)^2 = 1 for every L and m: the output at the start is of order one, and does not vanish as the width grows.
//
// Constants: exact, derived: given the last features f(x) is normal of variance |h_{L-1}|^2, of mean 1. The standard deviation of f^2 is known as well,
// 3 (1 + 5/m)^{L-1} - 1 squared (bounds.OutputSquareMoments), so that the mean is judged whatever its law, to 10 %. The paper has |f(x_i)| <= O(sqrt(log(n/delta)))
// for all i with probability 1 - delta, if m >= K L log(nL/delta), with hidden constants.
//
// Convention: sqrt(m) before the last layer, of variance 1/m.
//
// Reference: Cao, Gu (2019), Lemma 4.4; in mean derived here.
//
// Control: hidden variances 1.8/m and 2.2/m, and 1.2 for the mean.
func initialOutput() checks.Checkable {
	setup := func(factor float64) func(start) (checks.Instance, error) {
		return func(p start) (checks.Instance, error) {
			mean, deviation := bounds.OutputSquareMoments(p.L, p.M)
			return p.meanOf(factor*mean, deviation, 0.1, func(pass *deep.Pass) float64 { return pass.Output()[0] * pass.Output()[0] })
		}
	}
	three := start{Data: oneInput, L: 3, M: 16, Nets: 200}
	less, more := three, three
	less.Gain, more.Gain = 1.8, 2.2
	return checks.Claim[start]{
		ID: "cao2019/initial-output", Title: "the output at the start is of order one", Reference: "Lemma 4.4, in mean",
		Formula:    `\mathbb E\, f_{W^{(1)}}(x)^2 = 1`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []start{
			{Data: oneInput, L: 2, M: 2, Nets: 500}, three, {Data: onePicture, L: 2, M: 16, Nets: 200},
		},
		Cost: start.cost, Setup: setup(1),
		Controls: []checks.Control[start]{
			{Name: "smaller-weights", Why: "two hidden layers with 0.9 of the variance", At: []start{less}},
			{Name: "larger-weights", Why: "two hidden layers with 1.1 of the variance", At: []start{more}},
			{Name: "mean", Why: "the mean is known to one part in ten", At: []start{three}, Setup: setup(1.2)},
		},
	}
}

// gradientSize is Lemma B.3 in mean, layer by layer, at every width.
//
// Setting: a unit input x, a network with L >= 2 layers of any width at the initialisation.
//
// Hypotheses: none.
//
// Conclusion: E |grad_{W_l} f(x)|_F^2 = m for l = L and m/2 for every other layer, so that all layers together have m (L+1)/2.
//
// Constants: exact, derived, with the standard deviation (bounds.GradientMoments has the proof), so that the mean is judged whatever its law,
// to 8 %. The paper has |grad_{W_l} f_W(x_i)|_F <= O(sqrt m) for every l and W in B(W^(1), omega), omega <= kappa L^{-6} (log m)^{-3}, with constants hidden; how far
// the gradient moves with W is not checked here.
//
// Convention: the norm of the gradient by all weights of a layer.
//
// Reference: Cao, Gu (2019), Lemma B.3; in mean derived here.
//
// Control: hidden variance 1.8/m, with the gradient by a middle and by the last layer; and 0.85 and 1.15 times the mean.
func gradientSize() checks.Checkable {
	setup := func(factor float64) func(start) (checks.Instance, error) {
		return func(p start) (checks.Instance, error) {
			if p.Layer < 1 || p.Layer > p.L {
				return checks.Instance{}, fmt.Errorf("layer %d of %d", p.Layer, p.L)
			}
			mean, deviation := bounds.GradientMoments(p.L, p.Layer, p.M)
			return p.meanOf(factor*mean, deviation, 0.08, func(pass *deep.Pass) float64 {
				return pass.GramTerm(nil, p.Layer).At(0, 0) / float64(p.M)
			})
		}
	}
	first := start{Data: oneInput, L: 2, M: 50, Layer: 1, Nets: 20}
	middle := start{Data: oneInput, L: 4, M: 16, Layer: 2, Nets: 80}
	last := start{Data: oneInput, L: 3, M: 16, Layer: 3, Nets: 60}
	less, lessLast := middle, last
	less.Gain, lessLast.Gain = 1.8, 1.8
	return checks.Claim[start]{
		ID: "cao2019/gradient-size", Title: "gradient of each layer at the start", Reference: "Lemma B.3, in mean",
		Formula:    `\mathbb E\,\|\nabla_{W_l} f(x)\|_F^2 = m \text{ for } l = L,\ \tfrac m2 \text{ for } l < L`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []start{
			first, last, {Data: oneInput, L: 2, M: 3, Layer: 2, Nets: 300}, middle,
			{Data: onePicture, L: 3, M: 30, Layer: 1, Nets: 50},
		},
		Cost: start.cost, Setup: setup(1),
		Controls: []checks.Control[start]{
			{Name: "smaller-weights", Why: "two other hidden layers with 0.9 of the variance", At: []start{less, lessLast}},
			{Name: "smaller-mean", Why: "the mean is known to one part in twelve", At: []start{first, last}, Setup: setup(0.85)},
			{Name: "larger-mean", Why: "the mean is known to one part in twelve", At: []start{first, last}, Setup: setup(1.15)},
		},
	}
}
