package soltanolkotabi2019

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/quadratic"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/userfile"
)

// general are n inputs drawn from a law with a density.
type general struct {
	N     int    `json:"n"`
	D     int    `json:"d"`
	Law   string `json:"law,omitempty"`   // "", Gaussian; cube, uniform; plane, Gaussian with the last coordinate that of the first; quadric, the same up to random signs
	Batch int    `json:"batch,omitempty"` // data sets averaged in a trial
}

func (p general) draw(r *rand.Rand) (*mat.Dense, error) {
	x := nets.Gaussian(p.N, p.D, r)
	for i := range p.N {
		row := x.RawRowView(i)
		switch p.Law {
		case "":
		case "cube":
			for k := range row {
				row[k] = 2*r.Float64() - 1
			}
		case "plane":
			row[p.D-1] = row[0]
		case "quadric":
			row[p.D-1] = row[0] * float64(2*r.IntN(2)-1)
		default:
			return nil, fmt.Errorf("law %q: use cube, plane, quadric or none", p.Law)
		}
	}
	return x, nil
}

func (p general) cost() checks.Cost {
	return checks.Cost{Trial: float64(max(1, p.Batch)) * 2 * fitCost(p.N, p.D)}
}

// productRank is the rank of the rows x_i (x) x_i, all d^2 products written out: how many singular values exceed 1e-10 of the largest.
func productRank(x *mat.Dense) (int, error) {
	n, d := x.Dims()
	a := mat.NewDense(n, d*d, nil)
	for i := range n {
		row, xi := a.RawRowView(i), x.RawRowView(i)
		for p, u := range xi {
			for q, v := range xi {
				row[p*d+q] = u * v
			}
		}
	}
	var svd mat.SVD
	if !svd.Factorize(a, mat.SVDNone) {
		return 0, errors.New("the singular values of the products did not converge")
	}
	rank, values := 0, svd.Values(nil)
	for _, s := range values {
		if s > 1e-10*values[0] {
			rank++
		}
	}
	return rank, nil
}

// rankThreshold is the rank of the squared inputs, on which zero loss hangs.
//
// Setting: x_1..x_n drawn independently from a law with a density on R^d (normal, or uniform on a cube).
//
// Hypotheses: none.
//
// Conclusion: almost surely rank {x_i x_i^T} = min(n, d(d+1)/2). So for n <= d(d+1)/2 every labelling is met by a quadratic form, and
// for n > d(d+1)/2 almost none is.
//
// Constants: Theorem 2.1 has n <= c d^2 with a hidden c; the lemma behind it has the threshold itself, for n >= d. That n >= d is not
// needed, and that the threshold is sharp, is ours: some minor of the matrix with the rows x_i (x) x_i is a polynomial in the inputs that is not zero, for
// e_p and e_p + e_q have squares that span the symmetric matrices, and there is no more room. Singular values below 1e-10 of
// the largest count as zero; at the threshold itself the least one is of the order of a distance of random points, with
// probability of order 1e-8 below that.
//
// Convention: inputs as drawn.
//
// Reference: Soltanolkotabi, Javanmard, Lee (2019), Theorem 2.1, second part, and Lemma 5.6; the sharp form derived here.
//
// Control: inputs on a hyperplane, and, one sample short of showing it, on a quadric; one unknown more.
func rankThreshold() checks.Checkable {
	setup := func(extra int) func(general) (checks.Instance, error) {
		return func(p general) (checks.Instance, error) {
			if p.N < 1 || p.D < 1 {
				return checks.Instance{}, errors.New("n and d must be positive")
			}
			want := bounds.QuadraticRank(p.N, p.D)
			if extra > 0 {
				want = min(p.N, p.D*(p.D+1)/2+extra)
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				x, err := p.draw(r)
				if err != nil {
					return checks.Failed(err)
				}
				rank, err := productRank(x)
				return checks.Measurement{Observed: float64(rank), Predicted: float64(want), Relation: checks.Equal, Err: err}
			}}, nil
		}
	}
	return checks.Claim[general]{
		ID: "soltanolkotabi2019/rank-threshold", Title: "rank of the squared inputs", Reference: "Lemma 5.6",
		Formula:    `\operatorname{rank}\{x_i x_i^{\top}\}_{i\le n} = \min\left(n, \tfrac{d(d+1)}{2}\right)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []general{
			{N: 1, D: 1}, {N: 2, D: 1}, {N: 5, D: 3}, {N: 6, D: 3}, {N: 7, D: 3}, {N: 3, D: 5, Law: "cube"}, {N: 21, D: 6}, {N: 22, D: 6, Law: "cube"},
		},
		Space: rapid.Custom(func(t *rapid.T) general {
			d := rapid.IntRange(1, 5).Draw(t, "d")
			top := d * (d + 1) / 2
			return general{N: rapid.IntRange(1, top+3).Draw(t, "n"), D: d, Law: rapid.SampledFrom([]string{"", "cube"}).Draw(t, "law")}
		}),
		Cost: general.cost, Setup: setup(0),
		Controls: []checks.Control[general]{
			{Name: "hyperplane", Why: "on a hyperplane there are d(d-1)/2 products", At: []general{{N: 11, D: 5, Law: "plane"}}},
			{Name: "quadric", Why: "a quadric costs one product, which shows when all are needed", At: []general{{N: 15, D: 5, Law: "quadric"}}},
			{Name: "one-more", Why: "d(d+1)/2 + 1 for the threshold", At: []general{{N: 16, D: 5}, {N: 7, D: 3}}, Setup: setup(1)},
		},
	}
}

// minimumAttained is that networks reach the least loss over all quadratic forms, and none goes below it.
//
// Setting: any inputs and labels; M* a least-squares minimiser over symmetric matrices, with p positive and q negative eigenvalues
// mu_j and eigenvectors q_j; the network with rows sqrt(mu_j/v_l) q_j for one v_l of the sign of mu_j each, and zero rows; beside it the
// same network with its weights moved by 1e-3 N(0, 1) of their mean size.
//
// Hypotheses: k+ >= p and k- >= q, for which d neurons of each sign are enough.
//
// Conclusion: the network has loss L* = min_M L(M) ("attained"), and the moved network at least that ("least"). For inputs in general
// position and n <= d(d+1)/2 it is zero.
//
// Constants: exact. W^T D_v W = M* by construction, and L(W) = L(M(W)) >= L* always. The tolerance is 1e-10 of the loss at W = 0, and what
// an error of 1e-13 ||M*|| max||x_i||^2 in the outputs makes.
//
// Convention: mean loss, v fixed.
//
// Reference: Soltanolkotabi, Javanmard, Lee (2019), Theorem 2.1, second part; the construction derived here.
//
// Control: one negative eigenvalue more than negative neurons; all neurons of one sign; the least loss 1.02 times as large.
func minimumAttained() checks.Checkable {
	hyperplane := data.Spec{Kind: data.Explicit, Raw: true, Labels: data.Normal, Seed: 3, Rows: [][]float64{{1, 2, 1}, {0, 1, 0}, {2, -1, 2}, {-1, 1, -1}, {3, 1, 3}}}
	setup := func(factor float64) func(scene) (checks.Instance, error) {
		return func(p scene) (checks.Instance, error) { return p.attained(factor) }
	}
	return checks.Claim[scene]{
		ID: "soltanolkotabi2019/minimum-attained", Title: "the minimum is least squares over forms", Reference: "Theorem 2.1, second part",
		Formula:    `\min_W L(W) = \min_{M = M^{\top}} \tfrac{1}{2n}\sum_i (x_i^{\top} M x_i - y_i)^2`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []scene{
			{Data: gaussian(9, 3), V: signs(3, 3, 1)}, {Data: gaussian(6, 3), V: signs(3, 3, 1)}, {Data: gaussian(1, 1), V: signs(1, 1, 0)},
			{Data: hyperplane, V: signs(3, 3, 0)}, // n < d(d+1)/2, and yet no zero
			{Data: gaussian(30, 5), V: signs(5, 5, 9)},
			{Data: data.Spec{Kind: data.MNIST, N: 16, D: 49, Labels: data.Normal, Seed: 1}, V: signs(16, 16, 0)},
		},
		OnData: func(f checks.DataFile) []scene {
			if f.Label == "" {
				return nil // nothing to fit
			}
			return []scene{{Data: userfile.Rows(f, 24), V: signs(24, 24, 0)}} // no more eigenvalues than rows
		},
		Space: scenes(8, 3, 0), Cost: func(p scene) checks.Cost {
			n, d := costs.Size(p.Data)
			return checks.Cost{Setup: fitCost(n, d) + 2*costs.Eigenvalue(d), Trial: 4 * float64(n*d*len(p.V))}
		},
		Setup: setup(1),
		Controls: []checks.Control[scene]{
			{
				Name: "one-negative-short", Why: "an eigenvalue without a neuron is missing from the form",
				At: []scene{{Data: data.Spec{Kind: data.Sphere, N: 9, D: 3, Seed: 1, Labels: data.Const, LabelScale: -1}, V: signs(3, 2, 0)}},
			},
			{Name: "one-sign", Why: "positive neurons alone make positive semidefinite forms", At: []scene{{Data: gaussian(9, 3), V: signs(6, 0, 0)}}},
			{Name: "larger-minimum", Why: "the networks built and moved are below 1.02 times the least loss", At: []scene{{Data: gaussian(9, 3), V: signs(3, 3, 1)}}, Setup: setup(1.02)},
		},
	}
}

func (p scene) attained(factor float64) (checks.Instance, error) {
	s, err := newSetting(p.Data, p.V)
	if err != nil {
		return checks.Instance{}, err
	}
	w, err := bounds.QuadraticNetwork(s.fit.Form, p.V)
	if err != nil {
		return checks.Instance{}, err
	}
	values, err := bounds.SymmetricEigenvalues(s.fit.Form)
	if err != nil {
		return checks.Instance{}, err
	}
	floor := 1e-14 * spread(values)
	up, down := 0, 0
	for _, mu := range values {
		if mu > floor {
			up++
		}
		if mu < -floor {
			down++
		}
	}
	positive, negative := count(p.V)
	rounding := 1e-13 * spread(values) * math.Pow(spread(data.RowNorms(s.x)), 2) // of an output of the network that is built
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{
			checks.Require("k+ >= p", float64(positive), checks.AtLeast, float64(up)),
			checks.Require("k- >= q", float64(negative), checks.AtLeast, float64(down)),
		},
		Facts: []checks.Fact{checks.NewFact("rank of the squared inputs", float64(s.fit.Rank)), checks.NewFact("least loss", s.fit.Loss)},
		Trial: func(r *rand.Rand) checks.Measurement {
			net := quadratic.Network(w, p.V)
			moved := net.Clone()
			size := 1e-3 * mat.Norm(w, 2) / math.Sqrt(float64(len(p.V)*s.d))
			moved.W.Apply(func(_, _ int, v float64) float64 { return v + size*r.NormFloat64() }, moved.W)
			tolerance := 1e-10*s.energy + 2*math.Sqrt(s.fit.Loss)*rounding + rounding*rounding
			return checks.All(
				checks.Measurement{Part: "attained", Observed: s.loss(net), Predicted: factor * s.fit.Loss, Relation: checks.Equal, Tolerance: tolerance},
				checks.Measurement{Part: "least", Observed: s.loss(moved), Predicted: factor * s.fit.Loss, Relation: checks.AtLeast, Tolerance: tolerance},
			)
		},
	}, nil
}

// residualMean is how much of random labels is left by the best network.
//
// Setting: x_1..x_n ~ N(0, I_d), y ~ N(0, I_n), independent; L* the least loss of networks with d neurons of each sign, attained as in
// minimum-attained.
//
// Hypotheses: none.
//
// Conclusion: E[2 n L*] = max(n - d(d+1)/2, 0).
//
// Constants: ours. Given the inputs, 2 n L* is the squared length of y in the orthogonal complement of a space of dimension
// min(n, d(d+1)/2), a chi-square variable with that many degrees of freedom less, of variance 2(n - d(d+1)/2), which
// bounds the deviation of the means over data sets that are judged. The mean is told to 10 %.
//
// Convention: mean loss, v fixed.
//
// Reference: derived here, the sharp form of Theorem 2.1, second part.
//
// Control: a threshold one higher, or inputs on a hyperplane, which leave d more squares over.
func residualMean() checks.Checkable {
	setup := func(extra int) func(general) (checks.Instance, error) {
		return func(p general) (checks.Instance, error) {
			left := float64(p.N - bounds.QuadraticRank(p.N, p.D))
			deviation := math.Sqrt(2 * left / float64(max(1, p.Batch)))
			return checks.Instance{
				Terms: checks.Terms{Deviation: checks.Float(1.0001 * deviation), Resolution: 0.1, Trials: 400},
				Trial: func(r *rand.Rand) checks.Measurement {
					sum := 0.0
					for range max(1, p.Batch) {
						loss, err := p.leastLoss(r)
						if err != nil {
							return checks.Failed(err)
						}
						sum += 2 * float64(p.N) * loss / float64(max(1, p.Batch))
					}
					return checks.Measurement{Observed: sum, Predicted: left - float64(extra), Relation: checks.Equal}
				},
			}, nil
		}
	}
	return checks.Claim[general]{
		ID: "soltanolkotabi2019/residual-mean", Title: "what random labels leave over", Reference: "derived here, after Theorem 2.1",
		Formula:    `\mathbb{E}\,[2 n L^*] = \max\left(n - \tfrac{d(d+1)}{2}, 0\right)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid:  []general{{N: 8, D: 2, Batch: 20}, {N: 4, D: 2, Batch: 40}, {N: 14, D: 3, Batch: 8}},
		Cost:  general.cost,
		Setup: setup(0),
		Controls: []checks.Control[general]{
			{Name: "higher-threshold", Why: "a threshold of d(d+1)/2 + 1 leaves 4 squares of 5", At: []general{{N: 8, D: 2, Batch: 20}}, Setup: setup(1)},
			{Name: "hyperplane", Why: "inputs on a hyperplane have d squares less to fit with, 10 are left of 8", At: []general{{N: 14, D: 3, Law: "plane", Batch: 8}}},
		},
	}
}

// leastLoss draws inputs and labels and evaluates the best network on them.
func (p general) leastLoss(r *rand.Rand) (float64, error) {
	x, err := p.draw(r)
	if err != nil {
		return 0, err
	}
	y := make([]float64, p.N)
	for i := range y {
		y[i] = r.NormFloat64()
	}
	s, err := labelled(x, y, signs(p.D, p.D, 0))
	if err != nil {
		return 0, err
	}
	w, err := bounds.QuadraticNetwork(s.fit.Form, s.v)
	if err != nil {
		return 0, err
	}
	return s.loss(quadratic.Network(w, s.v)), nil
}
