package du2019

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"convergo/nets"
)

// A flow is gradient flow on the first layer, exact piece by piece: between two flips of a pattern the Gram matrix is constant,
// so that the residual is exp(-Ht)e and every preactivation moves by -(a_r/sqrt m) sum_j x_i.x_j P_rj int e_j. Where a
// preactivation reaches its boundary the pattern changes. If the new velocity points back, the flow slides along the boundary, a
// differential inclusion (which the paper says in a footnote), and the simulation ends.
type flow struct {
	n, m   int
	root   float64    // sqrt m
	k      []float64  // X X^T, n x n
	a      []float64  // output weights
	z0     *mat.Dense // m x n preactivations when the piece began
	on     []bool     // m x n patterns
	g      *mat.Dense // m x n: w_r(t) - w_r(0) = -(a_r/sqrt m) sum_j g_rj x_j
	e      []float64  // residual
	time   float64
	values []float64  // eigenvalues of the Gram matrix of the piece
	basis  *mat.Dense // its eigenvectors
	lowest float64    // smallest eigenvalue of the Gram matrices of all pieces so far
	slides bool
}

func newFlow(q *problem, net *nets.Network, y []float64) *flow {
	m := net.Width()
	b := nets.NewBatch(q.x, m)
	b.Forward(net)
	f := &flow{
		n: q.n, m: m, root: math.Sqrt(float64(m)), k: make([]float64, q.n*q.n), a: net.A, z0: mat.DenseCopyOf(b.Z),
		on: make([]bool, m*q.n), g: mat.NewDense(m, q.n, nil), e: make([]float64, q.n), lowest: math.Inf(1),
	}
	mat.NewDense(q.n, q.n, f.k).Mul(q.x, q.x.T())
	for r := range m {
		for i, z := range f.z0.RawRowView(r) {
			f.on[r*f.n+i] = z >= 0
		}
	}
	for i, u := range b.U {
		f.e[i] = u - y[i]
	}
	f.decompose()
	return f
}

// decompose makes the Gram matrix of the piece and its eigenvalues.
func (f *flow) decompose() {
	h := mat.NewSymDense(f.n, nil)
	for i := range f.n {
		for j := range i + 1 {
			both := 0
			for r := range f.m {
				if f.on[r*f.n+i] && f.on[r*f.n+j] {
					both++
				}
			}
			h.SetSym(i, j, f.k[i*f.n+j]*float64(both)/float64(f.m))
		}
	}
	var e mat.EigenSym
	e.Factorize(h, true)
	f.values, f.basis = e.Values(nil), mat.NewDense(f.n, f.n, nil)
	e.VectorsTo(f.basis)
	f.lowest = min(f.lowest, f.values[0])
}

// ahead returns the residual after a time in the piece, and its integral.
func (f *flow) ahead(t float64) (e, integral []float64) {
	e, integral = make([]float64, f.n), make([]float64, f.n)
	for c, v := range f.values {
		var part float64
		for i := range f.n {
			part += f.basis.At(i, c) * f.e[i]
		}
		v = max(v, 0)
		sum := t
		if v*t > 1e-12 {
			sum = -math.Expm1(-v*t) / v
		}
		for i := range f.n {
			e[i] += math.Exp(-v*t) * part * f.basis.At(i, c)
			integral[i] += sum * part * f.basis.At(i, c)
		}
	}
	return e, integral
}

// preactivation of a neuron on a sample, with the integral of the residual over the piece.
func (f *flow) preactivation(r, i int, integral []float64) float64 {
	var shift float64
	for j, c := range integral {
		if f.on[r*f.n+j] {
			shift += f.k[i*f.n+j] * c
		}
	}
	return f.z0.At(r, i) - f.a[r]/f.root*shift
}

// crossed appends the entries whose sign is not that of their pattern.
func (f *flow) crossed(among, into []int, integral []float64) []int {
	for _, p := range among {
		if r, i := p/f.n, p%f.n; (f.preactivation(r, i, integral) >= 0) != f.on[p] {
			into = append(into, p)
		}
	}
	return into
}

// advance follows the flow for a time, or less where it begins to slide.
func (f *flow) advance(span float64) {
	all := make([]int, f.m*f.n)
	for p := range all {
		all[p] = p
	}
	for end := f.time + span; f.time < end && !f.slides; {
		t := end - f.time
		e, integral := f.ahead(t)
		flips := f.crossed(all, nil, integral)
		if len(flips) > 0 { // the first of them, by bisection
			lo, hi := 0.0, t
			for range 60 {
				mid := lo + (hi-lo)/2
				_, c := f.ahead(mid)
				if some := f.crossed(flips, nil, c); len(some) > 0 {
					hi, flips = mid, some
				} else {
					lo = mid
				}
			}
			t = hi
			e, integral = f.ahead(t)
		}
		f.move(t, e, integral)
		if len(flips) > 0 {
			for _, p := range flips {
				f.on[p] = !f.on[p]
			}
			f.decompose()
			for _, p := range flips {
				f.slides = f.slides || f.pointsBack(p)
			}
		}
	}
}

// move goes on in the piece.
func (f *flow) move(t float64, e, integral []float64) {
	for r := range f.m {
		z := make([]float64, f.n)
		for i := range z {
			z[i] = f.preactivation(r, i, integral)
		}
		for j, c := range integral {
			if f.on[r*f.n+j] {
				f.g.Set(r, j, f.g.At(r, j)+c)
			}
		}
		f.z0.SetRow(r, z)
	}
	f.e = e
	f.time += t
}

// pointsBack reports whether a preactivation that has just crossed its boundary moves back.
func (f *flow) pointsBack(p int) bool {
	r, i := p/f.n, p%f.n
	var v float64
	for j, e := range f.e {
		if f.on[r*f.n+j] {
			v -= f.a[r] / f.root * f.k[i*f.n+j] * e
		}
	}
	return f.on[p] == (v < 0)
}

// norm is that of the residual.
func (f *flow) norm() float64 { return mat.Norm(mat.NewVecDense(f.n, f.e), 2) }

// moved is max_r ||w_r(t) - w_r(0)||.
func (f *flow) moved() float64 {
	var most float64
	for r := range f.m {
		g := f.g.RawRowView(r)
		var s float64
		for i, v := range g {
			for j, w := range g {
				s += v * f.k[i*f.n+j] * w
			}
		}
		most = max(most, s)
	}
	return math.Sqrt(max(0, most)) * math.Abs(f.a[0]) / f.root
}
