package bounds

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// FragileContraction returns the largest lambda that this proof gives for ||e(k+1)|| <= (1 - eta lambda) ||e(k)||, where the
// residuals e are those of gradient descent with 0 < eta <= 1/S^2 on the first layer of a two-layer ReLU network of m
// neurons with output weights +-1/sqrt m, S >= ||X||_2, lambda_min(H(0)) is lambdaMin0, and fragile[i] counts the neurons
// that may have another sign on x_i at one of the steps 0, ..., k+1 than at the start. Derived:
//
//	((lambda_min(H(0))^{1/2} - (sum_i F_i/m)^{1/2})_+)^2 - S (sum_i F_i^2)^{1/2}/m.
//
// Proof: Z(k) and Z(0) differ in at most sum_i F_i entries of norm 1/sqrt m, so that sigma_min(Z(k)) is at least the root in
// the first term, see [FragileGram]; e(k+1) = (I - eta H(k)) e(k) - r with ||r|| <= eta S ||e|| (sum_i F_i^2)^{1/2}/m
// by [StepResidual]. It is negative when too many neurons are fragile.
func FragileContraction(lambdaMin0, s float64, fragile []int, m int) float64 {
	var squares float64
	for _, f := range fragile {
		squares += float64(f) * float64(f)
	}
	return FragileGram(lambdaMin0, fragile, m) - when(s > 0, s*math.Sqrt(squares)/float64(m))
}

// FragileGram is the first term of [FragileContraction], which lambda_min(H(k)) is not below.
func FragileGram(lambdaMin0 float64, fragile []int, m int) float64 {
	var sum float64
	for _, f := range fragile {
		sum += float64(f)
	}
	root := math.Max(0, math.Sqrt(math.Max(0, lambdaMin0))-math.Sqrt(sum/float64(m)))
	return when(m >= 1, root*root)
}

// TrajectoryDeviation returns b_0 = 0, ..., b_T with b_k = sum_{j<k} (1 - eta lambda0)^{k-1-j} eta (gap + shift)
// (1 - eta lambda)^j e0, which ||e(k) - (I - eta H)^k e(0)|| does not exceed when ||e(j)|| <= (1 - eta lambda)^j e0,
// ||H(0) - H|| <= gap, lambda_min(H) >= lambda0 >= 0, eta lambda_max(H) <= 1, and
// u(j+1) - u(j) = eta H(0) e(j) + r(j) with ||r(j)|| <= eta shift ||e(j)||. Derived: unroll the recursion of the
// difference, as in [APosteriori]. Equality for one sample without flips.
func TrajectoryDeviation(eta, lambda0, lambda, gap, shift, e0 float64, steps int) []float64 {
	b, e := make([]float64, steps+1), e0
	for k := range steps {
		b[k+1] = when(eta > 0 && lambda0 >= 0 && eta*lambda0 <= 1 && eta*lambda <= 1 && gap >= 0 && shift >= 0,
			(1-eta*lambda0)*b[k]+eta*(gap+shift)*e)
		e *= 1 - eta*lambda
	}
	return b
}

// FragileShift bounds ||(H(k) - H(0)) e(k) + r(k)/eta||/||e(k)|| by the number of fragile neurons alone: with sum_i F_i = F,
// 2 S (F/m)^{1/2} + F/m for the Gram matrices, whose features Z(0) have norm at most S, and S (sum_i F_i^2)^{1/2}/m
// for the flips in the step itself, see [StepResidual]. Derived.
func FragileShift(s float64, fragile []int, m int) float64 {
	var sum, squares float64
	for _, f := range fragile {
		sum += float64(f)
		squares += float64(f) * float64(f)
	}
	share := sum / float64(m)
	return when(s > 0 && m >= 1, 2*s*math.Sqrt(share)+share+s*math.Sqrt(squares)/float64(m))
}

// GramQuantile returns what ||H(0) - H||_F does not exceed with probability at least 1 - delta, where H(0) is the Gram matrix
// of m independent neurons with w_r ~ N(0, kappa^2 I), h the limit kernel and k the inner products of the inputs. Derived:
// H_ij(0)/k_ij is Binomial(m, p_ij)/m with p_ij = h_ij/k_ij exactly; each of the n(n+1)/2 entries gets the same share of
// delta, half for either side. For one input nothing is lost but the lattice of the binomial law.
func GramQuantile(h, k mat.Symmetric, m int, delta float64) float64 {
	n := h.SymmetricDim()
	var sum float64
	for i := range n {
		for j := range n {
			dot := k.At(i, j)
			if dot == 0 {
				continue
			}
			p := math.Min(1, math.Max(0, h.At(i, j)/dot))
			off := math.Max(BinomialFlips(p, n*(n+1), m, delta)-p, BinomialFlips(1-p, n*(n+1), m, delta)-(1-p))
			sum += dot * dot * off * off
		}
	}
	return math.Sqrt(sum)
}
