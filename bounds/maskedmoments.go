package bounds

import (
	"fmt"
	"math"
)

// MaskedMoments are the exact moments, over the masks, of training masked sub-networks on one input of
// unit norm while no neuron changes its activation, at any width (derived). On orthonormal inputs each
// input has moments of its own, since a step along one input leaves the preactivations of the others.
//
// Let c_r = a_r w_r . x for the n active neurons of the network, C = sum_r c_r, Q = sum_r c_r^2. The output
// is f = C/sqrt m; a sub-network has sigma S_l, S_l = sum_r M^l_r c_r, sigma = 1/sqrt m (for inverted dropout
// 1/(xi sqrt m)). Active neurons follow c; the masks of a round are independent of it.
//
// Mean, any tau. A sub-network of k active neurons multiplies its error sigma S - y by (1 - eta k sigma^2)^tau,
// so each of them moves by -(b_k/(k sigma)) (sigma S - y), b_k = 1 - (1 - eta k sigma^2)^tau. Neuron r moves by
// the mean over the sub-networks that hold it; these have 1 + Bin(n-1, xi) active neurons, whatever the
// other copies of r. Since sum_r E[S | r, k] = k C,
//
//	E C' = (1 - theta E b_k) C + theta n y E[b_k/(k sigma)],  k ~ 1 + Bin(n-1, xi).
//
// Second moments. For one sub-network, E[S|k] = k C/n and E[S^2|k] = (k/n) Q + k(k-1)/(n(n-1)) (C^2 - Q) close a
// linear recursion in C, C^2, Q and P = sum_r c_r c_r(0), k ~ Bin(n, xi). For several with tau = 1, the step is c_r' =
// c_r - eta sigma sum_l (M^l_r/N_r) (sigma S_l - y), and the moments of products are sums over the ways in which
// their neurons coincide. Both are linear, so that the expectation is exact.
type MaskedMoments struct {
	scheme        MaskScheme
	width, active int
	eta, y, sigma float64

	start, squares float64 // C_0 and Q_0
	c, cc, q, p    float64 // E C, E C^2, E Q, E P

	row  []rowMoment // tau = 1: moments of the mask of one neuron
	step [2]float64  // theta E b_k and theta n y E[b_k/(k sigma)]
}

// NewMaskedMoments starts at round 0 with the sum and the sum of squares of c over the active neurons of a
// network of the given width, for the label y of the input.
func NewMaskedMoments(s MaskScheme, width, active int, eta, y, sum, squares float64) (*MaskedMoments, error) {
	switch err := s.Validate(); {
	case err != nil:
		return nil, err
	case width < 1 || active < 1 || active > width:
		return nil, fmt.Errorf("bounds: %d active neurons of %d; between 1 and all must be", active, width)
	case !(eta > 0) || !(squares*float64(active) >= sum*sum*(1-1e-9)):
		return nil, fmt.Errorf("bounds: step size %v, sum %v and sum of squares %v of %d numbers; the step must be positive and the sums possible", eta, sum, squares, active)
	case s.Models > 10:
		return nil, fmt.Errorf("bounds: %d sub-networks; at most 10 are enumerated", s.Models)
	}
	k := &MaskedMoments{
		scheme: s, width: width, active: active, eta: eta, y: y, sigma: 1 / math.Sqrt(float64(width)),
		start: sum, squares: squares, c: sum, cc: sum * sum, q: squares, p: squares,
	}
	if s.Inverted {
		k.sigma /= s.Keep
	}
	k.row = s.rowMoments()
	theta := s.Theta()
	binomial(active-1, s.Keep, func(others int, probability float64) {
		b, gain := k.progress(others + 1)
		k.step[0] += theta * probability * b
		k.step[1] += theta * probability * gain * float64(active) * y
	})
	return k, nil
}

// progress returns b_k and b_k/(k sigma).
func (k *MaskedMoments) progress(kept int) (b, gain float64) {
	h := float64(kept) * k.sigma * k.sigma
	b = 1 - math.Pow(1-k.eta*h, float64(k.scheme.LocalSteps))
	return b, b / (float64(kept) * k.sigma)
}

// binomial visits the values of a binomial variable with their probabilities.
func binomial(n int, p float64, visit func(k int, probability float64)) {
	if p == 1 {
		visit(n, 1)
		return
	}
	all, _ := math.Lgamma(float64(n + 1))
	for k := range n + 1 {
		a, _ := math.Lgamma(float64(k + 1))
		b, _ := math.Lgamma(float64(n - k + 1))
		visit(k, math.Exp(all-a-b+float64(k)*math.Log(p)+float64(n-k)*math.Log1p(-p)))
	}
}

// Exact reports whether the second moments are known: for one sub-network or one local step.
func (k *MaskedMoments) Exact() bool { return k.scheme.Models == 1 || k.scheme.LocalSteps == 1 }

// Round advances the moments by one round.
func (k *MaskedMoments) Round() {
	c := k.c*(1-k.step[0]) + k.step[1]
	switch {
	case k.scheme.LocalSteps == 1:
		k.oneStep()
	case k.scheme.Models == 1:
		k.oneModel()
	default:
		k.cc, k.q, k.p = math.NaN(), math.NaN(), math.NaN()
	}
	k.c = c
}

// MeanError is E e, e = xi f - y (f - y for inverted dropout).
func (k *MaskedMoments) MeanError() float64 { return k.output()*k.c - k.y }

// SquaredError is E e^2; NaN where the second moments are not known.
func (k *MaskedMoments) SquaredError() float64 {
	u := k.output()
	return u*u*k.cc - 2*u*k.y*k.c + k.y*k.y
}

// Displacement is E sum_r (c_r - c_r(0))^2, the squared displacement along the input of all neurons together;
// NaN where the second moments are not known.
func (k *MaskedMoments) Displacement() float64 { return k.q - 2*k.p + k.squares }

// Squares is E sum_r c_r^2, from which the noise of the masks comes; NaN where it is not known.
func (k *MaskedMoments) Squares() float64 { return k.q }

func (k *MaskedMoments) output() float64 {
	if k.scheme.Inverted {
		return 1 / math.Sqrt(float64(k.width))
	}
	return k.scheme.Keep / math.Sqrt(float64(k.width))
}

// oneModel advances the second moments of a single sub-network with any number of local steps.
func (k *MaskedMoments) oneModel() {
	n, s, y := float64(k.active), k.sigma, k.y
	var cc, q, p float64
	binomial(k.active, k.scheme.Keep, func(kept int, probability float64) {
		a, pair := float64(kept), 0.0
		if kept == 0 {
			cc, q, p = cc+probability*k.cc, q+probability*k.q, p+probability*k.p
			return
		}
		if k.active > 1 {
			pair = a * (a - 1) / (n * (n - 1))
		}
		_, g := k.progress(kept)
		ss := a/n*k.q + pair*(k.cc-k.q)   // E[S^2 | k]
		sc, sum := a/n*k.cc, a/n*k.c      // E[S C | k], E[S | k]
		st := a/n*k.p + pair*(k.cp()-k.p) // E[S sum_r M_r c_r(0) | k]
		rr := s*s*ss - 2*s*y*sum + y*y    // E[(sigma S - y)^2 | k]
		cc += probability * (k.cc - 2*a*g*(s*sc-y*k.c) + a*a*g*g*rr)
		q += probability * (k.q - 2*g*(s*ss-y*sum) + a*g*g*rr)
		p += probability * (k.p - g*(s*st-y*a/n*k.start))
	})
	k.cc, k.q, k.p = cc, q, p
}

// cp is E[C C_0].
func (k *MaskedMoments) cp() float64 { return k.c * k.start }

// oneStep advances the second moments of any number of sub-networks with one local step.
func (k *MaskedMoments) oneStep() {
	n, s, y, t := float64(k.active), k.sigma, k.y, k.eta*k.sigma
	models := float64(k.scheme.Models)
	w, both, xi := k.moment(0, 1), k.moment(0, 1|4), k.scheme.Keep
	sum := s*(both+(n-1)*w*xi)*k.cc - y*n*w*k.c                       // E[C Omega_l A_l]
	own := s*(both*k.q+w*xi*(k.cc-k.q)) - y*w*k.c                     // E[sum_r c_r omega_r A_l]
	first := s*(both*k.p+w*xi*(k.cp()-k.p)) - y*w*k.start             // E[sum_r c_r(0) omega_r A_l]
	square, each := k.products([]int{1, 2}), k.products([]int{1 | 2}) // E[(Omega A)^2], E[sum_r (omega_r A)^2]
	k.cc += -2*t*models*sum + t*t*square
	k.q += -2*t*models*own + t*t*each
	k.p -= t * models * first
}
