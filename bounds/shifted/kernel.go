package shifted

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel"
)

// nodes of the quadrature of JointTail: enough for 1e-14 at every angle and every b >= 0.
const nodes = 100

// JointTail is P(g > b, g' > b) of standard normals with correlation cos(angle), for b >= 0:
//
//	(1/(2 pi)) int_angle^pi exp(-b^2/(1 + cos s)) ds.
//
// By d/d(cos) P = the bivariate density at (b, b), and P = 0 at the angle pi. It is Q(b) at angle 0.
func JointTail(b, angle float64) float64 {
	if angle >= math.Pi {
		return 0
	}
	f := func(s float64) float64 {
		c := math.Cos(s / 2)
		return math.Exp(-b * b / (2 * c * c)) // 1 + cos s without cancellation near pi
	}
	return quad.Fixed(f, angle, math.Pi, nodes, quad.Legendre{}, 0) / (2 * math.Pi)
}

// Gram is the limit kernel H^b_ij = x_i.x_j P(w.x_i > b, w.x_j > b), w ~ N(0, I), of a two-layer network whose first
// layer is trained, for inputs of unit norm. Its entries are as good as their angles, about 1e-14.
func Gram(x mat.Matrix, b float64) (*mat.SymDense, error) {
	pair, err := kernel.Pairs(x)
	if err != nil {
		return nil, err
	}
	n, _ := x.Dims()
	h := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			p := pair(i, j)
			h.SetSym(i, j, p.Dot()*JointTail(b, p.Angle))
		}
	}
	return h, nil
}

// SeparationBound is delta exp(-b^2/2)/(100 n^2), a lower bound on the smallest eigenvalue of Gram for inputs whose
// distances to each other and to each other's antipodes are at least delta. It is recalled from the literature on two
// layers, and false for b > 100 n^2/(delta sqrt(2 pi)), where Q(b) itself is smaller.
func SeparationBound(n int, separation, b float64) float64 {
	size := float64(n)
	return separation * math.Exp(-b*b/2) / (100 * size * size)
}
