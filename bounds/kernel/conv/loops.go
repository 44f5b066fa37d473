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
	stride       int         // from row to row of s, r, s2, r2
	pieces       *pieceTable // the polynomials again, for the portable loops
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

// portableName names the loops that run everywhere.
const portableName = "go"

// portable are the loops in plain Go. Their values are those of the assembly to rounding: they do not fuse operations, which
// Go would have to test for one by one, and take the polynomials from tables.
func portable[T float]() loops[T] {
	return loops[T]{name: portableName, multiply: multiply[T], relu: relu[T], signed: reluSigned[T]}
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

// relu works in float64 for both types.
func relu[T float](a *reluArgs[T]) {
	share, snap, table := float64(a.constants[0]), float64(a.constants[1]), a.pieces
	for i := range a.rows {
		sigma, theta := a.sigma[i*a.width:][:a.width], a.theta[i*a.width:][:a.width]
		s, r := a.s[i*a.stride:][:a.width], a.r[i*a.stride:][:a.width]
		s2, r2 := a.s2[i*a.stride:][:a.width], a.r2[i*a.stride:][:a.width]
		for j := range sigma {
			d := 1 - float64(sigma[j])*(float64(r[j])*float64(r2[j]))
			if d < snap {
				d = 0
			}
			c := &table[int(d*piecesScale)&(pieces-1)]
			x := d - c.middle
			p := ((((c.p[5]*x+c.p[4])*x+c.p[3])*x+c.p[2])*x+c.p[1])*x + c.p[0]
			h := ((((c.h[5]*x+c.h[4])*x+c.h[3])*x+c.h[2])*x+c.h[1])*x + c.h[0]
			root := math.Sqrt(d)
			k := float64(s[j]) * float64(s2[j]) * (root*d*h + (share - d*share))
			sigma[j], theta[j] = T(k), T((share-root*p)*float64(theta[j])+k)
		}
	}
}

// reluSigned is relu for correlations in [-1, 1]. With d = 1 - |cos| an obtuse angle t is pi - t(d), so that
// D loses its constant and changes sign, and K q^2/(s s') = k(-c) = k(c) - c loses 1 - d.
func reluSigned[T float](a *reluArgs[T]) {
	share, snap, table := float64(a.constants[0]), float64(a.constants[1]), a.pieces
	for i := range a.rows {
		sigma, theta := a.sigma[i*a.width:][:a.width], a.theta[i*a.width:][:a.width]
		s, r := a.s[i*a.stride:][:a.width], a.r[i*a.stride:][:a.width]
		s2, r2 := a.s2[i*a.stride:][:a.width], a.r2[i*a.stride:][:a.width]
		for j := range sigma {
			cos := float64(sigma[j]) * (float64(r[j]) * float64(r2[j]))
			d := 1 - math.Abs(cos)
			if d < snap {
				d = 0
			}
			c := &table[int(d*piecesScale)&(pieces-1)]
			x := d - c.middle
			p := ((((c.p[5]*x+c.p[4])*x+c.p[3])*x+c.p[2])*x+c.p[1])*x + c.p[0]
			h := ((((c.h[5]*x+c.h[4])*x+c.h[3])*x+c.h[2])*x+c.h[1])*x + c.h[0]
			root := math.Sqrt(d)
			angle := root * p
			slope, rest := share-angle, share-d*share
			if cos < 0 {
				slope, rest = angle, 0
			}
			k := float64(s[j]) * float64(s2[j]) * (root*d*h + rest)
			sigma[j], theta[j] = T(k), T(slope*float64(theta[j])+k)
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
