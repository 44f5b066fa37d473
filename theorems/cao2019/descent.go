package cao2019

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/deep"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
)

// training is one pass over labelled data, and weights to compare with.
type training struct {
	Data   data.Spec `json:"data"`
	L      int       `json:"l"`
	M      int       `json:"m"`
	Eta    float64   `json:"eta"` // the step times m
	D      float64   `json:"distance"`
	Toward string    `json:"toward"` // where W* lies from W^(1): labels or gaussian
}

func (p training) cost() checks.Cost {
	n, d := costs.Size(p.Data)
	return checks.Cost{Trial: float64(n)*(14*netCost(1, d, p.L, p.M)) + 60*float64(n), Size: fmt.Sprintf("m=%d", p.M)}
}

// sums are what the regret of one pass is made of.
type sums struct {
	regret    float64 // sum_i L_i(W^(i)) - L_i(W*)
	distance  float64 // (|W^(1)-W*|^2 - |W^(n+1)-W*|^2)/(2 eta)
	gradients float64 // (eta/2) sum_i |grad L_i|^2
	curvature float64 // sum_i L_i(W^(i)) - L_i(W*) - <grad L_i, W^(i)-W*>
	size      float64 // of the terms, for rounding
	placing   float64 // what the rounding of the weights themselves does to the distances over 2 eta
	samples   []float64
	so        []float64 // the regret after each sample
	bound     []float64 // D^2/(2 eta) and the other two terms after each sample
}

// run draws a network, takes it through the data once and sums.
func (p training) run(set *data.Set, r *rand.Rand) (s sums, err error) {
	net, err := deep.New(network(set.D(), p.L, p.M), r)
	if err != nil {
		return s, err
	}
	other := net.Clone()
	if err := p.compare(other, set, r); err != nil {
		return s, err
	}
	best, err := other.Output(set.X)
	if err != nil {
		return s, err
	}
	eta := p.Eta / float64(p.M)
	square := func() float64 { d := floats.Distance(net.Params(), other.Params(), 2); return d * d }
	start := square()
	away := make([]float64, net.NumParams())
	_, err = deep.OnePass{Step: eta, Loss: nets.Logistic{}, Observe: func(v *deep.Visit) bool {
		floats.SubTo(away, net.Params(), other.Params())
		gap := v.Loss - logistic(set.Y[v.Sample]*best[v.Sample])
		inner := v.Slope * v.Pass.JMul(nil, away)[0]
		s.regret += gap
		s.gradients += eta / 2 * v.Slope * v.Slope * v.Pass.Gram(nil).At(0, 0)
		s.curvature += gap - inner
		s.size += math.Abs(gap) + math.Abs(inner)
		s.samples, s.so = append(s.samples, float64(v.Sample+1)), append(s.so, s.regret)
		s.bound = append(s.bound, start/(2*eta)+s.gradients+s.curvature)
		return true
	}}.Run(net, set.X, set.Y)
	end := square()
	s.distance = (start - end) / (2 * eta)
	s.size += (start+end)/(2*eta) + s.gradients
	off := float64(len(set.Y)) * 0x1p-53 * floats.Norm(net.Params(), 2)
	s.placing = off * (math.Sqrt(start) + math.Sqrt(end) + off) / eta
	return s, err
}

// compare moves a network to W*, at distance D/sqrt m.
func (p training) compare(net *deep.Network, set *data.Set, r *rand.Rand) error {
	pass, err := net.NewPass(set.X)
	if err != nil {
		return err
	}
	var way []float64
	switch p.Toward {
	case "labels":
		way = pass.JTMul(nil, set.Y)
	case "gaussian":
		way = make([]float64, net.NumParams())
		for i := range way {
			way[i] = r.NormFloat64()
		}
	default:
		return fmt.Errorf("toward %q: use labels or gaussian", p.Toward)
	}
	resize(way, p.D/math.Sqrt(float64(p.M)))
	floats.Add(net.Params(), way)
	return nil
}

// sgdIdentity is the exact account of the regret behind Lemma 4.3.
//
// Setting: any samples with labels +-1, any network and start; one pass of stochastic gradient descent on the logistic loss with step eta; any
// weights W*.
//
// Hypotheses: none.
//
// Conclusion: sum_i [L_i(W^(i)) - L_i(W*)] = (|W^(1)-W*|^2 - |W^(n+1)-W*|^2)/(2 eta) + (eta/2) sum_i |grad L_i(W^(i))|^2 + sum_i e_i, with
// e_i = L_i(W^(i)) - L_i(W*) - <grad L_i(W^(i)), W^(i)-W*>. Each of the three terms is a part.
//
// Constants: exact, derived: expand |W^(i+1)-W*|^2 and sum. Lemma 4.3 has, for eta = nu eps/(L m), n = L^2 R^2/(2 nu eps^2) and
// m >= m* = O~(poly(R, L)) eps^{-14} log(1/delta), that the regret is at most 3 n eps for every W* in B(W^(1), R/sqrt m): there
// e_i <= eps by Lemma 4.2, and the first two terms are at most n eps each. Rounding: the losses and the
// distances over 2 eta are sums of as many terms as there are weights, with 1e-12 of their size; and a step rounds the weights by 2^-53 of
// their own norm, which is more than that where W* is nearly at the start and the gradient nearly 0.
//
// Convention: the loss of one sample a step; the norm of all layers together.
//
// Reference: derived here, after Cao, Gu (2019), proof of Lemma 4.3.
//
// Control: each term times 0.98.
func sgdIdentity() checks.Checkable {
	setup := func(distance, gradients, curvature float64) func(training) (checks.Instance, error) {
		return func(p training) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				s, err := p.run(set, r)
				if err != nil {
					return checks.Failed(err)
				}
				m := checks.Measurement{
					Part: "distances", Relation: checks.Equal, Observed: s.regret, Term: s.distance, Tolerance: 1e-12*s.size + s.placing,
					Predicted: distance*s.distance + gradients*s.gradients + curvature*s.curvature,
				}
				g, c := m, m
				g.Part, g.Term = "gradients", s.gradients
				c.Part, c.Term = "errors of convexity", s.curvature
				axes := curve.Axes{X: "sample", Y: "regret"}
				m.Series = []checks.Series{axes.Measured("against W*", s.samples, s.so), axes.Bound("without the last distance", s.samples, s.bound)}
				return checks.All(m, g, c)
			}}, nil
		}
	}
	sphere := data.Spec{Kind: data.Sphere, N: 20, D: 5, Seed: 1}
	at := []training{{Data: sphere, L: 2, M: 32, Eta: 1, D: 3, Toward: "labels"}}
	return checks.Claim[training]{
		ID: "cao2019/sgd-identity", Title: "what the regret of one pass is made of", Reference: "derived here, after Lemma 4.3",
		Formula:    `\sum_i \left[L_i(W^{(i)}) - L_i(W^*)\right] = \tfrac{\|W^{(1)}-W^*\|^2 - \|W^{(n+1)}-W^*\|^2}{2\eta} + \tfrac{\eta}{2}\sum_i \|\nabla L_i\|^2 + \sum_i e_i`,
		Convention: convention + "; logistic loss", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) training {
			s := gen.Specs(gen.Range{MinN: 1, MaxN: 6, MinD: 1, MaxD: 4}).Draw(t, "data")
			s.Labels = rapid.SampledFrom([]string{data.Const, data.Alternate, data.Sign}).Draw(t, "labels")
			return training{
				Data: s, L: rapid.IntRange(1, 4).Draw(t, "L"), M: rapid.IntRange(1, 20).Draw(t, "m"), Eta: rapid.SampledFrom([]float64{0.01, 1, 5}).Draw(t, "eta"),
				D: rapid.SampledFrom([]float64{0, 1, 100}).Draw(t, "D"), Toward: rapid.SampledFrom([]string{"labels", "gaussian"}).Draw(t, "toward"),
			}
		}),
		Grid: []training{
			at[0],
			{Data: sphere, L: 3, M: 32, Eta: 0.5, D: 10, Toward: "labels"},
			{Data: sphere, L: 4, M: 16, Eta: 0.5, D: 10, Toward: "gaussian"},
			{Data: images.Easy(data.MNIST, 40, 49), L: 3, M: 48, Eta: 0.2, D: 3, Toward: "labels"},
		},
		OnData: func(f checks.DataFile) []training {
			return []training{{Data: signs(f, 40), L: 2, M: 64, Eta: 0.2, D: 3, Toward: "labels"}}
		},
		Cost: training.cost, Setup: setup(1, 1, 1),
		Controls: []checks.Control[training]{
			{Name: "distances", Why: "an identity has no room", At: at, Setup: setup(0.98, 1, 1)},
			{Name: "gradients", Why: "an identity has no room", At: at, Setup: setup(1, 0.98, 1)},
			{Name: "convexity", Why: "an identity has no room", At: at, Setup: setup(1, 1, 0.98)},
		},
	}
}

// regret is one pass of the model that is linear in its weights.
type regret struct {
	Data   data.Spec `json:"data"`
	L      int       `json:"l"`
	M      int       `json:"m"`
	Layer  int       `json:"layer,omitempty"` // the only one that is trained; 0 trains all
	Margin float64   `json:"margin"`          // the y_i times output at the start, where it is not the network's own
	Own    bool      `json:"own,omitempty"`   // take the network's own
	D      float64   `json:"distance"`
	Stay   bool      `json:"stay,omitempty"` // compare with W^(1)
	Step   float64   `json:"step,omitempty"` // over the step of the theorem; 0 means 1
}

// linearRegret is Lemma 4.3 for the random feature model itself.
//
// Setting: the NTRF model b_i + <grad f_{W^(1)}(x_i), W - W^(1)> of a network with L layers, all or one of them trained, with any b_i, such as
// f_{W^(1)}(x_i); one pass of stochastic gradient descent on the logistic loss from W^(1) with eta = D/(m sqrt(n G)).
//
// Hypotheses: |grad f_{W^(1)}(x_i)|_F^2 <= m G for all i; |W* - W^(1)|_F <= D/sqrt m. (In the paper's ball each layer has R/sqrt m, and D = R sqrt L.)
//
// Conclusion: sum_i L_i(W^(i)) - L_i(W*) <= D sqrt(n G).
//
// Constants: derived (bounds.RegretBound): the identity of sgd-identity with errors of convexity at most 0. The paper has regret 3 n eps for
// the network itself, with hidden constants. Attained at n = 1, and for orthogonal features, where the network is far on the wrong side.
//
// Convention: the loss of one sample a step; the norm of all layers together.
//
// Reference: derived here, after Cao, Gu (2019), Lemma 4.3.
//
// Control: D sqrt(n G) times 0.9; weights at distance 1.2 D; gradients with 1.4 times the square that G allows; and 2.1 times the step, on one
// input with labels in turn.
func linearRegret() checks.Checkable {
	setup := func(constant, reach, share float64) func(regret) (checks.Instance, error) {
		return func(p regret) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement { return p.trial(set, constant, reach, share, r) }}, nil
		}
	}
	one := regret{Data: data.Spec{Kind: data.Basis, N: 1, D: 1}, L: 2, M: 20, Margin: -1000, D: 3}
	same := data.Spec{Kind: data.Explicit, Labels: data.Alternate}
	for range 200 {
		same.Rows = append(same.Rows, []float64{1, 0})
	}
	return checks.Claim[regret]{
		ID: "cao2019/linear-regret", Title: "regret of one pass on random features", Reference: "derived here, after Lemma 4.3",
		Formula:    `\sum_i L_i(W^{(i)}) \le \sum_i L_i(W^*) + D\sqrt{nG},\quad \eta = \frac{D}{m\sqrt{nG}}`,
		Convention: convention + "; logistic loss", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) regret {
			s := gen.Specs(gen.Range{MinN: 1, MaxN: 8, MinD: 1, MaxD: 4}).Draw(t, "data")
			s.Labels = rapid.SampledFrom([]string{data.Const, data.Alternate, data.Sign}).Draw(t, "labels")
			return regret{
				Data: s, L: rapid.IntRange(1, 4).Draw(t, "L"), M: rapid.IntRange(1, 20).Draw(t, "m"), Margin: rapid.SampledFrom([]float64{-1000, -1, 0, 2}).Draw(t, "margin"),
				Own: rapid.Bool().Draw(t, "own"), D: rapid.SampledFrom([]float64{0.01, 1, 100}).Draw(t, "D"), Stay: rapid.Bool().Draw(t, "stay"),
			}
		}),
		Grid: []regret{
			one, // attained
			{Data: data.Spec{Kind: data.Basis, N: 20, D: 20}, L: 2, M: 2000, Layer: 1, Margin: -1000, D: 3}, // nearly
			{Data: same, L: 2, M: 20, Margin: -1000, D: 3, Stay: true},
			{Data: data.Spec{Kind: data.Sphere, N: 40, D: 5, Seed: 1}, L: 3, M: 64, Own: true, D: 5},
			{Data: images.Hard(data.Fashion, 60, 49), L: 3, M: 64, Own: true, D: 5},
		},
		OnData: func(f checks.DataFile) []regret {
			return []regret{{Data: signs(f, 60), L: 3, M: 64, Own: true, D: 5}}
		},
		Cost: func(p regret) checks.Cost {
			n, d := costs.Size(p.Data)
			return checks.Cost{Trial: netCost(n, d, p.L, p.M) + 4*float64(n*n) + 100*float64(n), Size: fmt.Sprintf("m=%d", p.M)}
		},
		Setup: setup(1, 1, 1),
		Controls: []checks.Control[regret]{
			{Name: "constant", Why: "one sample attains it", At: []regret{one}, Setup: setup(0.9, 1, 1)},
			{Name: "farther", Why: "one sample attains it in proportion to the distance", At: []regret{one}, Setup: setup(1, 1.2, 1)},
			{Name: "gradients", Why: "one sample attains it in proportion to the gradient", At: []regret{one}, Setup: setup(1, 1, 1/1.4)},
			{
				Name: "step", Why: "labels in turn on one input overshoot by half a step each",
				At: []regret{{Data: same, L: 2, M: 20, Margin: -1000, D: 3, Stay: true, Step: 2.1}},
			},
		},
	}
}

// trial follows the outputs at the samples: the step at sample i adds -eta l'_i times column i of J J^T.
func (p regret) trial(set *data.Set, constant, reach, share float64, r *rand.Rand) checks.Measurement {
	net, err := deep.New(network(set.D(), p.L, p.M), r)
	if err != nil {
		return checks.Failed(err)
	}
	pass, err := net.NewPass(set.X)
	if err != nil {
		return checks.Failed(err)
	}
	k := mat.NewSymDense(set.N(), nil)
	if p.Layer > 0 {
		pass.GramTerm(k, p.Layer)
	} else {
		pass.Gram(k)
	}
	n, m := set.N(), float64(p.M)
	largest := 0.0
	for i := range n {
		largest = math.Max(largest, k.At(i, i)/m)
	}
	largest *= share // what is assumed of it
	if largest == 0 {
		return checks.Measurement{Observed: 0, Predicted: 0} // no feature fires
	}
	out, best := p.start(pass, set), p.start(pass, set)
	p.towards(best, k, set.Y, reach*p.D/math.Sqrt(m))
	eta := bounds.RegretStep(p.D, largest, n, p.M)
	if p.Step > 0 {
		eta *= p.Step
	}
	total, scale := 0.0, 0.0
	for i, y := range set.Y {
		total += logistic(y*out[i]) - logistic(y*best[i])
		scale += math.Abs(out[i]) + math.Abs(best[i]) + 1
		slope := y * logisticSlope(y*out[i])
		for j := range out {
			out[j] -= eta * slope * k.At(i, j)
		}
	}
	return checks.Measurement{Observed: total, Predicted: constant * bounds.RegretBound(p.D, largest, n), Tolerance: 8 * float64(n+8) * unit * scale}
}

// start are the outputs b_i.
func (p regret) start(pass *deep.Pass, set *data.Set) []float64 {
	b := make([]float64, set.N())
	for i, y := range set.Y {
		if b[i] = p.Margin * y; p.Own {
			b[i] = pass.Output()[i]
		}
	}
	return b
}

// towards moves outputs by weights of that length along sum_i y_i grad f(x_i).
func (p regret) towards(out []float64, k *mat.SymDense, y []float64, length float64) {
	v := mat.NewVecDense(len(y), nil)
	v.MulVec(k, mat.NewVecDense(len(y), y))
	if square := floats.Dot(y, v.RawVector().Data); square > 0 && !p.Stay {
		floats.AddScaled(out, length/math.Sqrt(square), v.RawVector().Data)
	}
}
