package bounds

import "math"

// A LocalJacobian is what the start says about gradient descent W <- W - eta J^T r on ||r||^2/2 from a small residual, where the Jacobian J of the
// outputs moves by at most Lipschitz times the distance in W (derived).
//
// It gives the share Keep = s in (0, 1) of the least singular value away to the way, and steps of the share Share = e in (0, 2) of the largest.
// With c = 2 - e, alpha = (1-s) Least and beta = Most + s Least the bounds of its methods hold for all steps while
// the first residual is at most Radius:
//
// Within s Least/Lipschitz of the start, singular values are between alpha and beta. A step changes J by Lipschitz eta ||J^T r||/2 in the
// mean, so that ||r+||^2 <= ||r||^2 - eta ||J^T r||^2 (2 - eta (beta^2 + Lipschitz ||r||)) <= (1 - eta c alpha^2) ||r||^2, and
// ||r+|| <= ||r|| - (c alpha/2) ||W+ - W||: the way is at most 2 ||r||/(c alpha), which stays within.
type LocalJacobian struct {
	Least, Most float64 // lower and upper bound on the singular values of J at the start
	Lipschitz   float64 // of J in W, spectral against Frobenius norm
	Keep, Share float64
}

func (j LocalJacobian) c() float64 { return 2 - j.Share }

// Radius is the largest ||r|| at the start: (c/2) s (1-s) Least^2/Lipschitz.
func (j LocalJacobian) Radius() float64 {
	return j.c() / 2 * j.Keep * (1 - j.Keep) * j.Least * j.Least / j.Lipschitz
}

// Singular is alpha, below which no singular value of J falls on the way.
func (j LocalJacobian) Singular() float64 { return (1 - j.Keep) * j.Least }

// Step is the largest step size, e/(beta^2 + Lipschitz ||r||), for a residual of norm r at the start.
func (j LocalJacobian) Step(r float64) float64 {
	beta := j.Most + j.Keep*j.Least
	return j.Share / (beta*beta + j.Lipschitz*r)
}

// Decrease is eta c alpha^2: a step of size eta multiplies ||r||^2 by at most 1 - Decrease.
func (j LocalJacobian) Decrease(eta float64) float64 {
	return eta * j.c() * j.Singular() * j.Singular()
}

// Path is 2 ||r||/(c alpha), which bounds the sum of ||W+ - W||_F over all steps.
func (j LocalJacobian) Path(r float64) float64 { return 2 * r / (j.c() * j.Singular()) }

// TwoLayerJacobianLipschitz is vmax curvature max ||x_i|| ||X||_2, the Lipschitz constant of the Jacobian of f(x) = sum_l v_l phi(<w_l, x>) in W for
// |phi”| <= curvature (derived): the rows of J are a_i (x) x_i with a_i = (v_l phi'(<w_l, x_i>))_l, and
// J J^T = (A A^T) o (X X^T) is at most max ||a_i||^2 ||X||^2 for differences of Jacobians too.
func TwoLayerJacobianLipschitz(vmax, curvature, largestRow, spectral float64) float64 {
	return vmax * curvature * largestRow * spectral
}

// LargestCurvature is sup |phi”| of the activation named as in package nets, NaN for another: square 2, softplus 1/4, tanh 4/(3 sqrt 3),
// sin 1, erf 4/sqrt(2 pi e), identity 0.
func LargestCurvature(name string) float64 {
	switch name {
	case "square":
		return 2
	case "softplus":
		return 0.25
	case "tanh":
		return 4 / (3 * math.Sqrt(3))
	case "sin":
		return 1
	case "erf":
		return 4 / math.Sqrt(2*math.Pi*math.E)
	case "identity":
		return 0
	}
	return math.NaN()
}
