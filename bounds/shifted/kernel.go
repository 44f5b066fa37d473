package shifted

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel"
)

// nodes of the quadrature of JointTail, over an eighth of a circle: enough for 1e-15 at every angle and every b >= 0.
const nodes = 40

// JointTail is P(g > b, g' > b) of standard normals with correlation cos(angle), for b >= 0:
//
//	Q(b) - (1/pi) int_0^{angle/2} exp(-b^2/(2 cos^2 s)) ds,
//
// since its derivative in the cosine is the bivariate density at (b, b). It is Q(b) at angle 0 and 0 at pi. The integral is 2 T(b, a) of Owen's
// function, a = tan(angle/2); from a right angle on T(b, a) + T(a b, 1/a) = (Q(b) + Q(a b))/2 - Q(b) Q(a b) keeps the quadrature away from pi.
func JointTail(b, angle float64) float64 {
	if angle <= math.Pi/2 {
		return Tail(b) - owen(b, angle/2)
	}
	if angle >= math.Pi {
		return 0
	}
	far := b * math.Tan(angle/2)
	return math.Max(0, owen(far, (math.Pi-angle)/2)-Tail(far)*(1-2*Tail(b)))
}

// owen is (1/pi) int_0^angle exp(-b^2/(2 cos^2 s)) ds, twice Owen's T(b, tan angle).
func owen(b, angle float64) float64 {
	f := func(s float64) float64 {
		c := math.Cos(s)
		return math.Exp(-b * b / (2 * c * c))
	}
	return quad.Fixed(f, 0, angle, nodes, quad.Legendre{}, 0) / math.Pi
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
