package du2019

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/nets"
)

// An attack is a point of the ball around W(0), with what it does to patterns and Gram matrix.
type attack struct {
	name        string
	patterns    *nets.Patterns
	flips       []int         // against W(0), a sample each
	gram, start *mat.SymDense // H(W) and H(0)
	least       eig.Certified // lambda_min(H(0))
	inner       *mat.SymDense // XX^T
	touched     float64       // share of neurons that are fragile for at least one sample

	startPatterns, otherPatterns *nets.Patterns // those of W(0) and of the attack before
}

const attackCount = 5

func (a *attack) width() int { _, m := a.patterns.Dims(); return m }

// attacks moves every neuron by the radius in directions that flip many patterns and shows the results one by one.
// The batch holds the evaluation of net, which stays as it is.
func (q *problem) attacks(r *rand.Rand, net *nets.Network, b *nets.Batch, radius float64, look func(*attack)) {
	m := net.Width()
	a := &attack{
		startPatterns: nets.NewPatterns(q.n, m), otherPatterns: nets.NewPatterns(q.n, m), patterns: nets.NewPatterns(q.n, m),
		flips: make([]int, q.n), gram: mat.NewSymDense(q.n, nil), start: mat.NewSymDense(q.n, nil), inner: b.K,
	}
	b.Patterns(a.startPatterns)
	b.Patterns(a.otherPatterns)
	b.Gram(a.start, net, nets.FirstLayer)
	a.least, _ = eig.Min(a.start) // on failure not OK, with an infinite error: no bound follows
	target := r.IntN(q.n)
	moved, after := net.Clone(), nets.NewBatch(q.x, m)
	for _, attack := range []struct {
		name string
		aim  func(direction, z []float64)
	}{
		{"random", func(v, _ []float64) {
			for c := range v {
				v[c] = r.NormFloat64()
			}
		}},
		{"one sample", func(v, z []float64) { against(v, q.x.RawRowView(target), z[target]) }},
		{"nearest boundary", func(v, z []float64) {
			near := 0
			for i, t := range z {
				if math.Abs(t) < math.Abs(z[near]) {
					near = i
				}
			}
			against(v, q.x.RawRowView(near), z[near])
		}},
		{"majority", func(v, z []float64) {
			for i, t := range z {
				if math.Abs(t) <= radius {
					against(v, q.x.RawRowView(i), t)
				}
			}
		}},
		{"switch off", func(v, _ []float64) { against(v, q.x.RawRowView(target), 1) }},
	} {
		v := make([]float64, q.k)
		for i := range m {
			clear(v)
			attack.aim(v, b.Z.RawRowView(i))
			norm := floats.Norm(v, 2)
			to := moved.W.RawRowView(i)
			for c, w := range net.W.RawRowView(i) {
				to[c] = w
				if norm > 0 {
					to[c] += radius * v[c] / norm
				}
			}
		}
		a.name = attack.name
		after.Forward(moved)
		after.Patterns(a.patterns)
		a.patterns.Flips(a.flips, a.startPatterns)
		after.Gram(a.gram, moved, nets.FirstLayer)
		look(a)
		a.patterns, a.otherPatterns = a.otherPatterns, a.patterns
	}
}

// against adds to v the direction along x that moves a preactivation z towards its boundary and beyond.
func against(v, x []float64, z float64) {
	side := 1.0
	if z >= 0 {
		side = -1
	}
	for c, e := range x {
		v[c] += side * e
	}
}

// jacobianChange is ||J - J'||_2 for two activation patterns. Its square is the largest eigenvalue of
// (1/m)(D D^T) o (X X^T), D the difference of the patterns.
func (a *attack) jacobianChange(p, other *nets.Patterns) float64 {
	n, m := p.Dims()
	g := mat.NewSymDense(n, nil)
	d := make([]float64, n)
	for r := range m {
		any := false
		for i := range d {
			d[i] = 0
			if p.Active(i, r) != other.Active(i, r) {
				any = true
				d[i] = 1
				if other.Active(i, r) {
					d[i] = -1
				}
			}
		}
		if any {
			g.SymRankOne(g, 1/float64(m), mat.NewVecDense(n, d))
		}
	}
	for i := range n {
		for j := i; j < n; j++ {
			g.SetSym(i, j, g.At(i, j)*a.inner.At(i, j))
		}
	}
	return math.Sqrt(max(0, largestEigenvalue(g)))
}

// ballBound bounds ||H(W) - H(0)||_2 over the whole ball, by the Frobenius norm of gram-entries.
func ballBound(a *attack, fragile []int) float64 {
	var sum float64
	for i, f := range fragile {
		for j, g := range fragile {
			e := bounds.GramEntryShift(math.Abs(a.inner.At(i, j)), f, g, a.width())
			sum += e * e
		}
	}
	return math.Sqrt(sum)
}
