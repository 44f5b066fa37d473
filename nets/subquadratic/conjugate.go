package subquadratic

import (
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Conjugate solves B^T B v = c by conjugate gradients from v = 0, with products by B and its transpose alone. After each
// step it hands v to look, which ends the run by returning false.
func Conjugate(b *mat.Dense, c []float64, look func(step int, v []float64) bool) {
	n := len(c)
	v, r, p := make([]float64, n), append([]float64(nil), c...), append([]float64(nil), c...)
	rr := floats.Dot(r, r)
	var bp, q mat.VecDense
	for step := 1; rr > 0; step++ {
		bp.MulVec(b, mat.NewVecDense(n, p))
		q.MulVec(b.T(), &bp)
		pq := floats.Dot(p, q.RawVector().Data)
		if !(pq > 0) {
			return
		}
		floats.AddScaled(v, rr/pq, p)
		floats.AddScaled(r, -rr/pq, q.RawVector().Data)
		if !look(step, v) {
			return
		}
		next := floats.Dot(r, r)
		floats.AddScaledTo(p, r, next/rr, p)
		rr = next
	}
}
