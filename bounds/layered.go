package bounds

import "math"

// Layered is what the deterministic bounds on a network of smooth layers depend on, after the appendices B and C of
// Du, Lee, Li, Wang and Zhai (2019). The first layer is x^(1) = (s/sqrt m) sigma(W_1 phi(x)); the others are x^(h) =
// x^(h-1) + (b/sqrt m) sigma(W_h phi(x^(h-1))) or, in a plain network, like the first. Their patch map has norm at
// most sqrt q.
type Layered struct {
	Input, Branch float64 // s and b; b = c_res/H and s = sqrt(c_sigma) in the paper
	Plain         bool
	Patch         int     // q; 0 means 1
	Lipschitz     float64 // L of sigma
	AtZero        float64 // |sigma(0)|
	Weights       float64 // c_w >= ||W_h||_2/sqrt m of the layers 2..H
	Features      float64 // c_x >= ||x^(h)||, of the input too
}

func (l Layered) patch() float64 { return math.Sqrt(float64(max(l.Patch, 1))) }

// factor is s or b.
func (l Layered) factor(h int) float64 {
	if h == 1 || l.Plain {
		return l.Input
	}
	return l.Branch
}

// growth bounds how much a layer above the first stretches differences, for weights of norm w sqrt m.
func (l Layered) growth(w float64) float64 {
	g := l.factor(2) * l.Lipschitz * w * l.patch()
	if !l.Plain {
		g++
	}
	return g
}

// Perturbation bounds ||x^(h) - x^(h)(0)|| when every weight matrix moves by at most r sqrt m in Frobenius norm, r <=
// c_w, h >= 1: with g the growth at 2 c_w,
//
//	plain:     s L sqrt q c_x r (1 + g + ... + g^{h-1})                               (Lemma B.3 for q = 1)
//	residual:  g^{h-1} s L sqrt q r c_0 + (g^{h-1} - 1) r c_x/(2 c_w),  c_0 = ||x||    (derived)
//
// The residual one follows from delta_h <= g delta_{h-1} + b L sqrt q r c_x as in Lemma C.3, which prints the larger
// (sqrt(c_sigma) L + c_x/c_w) e^{2 c_res c_w L} r.
func (l Layered) Perturbation(h int, r, input float64) float64 {
	g, first := l.growth(2*l.Weights), l.Input*l.Lipschitz*l.patch()*r
	if l.Plain {
		sum := 0.0
		for i := range h {
			sum += math.Pow(g, float64(i))
		}
		return first * l.Features * sum
	}
	grown := math.Pow(g, float64(h-1))
	return grown*first*input + (grown-1)*r*l.Features/(2*l.Weights)
}

// PrintedPerturbation is the bound of Lemma C.3 for H layers.
func (l Layered) PrintedPerturbation(layers int, r float64) float64 {
	return (l.Input*l.Lipschitz + l.Features/l.Weights) * math.Exp(2*float64(layers)*l.Branch*l.Weights*l.Lipschitz) * r
}

// NormRange bounds ||x^(h)|| of a residual network of one position with ||x^(1)|| = first, by v -> (1 +- b L c_w) v
// +- b |sigma(0)| a layer (derived). The proof of Lemma C.1 leaves out sigma(0).
func (l Layered) NormRange(h int, first float64) (lower, upper float64) {
	lower, upper = first, first
	step := l.Branch * l.Lipschitz * l.Weights * l.patch()
	for range h - 1 {
		lower = math.Max(0, (1-step)*lower-l.Branch*l.AtZero)
		upper = (1+step)*upper + l.Branch*l.AtZero
	}
	return lower, upper
}

// Gradient bounds ||df/dW_h||_F of a network of H layers and width m, h = 1..H, where below bounds ||x^(h-1)|| and
// output is ||a||: ||a|| g^{H-h} (s or b) L sqrt q ||x^(h-1)||/sqrt m with g the growth at c_w.
func (l Layered) Gradient(h, layers, m int, output, below float64) float64 {
	return output * math.Pow(l.growth(l.Weights), float64(layers-h)) * l.factor(h) * l.Lipschitz * l.patch() * below / math.Sqrt(float64(m))
}

// GeometricMovement is eta g e0 (1 - q^k)/(1 - q): how far k steps go with gradients of norm at most g ||e(s)|| and
// ||e(s)|| <= q^s e0.
func GeometricMovement(eta, g, e0, q float64, k int) float64 {
	if q == 1 {
		return eta * g * e0 * float64(k)
	}
	return eta * g * e0 * (1 - math.Pow(q, float64(k))) / (1 - q)
}

// LastLayer is a layer v -> f = const + (factor/sqrt m) sum_r a_r sigma(w_r . v) below the output layer, with sigma'
// beta-Lipschitz: what the bounds on its Gram matrix depend on.
type LastLayer struct {
	Factor            float64 // factor/sqrt m
	Lipschitz, Smooth float64 // L and beta
	Largest           float64 // max |a_r| of the start
	Output            float64 // ||a|| of the start
}

// JacobianLipschitz is the Lipschitz constant of W -> J(W) in Frobenius norm, (factor/sqrt m) beta max|a_r| times the
// largest norm of the inputs v_i of the layer and the norm of the matrix of all (derived): the row of J for (i, r) is
// (factor/sqrt m) a_r sigma'(w_r . v_i) v_i. With several positions v_i is the matrix of its patches, in spectral
// norm.
func (l LastLayer) JacobianLipschitz(inputNorm, spectral float64) float64 {
	return l.Factor * l.Smooth * l.Largest * inputNorm * spectral
}

// JacobianShift bounds ||J_i - J_i(0)||_F of one input, where a moved by da, W by dW (Frobenius norms) to norm w and
// the input v of the layer by dv from norm start to norm now (derived, the three terms of the proofs of Lemmas B.4
// and C.4): (factor/sqrt m) ( L da ||v|| + beta max|a_r| (w dv + dW ||v(0)||) ||v|| + L ||a(0)|| dv ).
func (l LastLayer) JacobianShift(da, dW, w, dv, start, now float64) float64 {
	return l.Factor * (l.Lipschitz*da*now + l.Smooth*l.Largest*(w*dv+dW*start)*now + l.Lipschitz*l.Output*dv)
}

// GramShiftOf bounds ||J J^T - J_0 J_0^T||_F by (2 ||J_0||_2 + D) D for ||J - J_0||_F <= D.
func GramShiftOf(jacobian, shift float64) float64 { return (2*jacobian + shift) * shift }

// DescentOnBall is [GaussNewton] for a Jacobian known at the start alone: sigma_min(J) = alpha, ||J|| = beta there,
// and J is lip-Lipschitz. The ball is the smallest that holds the path; ok is false where there is none, or the step
// is too large for it.
func DescentOnBall(alpha, beta, lip, r0, eta float64) (g GaussNewton, radius float64, ok bool) {
	for range 200 {
		g = NewGaussNewton(alpha-lip*radius, beta+lip*radius, lip, r0)
		next := g.PathAt(eta)
		if !(next > 0) || !(alpha > lip*next) {
			return g, next, false
		}
		if next <= radius*(1+1e-12) {
			return g, radius, true
		}
		radius = next * (1 + 1e-13)
	}
	return g, radius, false
}

// GramStartWidth is 2 v ln(n/delta)/(eps lambda)^2 (derived): for independent positive semidefinite Z_r of mean K,
// lambda = lambda_min(K) and v = ||E Z_r^2||, the average of so many has lambda_min >= (1 - eps) lambda with
// probability at least 1 - delta. Proof: exp(-t Z) <= 1 - t Z + t^2 Z^2/2 on positive semidefinite matrices, so that
// the lower tail is that of a Gaussian of variance v/m, times n; no bound on the largest Z_r is needed.
func GramStartWidth(n int, v, eps, lambda, delta float64) float64 {
	return when(n >= 1 && v > 0 && eps > 0 && lambda > 0 && isProbability(delta), 2*v*math.Log(float64(n)/delta)/(eps*eps*lambda*lambda))
}

// PlainSpectrum is chi (1 - c_sigma c_0^2)^{H-2} sum_k c_sigma c_k^2 (1 - (n-1) rho^k)_+, k >= 1 (derived): at most
// lambda_min(K^(H)) of a plain network of H >= 2 layers on unit inputs with cosines of at most rho in absolute value.
// The c_k are the Hermite coefficients of sigma and chi = c_sigma E[sigma'(z)^2]. It is positive for some n whenever
// rho < 1 and infinitely many c_k are not zero.
func PlainSpectrum(coefficients []float64, cSigma, chi float64, n, depth int, rho float64) float64 {
	series := make([]float64, len(coefficients))
	for k, c := range coefficients {
		if k > 0 {
			series[k] = cSigma * c * c
		}
	}
	kept := 1 - cSigma*coefficients[0]*coefficients[0]
	return chi * math.Pow(kept, float64(depth-2)) * PowerSeriesLowerBound(series, n, rho)
}

// ResidualNormCap is (1 + |sigma(0)|/L) e^{c_res L} - |sigma(0)|/L (derived): at least sqrt(K^(h)_ii) of a residual
// network with branches c_res/H of any depth on unit inputs, by |sigma(z)| <= |sigma(0)| + L |z|, Minkowski and
// Gronwall.
func ResidualNormCap(cRes, lipschitz, atZero float64) float64 {
	return (1+atZero/lipschitz)*math.Exp(cRes*lipschitz) - atZero/lipschitz
}

// Widths of Du, Lee, Li, Wang and Zhai (2019) with all hidden constants set to 1, so that only the exponents mean
// anything; lambda is lambda_min(K^(H)).

// PrintedPlainWidth is that of Theorem 5.1: 2^H max( n^4/lambda^4, n/delta, n^2 ln(Hn/delta)/lambda^2 ).
func PrintedPlainWidth(n, depth int, lambda, delta float64) float64 {
	return math.Exp2(float64(depth)) * printedDepthWidth(n, depth, lambda, delta, 0)
}

// PrintedResidualWidth is that of Theorem 6.1: max( n^4/(lambda^4 H^6), n^2/(lambda^2 H^2), n/delta, n^2
// ln(Hn/delta)/lambda^2 ).
func PrintedResidualWidth(n, depth int, lambda, delta float64) float64 {
	second := math.Pow(float64(n)/(lambda*float64(depth)), 2)
	return math.Max(second, printedDepthWidth(n, depth, lambda, delta, 6))
}

// PrintedConvolutionalWidth is that of Theorem 7.1: poly(p) max( n^4/(lambda^4 H^6), n^4/(lambda^4 H^2), n/delta, n^2
// ln(Hn/delta)/lambda^2 ), with p for poly(p).
func PrintedConvolutionalWidth(n, depth, positions int, lambda, delta float64) float64 {
	second := math.Pow(float64(n)/lambda, 4) / math.Pow(float64(depth), 2)
	return float64(positions) * math.Max(second, printedDepthWidth(n, depth, lambda, delta, 6))
}

func printedDepthWidth(n, depth int, lambda, delta, power float64) float64 {
	k, h := float64(n), float64(depth)
	if !(lambda > 0) || !isProbability(delta) || n < 1 || depth < 1 {
		return math.NaN()
	}
	return math.Max(math.Pow(k/lambda, 4)/math.Pow(h, power), math.Max(k/delta, k*k*math.Log(h*k/delta)/(lambda*lambda)))
}
