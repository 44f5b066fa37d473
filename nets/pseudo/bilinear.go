package pseudo

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// A Bilinear is the part of a three-layer pseudo-network that is bilinear in the movements of its two hidden layers,
//
//	q(V, W) = a^T D_2 V D_1 W x,
//
// with 0-1 diagonals D_1 and D_2: the patterns of the start.
type Bilinear struct {
	A             []float64 // m2
	Second, First []bool    // m2 and m1 patterns
	X             []float64 // d
}

// Value is q(V, W) for V (m2 x m1) and W (m1 x d).
func (q Bilinear) Value(v, w *mat.Dense) float64 {
	h := make([]float64, len(q.First))
	for j, on := range q.First {
		if on {
			for k, x := range q.X {
				h[j] += w.At(j, k) * x
			}
		}
	}
	sum := 0.0
	for i, on := range q.Second {
		if on {
			for j, c := range h {
				sum += q.A[i] * v.At(i, j) * c
			}
		}
	}
	return sum
}

// Mix averages q(sqrt(1-s) V + sqrt(s) V* S, sqrt(1-s) W + sqrt(s) S W*) over all diagonal sign matrices S, one by one; with
// both false, V* has no signs.
func (q Bilinear) Mix(v, vStar, w, wStar *mat.Dense, s float64, both bool) (float64, error) {
	m1, m2 := len(q.First), len(q.Second)
	const most = 16
	if m1 > most {
		return 0, fmt.Errorf("pseudo: %d neurons have 2^%d signs; take at most %d", m1, m1, most)
	}
	stay, add := math.Sqrt(1-s), math.Sqrt(s)
	mixedV, mixedW := mat.NewDense(m2, m1, nil), mat.NewDense(m1, len(q.X), nil)
	sum := 0.0
	for signs := range 1 << m1 {
		for j := range m1 {
			sign := float64(1 - 2*(signs>>j&1))
			for k := range q.X {
				mixedW.Set(j, k, stay*w.At(j, k)+add*sign*wStar.At(j, k))
			}
			if !both {
				sign = 1
			}
			for i := range m2 {
				mixedV.Set(i, j, stay*v.At(i, j)+add*sign*vStar.At(i, j))
			}
		}
		sum += q.Value(mixedV, mixedW)
	}
	return sum / float64(int(1)<<m1), nil
}
