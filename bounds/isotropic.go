package bounds

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel"
)

var errEigenvalues = errors.New("bounds: the eigenvalue solver did not converge; look for entries that are not finite")

// Isotropic are the sizes of the parts of a kernel kappa(x.x') on the unit sphere of R^d: the value at x = x' of its projections on
// the spherical harmonics of degree 0, 1 and 2, and what is left, kappa(1) = Constant + Linear + Quadratic + Rest. On random inputs a
// part whose harmonics are many more than the samples acts like that multiple of the identity.
type Isotropic struct {
	Dim                               int
	Constant, Linear, Quadratic, Rest float64
}

// NewIsotropic projects a kernel, which must be one of the angle alone on unit inputs, for d >= 2. With x.x' = r the moment E r^{2j} is
// 1*3*...*(2j-1)/(d(d+2)...(d+2j-2)); the parts are E kappa, d E[kappa r] and (d+2)/2 E[kappa (d r^2 - 1)], summed over
// the power series of kappa.
func NewIsotropic(k kernel.Kernel, d int) Isotropic {
	out := Isotropic{Dim: d}
	if d < 2 {
		out.Constant, out.Linear, out.Quadratic, out.Rest = math.NaN(), math.NaN(), math.NaN(), math.NaN()
		return out
	}
	dim, moment := float64(d), 1.0 // E r^{2j}
	const terms = 2000
	for j := range terms {
		next := moment * float64(2*j+1) / (dim + float64(2*j))
		even, odd := k.Coefficient(2*j), k.Coefficient(2*j+1)
		out.Constant += even * moment
		out.Linear += odd * dim * next
		out.Quadratic += even * (dim + 2) / 2 * (dim*next - moment)
		if moment = next; moment < 1e-20 {
			break
		}
	}
	out.Rest = k.At(1) - out.Constant - out.Linear - out.Quadratic
	return out
}

// Induced is v, what the kernel beyond its linear part adds to a ridge when n << d^2: Quadratic + Rest. For the ReLU it is 1/4 -
// Constant, and tends to Var sigma'(G) = 1/4 as d grows.
func (p Isotropic) Induced() float64 { return p.Quadratic + p.Rest }

// Ridge is zeta = (lambda + v)/Linear: ridge regression with the kernel and ridge lambda acts on linear targets like
// ridge regression with x.x' and ridge zeta. For the ReLU it tends to 4 lambda + 1.
func (p Isotropic) Ridge(lambda float64) float64 { return (lambda + p.Induced()) / p.Linear }

// Edge is where the smallest eigenvalue of the kernel is expected on n random inputs, d < n and n-d below the number D = (d+2)(d-1)/2 of
// harmonics of degree 2:
//
//	Quadratic ((1-s)^2 + 1.2065 (1-s) (1/s-1)^{1/3} D^{-2/3}) + Rest,   s = sqrt((n-d)/D):
//
// orthogonal to the linear part the quadratic one looks like the Gram matrix of n-d random unit vectors in R^D, whose lower edge is that
// of Marchenko and Pastur with the mean of the Tracy-Widom law added, and the higher ones like the identity. A law of random
// matrices, not a bound.
func (p Isotropic) Edge(n int) float64 {
	harmonics := float64(p.Dim+2) * float64(p.Dim-1) / 2
	s := math.Sqrt(float64(n-p.Dim) / harmonics)
	if !(s > 0 && s < 1) {
		return math.NaN()
	}
	const tracyWidom = 1.2065335745820
	return p.Quadratic*((1-s)*(1-s)+tracyWidom*(1-s)*math.Cbrt(1/s-1)*math.Pow(harmonics, -2.0/3)) + p.Rest
}

// LinearRidgeRisk is the limit of the test error of linear ridge regression on isotropic inputs as n/d -> kappa: predictor x.b with b =
// (S + zeta)^{-1} X^T y/d, S = X^T X/d, rows of X of mean square norm d and independent entries, targets y = X beta + noise with ||beta||^2 =
// signal and Var noise = noise. With m the positive root of 1/m = zeta + kappa/(1+m), the limit of tr (S+zeta)^{-1}/d,
//
//	R = -signal zeta^2 m' + noise (m + zeta m'),   m' = -(m^2+m)/(2 zeta m + zeta + kappa - 1)
//
// (derived: S + zeta loses a rank one part with each row, which gives the fixed point; bias and variance are
// zeta^2 beta^T (S+zeta)^{-2} beta and noise tr S (S+zeta)^{-2}/d).
func LinearRidgeRisk(kappa, zeta, signal, noise float64) float64 {
	if !(kappa > 0 && zeta > 0 && signal >= 0 && noise >= 0) {
		return math.NaN()
	}
	b := zeta + kappa - 1
	root := math.Sqrt(b*b + 4*zeta)
	m := (root - b) / (2 * zeta)
	if b > 0 {
		m = 2 / (root + b)
	}
	slope := -(m*m + m) / (2*zeta*m + b)
	return -signal*zeta*zeta*slope + noise*(m+zeta*slope)
}

// SeriesLower is a lower bound on lambda_min of the kernel of n unit inputs with cosines r: with a_k its coefficients,
//
//	sum_{k<=terms} a_k lambda_min(r^{o k}) + tail (1 - max_i sum_{j != i} |r_ij|^{terms+1})_+,   tail = kappa(1) - sum a_k
//
// (derived: the entrywise powers are positive semidefinite, and what is left has the diagonal tail and off the diagonal at most tail
// |r_ij|^{terms+1}, so that Gershgorin's disc bounds it). It is attained at orthonormal inputs. It costs an eigenvalue for
// each power with a_k > 0.
func SeriesLower(k kernel.Kernel, r mat.Symmetric, terms int) (float64, error) {
	n := r.SymmetricDim()
	power, tail, sum := mat.NewSymDense(n, nil), k.At(1), 0.0
	for i := range n {
		for j := i; j < n; j++ {
			power.SetSym(i, j, 1)
		}
	}
	for degree := range terms + 1 {
		if a := k.Coefficient(degree); a > 0 {
			var es mat.EigenSym
			if !es.Factorize(power, false) {
				return math.NaN(), errEigenvalues
			}
			sum += a * math.Max(0, es.Values(nil)[0])
			tail -= a
		}
		for i := range n {
			for j := i; j < n; j++ {
				power.SetSym(i, j, power.At(i, j)*r.At(i, j))
			}
		}
	}
	worst := 0.0
	for i := range n {
		row := 0.0
		for j := range n {
			if j != i {
				row += math.Abs(power.At(i, j))
			}
		}
		worst = math.Max(worst, row)
	}
	return sum + math.Max(0, tail)*math.Max(0, 1-worst), nil
}

// NullSpaceUpper is share n/(n - rank), an upper bound on lambda_min of a kernel whose linear part a_1 X X^T is taken off, share = kappa(1) - a_1:
// on the null space of X X^T, of dimension n - rank, only the rest acts, and its trace is at most that on all of R^n, share n
// (derived). +Inf where the rank is full. It is attained where the rest is a multiple of the projection on that space, as at pairs of
// opposite inputs.
func NullSpaceUpper(share float64, n, rank int) float64 {
	if !(share >= 0 && n >= 1 && rank >= 0 && rank <= n) {
		return math.NaN()
	}
	return share * float64(n) / float64(n-rank)
}

// CentralError is e^2 third sum_k |b_k.x|^3 scale/6: how far the difference network
//
//	(scale/2e) sum_k [phi((w_k + e b_k).x) - phi((w_k - e b_k).x)]
//
// is at most from its limit scale sum_k phi'(w_k.x) b_k.x as e -> 0, third = sup |phi‴| (derived: Taylor's formula; the even orders cancel). It is
// attained to first order where all w_k.x lie at the maximum of |phi‴|.
func CentralError(dots []float64, e, third, scale float64) float64 {
	sum := 0.0
	for _, b := range dots {
		sum += math.Abs(b * b * b)
	}
	return when(e >= 0 && third >= 0 && scale >= 0, e*e*third*scale*sum/6)
}
