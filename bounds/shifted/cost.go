package shifted

import "math"

// A Step is the size of a training step on n inputs for one m x m layer: active neurons below and above it, summed over the
// inputs, and the rank that is stored beside the dense matrix. Pairs are sums over pairs of inputs i <= j of the neurons that
// both have active, what inner products of sparse vectors cost.
type Step struct {
	N, M       int
	Below      int // sum_i |support of h_{l-1,i}|
	Above      int // sum_i |support of u_{l,i}|
	Stored     int // rank R'
	PairsBelow int
	PairsAbove int
}

// A Cost counts multiply-adds of a step by what they are spent on.
type Cost struct {
	Dense   float64 // entries of the dense matrix that are read
	LowRank float64 // products with the stored factors
	Gram    float64 // inner products of sparse vectors
	Solve   float64 // the n x n system, n^3
	Stored  float64 // numbers that the update stores
}

// Cost is what the step takes where the layer is the last: one product with its matrix, of m entries for each active neuron below, with support
// times R' + m R' for the low-rank part; the Gram matrix by its Khatri-Rao form; n^3 for the system. Each layer above would
// take a product with its own matrix forward and one backward.
func (s Step) Cost() Cost {
	n, m, below, rank := float64(s.N), float64(s.M), float64(s.Below), float64(s.Stored)
	return Cost{
		Dense: m * below, LowRank: rank * (below + n*m), Gram: float64(s.PairsBelow + s.PairsAbove),
		Solve: n * n * n, Stored: below + float64(s.Above),
	}
}

// DenseExponent is the least-squares slope of ln(m^2 Q(b(m))) in ln m with b(m) = sqrt(c ln m), over the given widths: the
// exponent with which reads of the dense matrix grow. It tends to 2 - c/2 from below.
func DenseExponent(c float64, widths []int) float64 {
	return slope(widths, func(m int) float64 { return 2*math.Log(float64(m)) + math.Log(Tail(Threshold(c, m))) })
}

func slope(widths []int, value func(m int) float64) float64 {
	var sx, sy, sxx, sxy float64
	for _, m := range widths {
		x, y := math.Log(float64(m)), value(m)
		sx, sy, sxx, sxy = sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	n := float64(len(widths))
	return (sxy - sx*sy/n) / (sxx - sx*sx/n)
}

// RestartCost is the number of multiply-adds, by classical multiplication, with which a matrix of m x m absorbs stored
// factors during the given steps of rank n, when it does so as soon as their rank exceeds limit: m^2 for each rank.
func RestartCost(m, n, limit, steps int) float64 {
	every := limit/n + 1 // updates until the rank exceeds the limit
	return float64(steps/every) * float64(every*n) * float64(m) * float64(m)
}

// SearchVisits is the number of nodes that a search of a maximum tree over 2^depth leaves visits at most to report k of
// them: 1 + 2 sum_{i < depth} min(2^i, k). The reported leaves have at most min(2^i, k) ancestors at level i, and the search
// looks at both children of each. Leaves at equal distances attain it.
func SearchVisits(depth, k int) int {
	inner := 0
	for i := range depth {
		inner += min(1<<i, k)
	}
	return 1 + 2*inner
}
