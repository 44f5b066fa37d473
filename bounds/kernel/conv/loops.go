package conv

import (
	"fmt"
	"math"
	"unsafe"
)

// float is the type of the values of a plane.
type float interface{ float32 | float64 }

// vectorBytes is the widest vector of any instruction set. Rows are padded to a multiple of it on all
// machines, so that the loops need no remainder and all sets share one layout.
const vectorBytes = 64

func lanes[T float]() int { var v T; return vectorBytes / int(unsafe.Sizeof(v)) }

func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }

// loops are the inner loops over a run of rows of a plane, for one instruction set. The assembly reads the
// argument structs by offset: their fields keep their order.
type loops[T float] struct {
	name     string
	multiply func(*multiplyArgs[T])
	box      func(*boxArgs[T]) // 3 x 3, zero padding; nil where the portable loop serves
	relu     func(*reluArgs[T])
	signed   func(*reluArgs[T])
}

// multiplyArgs asks for dst[i,j] = sum_c x[c,i,j] y[c,i,j], added in the order of c.
type multiplyArgs[T float] struct {
	dst, x, y []T
	rows      int
	width     int // of a row of dst, in values, a multiple of lanes
	stride    int // from row to row of x and y
	channel   int // from channel to channel of x and y
	channels  int
}

// boxArgs asks for the patch sums of src, whose rows stand alone: nothing lies above and below. left[j] and
// right[j] are 1 where the neighbour of column j belongs to the patch, 0 where not. One value before and one after
// src are read and must be finite.
type boxArgs[T float] struct {
	dst, src    []T
	left, right []T
	rows, width int
}

// reluArgs asks for one activation, in place: sigma becomes K, theta becomes D theta + K. s, r and s2, r2 are the
// roots of the diagonals of both images and their reciprocals.
type reluArgs[T float] struct {
	sigma, theta []T
	s, r         []T
	s2, r2       []T
	constants    []T // 1/q^2, snap, 1, and then the polynomials over pi q^2, interleaved, the highest terms first
	rows, width  int
	stride       int // from row to row of s, r, s2, r2
	terms        int
}

// constants returns the numbers that the activation needs for filters of side q.
func constants[T float](q int) []T {
	var unit, c = 1.0 / (1 << 53), []float64(nil)
	if lanes[T]() == 16 {
		unit, c = 1.0/(1<<24), coefficients32()
	} else {
		c = coefficients64()
	}
	share := 1 / float64(q*q)
	list := []T{T(share), T(24 * unit), 1}
	for k := len(c) - 2; k >= 0; k -= 2 {
		list = append(list, T(c[k]*share/math.Pi), T(c[k+1]*share/math.Pi))
	}
	return list
}

// header is the number of constants before the polynomials.
const header = 3

// portable are the loops in plain Go. They do what the assembly does but for fused operations, which Go would have to
// test for one by one.
func portable[T float]() loops[T] {
	return loops[T]{name: "go", multiply: multiply[T], relu: relu[T], signed: reluSigned[T]}
}

func multiply[T float](a *multiplyArgs[T]) {
	for i := range a.rows {
		dst := a.dst[i*a.width:][:a.width]
		clear(dst)
		for c := range a.channels {
			at := c*a.channel + i*a.stride
			x, y := a.x[at:][:a.width], a.y[at:][:a.width]
			for j := range dst {
				dst[j] += x[j] * y[j]
			}
		}
	}
}

// relu works in float64 for both types. A polynomial is e(d^2) + d o(d^2), so that four short chains of operations
// run side by side, eight for two entries.
func relu[T float](a *reluArgs[T]) {
	var buffer polynomials
	coef := widen(&buffer, a.constants)
	share, snap := float64(a.constants[0]), float64(a.constants[1])
	for i := range a.rows {
		sigma, theta := a.sigma[i*a.width:][:a.width], a.theta[i*a.width:][:a.width]
		s, r := a.s[i*a.stride:][:a.width], a.r[i*a.stride:][:a.width]
		s2, r2 := a.s2[i*a.stride:][:a.width], a.r2[i*a.stride:][:a.width]
		for j := 0; j+2 <= len(sigma); j += 2 {
			d, f := 1-float64(sigma[j])*(float64(r[j])*float64(r2[j])), 1-float64(sigma[j+1])*(float64(r[j+1])*float64(r2[j+1]))
			if d < snap {
				d = 0
			}
			if f < snap {
				f = 0
			}
			p, h, q, g := evaluate(coef, d, f)
			root, square := math.Sqrt(d), math.Sqrt(f)
			k := float64(s[j]) * float64(s2[j]) * (root*d*h + (share - d*share))
			sigma[j], theta[j] = T(k), T((share-root*p)*float64(theta[j])+k)
			k = float64(s[j+1]) * float64(s2[j+1]) * (square*f*g + (share - f*share))
			sigma[j+1], theta[j+1] = T(k), T((share-square*q)*float64(theta[j+1])+k)
		}
	}
}

// evaluate returns P(d), H(d), P(f), H(f). It is a function of its own to have the registers to itself.
//
//go:noinline
func evaluate(coef [][4]float64, d, f float64) (p, h, q, g float64) {
	dd, ff := d*d, f*f
	c := &coef[0]
	p0, h0, q0, g0 := c[0], c[1], c[0], c[1]
	var p1, h1, q1, g1 float64
	for k := range coef[1:] {
		c := &coef[k+1]
		p0, h0, p1, h1 = p0*dd+c[0], h0*dd+c[1], p1*dd+c[2], h1*dd+c[3]
		q0, g0, q1, g1 = q0*ff+c[0], g0*ff+c[1], q1*ff+c[2], g1*ff+c[3]
	}
	return p1*d + p0, h1*d + h0, q1*f + q0, g1*f + g0
}

// polynomials are the coefficients of d^0 and d^1 of P and H, those of d^2 and d^3, and so on, the highest first:
// each P even, H even, P odd, H odd.
type polynomials [(terms + 1) / 2][4]float64

// widen fills dst from the constants. The number of terms is odd: the first odd coefficients are 0, and the odd ones
// stand a step behind the even ones, where the assembly does not spend the step.
func widen[T float](dst *polynomials, constants []T) [][4]float64 {
	c := constants[header:]
	rows := dst[:(len(c)/2+1)/2]
	for k := range rows {
		rows[k] = [4]float64{float64(c[4*k]), float64(c[4*k+1]), 0, 0}
		if k > 0 {
			rows[k][2], rows[k][3] = float64(c[4*k-2]), float64(c[4*k-1])
		}
	}
	return rows
}

// reluSigned is relu for correlations in [-1, 1]. With d = 1 - |cos| an obtuse angle t is pi - t(d), so that
// D loses its constant and changes sign, and K q^2/(s s') = k(-c) = k(c) - c loses 1 - d.
func reluSigned[T float](a *reluArgs[T]) {
	var buffer polynomials
	coef := widen(&buffer, a.constants)
	share, snap := float64(a.constants[0]), float64(a.constants[1])
	for i := range a.rows {
		for j := range a.width {
			at, tab := i*a.width+j, i*a.stride+j
			sigma := float64(a.sigma[at])
			d := 1 - math.Abs(sigma)*(float64(a.r[tab])*float64(a.r2[tab]))
			if d < snap {
				d = 0
			}
			dd := d * d
			p0, h0, p1, h1 := coef[0][0], coef[0][1], 0.0, 0.0
			for _, c := range coef[1:] {
				p0, h0, p1, h1 = p0*dd+c[0], h0*dd+c[1], p1*dd+c[2], h1*dd+c[3]
			}
			root := math.Sqrt(d)
			angle := root * (p1*d + p0)
			slope, rest := share-angle, share-d*share
			if sigma < 0 {
				slope, rest = angle, 0
			}
			k := float64(a.s[tab]) * float64(a.s2[tab]) * (root*d*(h1*d+h0) + rest)
			a.sigma[at] = T(k)
			a.theta[at] = T(slope*float64(a.theta[at]) + k)
		}
	}
}

// instructions lists the sets that this machine can run, the fastest first.
func instructions[T float]() []loops[T] { return append(assembly[T](), portable[T]()) }

// loopsNamed returns the loops of the named set, for "" the fastest.
func loopsNamed[T float](name string) (loops[T], error) {
	sets := instructions[T]()
	var known []string
	for _, l := range sets {
		if name == "" || l.name == name {
			return l, nil
		}
		known = append(known, l.name)
	}
	return loops[T]{}, fmt.Errorf("conv: no instructions %q on this machine; it has %q", name, known)
}
