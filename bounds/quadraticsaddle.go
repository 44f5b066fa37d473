package bounds

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// SignedLeast returns the least |v_l| among the positive and among the negative output weights, +Inf where there are none.
func SignedLeast(v []float64) (positive, negative float64) {
	positive, negative = math.Inf(1), math.Inf(1)
	for _, a := range v {
		switch {
		case a > 0:
			positive = math.Min(positive, a)
		case a < 0:
			negative = math.Min(negative, -a)
		}
	}
	return positive, negative
}

// QuadraticSaddle returns -(2/n) max(v- max(lmax, 0), v+ max(-lmin, 0)), which the smallest eigenvalue of the Hessian of the loss in W does not
// exceed where the neurons of each sign are linearly dependent (derived). Here lmin and lmax are the extreme
// eigenvalues of S, and v+, v- the least |v_l| of each sign.
//
// With a^T W_- = 0 for a != 0 take the direction U = D_v^{-1} a b^T, normed: it changes no output to first order, and
// its second-order term is -(2/n) (b^T S b) sum(a^2/|v|)/sum(a^2/v^2), the quotient at least v-.
func QuadraticSaddle(n int, v []float64, smallest, largest float64) float64 {
	positive, negative := SignedLeast(v)
	depth := 0.0
	if largest > 0 {
		depth = negative * largest
	}
	if smallest < 0 {
		depth = math.Max(depth, positive*-smallest)
	}
	return -2 / float64(n) * depth
}

// A QuadraticPoint is what a network with quadratic activation shows at a point of its landscape.
type QuadraticPoint struct {
	N           int
	V           []float64  // output weights; neurons with 0 do not count
	W           *mat.Dense // hidden weights, a neuron a row
	Gradient    float64    // Frobenius norm of the gradient in W
	Curvature   float64    // smallest eigenvalue of the Hessian in W
	FourthPower float64    // sum_i ||x_i||^4
}

// Residual bounds ||S||_2 where d neurons at least have each sign (derived), so that the loss is at most ||S||_2 ||M - M*||_nuc/(2n) above its minimum.
// At a stationary point without negative curvature it is 0.
//
// Let s be the least ||W_-^T a|| over unit vectors a, and s' >= s the d-th singular value of W_-. The gradient is (2/n) D_v W S, so that
// ||S|| <= n ||grad||/(2 vmin s'). The direction of [QuadraticSaddle] with such an a has a first-order term of at most (4/n) s^2 vmax^2 sum ||x_i||^4,
// so that lmax(S) <= (n h/2 + 2 s^2 vmax^2 sum ||x_i||^4)/vmin where the Hessian is at least -h. The positive neurons bound
// lmin(S). The better of the two bounds counts for each sign. It is +Inf where a sign has fewer neurons.
func (p QuadraticPoint) Residual() float64 {
	positive, negative := SignedLeast(p.V)
	top, bottom := p.block(-1), p.block(1)
	if top.few || bottom.few {
		return math.Inf(1)
	}
	bySlope := math.Min(p.slope(negative, top), p.slope(positive, bottom))
	return math.Max(math.Min(bySlope, p.curve(negative, top)), math.Min(bySlope, p.curve(positive, bottom)))
}

// NegativePart bounds max(-lmin(S), 0) where all output weights are positive and at least d in number (derived), as [QuadraticPoint.Residual] does.
func (p QuadraticPoint) NegativePart() float64 {
	least, _ := SignedLeast(p.V)
	b := p.block(1)
	if b.few {
		return math.Inf(1)
	}
	return math.Min(p.slope(least, b), p.curve(least, b))
}

// A quadraticBlock is what the neurons of one sign have: the least singular value over combinations of neurons, the d-th one, and their largest |v|.
type quadraticBlock struct {
	combination, direction, most float64
	few                          bool // fewer than d neurons
}

func (p QuadraticPoint) block(sign float64) quadraticBlock {
	_, d := p.W.Dims()
	var rows []float64
	b, k := quadraticBlock{}, 0
	for l, v := range p.V {
		if v*sign > 0 {
			rows = append(rows, p.W.RawRowView(l)...)
			b.most = math.Max(b.most, math.Abs(v))
			k++
		}
	}
	if k < d {
		return quadraticBlock{few: true}
	}
	var svd mat.SVD
	if !svd.Factorize(mat.NewDense(k, d, rows), mat.SVDNone) {
		return quadraticBlock{combination: math.NaN(), direction: math.NaN()}
	}
	values := svd.Values(nil)
	b.direction = values[len(values)-1]
	if k == d {
		b.combination = b.direction
	}
	return b
}

func (p QuadraticPoint) slope(least float64, b quadraticBlock) float64 {
	if b.direction == 0 {
		return math.Inf(1)
	}
	return float64(p.N) * p.Gradient / (2 * least * b.direction)
}

func (p QuadraticPoint) curve(least float64, b quadraticBlock) float64 {
	h := math.Max(0, -p.Curvature)
	side := b.combination * b.most
	return (float64(p.N)*h/2 + 2*side*side*p.FourthPower) / least
}

// QuadraticCurvatureGap is eps nuclear/(4 vmin), by which the loss may exceed its minimum where the Hessian in W is at least -eps and the neurons of
// each sign are linearly dependent, nuclear = ||M - M*||_nuc (derived): [QuadraticSaddle] bounds ||S||_2 by n eps/(2 vmin), and
// [QuadraticGap] is at most ||S||_2 nuclear/(2n).
func QuadraticCurvatureGap(eps, nuclear, least float64) float64 { return eps * nuclear / (4 * least) }

// PlantedQuadraticLoss bounds the loss on labels y_i = x_i^T M* x_i, M* positive semidefinite of the given trace, where the neurons with positive
// output weights, at least `least`, are linearly dependent, the gradient has norm at most gradient and the Hessian is at least -eps (derived):
//
//	||W||_F gradient/4 + eps trace/(4 least).
//
// The loss is <S, M - M*>/(2n); <S, M> = (n/2) <W, grad>, and S is at least -n eps/(2 least) by the direction of [QuadraticSaddle].
func PlantedQuadraticLoss(weights, gradient, eps, trace, least float64) float64 {
	return weights*gradient/4 + eps*trace/(4*least)
}
