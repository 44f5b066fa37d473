package shifted

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

// SketchVariance is the exact Var <S(u (x) h), S(v (x) k)> of a degree-two tensor sketch into s numbers with independent
// uniform hashes and signs; its mean is <u,v><h,k>.
//
// The inner product is sum_t A_t B_{-t}, A_t the sum of sigma(i) sigma(j) u_i v_j over hash differences t. Off its mean,
// A_t is a sum over unordered pairs, uncorrelated, at t or -t with probability 1/s each: E A_t A_t' =
// <u,v>^2 [t = t' = 0] + (a [t = t'] + c [t = -t'])/s with a = |u|^2 |v|^2 - sum u_i^2 v_i^2, c = <u,v>^2 - sum u_i^2 v_i^2.
// The number of t with t = -t is 1 for odd s and 2 for even s.
func SketchVariance(u, h, v, k []float64, s int) float64 {
	size, fixed := float64(s), evenness(s)
	alpha, a, c := collisions(u, v)
	beta, d, e := collisions(h, k)
	return (alpha*alpha*(d+e)+beta*beta*(a+c)+a*d+c*e)/size + fixed*(a*e+c*d)/(size*size)
}

// collisions returns <u,v> and the weights a and c of SketchVariance.
func collisions(u, v []float64) (dot, same, swapped float64) {
	var own float64
	for i := range u {
		own += u[i] * u[i] * v[i] * v[i]
	}
	dot = floats.Dot(u, v)
	return dot, floats.Dot(u, u)*floats.Dot(v, v) - own, dot*dot - own
}

// SketchMoment is (6 + 2 e/s)/s, e = 1 for odd s and 2 for even s: E(<Sp,Sq> - <p,q>)^2 is at most that times
// |p|^2 |q|^2 for all tensors p, q of order two. Flat vectors attain it as their dimension grows.
//
// Written for matrices P and Q, the error is the sum of three uncorrelated parts: entries that agree in the first index,
// at most 2|P^T Q|_F^2/s, in the second, likewise, or in none, at most 2(1/s + e/s^2) |P|^2 |Q|^2.
// It is at most 8/s; 11/s is the constant in common use.
func SketchMoment(s int) float64 {
	size := float64(s)
	return (6 + 2*evenness(s)/size) / size
}

func evenness(s int) float64 {
	if s%2 == 0 {
		return 2
	}
	return 1
}

// SketchSize is n^2 8/(eps^2 delta): from that many numbers on, a tensor sketch embeds any n-dimensional subspace up to
// eps with probability at least 1 - delta. Markov's inequality for the squared Frobenius norm of the whitened error.
func SketchSize(n int, eps, delta float64) float64 {
	return 8 * float64(n) * float64(n) / (eps * eps * delta)
}

// PreconditionedCondition is sqrt((1+eps)/(1-eps)), the condition number of A R^{-1} at most, when
// (1-eps) A^T A <= (SA)^T (SA) <= (1+eps) A^T A and SA = Q R, for 0 <= eps < 1.
func PreconditionedCondition(eps float64) float64 { return math.Sqrt((1 + eps) / (1 - eps)) }

// ConjugateSteps is ceil(kappa ln(2/accuracy)/2), after which conjugate gradients on the normal equations of a matrix of
// condition number kappa have reduced the energy norm of their error to the given share: the Chebyshev bound
// 2 ((kappa-1)/(kappa+1))^k with ln((kappa+1)/(kappa-1)) >= 2/kappa.
func ConjugateSteps(kappa, accuracy float64) float64 {
	return math.Ceil(kappa * math.Log(2/accuracy) / 2)
}
