package bounds

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// A ShallowCode is what the theory of a two-layer autoencoder x -> A sigma(Bx) on Gaussian data needs to know of its
// activation: n units with unit rows b_i, standard normal preactivations.
type ShallowCode struct {
	Linear float64                   // c_1 = E[g sigma(g)]
	F      func(rho float64) float64 // E[sigma(g) sigma(h)]/c_1^2 at correlation rho
	Cubic  float64                   // coefficient of rho^3 in F
	Odd    bool                      // sigma is odd: F is a series of odd powers, no coefficient negative
}

// SignCode is one bit a unit: c_1 = sqrt(2/pi), F = arcsin.
func SignCode() ShallowCode {
	return ShallowCode{
		Linear: math.Sqrt(2 / math.Pi), Cubic: 1.0 / 6, Odd: true,
		F: func(rho float64) float64 { return math.Asin(max(-1, min(1, rho))) },
	}
}

// CubicCode is sigma(z) = z + a (z^3-3z)/sqrt 6, the first two odd Hermite polynomials: F = rho + a^2 rho^3.
func CubicCode(a float64) ShallowCode {
	return ShallowCode{
		Linear: 1, Cubic: a * a, Odd: true,
		F: func(rho float64) float64 { return rho + a*a*rho*rho*rho },
	}
}

// ReLUCode is sigma(z) = max(z, 0), which is not odd: c_1 = 1/2, and F is four times the arc-cosine kernel of degree one.
func ReLUCode() ShallowCode {
	return ShallowCode{
		Linear: 0.5,
		F: func(rho float64) float64 {
			rho = max(-1, min(1, rho))
			return 2 / math.Pi * (math.Sqrt((1-rho)*(1+rho)) + (math.Pi-math.Acos(rho))*rho)
		},
	}
}

// Excess is f(1) - 1 = E sigma^2/c_1^2 - 1, the share of the code that is not linear.
func (c ShallowCode) Excess() float64 { return c.F(1) - 1 }

// Limit is the least risk E|x - A sigma(Bx)|^2/d of n units of an odd activation on N(0, I_d), over all A and all B with
// unit rows:
//
//	1 - (1/d)/[1/min(n,d) + (f(1)-1)/n].
//
// Proof: with tau = Tr(BA), M = A^T A and Q = B B^T, d R = d - 2 c_1 tau + c_1^2 sum_l alpha_l sum_ij M_ij Q_ij^{2l+1}. The
// inner sum is the squared Frobenius norm of sum_i (a_i x b_i^l)(b_i^{l+1})^T, whose rows are in the span of n vectors, of
// rank min(n,d) when l = 0, while <a_i x b_i^l, b_i^{l+1}> = <a_i, b_i>: by Cauchy-Schwarz it is at least tau^2 over the
// rank. Then the least value over tau.
func (c ShallowCode) Limit(n, d int) float64 {
	if n < 1 || d < 1 || !c.Odd {
		return math.NaN()
	}
	return 1 - 1/float64(d)/(1/float64(min(n, d))+c.Excess()/float64(n))
}

// LimitScaled bounds the risk E|x - A sigma(Bx)|^2 (a sum) from below for x ~ N(0, D^2), D the scales in decreasing order:
//
//	Tr D^2 - 1/[1/S + (f(1)-1)/(n D_1^2)],   S = D_1^2 + ... + D_min(n,d)^2.
//
// The proof is that of Limit with the rows D u_i: a projector of rank k has |(D x I) P|^2 <= k D_1^2, and at l = 0 at most S.
func (c ShallowCode) LimitScaled(n int, scales []float64) float64 {
	if n < 1 || len(scales) == 0 || !c.Odd {
		return math.NaN()
	}
	top, total := 0.0, 0.0
	for i, s := range scales {
		if i > 0 && s > scales[i-1] || s < 0 {
			return math.NaN()
		}
		total += s * s
		if i < n {
			top += s * s
		}
	}
	if top == 0 {
		return 0
	}
	return total - 1/(1/top+c.Excess()/(float64(n)*scales[0]*scales[0]))
}

// Welch is the least value of sum_ij q_ij f(q_ij) over n unit vectors of R^d: max(n, n^2/d) + n (f(1)-1).
func (c ShallowCode) Welch(n, d int) float64 {
	if n < 1 || d < 1 || !c.Odd {
		return math.NaN()
	}
	m := float64(n)
	return max(m, m*m/float64(d)) + m*c.Excess()
}

// correlations returns Q = U U^T, diagonal exactly one, and F = f(Q).
func (c ShallowCode) correlations(u mat.Matrix) (q, f *mat.SymDense) {
	n, _ := u.Dims()
	q, f = mat.NewSymDense(n, nil), mat.NewSymDense(n, nil)
	q.SymOuterK(1, u)
	for i := range n {
		q.SetSym(i, i, 1)
		for j := range i + 1 {
			f.SetSym(i, j, c.F(q.At(i, j)))
		}
	}
	return q, f
}

// scaledRows returns U D.
func scaledRows(u mat.Matrix, scales []float64) (*mat.Dense, float64, error) {
	n, d := u.Dims()
	total, ud := float64(d), mat.DenseCopyOf(u)
	if scales == nil {
		return ud, total, nil
	}
	if len(scales) != d {
		return nil, 0, fmt.Errorf("%d scales for %d coordinates: give one a coordinate, or none", len(scales), d)
	}
	total = 0
	for k, s := range scales {
		total += s * s
		for i := range n {
			ud.Set(i, k, ud.At(i, k)*s)
		}
	}
	return ud, total, nil
}

// Risk is E|x - A sigma(U g)|^2 (a sum) for x = D g, g ~ N(0, I): Tr D^2 - 2 c_1 Tr(A U D) + c_1^2 Tr(A f(U U^T) A^T). The
// rows of U are unit vectors; no scales mean D = I.
func (c ShallowCode) Risk(a, u mat.Matrix, scales []float64) (float64, error) {
	ud, total, err := scaledRows(u, scales)
	if err != nil {
		return 0, err
	}
	_, f := c.correlations(u)
	var linear, af, quadratic mat.Dense
	linear.Mul(a, ud)
	af.Mul(a, f)
	quadratic.Mul(&af, a.T())
	return total - 2*c.Linear*mat.Trace(&linear) + c.Linear*c.Linear*mat.Trace(&quadratic), nil
}

// Decoder is the best decoder A = D U^T F^{-1}/c_1 for the rows U, and its risk Tr D^2 - Tr(D U^T F^{-1} U D), a sum.
func (c ShallowCode) Decoder(u mat.Matrix, scales []float64) (*mat.Dense, float64, error) {
	ud, total, err := scaledRows(u, scales)
	if err != nil {
		return nil, 0, err
	}
	_, f := c.correlations(u)
	var chol mat.Cholesky
	if !chol.Factorize(f) {
		return nil, 0, errors.New("the matrix f(U U^T) is singular: leave out rows that are parallel or opposite to others")
	}
	var x, gain mat.Dense
	if err := chol.SolveTo(&x, ud); err != nil {
		return nil, 0, err
	}
	gain.Mul(ud.T(), &x)
	a := mat.DenseCopyOf(x.T())
	a.Scale(1/c.Linear, a)
	return a, total - mat.Trace(&gain), nil
}

// TiedRisk is the least risk per coordinate of A = beta B^T on N(0, I), 1 - (n^2/d)/sum_ij q_ij f(q_ij), with the beta that
// attains it. Parallel rows cost accuracy: an arcsine near one is good to 2e-8.
func (c ShallowCode) TiedRisk(b mat.Matrix) (beta, risk float64) {
	n, d := b.Dims()
	q, f := c.correlations(b)
	sum := 0.0
	for i := range n {
		sum += f.At(i, i)
		for j := range i {
			sum += 2 * q.At(i, j) * f.At(i, j)
		}
	}
	return float64(n) / (c.Linear * sum), 1 - float64(n)*float64(n)/(float64(d)*sum)
}

// HaarGap is the limit of d (R - Limit) as d grows at r = n/d > 1, for rows that are the normalised rows of d columns of a
// Haar rotation of R^n:
//
//	[w 2(r-1) + 3 alpha (r-1)^2]/(r + f(1) - 1)^2,
//
// alpha the cubic coefficient of f, w = 1 for a tied decoder and (f(1)-1)/(r+f(1)-1) for the best one. The first part comes
// from the lengths of the rows, sum_ij q_ij^2 - n^2/d -> 2(r-1), the second from sum_{i != j} q_ij^4 -> 3 (r-1)^2. To first
// order in F - Q - (f(1)-1) I both decoders lose alike; to the unequal eigenvalues of Q, which are r in mean, the best one
// loses (f(1)-1)/(r+f(1)-1) times as much, since x/(x+c) has the second derivative -2c/(x+c)^3.
func (c ShallowCode) HaarGap(r float64, tied bool) float64 {
	if !(r > 1) || !c.Odd {
		return math.NaN()
	}
	w := 1.0
	if s := r + c.Excess(); !tied {
		w = c.Excess() / s
	}
	return (w*2*(r-1) + 3*c.Cubic*(r-1)*(r-1)) / ((r + c.Excess()) * (r + c.Excess()))
}

// DecoderLaw says which decoder follows the rows of an autoencoder in training.
type DecoderLaw int

// BestDecoder is the best one for the rows; TiedDecoder is beta B^T at the best beta.
const (
	BestDecoder DecoderLaw = iota
	TiedDecoder
)

// Curvature is kappa in R = Limit + (kappa/d) |B B^T - I|_F^2 + ..., the risk of n <= d unit rows close to orthonormal:
// (f(1)-1)/f(1)^3 for the best decoder, 1/f(1)^2 for the tied one. It follows from F = f(1) I + E + O(E^3), E = B B^T - I.
func (c ShallowCode) Curvature(law DecoderLaw) float64 {
	if !c.Odd {
		return math.NaN()
	}
	f := c.F(1)
	if law == TiedDecoder {
		return 1 / (f * f)
	}
	return (f - 1) / (f * f * f)
}

// RowContraction is the factor 1 - 8 kappa eta/d on B B^T - I in a projected gradient step of size eta, near orthonormal
// rows: the gradient of the risk is (4 kappa/d) E B, so that E becomes E - 8 kappa (eta/d) E.
func (c ShallowCode) RowContraction(law DecoderLaw, eta float64, d int) float64 {
	if d < 1 {
		return math.NaN()
	}
	return 1 - 8*c.Curvature(law)*eta/float64(d)
}

// UniformRowsMean is E[q arcsin q] for the inner product q of two independent uniform unit vectors of R^d, which one has
// sum_k a_k (1/2)_{k+1}/(d/2)_{k+1} with a_k the coefficients of arcsin.
func UniformRowsMean(d int) float64 {
	if d < 1 {
		return math.NaN()
	}
	if d == 1 {
		return math.Pi / 2
	}
	// Of q = cos t with density proportional to sin^{d-2} t: by parts E[q arcsin q] = E[sqrt(1-q^2)]/(d-1), and the mean of
	// sin t is a ratio of gamma functions.
	return meanSine(d) / float64(d-1)
}

// meanSine is E sqrt(1-q^2).
func meanSine(d int) float64 {
	a, _ := math.Lgamma(float64(d) / 2)
	b, _ := math.Lgamma(float64(d+1) / 2)
	c, _ := math.Lgamma(float64(d-1) / 2)
	return math.Exp(2*a - b - c)
}

// ShannonDistortion is the least mean squared error per coordinate of any code of n bits for N(0, I_d), 2^{-2n/d}.
func ShannonDistortion(n, d int) float64 {
	if n < 0 || d < 1 {
		return math.NaN()
	}
	return math.Exp2(-2 * float64(n) / float64(d))
}

// SignDistortion is a lower bound on the risk of n sign units on N(0, I_d) that is attained at n = d: (1-2/pi)^{n/d}. It
// lies below Limit: at n <= d a chord of a convex function, beyond since log(1 + r/c) is concave in r.
func SignDistortion(n, d int) float64 {
	if n < 0 || d < 1 {
		return math.NaN()
	}
	return math.Pow(1-2/math.Pi, float64(n)/float64(d))
}

// RotatedRisk is the mean, over a uniformly drawn frame of n <= d orthonormal rows B, of the empirical risk per coordinate
// of x -> s c_1 B^T sign(Bx), c_1 = sqrt(2/pi), on data in R^d whose rows have this mean norm and mean squared norm:
//
//	[mean |x|^2 + s^2 c_1^2 n - 2 s c_1 n E|u_1| mean |x|]/d,   E|u_1| = Gamma(d/2)/(sqrt(pi) Gamma((d+1)/2)),
//
// since a uniform unit vector has |b.x| = |x| |u_1| in mean, whatever x is.
func RotatedRisk(n, d int, shrink, meanNorm, meanSquare float64) float64 {
	if n < 1 || n > d {
		return math.NaN()
	}
	c, m := math.Sqrt(2/math.Pi), float64(n)
	return (meanSquare + shrink*shrink*c*c*m - 2*shrink*c*m*meanCoordinate(d)*meanNorm) / float64(d)
}

// RotatedRiskDeviation bounds the standard deviation of that risk over the frames; for one row of data it is it. The variance of
// sum_j |u_j| over n coordinates of a uniform unit vector is n/d + 2n(n-1)/(pi d) - n^2 (E|u_1|)^2.
func RotatedRiskDeviation(n, d int, shrink, meanNorm float64) float64 {
	if n < 1 || n > d {
		return math.NaN()
	}
	c, m, e := math.Sqrt(2/math.Pi), float64(n), meanCoordinate(d)
	variance := m/float64(d) + 2*m*(m-1)/(math.Pi*float64(d)) - m*m*e*e
	return 2 * shrink * c * meanNorm * math.Sqrt(max(0, variance)) / float64(d)
}

// meanCoordinate is E|u_1| for a uniform unit vector of R^d.
func meanCoordinate(d int) float64 {
	a, _ := math.Lgamma(float64(d) / 2)
	b, _ := math.Lgamma(float64(d+1) / 2)
	return math.Exp(a-b) / math.Sqrt(math.Pi)
}

// Equiangular is a lower bound on sum_ij q_ij f(q_ij) over n unit vectors of R^d that is at least Welch:
//
//	n f(1) + n(n-1) phi(t),   phi(t) = sqrt t f(sqrt t),   t = max(0, n/d-1)/(n-1),
//
// attained exactly by orthonormal rows and by equiangular tight frames. Proof: phi has a power series without negative
// coefficients, so it is convex and rising; the mean of q_ij^2 over i != j is at least t by Welch's inequality; Jensen.
func (c ShallowCode) Equiangular(n, d int) float64 {
	if n < 1 || d < 1 || !c.Odd {
		return math.NaN()
	}
	sum := float64(n) * c.F(1)
	if n > d {
		root := math.Sqrt((float64(n)/float64(d) - 1) / float64(n-1))
		sum += float64(n) * float64(n-1) * root * c.F(root)
	}
	return sum
}

// TiedLimit is the lower bound on the risk per coordinate of tied networks, A = beta B^T, that Equiangular gives; it is
// attained where that is, and lies above Limit for n > d.
func (c ShallowCode) TiedLimit(n, d int) float64 {
	return 1 - float64(n)*float64(n)/(float64(d)*c.Equiangular(n, d))
}

// UniformRowsInverseGain is E[1/(1-R)] for the tied risk R of n independent uniform sign units in R^d at their best scale:
// (d/n^2) [n pi/2 + n(n-1) E q arcsin q].
func UniformRowsInverseGain(n, d int) float64 {
	if n < 1 {
		return math.NaN()
	}
	m := float64(n)
	return float64(d) / m * (math.Pi/2 + (m-1)*UniformRowsMean(d))
}
