package nets

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Movement returns max_r |w_r - v_r| over the rows of two m x d matrices, and
// the Frobenius norm |W - V|_F.
func Movement(w, v *mat.Dense) (largest, frobenius float64) {
	m, d := w.Dims()
	if p, q := v.Dims(); p != m || q != d {
		panic(fmt.Sprintf("nets: movement between weights of %d x %d and %d x %d", m, d, p, q))
	}
	for r := range m {
		a, b := w.RawRowView(r), v.RawRowView(r)
		var s float64
		for k, x := range a {
			s += (x - b[k]) * (x - b[k])
		}
		largest = math.Max(largest, s)
		frobenius += s
	}
	if !holds(largest) {
		return scaledMovement(w, v)
	}
	return math.Sqrt(largest), math.Sqrt(frobenius)
}

// scaledMovement is Movement where squares underflow or overflow.
func scaledMovement(w, v *mat.Dense) (largest, frobenius float64) {
	m, _ := w.Dims()
	for r := range m {
		move := floats.Distance(w.RawRowView(r), v.RawRowView(r), 2)
		largest, frobenius = math.Max(largest, move), math.Hypot(frobenius, move)
	}
	return largest, frobenius
}
