package bounds

import "math"

// LocalDescent is what a deep ReLU network with fixed first and last layers says at its start about gradient descent on
// W_1..W_L from a small residual.
type LocalDescent struct {
	Norms       []float64 // upper bounds on |W_l|_2, l = 1..L
	Output      float64   // |B|, of one output
	Inputs      []float64 // |h_{i,0}|, norms of what W_1 sees
	Least, Most float64   // lower and upper bound on the eigenvalues of the tangent kernel of W_1..W_L
}

// Rate returns a factor q by which the residual shrinks in every step of size eta from norm residual on, and how far W_1..W_L
// move at most in Frobenius norm, as long as no gate flips within that distance; see [LocalDescent.GateShift]. NaN means that there is
// no such factor below 1 (derived).
//
// With the gates D fixed, f is linear in each W_l, and |J(W) - J(W(0))| <= drift(omega) for |W_l - W_l(0)| <= omega. A step multiplies the
// residual by I - eta J' J^T, J' the mean of J over the step. Its norm is at most max |1 - eta s^2| + 2 eta drift (sqrt(Most) + drift) over
// singular values s between sqrt(Least) - drift and sqrt(Most) + drift. The movements sum to eta (sqrt(Most) + drift) residual/(1 - q) <= omega.
func (c LocalDescent) Rate(eta, residual float64) (q, omega float64) {
	for range 60 {
		drift := c.drift(omega)
		low, high := math.Sqrt(c.Least)-drift, math.Sqrt(c.Most)+drift
		if !(low >= 0) {
			break
		}
		q = math.Max(math.Abs(1-eta*low*low), math.Abs(1-eta*high*high)) + 2*eta*drift*high
		moved := eta * high * residual / (1 - q)
		if !(q < 1) {
			break
		}
		if moved <= omega {
			return q, omega
		}
		omega = moved * 1.01
	}
	return math.NaN(), math.NaN()
}

// drift bounds the change of the Jacobian: block l is an outer product of factors of norms |B| prod_{k != l} |W_k| |h_{i,0}|.
func (c LocalDescent) drift(omega float64) float64 {
	inputs, blocks := 0.0, 0.0
	for _, h := range c.Inputs {
		inputs += h * h
	}
	for l := range c.Norms {
		change := c.growth(omega, len(c.Norms), l)
		blocks += change * change
	}
	return c.Output * math.Sqrt(inputs*blocks)
}

// growth is prod (|W_k| + omega) - prod |W_k| over k < upto but without k = skip.
func (c LocalDescent) growth(omega float64, upto, skip int) float64 {
	// sum_k omega prod_{j < k} (|W_j| + omega) prod_{j > k} |W_j|, without cancellation
	sum := 0.0
	for k := range upto {
		if k == skip {
			continue
		}
		term := omega
		for j := range upto {
			switch {
			case j == skip || j == k:
			case j < k:
				term *= c.Norms[j] + omega
			default:
				term *= c.Norms[j]
			}
		}
		sum += term
	}
	return sum
}

// GateShift bounds how far a preactivation of layer l = 1..L moves on input i while |W_k - W_k(0)| <= omega and no gate of a lower
// layer flips: |h_{i,0}| (prod_{k <= l} (|W_k| + omega) - prod_{k <= l} |W_k|) (derived).
func (c LocalDescent) GateShift(omega float64, i, l int) float64 {
	return c.Inputs[i] * c.growth(omega, l, -1)
}

// PairSteps bounds the steps of gradient descent at 1/lambda_max until the loss of two unit inputs at an angle theta <= pi/2, and any residual,
// has fallen by eps, in the limit kernel of W_1..W_L of a network with frozen first and last layers (derived):
//
//	ln(1/eps) / mean_{l=1..L} (1 - exp(-S_l)),   S_l = sum_{k=l..L} t_k/pi,   1/t_k = 1/theta + 0.1654 k,
//
// which is 2 pi ln(1/eps)/((L+1) theta) for small theta. W_l sees an angle of at least t_l, and the gates of layers l..L agree with
// probability prod (1 - t_k/pi): the normalised kernel is at most the mean of exp(-S_l), and lambda_min/lambda_max >= (1 - kernel)/2.
func PairSteps(layers int, theta, eps float64) float64 {
	if layers < 1 || !(theta > 0 && theta <= math.Pi/2) || !isProbability(eps) {
		return math.NaN()
	}
	s, gap := 0.0, 0.0
	for l := layers; l >= 1; l-- {
		s += 1 / (math.Pi * (1/theta + FastestCollapse(theta)*float64(l)))
		gap += -math.Expm1(-s)
	}
	return math.Log(1/eps) * float64(layers) / gap
}

// AllenZhuWidth is n^24 L^12 log^5(m) d/delta^8 solved for m, the width of Theorem 1 of Allen-Zhu, Li and Song (2019) as later papers
// restate it, with 1 for its hidden constant; delta is the least distance of two inputs.
func AllenZhuWidth(n, layers int, delta, outputs float64) float64 {
	if n < 1 || layers < 1 || !(delta > 0) || !(outputs > 0) {
		return math.NaN()
	}
	a := math.Pow(float64(n), 24) * math.Pow(float64(layers), 12) * outputs / math.Pow(delta, 8)
	m := math.Max(a, math.E)
	for range 200 {
		m = math.Max(a*math.Pow(math.Log(m), 5), math.E)
	}
	return m
}

// ClosestPair is the least distance that two unit inputs can have, given the smallest eigenvalue lambda0 of the kernel H^inf: that at which the
// kernel of the two alone has it, (1 - cos t (1 - t/pi))/2 at an angle t and a distance 2 sin(t/2). It is NaN beyond the
// largest such eigenvalue.
func ClosestPair(lambda0 float64) float64 {
	least := func(t float64) float64 { return (1 - math.Cos(t)*(1-t/math.Pi)) / 2 }
	// It rises up to pi/2, where it is 1/2.
	low, high := 0.0, math.Pi/2
	if !(lambda0 > 0 && lambda0 <= least(high)+1e-9) {
		return math.NaN()
	}
	for range 100 {
		if mid := (low + high) / 2; least(mid) < lambda0 {
			low = mid
		} else {
			high = mid
		}
	}
	return 2 * math.Sin(low/2)
}
