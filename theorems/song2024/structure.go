package song2024

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds/shifted"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/subquadratic"
	"convergo/theorems/internal/images"
)

// deepNet is a network of L hidden layers on a data set, after some Gauss-Newton steps on one of its m x m layers.
type deepNet struct {
	activation
	Data  data.Spec `json:"data"`
	M     int       `json:"m"`
	L     int       `json:"layers"`
	Layer int       `json:"layer"` // the m x m layer that is looked at, 0 for W_2
	Steps int       `json:"steps"`
	Limit int       `json:"limit"` // of the stored rank
}

func (p deepNet) cost() checks.Cost {
	n, d := p.Data.Size()
	if d == 0 {
		d = n
	}
	m, samples := float64(p.M), float64(n)
	return checks.Cost{
		Trial: m*m*(30+float64(p.L)*samples*m) + samples*m*float64(12*d+20) + float64(p.Steps+1)*samples*m*m*2*float64(p.L),
		Bytes: 24 * m * m * float64(p.L),
	}
}

// train draws the network and takes the steps. A draw whose Gram matrix is singular has no step: ok is false.
func (p deepNet) train(set *data.Set, r *rand.Rand, look func(net *subquadratic.Network)) (net *subquadratic.Network, ok bool, err error) {
	net, err = subquadratic.New(p.M, set.D(), p.L, p.at(p.M), p.Limit, r)
	if err != nil {
		return nil, false, err
	}
	for range p.Steps {
		if look != nil {
			look(net)
		}
		if _, err := net.Step(set.X, set.Y, p.Layer); err != nil {
			return net, false, nil
		}
	}
	return net, true, nil
}

// frozen is the network as dense matrices, for derivatives by another way than its own.
type frozen struct {
	act  subquadratic.Activation
	w    []*mat.Dense
	out  []float64
	gate [][]bool
	h    [][]float64
}

func freeze(net *subquadratic.Network, x []float64) *frozen {
	f := &frozen{act: net.Act, out: net.Out, w: []*mat.Dense{net.First}, h: [][]float64{x}}
	for _, w := range net.Deep {
		f.w = append(f.w, w.Matrix())
	}
	for l, w := range f.w {
		var z mat.VecDense
		z.MulVec(w, mat.NewVecDense(len(f.h[l]), f.h[l]))
		h, gate := make([]float64, z.Len()), make([]bool, z.Len())
		for i, v := range z.RawVector().Data {
			h[i], gate[i] = f.act.Value(v), f.act.Active(v)
		}
		f.h, f.gate = append(f.h, h), append(f.gate, gate)
	}
	return f
}

// sensitivity is the derivative of the output in the preactivation of neuron r of a layer, carried forward through the gates.
func (f *frozen) sensitivity(layer, r int) float64 {
	dz := make([]float64, len(f.out))
	dz[r] = 1
	for l := layer; ; l++ {
		dh := make([]float64, len(dz))
		for i, v := range dz {
			if f.gate[l][i] {
				dh[i] = f.act.Gain * v
			}
		}
		if l == len(f.w)-1 {
			return floats.Dot(f.out, dh)
		}
		var next mat.VecDense
		next.MulVec(f.w[l+1], mat.NewVecDense(len(dh), dh))
		dz = next.RawVector().Data
	}
}

// jacobian is the n x m^2 derivative of the outputs in an m x m layer, entry by entry.
func jacobian(net *subquadratic.Network, x *mat.Dense, layer int) *mat.Dense {
	n, _ := x.Dims()
	m := len(net.Out)
	j := mat.NewDense(n, m*m, nil)
	for i := range n {
		f := freeze(net, x.RawRowView(i))
		for r := range m {
			s := f.sensitivity(layer+1, r)
			for c, h := range f.h[layer+1] {
				j.Set(i, r*m+c, s*h)
			}
		}
	}
	return j
}

// identical compares two lists of numbers as one identity, entry by entry, to within a share of their largest.
func identical(part string, observed, predicted []float64, share float64) checks.Measurement {
	scale := floats.Norm(predicted, math.Inf(1))
	var ms []checks.Measurement
	for i := range observed {
		ms = append(ms, checks.Measurement{Part: part, Observed: observed[i], Predicted: predicted[i], Relation: checks.Equal, Tolerance: share * scale})
	}
	return checks.Worst(ms...)
}

func upper(g *mat.SymDense) []float64 {
	var out []float64
	for i := range g.SymmetricDim() {
		for j := i; j < g.SymmetricDim(); j++ {
			out = append(out, g.At(i, j))
		}
	}
	return out
}

// khatriRao is the structure of the Jacobian that makes its Gram matrix cheap.
//
// Setting: a network of L >= 2 hidden layers, at the start or after Gauss-Newton steps on one m x m layer; that layer's Jacobian J (n x
// m^2), u_i the derivative of f(x_i) in its preactivations and h_i its input.
//
// Hypotheses: on the draw, no step met a singular Gram matrix.
//
// Conclusion: J J^T = (U U^T) o (H H^T), entry by entry, and J^T g = sum_i g_i u_i h_i^T: n^2 m operations at most in place of n^2 m^2.
//
// Constants: derived: row i of J is vec(u_i h_i^T). The observation multiplies sparse vectors from a backward pass; the prediction forms J
// in full, by carrying the change of each preactivation forward through dense matrices. The tolerance is 1e-10 of the largest entry.
//
// Convention: derivatives at the gates of the pass; the jump of the hard threshold has none.
//
// Reference: recalled as the key structure; derived here.
//
// Control: a back-propagated vector a thousandth off, and the Gram matrix of U alone.
func khatriRao() checks.Claim[deepNet] {
	setup := func(stale float64, forget bool) func(deepNet) (checks.Instance, error) {
		return func(p deepNet) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				net, ok, err := p.train(set, r, nil)
				if err != nil {
					return checks.Failed(err)
				}
				_, u, h := net.Factors(set.X, p.Layer)
				var full mat.SymDense
				j := jacobian(net, set.X, p.Layer)
				full.SymOuterK(1, j)
				for k := range u[0].Value {
					u[0].Value[k] *= 1 + stale
				}
				rows := h
				if forget {
					rows = u
				}
				fast := subquadratic.KhatriRao(u, rows, &net.Ops)
				weights := make([]float64, len(u))
				sum := mat.NewDense(p.M, p.M, nil)
				for i := range weights {
					weights[i] = r.NormFloat64()
					sum.RankOne(sum, weights[i], mat.NewVecDense(p.M, u[i].Dense(p.M)), mat.NewVecDense(p.M, h[i].Dense(p.M)))
				}
				var update mat.VecDense
				update.MulVec(j.T(), mat.NewVecDense(len(weights), weights))
				m := checks.All(
					identical("gram", upper(fast), upper(&full), 1e-10),
					identical("update", sum.RawMatrix().Data, update.RawVector().Data, 1e-10),
				)
				m.Hypotheses = []checks.Hypothesis{checks.RequireThat("every Gram matrix was regular", ok)}
				return m
			}}, nil
		}
	}
	points := data.Spec{Kind: data.Sphere, N: 5, D: 6, Seed: 1}
	near := deepNet{activation{shifted.Hard, 0.5}, points, 24, 3, 0, 2, -1}
	return checks.Claim[deepNet]{
		ID: "song2024/khatri-rao", Title: "Gram matrix from two small ones", Reference: "Khatri-Rao structure (recalled); derived here",
		Formula: `J_l J_l^{\top} = \left(U U^{\top}\right) \circ \left(H H^{\top}\right),\quad J_l^{\top} g = \sum_i g_i u_i h_i^{\top}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) deepNet {
			l := rapid.IntRange(2, 4).Draw(t, "layers")
			return deepNet{
				drawActivation(t, 1), data.Spec{Kind: data.Sphere, N: rapid.IntRange(1, 4).Draw(t, "n"), D: rapid.IntRange(1, 4).Draw(t, "d"), Seed: 1},
				rapid.IntRange(1, 16).Draw(t, "m"), l, rapid.IntRange(0, l-2).Draw(t, "layer"), rapid.IntRange(0, 1).Draw(t, "steps"), rapid.IntRange(-1, 3).Draw(t, "limit"),
			}
		}),
		Grid: []deepNet{
			{activation{shifted.Hard, 0}, points, 16, 2, 0, 0, -1}, near, {activation{shifted.Soft, 0.3}, points, 24, 3, 1, 1, 6},
			{activation{shifted.Hard, 0.5}, images.All(data.MNIST, 4, 49), 20, 2, 0, 1, -1},
		},
		Cost: deepNet.cost, Setup: setup(0, false),
		Controls: []checks.Control[deepNet]{
			{Name: "stale", Why: "a back-propagated vector a thousandth off shows in its row of the Gram matrix", At: []deepNet{near}, Setup: setup(1e-3, false)},
			{Name: "one-factor", Why: "both factors are needed", At: []deepNet{near}, Setup: setup(0, true)},
		},
	}
}

// updates is a matrix that takes updates of rank n.
type updates struct {
	M     int `json:"m"`
	N     int `json:"n"`
	T     int `json:"t"`
	Limit int `json:"limit"`
	Nnz   int `json:"nnz"` // entries of the vector that is multiplied
}

// lazyUpdates is that postponing changes changes nothing.
//
// Setting: W = base + P K^T of size m x m that takes T updates of rank n, and multiplies its factors out once their rank exceeds a limit; a
// vector v with any number of non-zeros.
//
// Hypotheses: none.
//
// Conclusion: W v and W^T v are those of the matrix that took every update at once.
//
// Constants: none; rounding of 1e-12 times the largest entry of the result allows for n T + m summands.
//
// Convention: a limit of -1 never multiplies out.
//
// Reference: lazy low-rank maintenance (named in the abstract of version 1); derived here.
//
// Control: the last update left out, and the last update taken twice, as by a restart that does not clear its factors.
func lazyUpdates() checks.Claim[updates] {
	setup := func(last int) func(updates) (checks.Instance, error) {
		return func(p updates) (checks.Instance, error) {
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement { return p.compare(last, r) }}, nil
		}
	}
	near := updates{60, 4, 20, 20, 60}
	return checks.Claim[updates]{
		ID: "song2024/lazy-updates", Title: "lazy updates are exact", Reference: "lazy low-rank maintenance (abstract of version 1); derived here",
		Formula: `\left(W^{(0)} + P K^{\top}\right) v = W_t v`, Convention: "any square matrix; rank n for each update",
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) updates {
			m := rapid.IntRange(1, 12).Draw(t, "m")
			return updates{m, rapid.IntRange(1, 4).Draw(t, "n"), rapid.IntRange(0, 10).Draw(t, "t"), rapid.IntRange(-1, 15).Draw(t, "limit"), rapid.IntRange(1, m).Draw(t, "nnz")}
		}),
		Grid: []updates{{60, 4, 20, -1, 60}, {60, 4, 20, 0, 60}, near, {60, 4, 20, 33, 5}, {1, 1, 3, 1, 1}},
		Cost: func(p updates) checks.Cost {
			return checks.Cost{Trial: 6 * float64(p.M*p.M) * float64(p.N*p.T+12)}
		},
		Setup: setup(1),
		Controls: []checks.Control[updates]{
			{Name: "update-left-out", Why: "one missing update of twenty shows", At: []updates{near}, Setup: setup(0)},
			{Name: "update-twice", Why: "factors that stay after a restart count twice", At: []updates{near}, Setup: setup(2)},
		},
	}
}

// compare takes the updates both ways, the last one as often as told by the lazy matrix.
func (p updates) compare(last int, r *rand.Rand) checks.Measurement {
	var ops subquadratic.Ops
	full := nets.Gaussian(p.M, p.M, r)
	lazy := subquadratic.NewLazy(full, p.Limit, &ops)
	draw := func(nnz int) subquadratic.Sparse {
		s := subquadratic.Sparse{Index: r.Perm(p.M)[:nnz], Value: make([]float64, nnz)}
		for k := range s.Value {
			s.Value[k] = r.NormFloat64()
		}
		return s
	}
	for t := range p.T {
		var left, right []subquadratic.Sparse
		for range p.N {
			u, h := draw(p.M), draw((p.M+1)/2)
			left, right = append(left, u), append(right, h)
			full.RankOne(full, 1, mat.NewVecDense(p.M, u.Dense(p.M)), mat.NewVecDense(p.M, h.Dense(p.M)))
		}
		times := 1
		if t == p.T-1 {
			times = last
		}
		for range times {
			lazy.Update(left, right)
		}
	}
	v := draw(p.Nnz)
	var forward, backward mat.VecDense
	forward.MulVec(full, mat.NewVecDense(p.M, v.Dense(p.M)))
	backward.MulVec(full.T(), mat.NewVecDense(p.M, v.Dense(p.M)))
	return checks.All(
		identical("product", lazy.Mul(v), forward.RawVector().Data, 1e-12),
		identical("transposed", lazy.MulTrans(v), backward.RawVector().Data, 1e-12),
	)
}
