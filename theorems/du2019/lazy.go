package du2019

import (
	"convergo/nets"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// A lazy is gradient descent on the first layer of a two-layer ReLU network that is far wider than
// what would fit a plain simulation, by exact bookkeeping.
//
// A neuron with |w_r(0).x_i| > radius for all samples keeps its activation pattern as long as it has moved
// at most radius. All these frozen neurons together act on the outputs through their Gram matrix, which
// is constant: a step moves their share of the outputs by -eta H_frozen e, with no approximation. Only
// the fragile neurons, a share of about n radius sqrt(2/pi), are followed one by one, by their
// preactivations: z_r <- z_r - (eta/sqrt m) a_r X X^T (e * 1{z_r >= 0}).
//
// No neuron has moved farther than the sum of eta S ||e_j||/sqrt m over the steps (gradient-norm). When that
// exceeds the radius the bookkeeping is no longer known to be exact, and lost says so. An infinite radius
// makes every neuron fragile: the plain simulation, in n dimensions.
type lazy struct {
	u, y   []float64 // outputs and labels
	e      []float64 // residual u - y
	norm   float64   // its Euclidean norm
	moved  float64   // no neuron is farther from its start
	radius float64
	lost   bool

	s      float64   // ||X||_2
	root   float64   // sqrt m
	k      []float64 // X X^T, n x n
	frozen []float64 // Gram matrix of the frozen neurons, n x n
	z      []float64 // fragile neurons, n preactivations each
	a      []float64 // their output weights
	began  []bool    // their patterns at step 0
	g      []float64 // n numbers each: such a neuron has moved by -(a_r/sqrt m) sum_j g_rj x_j
	sum    []float64 // the same n numbers for a frozen neuron that is active on all samples
	census []int     // frozen neurons of each pattern, where the patterns are few enough to count
	shift  []float64
}

// countable is the number of samples up to which the patterns of frozen neurons are counted.
const countable = 10

// newLazy draws m neurons w_r ~ N(0, I), a_r = +-1, and stands at step 0. Antisymmetric draws m/2
// pairs of equal hidden and opposite output weights, so that u(0) = 0; m must then be even.
func newLazy(p *problem, m int, y []float64, radius float64, antisymmetric bool, rng *rand.Rand) *lazy {
	n := p.n
	l := &lazy{
		u: make([]float64, n), y: y, e: make([]float64, n), radius: radius,
		s: p.s, root: math.Sqrt(float64(m)), k: make([]float64, n*n), frozen: make([]float64, n*n), shift: make([]float64, n),
		sum: make([]float64, n),
	}
	if n <= countable {
		l.census = make([]int, 1<<n)
	}
	mat.NewDense(n, n, l.k).Mul(p.x, p.x.T())
	free, copies := m, 1.0
	if antisymmetric {
		free, copies = m/2, 2
	}
	if n == 1 && p.k == 1 {
		l.drawOne(p.x.At(0, 0), free, copies, rng)
		return l
	}
	w, z := make([]float64, p.k), make([]float64, n)
	x := p.x.RawMatrix()
	var signs uint64
	for r := range free {
		for c := range w {
			w[c] = rng.NormFloat64()
		}
		if r%64 == 0 {
			signs = rng.Uint64()
		}
		a := float64(2*int(signs&1) - 1)
		signs >>= 1
		least := math.Inf(1)
		for i := range z {
			var t float64
			for c, v := range x.Data[i*x.Stride : i*x.Stride+p.k] {
				t += v * w[c]
			}
			z[i] = t
			least = min(least, math.Abs(t))
		}
		c := a / l.root
		if antisymmetric {
			c = 0 // the pair cancels
		}
		watched := least <= radius
		pattern := 0
		for i, v := range z {
			if v < 0 {
				continue
			}
			l.u[i] += c * v
			if watched {
				continue
			}
			pattern |= 1 << i
			for j, t := range z[:i+1] {
				if t >= 0 {
					l.frozen[i*n+j] += copies
				}
			}
		}
		switch {
		case watched:
			l.watch(a, z)
			if antisymmetric {
				l.watch(-a, z)
			}
		case l.census != nil:
			l.census[pattern] += int(copies)
		}
	}
	for i := range n {
		for j := range i + 1 {
			l.frozen[i*n+j] *= l.k[i*n+j] / float64(m)
			l.frozen[j*n+i] = l.frozen[i*n+j]
		}
	}
	l.residual()
	return l
}

// drawOne draws the neurons of one input in one dimension, of which there may be millions: without branches but for the few that
// are fragile.
func (l *lazy) drawOne(x float64, free int, copies float64, rng *rand.Rand) {
	var signs uint64
	var sum float64 // of twice the outputs, before the scale
	active, watched := 0, 0
	for r := range free {
		if r%64 == 0 {
			signs = rng.Uint64()
		}
		a := float64(2*int(signs&1) - 1)
		signs >>= 1
		z := x * rng.NormFloat64()
		size := math.Abs(z)
		sum += a * (z + size)
		active += 1 - int(math.Float64bits(z)>>63)
		if size <= l.radius {
			watched++
			if !math.Signbit(z) {
				active--
			}
			l.watch(a, []float64{z})
			if copies == 2 {
				l.watch(-a, []float64{z})
			}
		}
	}
	if copies == 1 {
		l.u[0] = sum / 2 / l.root
	}
	l.census[0], l.census[1] = int(copies)*(free-watched-active), int(copies)*active
	l.frozen[0] = copies * float64(active) * l.k[0] / (l.root * l.root)
	l.residual()
}

func (l *lazy) watch(a float64, z []float64) {
	l.a = append(l.a, a)
	l.z = append(l.z, z...)
	for _, v := range z {
		l.began, l.g = append(l.began, v >= 0), append(l.g, 0)
	}
}

func (l *lazy) residual() {
	var s float64
	for i, u := range l.u {
		l.e[i] = u - l.y[i]
		s += l.e[i] * l.e[i]
	}
	l.norm = math.Sqrt(s)
}

// step takes one step of size eta.
func (l *lazy) step(eta float64) {
	n := len(l.u)
	l.moved += eta * l.s * l.norm / l.root
	l.lost = l.lost || l.moved > l.radius
	for i := range n {
		l.u[i] -= eta * floats.Dot(l.frozen[i*n:(i+1)*n], l.e)
	}
	for i, e := range l.e {
		l.sum[i] += eta * e
	}
	for r, a := range l.a {
		z, g := l.z[r*n:(r+1)*n], l.g[r*n:(r+1)*n]
		clear(l.shift)
		for j, v := range z {
			if v >= 0 {
				e := l.e[j]
				g[j] += eta * e
				for i, k := range l.k[j*n : (j+1)*n] {
					l.shift[i] += k * e
				}
			}
		}
		pace, weight := eta*a/l.root, a/l.root
		for i, v := range z {
			next := v - pace*l.shift[i]
			z[i] = next
			l.u[i] += weight * (nets.PositivePart(next) - nets.PositivePart(v))
		}
	}
	l.residual()
}

// movement returns max_r ||w_r - w_r(0)|| and ||W - W(0)||_F, for few enough samples.
func (l *lazy) movement() (largest, frobenius float64) {
	n := len(l.u)
	see := func(g []float64, pattern, copies int) {
		var s float64
		for i, v := range g {
			for j, w := range g {
				if pattern>>i&1 == 1 && pattern>>j&1 == 1 {
					s += v * w * l.k[i*n+j]
				}
			}
		}
		largest, frobenius = max(largest, s), frobenius+float64(copies)*s
	}
	for pattern, copies := range l.census {
		if copies > 0 {
			see(l.sum, pattern, copies)
		}
	}
	for r := range l.a {
		see(l.g[r*n:(r+1)*n], 1<<n-1, 1)
	}
	return math.Sqrt(max(0, largest)) / l.root, math.Sqrt(max(0, frobenius)) / l.root
}

// flipped counts the patterns that differ from step 0.
func (l *lazy) flipped() int {
	flips := 0
	for p, v := range l.z {
		if (v >= 0) != l.began[p] {
			flips++
		}
	}
	return flips
}

// drift is H - H(0).
func (l *lazy) drift() *mat.SymDense {
	n := len(l.u)
	h := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i + 1 {
			change := 0
			for r := range l.a {
				p, q := r*n+i, r*n+j
				if l.z[p] >= 0 && l.z[q] >= 0 {
					change++
				}
				if l.began[p] && l.began[q] {
					change--
				}
			}
			h.SetSym(i, j, l.k[i*n+j]*float64(change)/(l.root*l.root))
		}
	}
	return h
}
