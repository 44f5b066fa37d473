package liao2022

import (
	"math"

	"convergo/checks"
)

// published are the numbers of Theorem 3 of the first arXiv version, with 1 for the constants that it hides and
// delta = 0.1. Its lambda is that of a kernel with the factor xi.
func (l *lab) published() []checks.Fact {
	return []checks.Fact{
		checks.NewFact("required width (published, constant 1, delta = 0.1)", l.publishedWidth(0.1)),
		checks.NewFact("error term B_1 (published)", l.publishedRegion()),
	}
}

// publishedWidth is the width of Theorem 3 of the first arXiv version, with 1 for the constant that it hides.
func (l *lab) publishedWidth(delta float64) float64 {
	n, k := float64(l.n), float64(l.Rounds)
	xi, theta, lambda, kappa := l.Xi, l.law.Theta(), l.Xi*l.lambda0.Value, l.kappa()
	return k / delta * math.Max(math.Pow(n, 4)/(kappa*kappa*xi*theta*math.Pow(lambda, 4)),
		math.Max(n*k*k*l.publishedRegion()/(kappa*kappa*theta*lambda*lambda), k*k*float64(l.P)))
}

// publishedRegion is B_1 of Theorem 3 of the first arXiv version.
func (l *lab) publishedRegion() float64 {
	n, p, tau, eta := float64(l.n), float64(l.P), float64(l.Tau), l.eta
	xi, theta, lambda, k2 := l.Xi, l.law.Theta(), l.Xi*l.lambda0.Value, l.kappa()*l.kappa()
	c1 := 4 * theta * theta * (1 - xi) * n * k2 / p
	return 64*(1-xi)*(1-xi)*n*n*n*float64(l.dim())/(float64(l.M)*lambda*lambda) +
		68*eta*tau*(theta-xi*xi)*n*n*n*k2/(p*lambda) +
		(theta-xi*xi)*n*k2/(6*tau*tau*p) +
		(tau-1)*(tau-1)*p*c1/(24*tau*tau) +
		8*eta*eta*(tau-1)*(tau-1)*n*n*n*n*p*c1/(lambda*lambda) +
		4*eta*(tau-1)*p*n*c1
}
