package song2024

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds/eig"
	"convergo/bounds/shifted"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/subquadratic"
)

// tensors are two tensors u (x) h and v (x) k, and the places of a sketch.
type tensors struct {
	U []float64 `json:"u"`
	H []float64 `json:"h"`
	V []float64 `json:"v"`
	K []float64 `json:"k"`
	S int       `json:"s"`
}

func (p tensors) draws() float64 {
	return math.Pow(float64(2*p.S), float64(len(p.U)+len(p.H)))
}

// flat is a unit vector of d equal entries.
func flat(d int) []float64 {
	v := make([]float64, d)
	for i := range v {
		v[i] = 1 / math.Sqrt(float64(d))
	}
	return v
}

func flatTensors(d, s int) tensors { return tensors{flat(d), flat(d), flat(d), flat(d), s} }

// tables runs through every table of hashes and signs of a count sketch.
func tables(c *subquadratic.CountSketch, s int, visit func()) {
	var fill func(i int)
	fill = func(i int) {
		if i == len(c.Hash) {
			visit()
			return
		}
		for c.Hash[i] = range s {
			for _, c.Sign[i] = range []float64{-1, 1} {
				fill(i + 1)
			}
		}
	}
	fill(0)
}

func emptySketch(d int) subquadratic.CountSketch {
	return subquadratic.CountSketch{Hash: make([]int, d), Sign: make([]float64, d)}
}

// sketchMoments are the first two moments of a tensor sketch.
//
// Setting: S: R^{d e} -> R^s, S(u (x) h) = IFFT(FFT(C u) FFT(C' h)), with count sketches C, C' of independent uniform hashes and
// signs. The expectation is taken over every table of hashes and signs in turn: no chance is left.
//
// Hypotheses: none.
//
// Conclusion: E <Sp,Sq> = <p,q> for p = u (x) h, q = v (x) k; Var <Sp,Sq> is exactly
// (a^2 (d+e) + b^2 (c+f) + c d + f e)/s + o (c e + f d)/s^2, with a = <u,v>, b = <h,k>, c = |u|^2 |v|^2 - sum u_i^2 v_i^2,
// f = a^2 - sum u_i^2 v_i^2, d and e likewise of h and k, o = 1 for odd s and 2 for even s; and at most
// (6 + 2 o/s)/s |p|^2 |q|^2, also for the sum p + q of two such tensors with itself.
//
// Constants: derived, at shifted.SketchVariance and shifted.SketchMoment. As recalled from the literature the constant is 11; flat vectors
// show that 8 = 6 + 2, at s = 1 and 2, cannot be lowered, as their dimension grows. The tolerance is 1e-11 of the norms.
//
// Convention: fully independent hashes and signs, which four-wise independent signs and two-wise independent hashes replace.
//
// Reference: tensor sketches (abstract of version 1); second moment derived here.
//
// Control: the constant 6 at flat vectors of eight entries, the variance without its second-order term, and one table for both factors.
func sketchMoments() checks.Claim[tensors] {
	setup := func(bound func(s int) float64, order float64, shared bool) func(tensors) (checks.Instance, error) {
		return func(p tensors) (checks.Instance, error) {
			return checks.Instance{Trial: func(*rand.Rand) checks.Measurement {
				mean, second, sum := p.enumerate(shared)
				pp, qq := floats.Dot(p.U, p.U)*floats.Dot(p.H, p.H), floats.Dot(p.V, p.V)*floats.Dot(p.K, p.K)
				pq := floats.Dot(p.U, p.V) * floats.Dot(p.H, p.K)
				variance := shifted.SketchVariance(p.U, p.H, p.V, p.K, p.S)
				if order != 0 { // without the term in 1/s^2, which the variance at s and at 3 s tell apart for odd s
					variance -= order * 1.5 * (variance - 3*shifted.SketchVariance(p.U, p.H, p.V, p.K, 3*p.S))
				}
				both := pp + qq + 2*pq
				tol := 1e-11 * (pp + qq) * (pp + qq)
				return checks.All(
					checks.Measurement{Part: "mean", Observed: mean, Predicted: pq, Relation: checks.Equal, Tolerance: 1e-11 * (pp + qq)},
					checks.Measurement{Part: "variance", Observed: second - mean*mean, Predicted: variance, Relation: checks.Equal, Tolerance: tol},
					checks.Measurement{Part: "bound", Observed: second - mean*mean, Predicted: bound(p.S) * pp * qq, Tolerance: tol},
					checks.Measurement{Part: "sum", Observed: sum, Predicted: bound(p.S) * both * both, Tolerance: tol},
				)
			}}, nil
		}
	}
	wideFlat := flatTensors(8, 1) // nearest to the constant
	spread := tensors{[]float64{1, 0.5, -1}, []float64{0.3, -2}, []float64{1, 1, 1}, []float64{1, -1}, 3}
	return checks.Claim[tensors]{
		ID: "song2024/sketch-moments", Title: "moments of a tensor sketch", Reference: "tensor sketches (abstract of version 1); second moment derived here",
		Formula: `\mathbb{E}\langle Sp,Sq\rangle = \langle p,q\rangle,\quad \mathrm{Var}\,\langle Sp,Sq\rangle \le \frac{6+2o/s}{s}\,\|p\|^2\|q\|^2`, Convention: "independent uniform hashes and signs",
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) tensors {
			vector := func(name string) []float64 {
				v := make([]float64, 2)
				for i := range v {
					v[i] = float64(rapid.IntRange(-3, 3).Draw(t, name))
				}
				return v
			}
			return tensors{vector("u"), vector("h"), vector("v"), vector("k"), rapid.IntRange(1, 4).Draw(t, "s")}
		}),
		Grid: []tensors{spread, flatTensors(3, 2), flatTensors(2, 4), wideFlat},
		Cost: func(p tensors) checks.Cost { return checks.Cost{Trial: p.draws() * (500 + 40*float64(p.S))} }, Setup: setup(shifted.SketchMoment, 0, false),
		Controls: []checks.Control[tensors]{
			{Name: "constant-six", Why: "at s = 1 flat vectors of eight entries have 6.56", At: []tensors{wideFlat}, Setup: setup(func(s int) float64 { return 6 / float64(s) }, 0, false)},
			{Name: "first-order", Why: "collisions at t and -t together add to the variance", At: []tensors{spread}, Setup: setup(shifted.SketchMoment, 1, false)},
			{Name: "one-table", Why: "with equal tables the entries (i,j) and (j,i) always collide", At: []tensors{{[]float64{1, 0}, []float64{0, 1}, []float64{0, 1}, []float64{1, 0}, 4}}, Setup: setup(shifted.SketchMoment, 0, true)},
		},
	}
}

// enumerate returns the mean and the second moment of <Sp,Sq>, and the variance of |S(p+q)|^2, over all tables.
func (p tensors) enumerate(shared bool) (mean, second, sum float64) {
	sketch := subquadratic.NewTensorSketch(emptySketch(len(p.U)), emptySketch(len(p.H)), p.S)
	a, b := make([]float64, p.S), make([]float64, p.S)
	var count, square, fourth float64
	visit := func() {
		sketch.Apply(a, p.U, p.H)
		sketch.Apply(b, p.V, p.K)
		dot := floats.Dot(a, b)
		both := floats.Dot(a, a) + floats.Dot(b, b) + 2*dot
		count++
		mean += dot
		second += dot * dot
		square += both
		fourth += both * both
	}
	tables(&sketch.Left, p.S, func() {
		if shared {
			sketch.Right = sketch.Left
			visit()
			return
		}
		tables(&sketch.Right, p.S, visit)
	})
	return mean / count, second / count, fourth/count - square*square/(count*count)
}

// A rowSketch is a Khatri-Rao matrix of n rows and a sketch of it. Rows: pair, (e_1 (x) e_1, e_2 (x) e_1); mixed, (e_1 (x) e_1,
// (e_2 + e_3)/sqrt 2 (x) e_1); flat, one row; network, the Jacobian of a layer of 64 neurons on n inputs.
type rowSketch struct {
	Rows  string  `json:"rows"`
	N     int     `json:"n"`
	S     int     `json:"s"`
	Delta float64 `json:"delta,omitempty"`
}

const rowWidth = 64 // of rows from a network

func (p rowSketch) build() (u, h [][]float64, err error) {
	e := func(is ...int) []float64 {
		v := make([]float64, 3)
		for _, i := range is {
			v[i] = 1 / math.Sqrt(float64(len(is)))
		}
		return v
	}
	switch p.Rows {
	case "pair":
		return [][]float64{e(0), e(1)}, [][]float64{e(0), e(0)}, nil
	case "mixed":
		return [][]float64{e(0), e(1, 2)}, [][]float64{e(0), e(0)}, nil
	case "flat":
		return [][]float64{flat(8)}, [][]float64{flat(8)}, nil
	}
	set, err := data.Spec{Kind: data.Sphere, N: p.N, D: 2 * p.N, Seed: 1}.Build()
	if err != nil {
		return nil, nil, err
	}
	net, err := subquadratic.New(rowWidth, set.D(), 2, activation{shifted.Hard, 0.3}.at(rowWidth), -1, fixed(1))
	if err != nil {
		return nil, nil, err
	}
	_, us, hs := net.Factors(set.X, 0)
	for i := range us {
		u, h = append(u, us[i].Dense(rowWidth)), append(h, hs[i].Dense(rowWidth))
	}
	return u, h, nil
}

func (p rowSketch) cost() checks.Cost {
	return checks.Cost{Setup: 1e5, Trial: 3000 + float64(p.N)*(30*rowWidth+float64(p.S)*(60+float64(2*p.N)))}
}

// gramOf is the exact Gram matrix of the rows u_i (x) h_i.
func gramOf(u, h [][]float64) *mat.SymDense {
	g := mat.NewSymDense(len(u), nil)
	for i := range u {
		for j := i; j < len(u); j++ {
			g.SetSym(i, j, floats.Dot(u[i], u[j])*floats.Dot(h[i], h[j]))
		}
	}
	return g
}

// sketched draws a sketch of the rows, an s x n matrix SA.
func sketched(u, h [][]float64, s int, r *rand.Rand) *mat.Dense {
	sketch := subquadratic.DrawTensorSketch(len(u[0]), len(h[0]), s, r)
	sa, row := mat.NewDense(s, len(u), nil), make([]float64, s)
	for i := range u {
		sketch.Apply(row, u[i], h[i])
		sa.SetCol(i, row)
	}
	return sa
}

func selfGram(sa *mat.Dense) *mat.SymDense {
	var k mat.SymDense
	k.SymOuterK(1, sa.T())
	return &k
}

// distortion are the eigenvalues of K seen by G: of L^{-1} K L^{-T} with G = L L^T.
func distortion(g, k *mat.SymDense) ([]float64, error) {
	var c mat.Cholesky
	c.Factorize(g)
	var l mat.TriDense
	c.LTo(&l)
	var half, white mat.Dense
	if err := half.Solve(&l, k); err != nil {
		return nil, err
	}
	if err := white.Solve(&l, half.T()); err != nil {
		return nil, err
	}
	n := g.SymmetricDim()
	sym := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			sym.SetSym(i, j, (white.At(i, j)+white.At(j, i))/2)
		}
	}
	s, err := eig.All(sym)
	return s.Values, err
}

// sketchError is how far the Gram matrix of sketched rows is off.
//
// Setting: n rows u_i (x) h_i with Gram matrix G; a tensor sketch of them into s places.
//
// Hypotheses: none.
//
// Conclusion: E ||(SA)(SA)^T - G||_F^2 = V, the sum over i, j of the exact variances of sketch-moments; so ||(SA)(SA)^T - G||_F <= sqrt(V/delta) with
// probability at least 1 - delta, by Markov's inequality.
//
// Constants: derived. Rows that collide or do not attain Markov's inequality: e_1 (x) e_1 and e_2 (x) e_1 are off by sqrt 2 with probability 1/s, and
// V = 2/s. The deviation that the interval of the mean rests on: an error of
// <Sp,Sq> is at most |p|_1 |q|_1 - sum_k |p_k q_k|, so that the squared norm is at most some c and its variance at most V (c - V). A trial averages 200 sketches.
//
// Convention: independent uniform hashes and signs.
//
// Reference: tensor sketches (abstract of version 1); derived here.
//
// Control: 0.85 and 1.15 times the variance, and the variance of the off-diagonal entries alone.
func sketchError() checks.Claim[rowSketch] {
	const batch = 200
	setup := func(factor float64, diagonal bool) func(rowSketch) (checks.Instance, error) {
		return func(p rowSketch) (checks.Instance, error) {
			u, h, err := p.build()
			if err != nil {
				return checks.Instance{}, err
			}
			g := gramOf(u, h)
			var total, variance, most float64
			for i := range u {
				for j := range u {
					v := shifted.SketchVariance(u[i], h[i], u[j], h[j], p.S)
					variance += v
					if diagonal || i != j {
						total += v
					}
					off := floats.Norm(u[i], 1)*floats.Norm(h[i], 1)*floats.Norm(u[j], 1)*floats.Norm(h[j], 1) - overlap(u[i], u[j])*overlap(h[i], h[j])
					most += off * off
				}
			}
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("bound at delta = 0.1", math.Sqrt(total/0.1))},
				Terms: checks.Terms{Deviation: checks.Float(math.Sqrt(variance * (most - variance) / batch)), Resolution: 0.06},
				Trial: func(r *rand.Rand) checks.Measurement {
					var sum float64
					for range batch {
						off := eig.Distance(selfGram(sketched(u, h, p.S, r)), g)
						sum += off * off
					}
					return checks.Measurement{Observed: sum / batch, Predicted: factor * total, Relation: checks.Equal}
				},
			}, nil
		}
	}
	near := rowSketch{Rows: "pair", N: 2, S: 3}
	return checks.Claim[rowSketch]{
		ID: "song2024/sketch-error", Title: "Gram matrix of sketched rows", Reference: "tensor sketches (abstract of version 1); derived here",
		Formula: `\mathbb{E}\left\|(SA)(SA)^{\top}-G\right\|_F^2 = \sum_{i,j} \mathrm{Var}\,\langle Sa_i,Sa_j\rangle`, Convention: "independent uniform hashes and signs",
		Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []rowSketch{near, {Rows: "pair", N: 2, S: 2}, {Rows: "mixed", N: 2, S: 3}},
		Cost: func(p rowSketch) checks.Cost { return checks.Cost{Setup: 1e5, Trial: batch * 6000} }, Setup: setup(1, true),
		Controls: []checks.Control[rowSketch]{
			{Name: "smaller-variance", Why: "the mean of the square is known to a few per cent", At: []rowSketch{near}, Setup: setup(0.85, true)},
			{Name: "larger-variance", Why: "likewise", At: []rowSketch{near}, Setup: setup(1.15, true)},
			{Name: "off-diagonal", Why: "the norm of (e_2 + e_3) (x) e_1 varies too", At: []rowSketch{{Rows: "mixed", N: 2, S: 3}}, Setup: setup(1, false)},
		},
	}
}

// overlap is sum_i |u_i v_i|.
func overlap(u, v []float64) (sum float64) {
	for i := range u {
		sum += math.Abs(u[i] * v[i])
	}
	return sum
}

// sketchEmbedding is that a tensor sketch embeds a subspace.
//
// Setting: n independent rows u_i (x) h_i with Gram matrix G = L L^T; a tensor sketch of them into s places.
//
// Hypotheses: none.
//
// Conclusion: with probability at least 1 - delta, every eigenvalue of L^{-1} (SA)(SA)^T L^{-T} is within eps of 1, eps = sqrt(n^2 (6 +
// 2 o/s)/(s delta)), at most sqrt(8 n^2/(s delta)): an embedding up to eps takes s = 8 n^2/(eps^2 delta) places. (o as in sketch-moments.)
//
// Constants: derived: the whitened rows are an orthonormal basis of n tensors, whose n^2 inner products each vary by at most the bound of
// sketch-moments; Markov's inequality for the squared Frobenius norm. As recalled, the paper takes sketches of size n/eps^2 up to
// logarithms, with hidden constants, by another transform.
//
// Convention: independent uniform hashes and signs.
//
// Reference: subspace embedding (recalled); derived here.
//
// Control: an eighth of the bound, on one flat row and on a pair that collides.
//
// Loose: the largest eigenvalue is at most the Frobenius norm, to which Markov's inequality is applied: one flat row comes within 2.5 of it once in thirty draws.
func sketchEmbedding() checks.Claim[rowSketch] {
	setup := func(factor float64) func(rowSketch) (checks.Instance, error) {
		return func(p rowSketch) (checks.Instance, error) {
			u, h, err := p.build()
			if err != nil {
				return checks.Instance{}, err
			}
			g, n := gramOf(u, h), float64(len(u))
			bound := math.Sqrt(n * n * shifted.SketchMoment(p.S) / p.Delta)
			return checks.Instance{
				Facts: []checks.Fact{checks.NewFact("eps", bound), checks.NewFact("places for eps = 1/2", shifted.SketchSize(len(u), 0.5, p.Delta))},
				Terms: checks.Terms{Delta: checks.Float(p.Delta)},
				Trial: func(r *rand.Rand) checks.Measurement {
					values, err := distortion(g, selfGram(sketched(u, h, p.S, r)))
					if err != nil {
						return checks.Failed(err)
					}
					n := len(values)
					return checks.Measurement{Observed: math.Max(values[n-1]-1, 1-values[0]), Predicted: factor * bound, Tolerance: 1e-10}
				},
			}, nil
		}
	}
	one, pair := rowSketch{"flat", 1, 1, 0.03}, rowSketch{"pair", 2, 2, 0.3}
	return checks.Claim[rowSketch]{
		ID: "song2024/sketch-embedding", Title: "a tensor sketch embeds a subspace", Reference: "subspace embedding (recalled); derived here",
		Formula: `\left|\lambda_i\!\left(L^{-1}(SA)(SA)^{\top}L^{-\top}\right)-1\right| \le \sqrt{\frac{8n^2}{s\,\delta}}`, Convention: "independent uniform hashes and signs",
		Basis: checks.Derived, Form: checks.Probably{}, Version: 1, Detects: map[string]float64{"": 6},
		Grid: []rowSketch{one, pair, {"network", 5, 400, 0.2}, {"network", 5, 1000, 0.2}},
		Cost: rowSketch.cost, Setup: setup(1),
		Controls: []checks.Control[rowSketch]{
			{Name: "eighth-of-the-bound", Why: "one flat row in one place is off by 3 a tenth of the time, a pair that collides by 1", At: []rowSketch{one, pair}, Setup: setup(0.125)},
		},
	}
}
