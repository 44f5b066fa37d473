package bounds

import (
	"errors"
	"fmt"
	"math"
	"sort"

	"gonum.org/v1/gonum/mat"
)

// Margin is an optimal margin between two certificates. The first is any weighting of the samples, which
// bounds it from above; the second any separator, which bounds it from below. Both ends are exact but for
// rounding (of about n units in the last place of the largest feature).
type Margin struct {
	Lower, Upper float64
	Weights      []float64 // q, on the simplex, attains Upper
}

// Value is the middle of the two certificates.
func (m Margin) Value() float64 { return (m.Lower + m.Upper) / 2 }

// Gap is their distance.
func (m Margin) Gap() float64 { return m.Upper - m.Lower }

// Arc is an interval of directions z in the plane that activate the same samples.
type Arc struct {
	Direction [2]float64 // its middle
	Weight    float64    // its share of the circle
	Active    []bool     // <z, x_i> > 0, one a sample
}

// Arcs cuts the directions of the plane by the samples they activate, for x of n rows in R^2. Arcs shorter
// than 1e-12 of the circle are left out; lost is their total share.
func Arcs(x mat.Matrix) (arcs []Arc, lost float64, err error) {
	n, d := x.Dims()
	if d != 2 || n == 0 {
		return nil, 0, fmt.Errorf("bounds: %d samples in R^%d; arcs of directions need samples in the plane", n, d)
	}
	at, cuts := make([]float64, n), make([]float64, 0, 2*n)
	for i := range at {
		if x.At(i, 0) == 0 && x.At(i, 1) == 0 {
			return nil, 0, fmt.Errorf("bounds: sample %d is zero; drop it, it has no direction", i)
		}
		at[i] = math.Atan2(x.At(i, 1), x.At(i, 0))
		if math.IsNaN(at[i]) {
			return nil, 0, fmt.Errorf("bounds: sample %d is not finite", i)
		}
		for _, side := range []float64{-1, 1} {
			cuts = append(cuts, math.Mod(at[i]+side*math.Pi/2+4*math.Pi, 2*math.Pi))
		}
	}
	sort.Float64s(cuts)
	for k, from := range cuts {
		to := cuts[0] + 2*math.Pi
		if k+1 < len(cuts) {
			to = cuts[k+1]
		}
		weight := (to - from) / (2 * math.Pi)
		if weight < 1e-12 {
			lost += weight
			continue
		}
		arc := Arc{Weight: weight, Active: make([]bool, n)}
		mid := (from + to) / 2
		sin, cos := math.Sincos(mid)
		arc.Direction = [2]float64{cos, sin}
		for i := range at {
			arc.Active[i] = math.Cos(mid-at[i]) > 0
		}
		arcs = append(arcs, arc)
	}
	return arcs, lost, nil
}

// PlanarMargin is the tangent-kernel margin of Munteanu et al. (2022) for samples in the plane (x is n x 2), labels +-1:
//
//	gamma = max_{|v(z)| <= 1} min_i y_i E[ <v(z), x_i> 1{<x_i,z> > 0} ] = min_{q in simplex} E |S_q(z)|,
//	S_q(z) = sum_i q_i y_i x_i 1{<x_i,z> > 0},   z ~ N(0, I),
//
// where only the direction of z matters, so that the mean is a finite sum over [Arcs]. The second form
// (minimax) is derived; both are evaluated, as Upper and Lower.
func PlanarMargin(x mat.Matrix, y []float64) (Margin, error) {
	arcs, lost, err := Arcs(x)
	if err != nil {
		return Margin{}, err
	}
	if err := checkSigns(y, len(arcs[0].Active)); err != nil {
		return Margin{}, err
	}
	blocks, largest := make([]*mat.Dense, len(arcs)), 0.0
	for k, arc := range arcs {
		b := mat.NewDense(2, len(y), nil)
		for i := range y {
			largest = math.Max(largest, math.Hypot(x.At(i, 0), x.At(i, 1)))
			if arc.Active[i] {
				b.Set(0, i, arc.Weight*y[i]*x.At(i, 0))
				b.Set(1, i, arc.Weight*y[i]*x.At(i, 1))
			}
		}
		blocks[k] = b
	}
	m, err := leastNormSum(blocks)
	m.Upper += lost * largest // the arcs left out add at most this to E|S_q|, and nothing to a separator with v = 0 there
	return m, err
}

// KernelMargin is gamma_2 = sqrt( min_{q in simplex} q^T Y H Y q ), Y = diag(y), the margin in the feature
// space of a kernel H (n x n) and labels +-1. It lies in [gamma, sqrt gamma] of the tangent
// margin when H is H^inf. It is accurate to about sqrt(n u) where it vanishes, and so gamma_2^2 to n u.
func KernelMargin(h mat.Symmetric, y []float64) (Margin, error) {
	n := h.SymmetricDim()
	if err := checkSigns(y, n); err != nil {
		return Margin{}, err
	}
	var es mat.EigenSym
	if !es.Factorize(h, true) {
		return Margin{}, errors.New("bounds: the eigenvalue solver did not converge on the kernel")
	}
	var v mat.Dense
	es.VectorsTo(&v)
	b := mat.NewDense(n, n, nil) // b^T b = Y H Y
	for k, lambda := range es.Values(nil) {
		root := math.Sqrt(math.Max(0, lambda))
		for i := range n {
			b.Set(k, i, root*y[i]*v.At(i, k))
		}
	}
	return leastNormSum([]*mat.Dense{b})
}

// FeatureMargin is the margin of the best linear classifier c on given features (features is n x p, one
// sample a row; labels +-1),
//
//	max_{|c| <= 1} min_i y_i <c, features_i> = min_{q in simplex} | sum_i q_i y_i features_i |,
//
// with that classifier: min_i y_i <c, features_i> is Lower where that is positive. A margin of zero means
// that no classifier separates the samples.
func FeatureMargin(features mat.Matrix, y []float64) (m Margin, c []float64, err error) {
	n, p := features.Dims()
	if err := checkSigns(y, n); err != nil {
		return Margin{}, nil, err
	}
	b := mat.NewDense(p, n, nil)
	for i := range n {
		for k := range p {
			b.Set(k, i, y[i]*features.At(i, k))
		}
	}
	if m, err = leastNormSum([]*mat.Dense{b}); err != nil {
		return m, nil, err
	}
	dir := mat.NewVecDense(p, nil)
	dir.MulVec(b, mat.NewVecDense(n, m.Weights))
	if s := mat.Norm(dir, 2); s > 0 {
		dir.ScaleVec(1/s, dir)
	}
	return m, dir.RawVector().Data, nil
}

func checkSigns(y []float64, n int) error {
	if len(y) != n {
		return fmt.Errorf("bounds: %d labels for %d samples; give one a sample", len(y), n)
	}
	for i, v := range y {
		if v != 1 && v != -1 {
			return fmt.Errorf("bounds: label %d is %v; a margin needs labels +1 and -1", i, v)
		}
	}
	return nil
}

// leastNormSum minimises sum_a |B_a q| over the simplex, for blocks B_a (p_a x n).
//
// It follows the central path of this second-order cone program. With the barrier of parameter tau for
// |B_a q| <= t_a minimised over t_a the objective is
//
//	sum_a ( t_a - tau ln t_a ) - tau sum_i ln q_i,   t_a = tau + sqrt(tau^2 + |B_a q|^2),
//
// whose gradient, sum_a B_a^T v_a - tau/q, has v_a = B_a q/t_a, |v_a| < 1. Any such v is dual feasible: the
// minimum is at least min_i (sum_a B_a^T v_a)_i. On the path the two certificates are within
// tau (n + 2 #blocks) of each other; rounding of B_a q/t_a where |B_a q| vanishes leaves a gap of
// about 1e-8 of the largest feature, and far less where none does.
func leastNormSum(blocks []*mat.Dense) (Margin, error) {
	_, n := blocks[0].Dims()
	scale := 0.0
	for _, b := range blocks {
		largest := 0.0
		for i := range n {
			largest = math.Max(largest, mat.Norm(b.ColView(i), 2))
		}
		scale += largest
	}
	if math.IsNaN(scale) || math.IsInf(scale, 0) {
		return Margin{}, errors.New("bounds: the margin of features that are not finite is not defined")
	}
	s := newNormSum(blocks)
	best := Margin{Lower: 0, Upper: math.Inf(1), Weights: append([]float64(nil), s.q...)} // v = 0 gives 0
	record := func(tau float64) {
		lower, upper := s.certificates(tau)
		best.Lower = math.Max(best.Lower, lower)
		if upper < best.Upper {
			best.Upper = upper
			copy(best.Weights, s.q)
		}
	}
	record(1e-300)
	for tau := 0.1 * scale; tau > 1e-11*scale; tau *= 0.2 {
		for range 50 {
			if !s.newton(tau) {
				break
			}
		}
		record(tau)
	}
	best.Upper = math.Max(best.Upper, best.Lower) // they may cross by rounding
	return best, nil
}

// A normSum is the state of leastNormSum.
type normSum struct {
	blocks []*mat.Dense
	grams  []*mat.SymDense // B_a^T B_a
	q      []float64
	s      []*mat.VecDense // B_a q
	grad   []*mat.VecDense // B_a^T B_a q
	hess   *mat.SymDense
}

func newNormSum(blocks []*mat.Dense) *normSum {
	_, n := blocks[0].Dims()
	s := &normSum{blocks: blocks, q: make([]float64, n), hess: mat.NewSymDense(n, nil)}
	for i := range s.q {
		s.q[i] = 1 / float64(n)
	}
	for _, b := range blocks {
		p, _ := b.Dims()
		g := mat.NewSymDense(n, nil)
		g.SymOuterK(1, b.T())
		s.grams = append(s.grams, g)
		s.s = append(s.s, mat.NewVecDense(p, nil))
		s.grad = append(s.grad, mat.NewVecDense(n, nil))
	}
	s.evaluate(s.q)
	return s
}

func (s *normSum) evaluate(q []float64) {
	v := mat.NewVecDense(len(q), q)
	for a, b := range s.blocks {
		s.s[a].MulVec(b, v)
		s.grad[a].MulVec(b.T(), s.s[a])
	}
}

// lengths returns r = sqrt(tau^2 + |B_a q|^2) and t = tau + r.
func (s *normSum) lengths(a int, tau float64) (r, t float64) {
	r = math.Hypot(tau, mat.Norm(s.s[a], 2))
	return r, tau + r
}

func (s *normSum) certificates(tau float64) (lower, upper float64) {
	g := make([]float64, len(s.q))
	for a := range s.blocks {
		_, t := s.lengths(a, tau)
		upper += mat.Norm(s.s[a], 2)
		for i := range g {
			g[i] += s.grad[a].AtVec(i) / t
		}
	}
	lower = math.Inf(1)
	for _, v := range g {
		lower = math.Min(lower, v)
	}
	return lower, upper
}

// newton takes one damped Newton step on the objective over tau and reports whether another is worth while.
// That function is self-concordant, as a partial minimum of the standard barriers, so that the step
// 1/(1+decrement) stays inside and descends: no function values are needed, which would be lost in rounding
// for small tau.
func (s *normSum) newton(tau float64) bool {
	n := len(s.q)
	g := mat.NewVecDense(n, nil)
	s.hess.Zero()
	for a := range s.blocks {
		r, t := s.lengths(a, tau)
		g.AddScaledVec(g, 1/(t*tau), s.grad[a])
		addScaled(s.hess, 1/(t*tau), s.grams[a])
		s.hess.SymRankOne(s.hess, -1/(t*t*r*tau), s.grad[a])
	}
	for i, v := range s.q {
		g.SetVec(i, g.AtVec(i)-1/v)
		s.hess.SetSym(i, i, s.hess.At(i, i)+1/(v*v))
	}
	step, ok := s.direction(g)
	if !ok {
		return false
	}
	slope := -mat.Dot(g, step)
	if !(slope > 0) {
		return false
	}
	decrement, size := math.Sqrt(slope), 1.0
	if decrement > 0.25 {
		size = 1 / (1 + decrement)
	}
	next, sum := make([]float64, n), 0.0
	for i, v := range s.q {
		next[i] = v + size*step.AtVec(i)
		if !(next[i] > 0) { // by rounding alone
			return false
		}
		sum += next[i]
	}
	for i := range next {
		next[i] /= sum
	}
	s.q = next
	s.evaluate(next)
	return decrement > 1e-5
}

// direction solves the Newton system on the plane where the entries of a step sum to zero, in the
// variables step_i/q_i, whose scale is one. On that plane a multiple of ones may be added to the gradient
// and one of ones ones^T to the Hessian. Without them the answer is lost in rounding: along q itself the
// gradient is largest, of order 1/tau, and the Hessian smallest.
func (s *normSum) direction(g *mat.VecDense) (*mat.VecDense, bool) {
	n := len(s.q)
	mean, stiffness := 0.0, 0.0
	for i, v := range s.q {
		mean += v * g.AtVec(i)
		stiffness = math.Max(stiffness, v*v*s.hess.At(i, i))
	}
	scaled := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			scaled.SetSym(i, j, s.q[i]*s.q[j]*(s.hess.At(i, j)+float64(n)*stiffness))
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(scaled) {
		return nil, false
	}
	rhs := mat.NewDense(n, 2, nil)
	for i, v := range s.q {
		rhs.Set(i, 0, v*(mean-g.AtVec(i)))
		rhs.Set(i, 1, v)
	}
	var sol mat.Dense
	if err := chol.SolveTo(&sol, rhs); err != nil {
		var cond mat.Condition
		if !errors.As(err, &cond) { // an ill-conditioned step is still a step
			return nil, false
		}
	}
	sum := [2]float64{}
	for i, v := range s.q {
		sum[0] += v * sol.At(i, 0)
		sum[1] += v * sol.At(i, 1)
	}
	step := mat.NewVecDense(n, nil)
	for i, v := range s.q {
		step.SetVec(i, v*(sol.At(i, 0)-sum[0]/sum[1]*sol.At(i, 1)))
	}
	return step, true
}

func addScaled(dst *mat.SymDense, c float64, a *mat.SymDense) {
	d, s := dst.RawSymmetric(), a.RawSymmetric()
	for i := range d.N {
		to, from := d.Data[i*d.Stride:i*d.Stride+d.N], s.Data[i*s.Stride:i*s.Stride+s.N]
		for j := i; j < d.N; j++ {
			to[j] += c * from[j]
		}
	}
}
