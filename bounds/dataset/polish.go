package dataset

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
)

// polish sharpens both certificates of a margin. Those of the barrier method stay apart by its
// last parameter, but its weights show about which samples are at the margin. From there a few active-set steps
// lead to a >= 0 with (M a)_i = 1 where a_i > 0 and (M a)_i >= 1 elsewhere, M = YHY, the solution itself.
// The weights q = a/sum a and the separator sum_i a_i y_i K(x_i, .) prove their two ends whatever a >= 0
// is:
//
//	gamma <= sqrt(q'Mq),   gamma >= min_i (M a)_i / sqrt(a'Ma).
func polish(h *mat.SymDense, signs []float64, m bounds.Margin) bounds.Margin {
	n := len(signs)
	at := make([]bool, n)
	for i, w := range m.Weights {
		at[i] = w > 1e-6/float64(n)
	}
	for range 50 {
		a := activeSolution(h, signs, at)
		if a == nil {
			return m
		}
		if dropNegative(a, at) {
			continue
		}
		var ha mat.VecDense
		ha.MulVec(h, mat.NewVecDense(n, times(signs, a)))
		if m = sharper(m, signs, a, &ha); !addViolated(signs, &ha, at) {
			break
		}
	}
	return m
}

// activeSolution solves M a = 1 on the samples at the margin, a = 0 elsewhere; nil where that is not possible.
func activeSolution(h *mat.SymDense, signs []float64, at []bool) []float64 {
	var rows []int
	for i, active := range at {
		if active {
			rows = append(rows, i)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	part, ones := mat.NewSymDense(len(rows), nil), mat.NewVecDense(len(rows), nil)
	for r, i := range rows {
		ones.SetVec(r, 1)
		for c, j := range rows[:r+1] {
			part.SetSym(r, c, signs[i]*signs[j]*h.At(i, j))
		}
	}
	var chol mat.Cholesky
	var solved mat.VecDense
	if !chol.Factorize(part) || chol.SolveVecTo(&solved, ones) != nil {
		return nil
	}
	a := make([]float64, len(signs))
	for r, i := range rows {
		a[i] = solved.AtVec(r)
	}
	return a
}

// dropNegative takes samples of negative weight off the margin and tells whether there were any.
func dropNegative(a []float64, at []bool) bool {
	dropped := false
	for i, v := range a {
		if v < 0 {
			at[i], dropped = false, true
		}
	}
	return dropped
}

// addViolated puts the sample that is farthest inside the margin onto it.
func addViolated(signs []float64, ha *mat.VecDense, at []bool) bool {
	worst, by := -1, 1e-12
	for i, s := range signs {
		if v := 1 - s*ha.AtVec(i); v > by && !at[i] {
			worst, by = i, v
		}
	}
	if worst >= 0 {
		at[worst] = true
	}
	return worst >= 0
}

// sharper replaces the ends of m that a improves; ha is H times the signed a.
func sharper(m bounds.Margin, signs, a []float64, ha *mat.VecDense) bounds.Margin {
	var total, square float64
	least := math.Inf(1)
	for i, s := range signs {
		total += a[i]
		square += s * a[i] * ha.AtVec(i)
		least = min(least, s*ha.AtVec(i))
	}
	norm := math.Sqrt(square)
	if upper := norm / total; upper < m.Upper {
		m.Upper, m.Weights = upper, make([]float64, len(a))
		for i, v := range a {
			m.Weights[i] = v / total
		}
	}
	m.Lower = max(m.Lower, least/norm)
	m.Upper = max(m.Upper, m.Lower) // they may cross by rounding
	return m
}

func times(signs, a []float64) []float64 {
	p := make([]float64, len(a))
	for i, s := range signs {
		p[i] = s * a[i]
	}
	return p
}
