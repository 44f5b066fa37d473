package allenzhu2019beyond

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/pseudo"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// class is the set of networks within a radius of a start, on data.
type class struct {
	Data data.Spec `json:"data"`
	start
	Tau float64 `json:"tau"` // radius of a row, times sqrt m
}

func (p class) cost() checks.Cost {
	n, d := costs.Size(p.Data)
	return checks.Cost{Trial: math.Pow(2, float64(min(n, 12)))*float64(p.M*n)*float64(12*d+30) + 20*float64(p.M*(d+2)), Size: fmt.Sprintf("n=%d", n)}
}

// signs calls f with every vector of n signs.
func signs(n int, f func([]float64)) {
	s := make([]float64, n)
	for k := range 1 << n {
		for i := range s {
			s[i] = float64(1 - 2*(k>>i&1))
		}
		f(s)
	}
}

const mostSigns = 12

// few refuses samples whose signs are too many to enumerate.
func few(set *data.Set) error {
	if set.N() > mostSigns {
		return fmt.Errorf("%d samples have 2^%d signs; take at most %d", set.N(), set.N(), mostSigns)
	}
	return nil
}

// fit looks for the network in the ball of rows that fits the signs best: the linear answer, improved by its own patterns.
func fit(net *pseudo.Learner, x *mat.Dense, s []float64, radius float64) float64 {
	n, d := x.Dims()
	m := len(net.A)
	move, best := mat.NewDense(m, d, nil), math.Inf(-1)
	for range 3 {
		toward := mat.NewDense(m, d, nil)
		for i := range n {
			row := x.RawRowView(i)
			for j, slope := range net.Slopes(row, move, false) {
				if slope != 0 {
					w := toward.RawRowView(j)
					for k, v := range row {
						w[k] += s[i] * slope * v
					}
				}
			}
		}
		for j := range m {
			if row := toward.RawRowView(j); norm(row) > 0 {
				scale := radius / norm(row)
				for k := range row {
					row[k] *= scale
				}
			}
		}
		move = toward
		reach := 0.0
		for i := range n {
			reach += s[i] * net.Output(x.RawRowView(i), move) / float64(n)
		}
		best = math.Max(best, reach)
	}
	return best
}

// rademacherRows is Lemma B.5: the complexity of what SGD can reach does not grow with the width.
//
// Setting: any learner, N inputs; all networks f(.; W') whose rows have moved by at most tau. Signs are enumerated; for each, networks of
// the ball are tried that follow the gradient to the edge.
//
// Hypotheses: N at most 12, to enumerate.
//
// Conclusion: E_xi max_{W'} (1/N) sum_j xi_j f(x_j; W') <= |a|_1 tau r/sqrt N, with r the root mean square norm of the inputs.
//
// Constants: 1, derived: the maximum is taken neuron by neuron, the ReLU is 1-Lipschitz (contraction), and E |sum_j xi_j x_j| is at most
// the root of sum_j |x_j|^2. As printed the complexity is of order eps_a m tau/sqrt N; |a|_1 is eps_a m sqrt(2/pi) in the mean. With rows
// of order 1/(eps_a m), as SGD moves them, the width cancels. Attained by orthogonal inputs on which all neurons stay active; rounding
// 1e-12.
//
// Convention: no absolute value around the sum; one output.
//
// Reference: Allen-Zhu, Li, Liang (2019), Lemma B.5; constant derived here.
//
// Control: 0.8 times the bound; |a|_2 in place of |a|_1, the norm for a ball of all rows together.
func rademacherRows() checks.Checkable {
	setup := func(bound func(a []float64, tau float64, squares []float64) float64) func(class) (checks.Instance, error) {
		return func(p class) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err == nil {
				err = few(set)
			}
			if err != nil {
				return checks.Instance{}, err
			}
			var squares []float64
			for i := range set.N() {
				squares = append(squares, rowSquare(set.X, i))
			}
			radius := p.Tau / math.Sqrt(float64(p.M))
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				net, sum := p.draw(set.D(), r), 0.0
				signs(set.N(), func(s []float64) { sum += fit(net, set.X, s, radius) })
				predicted := bound(net.A, radius, squares)
				return checks.Measurement{Observed: sum / float64(int(1)<<set.N()), Predicted: predicted, Tolerance: 1e-12 * (predicted + p.Gate*norm(net.A)*math.Sqrt(float64(p.M)))}
			}}, nil
		}
	}
	scaled := func(s float64) func(class) (checks.Instance, error) {
		return setup(func(a []float64, tau float64, squares []float64) float64 {
			return s * bounds.RowBallRademacher(a, tau, squares)
		})
	}
	tight := class{Data: data.Spec{Kind: data.Orthonormal, N: 5, D: 5, Seed: 1}, start: start{M: 6, Output: 1, Planted: true, Gate: 2, Sign: 1}, Tau: 1}
	return checks.Claim[class]{
		ID: "allenzhu2019beyond/rademacher-rows", Title: "complexity of networks near the start", Reference: "Lemma B.5; constant derived here",
		Formula:    `\mathbb{E}_\xi \max_{\|W'\|_{2,\infty}\le\tau} \tfrac1N\sum_j \xi_j f(x_j;W') \le \frac{\|a\|_1\,\tau}{\sqrt N}\Big(\tfrac1N\sum_j\|x_j\|^2\Big)^{1/2}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) class {
			return class{
				Data:  gen.Specs(gen.Range{MinN: 1, MaxN: 5, MinD: 1, MaxD: 4}).Draw(t, "data"),
				start: start{M: rapid.IntRange(1, 12).Draw(t, "m"), Output: rapid.SampledFrom([]float64{1, 0.1, 10}).Draw(t, "output")},
				Tau:   rapid.SampledFrom([]float64{0.01, 1, 30}).Draw(t, "tau"),
			}
		}),
		Grid: []class{
			tight,
			{Data: data.Spec{Kind: data.Sphere, N: 1, D: 2, Seed: 1}, start: start{M: 3, Output: 1}, Tau: 1},
			{Data: data.Spec{Kind: data.Sphere, N: 6, D: 4, Seed: 1}, start: start{M: 20, Output: 0.3}, Tau: 10},
			{Data: images.All(data.MNIST, 6, 49), start: start{M: 20, Output: 0.3}, Tau: 1},
		},
		OnData: func(f checks.DataFile) []class {
			return []class{{Data: userfile.Rows(f, 6), start: start{M: 20, Output: 0.3}, Tau: 1}}
		},
		Cost: class.cost, Setup: scaled(1),
		Controls: []checks.Control[class]{
			{Name: "constant", Why: "orthogonal inputs attain it", At: []class{tight}, Setup: scaled(0.8)},
			{Name: "frobenius", Why: "all rows may go the whole way, which is sqrt(m) times as far as |a| tau", At: []class{tight}, Setup: setup(func(a []float64, tau float64, squares []float64) float64 {
				return bounds.RowBallRademacher([]float64{norm(a)}, tau, squares)
			})},
		},
	}
}

// rademacherFrobenius is the same for a ball of all rows together, where the complexity of the pseudo-network is known.
//
// Setting: any learner, N inputs; the pseudo-networks with |W'|_F <= Delta, Delta = 1; P the kernel of their features, P_jl = <x_j, x_l>
// sum_i a_i^2 D_{j,i} D_{l,i}.
//
// Hypotheses: N at most 12, to enumerate.
//
// Conclusion: sqrt(tr P/2)/N <= E_xi max (1/N) sum_j xi_j g^(b)(x_j; W') <= sqrt(tr P)/N, and tr P <= |a|^2 sum_j |x_j|^2. With |a| of
// order eps_a sqrt m and Delta of order C_s/(eps_a sqrt m) as in star-norm, the width cancels.
//
// Constants: derived: the maximum is the norm of sum_j xi_j times the features, which is squared tr P in the mean, and Khinchine's
// inequality with its best constant (Latala and Oleszkiewicz). Two equal inputs attain the lower bound, orthogonal ones the upper; active
// neurons the last. Rounding 1e-12.
//
// Convention: g^(b), the moved part alone; one output.
//
// Reference: derived here; Lemma B.5 of Allen-Zhu, Li, Liang (2019) has balls of rows.
//
// Control: the upper bound and the trace 0.8 times, the lower bound 1.25 times.
func rademacherFrobenius() checks.Checkable {
	setup := func(lower, upper, trace float64) func(class) (checks.Instance, error) {
		return func(p class) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err == nil {
				err = few(set)
			}
			if err != nil {
				return checks.Instance{}, err
			}
			total := 0.0
			for i := range set.N() {
				total += rowSquare(set.X, i)
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				net, n := p.draw(set.D(), r), float64(set.N())
				seen := fitted(net, set.X)
				tr := 0.0
				for i := range set.N() {
					x := set.X.RawRowView(i)
					for j, z := range net.Start(x) {
						if z >= 0 {
							tr += net.A[j] * net.A[j] * rowSquare(set.X, i)
						}
					}
				}
				size := 1e-12 * norm(net.A) * math.Sqrt(total)
				return checks.All(
					checks.Measurement{Part: "upper", Observed: seen, Predicted: upper * math.Sqrt(tr) / n, Tolerance: size},
					checks.Measurement{Part: "lower", Observed: seen, Predicted: lower * math.Sqrt(tr/2) / n, Relation: checks.AtLeast, Tolerance: size},
					checks.Measurement{Part: "trace", Observed: tr, Predicted: trace * norm(net.A) * norm(net.A) * total, Tolerance: 1e-12 * norm(net.A) * norm(net.A) * total},
				)
			}}, nil
		}
	}
	orthogonal := class{Data: data.Spec{Kind: data.Orthonormal, N: 6, D: 6, Seed: 1}, start: start{M: 8, Output: 1, Planted: true, Gate: 1, Sign: 1}}
	equal := class{Data: data.Spec{Kind: data.Duplicate, N: 2, D: 3, Seed: 1}, start: start{M: 30, Output: 0.5}}
	return checks.Claim[class]{
		ID: "allenzhu2019beyond/rademacher-frobenius", Title: "complexity of pseudo-networks near the start", Reference: "derived here",
		Formula:    `\sqrt{\tfrac12\mathrm{tr}\,P} \le N\,\mathbb{E}_\xi \max_{\|W'\|_F\le 1} \tfrac1N\sum_j \xi_j\, g^{(b)}(x_j;W') \le \sqrt{\mathrm{tr}\,P} \le \|a\|\Big(\sum_j\|x_j\|^2\Big)^{1/2}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) class {
			return class{
				Data:  gen.Specs(gen.Range{MinN: 1, MaxN: 6, MinD: 1, MaxD: 4}).Draw(t, "data"),
				start: start{M: rapid.IntRange(1, 12).Draw(t, "m"), Output: rapid.SampledFrom([]float64{1, 0.1, 10}).Draw(t, "output")},
			}
		}),
		Grid: []class{
			orthogonal, equal,
			{Data: data.Spec{Kind: data.Sphere, N: 9, D: 3, Seed: 2}, start: start{M: 30, Output: 0.3}},
			{Data: images.All(data.Fashion, 8, 49), start: start{M: 30, Output: 0.3}},
		},
		OnData: func(f checks.DataFile) []class {
			return []class{{Data: userfile.Rows(f, 8), start: start{M: 30, Output: 0.3}}}
		},
		Cost: class.cost, Setup: setup(1, 1, 1),
		Controls: []checks.Control[class]{
			{Name: "upper", Why: "orthogonal inputs attain it", At: []class{orthogonal}, Setup: setup(1, 0.8, 1)},
			{Name: "lower", Why: "two equal inputs attain it", At: []class{equal}, Setup: setup(1.25, 1, 1)},
			{Name: "trace", Why: "active neurons attain it", At: []class{orthogonal}, Setup: setup(1, 1, 0.8)},
		},
	}
}

// fitted averages over all signs the largest (1/N) sum_j xi_j g^(b)(x_j; W') in the unit ball: it is attained by the direction of the gradient.
func fitted(net *pseudo.Learner, x *mat.Dense) float64 {
	n, d := x.Dims()
	m := len(net.A)
	still := mat.NewDense(m, d, nil)
	slopes := make([][]float64, n)
	for i := range n {
		slopes[i] = net.Slopes(x.RawRowView(i), still, true)
	}
	sum := 0.0
	signs(n, func(s []float64) {
		move := mat.NewDense(m, d, nil)
		for i := range n {
			row := x.RawRowView(i)
			for j, slope := range slopes[i] {
				w := move.RawRowView(j)
				for k, v := range row {
					w[k] += s[i] * slope * v
				}
			}
		}
		size := norm(move.RawMatrix().Data)
		if size == 0 {
			return
		}
		move.Scale(1/size, move)
		for i := range n {
			sum += s[i] * net.Moved(x.RawRowView(i), move) / float64(n)
		}
	})
	return sum / float64(int(1)<<n)
}
