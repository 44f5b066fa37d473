package bounds

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// A MaskScheme is one way to train random sub-networks of a two-layer network: in each round
// Models masks are drawn, each sub-network starts from the present weights and takes LocalSteps gradient
// steps, and every neuron moves by the mean of its movements in the sub-networks that hold it. Dropout is
// Models = LocalSteps = 1, multi-sample dropout LocalSteps = 1, gradient descent Keep = 1.
type MaskScheme struct {
	Keep       float64 // xi, the probability that a sub-network holds a neuron; for Partition 1/Models
	Models     int     // p
	LocalSteps int     // tau
	Partition  bool    // each neuron goes to exactly one sub-network: independent subnet training
	Inverted   bool    // outputs of sub-networks are divided by xi: inverted dropout
}

// Validate reports numbers that define no scheme.
func (s MaskScheme) Validate() error {
	switch {
	case !(s.Keep > 0 && s.Keep <= 1):
		return fmt.Errorf("bounds: neurons kept with probability %v; it must lie in (0, 1]", s.Keep)
	case s.Models < 1 || s.LocalSteps < 1:
		return fmt.Errorf("bounds: %d sub-networks and %d local steps; both must be at least 1", s.Models, s.LocalSteps)
	case s.Partition && math.Abs(s.Keep*float64(s.Models)-1) > 1e-12:
		return fmt.Errorf("bounds: a partition into %d sub-networks keeps a neuron with probability 1/%d, not %v", s.Models, s.Models, s.Keep)
	}
	return nil
}

// Theta is the probability that some sub-network of a round holds a given neuron: 1 - (1-xi)^p for
// independent masks, 1 for a partition.
func (s MaskScheme) Theta() float64 {
	if s.Partition || s.Keep == 1 {
		return 1
	}
	return -math.Expm1(float64(s.Models) * math.Log1p(-s.Keep))
}

// LocalProgress is b = 1 - (1 - eta xi h)^tau: the share of its error that a sub-network removes in one
// round along an eigenvector of H^inf with eigenvalue h, as m -> infinity. For inverted dropout eta h/xi
// takes the place of eta xi h (the Gram matrix of f_M/xi is H_M/xi^2 -> H/xi).
func (s MaskScheme) LocalProgress(eta, h float64) float64 {
	q := eta * s.Keep * h
	if s.Inverted {
		q = eta * h / s.Keep
	}
	if q < 1 {
		return -math.Expm1(float64(s.LocalSteps) * math.Log1p(-q))
	}
	return 1 - math.Pow(1-q, float64(s.LocalSteps))
}

// Factor is 1 - theta b, the factor by which one round multiplies the mean of the error u - y along an
// eigenvector of H^inf with eigenvalue h, as m -> infinity (derived):
// A_tau = I - theta (I - (I - eta xi H)^tau).
//
// Proof. All masked Gram matrices tend to xi H, so sub-network l has the error (I - eta xi H)^tau r^l after
// tau steps, r^l = e + zeta^l with E zeta^l = 0. Averaging its movement over the sub-networks that hold a
// neuron changes xi f by -(theta/p) sum_l (I - (I - eta xi H)^tau) r^l, since E[M^l_r/N_r] = theta/p for
// every neuron and sub-network.
func (s MaskScheme) Factor(eta, h float64) float64 { return 1 - s.Theta()*s.LocalProgress(eta, h) }

// SlowestFactor is the largest |Factor| over the eigenvalues of H^inf: the rate per round of the mean
// error. With eta xi lambda_max <= 1 it belongs to lambda_0.
func (s MaskScheme) SlowestFactor(eta float64, eigenvalues []float64) float64 {
	worst := 0.0
	for _, h := range eigenvalues {
		worst = math.Max(worst, math.Abs(s.Factor(eta, h)))
	}
	return worst
}

// noise is the variance of (1/p) sum_l zeta^l over kappa^2 C1, zeta^l = f_{M^l} - xi f. The zeta of a
// partition sum to zero.
func (s MaskScheme) noise() float64 {
	if s.Partition {
		return 0
	}
	v := s.Keep * (1 - s.Keep) / float64(s.Models)
	if s.Inverted {
		v /= s.Keep * s.Keep
	}
	return v
}

// MaskedLimit is the infinitely wide limit of training masked sub-networks on one data set (Liao and Kyrillidis (2022),
// derived). With A = I - theta B, B = I - (I - eta xi H)^tau and C = (xi(1-xi) kappa^2/p) C1,
//
//	Sigma_{k+1} = A Sigma_k A + theta^2 B C B,   E||e_k||^2 = tr Sigma_k,   Sigma_0 = e_0 e_0^T.
//
// A and B are functions of H, so that the trace needs only the diagonals of Sigma and C in the
// eigenbasis of H, each of which follows a recursion of its own.
type MaskedLimit struct {
	Values  []float64  // h_i, eigenvalues of H^inf, ascending
	Vectors *mat.Dense // v_i in columns
	Feature []float64  // v_i^T C1 v_i
}

// NewMaskedLimit takes the Gram matrices n x n of kernel.ReLU (H^inf) and kernel.ReLUFeature
// (C1_ij = E[relu(z_i) relu(z_j)]). It fails when their sizes differ or H has no eigenbasis.
func NewMaskedLimit(h, c1 mat.Symmetric) (*MaskedLimit, error) {
	n := h.SymmetricDim()
	if c1.SymmetricDim() != n {
		return nil, fmt.Errorf("bounds: H has %d rows and C1 %d; take both from the same data", n, c1.SymmetricDim())
	}
	var eig mat.EigenSym
	if !eig.Factorize(h, true) {
		return nil, errors.New("bounds: the eigenvalue solver did not converge on H; look for entries that are not finite")
	}
	l := &MaskedLimit{Values: eig.Values(nil), Vectors: new(mat.Dense), Feature: make([]float64, n)}
	eig.VectorsTo(l.Vectors)
	for i := range n {
		v := l.Vectors.ColView(i)
		l.Feature[i] = mat.Inner(v, c1, v)
	}
	return l, nil
}

// SquaredError returns the limit of E||e_k||^2 for k = 0..rounds from a given error e_0 (n entries) and
// hidden weights N(0, kappa^2 I).
func (l *MaskedLimit) SquaredError(s MaskScheme, eta, kappa float64, e0 []float64, rounds int) []float64 {
	n := len(l.Values)
	if len(e0) != n {
		panic(fmt.Sprintf("bounds: an error of %d entries for a kernel of %d", len(e0), n))
	}
	path := make([]float64, rounds+1)
	for i, h := range l.Values {
		c := mat.Dot(l.Vectors.ColView(i), mat.NewVecDense(n, e0))
		sigma := c * c
		a, gain := s.Factor(eta, h), s.Theta()*s.LocalProgress(eta, h)
		for k := range path {
			path[k] += sigma
			sigma = a*a*sigma + gain*gain*s.noise()*kappa*kappa*l.Feature[i]
		}
	}
	return path
}

// Floor is lim_k tr Sigma_k = sum_i theta b_i/(2 - theta b_i) v_i^T C v_i, the size of the error region.
// It is +Inf when some |1 - theta b_i| >= 1 with noise, and 0 for a partition and for xi = 1. For
// eta xi lambda_max <= 1 it decreases in p and does not decrease in tau: theta/(p(2-theta b)) decreases in p
// for every b in (0, 1], being tanh(p s)/p with s = -ln(1-xi)/2 at b = 1, and theta b/(2-theta b) increases in b.
func (l *MaskedLimit) Floor(s MaskScheme, eta, kappa float64) float64 {
	var sum float64
	if s.noise() == 0 {
		return 0
	}
	for i, h := range l.Values {
		g := s.Theta() * s.LocalProgress(eta, h)
		switch {
		case g == 0:
		case !(g > 0 && g < 2):
			return math.Inf(1)
		default:
			sum += g / (2 - g) * l.Feature[i]
		}
	}
	return s.noise() * kappa * kappa * sum
}

// LongRoundFloor is the floor as tau -> infinity, theta/(2-theta) xi(1-xi) kappa^2 n/(2p) for n unit
// inputs, given eta xi lambda_max < 2.
func LongRoundFloor(s MaskScheme, n int, kappa float64) float64 {
	theta := s.Theta()
	return when(n >= 1, theta/(2-theta)*s.noise()*kappa*kappa*float64(n)/2)
}

// PartitionFloor is eta^2 (p-1) kappa^2 n/(4 p^4 m (1-a^2)), a = 1 - eta/(2p): what a partition into p
// sub-networks with one local step leaves of E||e_k||^2 on n orthonormal inputs, to order 1/m (sharpens
// Liao and Kyrillidis (2022), derived).
//
// Proof. The noise of a round is -(eta/p) sum_l D_l zeta^l with D_l = H_{M^l} - H/p, since sum_l zeta^l =
// sum_l D_l = 0. To leading order D and zeta are independent Gaussians with the same covariance
// q_{ll'} = 1{l=l'}/p - 1/p^2 over the sub-networks, and sum_{ll'} q_{ll'}^2 = (p-1)/p^2. On orthonormal inputs D is
// diagonal with entries of variance q/(2m) and zeta has variance kappa^2 q/2, so that each coordinate gets
// the variance (eta/p)^2 ((p-1)/p^2) kappa^2/(4m) a round and keeps a^2 of what it had.
func PartitionFloor(p, m, n int, eta, kappa float64) float64 {
	a, q := 1-eta/(2*float64(p)), float64(p)
	return when(p >= 1 && m >= 1 && n >= 1 && math.Abs(a) < 1,
		eta*eta*(q-1)*kappa*kappa*float64(n)/(4*q*q*q*q*float64(m)*(1-a*a)))
}

// DropoutRidge is xi(1-xi) n kappa^2/2, the mean at initialisation of the penalty xi(1-xi) (1/m)
// sum_ir relu(w_r . x_i)^2 that independent masks add to the squared loss (derived), for n
// unit inputs.
func DropoutRidge(xi float64, n int, kappa float64) float64 {
	return when(xi >= 0 && xi <= 1 && n >= 1, xi*(1-xi)*float64(n)*kappa*kappa/2)
}

// MaskedChernoffFailure bounds, for any number of masks each of whose entries are independent with
// P(M_r = 1) = xi, the probability that some lambda_min(H_M(0)) <= (1-eps) xi lambda_0 by
// masks n exp(-m c(eps) xi lambda_0/S^2) (derived). H_M(0) is a sum of m independent positive
// semidefinite matrices M_r D_r X X^T D_r/m of norm at most S^2/m with mean xi H^inf, and the masks share
// a union bound, whatever their dependence: sub-networks of a partition count as well. [MaskedWidth]
// inverts it at eps = 1/2.
func MaskedChernoffFailure(n, m, masks int, eps, xi, lambda0, s float64) float64 {
	return when(n >= 1 && m >= 0 && masks >= 1 && xi > 0 && xi <= 1 && lambda0 >= 0 && s > 0,
		math.Min(1, float64(masks)*float64(n)*math.Exp(-float64(m)*ChernoffRate(eps)*xi*lambda0/(s*s))))
}

// MaskedCertificateWidth estimates the width from which on the local steps of one sub-network can be
// expected to be certified: s0 is xi lambda_0 and the fragile neurons that count are a share xi
// of all, so that it is [CertificateWidth] at lambda_0 over xi^2.
func MaskedCertificateWidth(s, e0, lambda0, theta, xi float64) float64 {
	return when(xi > 0 && xi <= 1, CertificateWidth(s, e0, lambda0, theta)/(xi*xi))
}
