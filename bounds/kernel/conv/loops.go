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

// portable are the loops in plain Go. In float64 they give the bits of the assembly: the same operations
// in the same order, fused where the assembly fuses.
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
				dst[j] = T(math.FMA(float64(x[j]), float64(y[j]), float64(dst[j])))
			}
		}
	}
}

// relu works in float64 for both types; four entries share the loads of the coefficients.
func relu[T float](a *reluArgs[T]) {
	share, snap := float64(a.constants[0]), float64(a.constants[1])
	var buffer polynomials
	coef := buffer[:2*a.terms]
	for k, c := range a.constants[header:] {
		coef[k] = float64(c)
	}
	for i := range a.rows {
		sigma, theta := a.sigma[i*a.width:][:a.width], a.theta[i*a.width:][:a.width]
		s, r := a.s[i*a.stride:][:a.width], a.r[i*a.stride:][:a.width]
		s2, r2 := a.s2[i*a.stride:][:a.width], a.r2[i*a.stride:][:a.width]
		for j := 0; j+4 <= a.width; j += 4 {
			d0 := deficit(float64(sigma[j]), float64(r[j]), float64(r2[j]), snap)
			d1 := deficit(float64(sigma[j+1]), float64(r[j+1]), float64(r2[j+1]), snap)
			d2 := deficit(float64(sigma[j+2]), float64(r[j+2]), float64(r2[j+2]), snap)
			d3 := deficit(float64(sigma[j+3]), float64(r[j+3]), float64(r2[j+3]), snap)
			p0, h0 := coef[0], coef[1]
			p1, h1, p2, h2, p3, h3 := p0, h0, p0, h0, p0, h0
			for k := 3; k < len(coef); k += 2 {
				p, h := coef[k-1], coef[k]
				p0, h0 = math.FMA(p0, d0, p), math.FMA(h0, d0, h)
				p1, h1 = math.FMA(p1, d1, p), math.FMA(h1, d1, h)
				p2, h2 = math.FMA(p2, d2, p), math.FMA(h2, d2, h)
				p3, h3 = math.FMA(p3, d3, p), math.FMA(h3, d3, h)
			}
			activate(&sigma[j], &theta[j], float64(s[j]), float64(s2[j]), d0, p0, h0, share)
			activate(&sigma[j+1], &theta[j+1], float64(s[j+1]), float64(s2[j+1]), d1, p1, h1, share)
			activate(&sigma[j+2], &theta[j+2], float64(s[j+2]), float64(s2[j+2]), d2, p2, h2, share)
			activate(&sigma[j+3], &theta[j+3], float64(s[j+3]), float64(s2[j+3]), d3, p3, h3, share)
		}
	}
}

// deficit is 1 - cos, or 0 where it cannot be told from 0.
func deficit(sigma, r, r2, snap float64) float64 {
	d := math.FMA(-sigma, float64(r*r2), 1)
	if d < snap {
		return 0
	}
	return d
}

func activate[T float](sigma, theta *T, s, s2, d, p, h, share float64) {
	root := math.Sqrt(d)
	slope := math.FMA(-root, p, share)
	k := float64(s*s2) * math.FMA(float64(root*d), h, math.FMA(-d, share, share))
	*sigma = T(k)
	*theta = T(math.FMA(slope, float64(*theta), k))
}

// reluSigned is relu for correlations in [-1, 1]. With d = 1 - |cos| an obtuse angle t is pi - t(d), so that
// D loses its constant and changes sign, and K q^2/(s s') = k(-c) = k(c) - c loses 1 - d.
func reluSigned[T float](a *reluArgs[T]) {
	share, snap := float64(a.constants[0]), float64(a.constants[1])
	for i := range a.rows {
		for j := range a.width {
			at, tab := i*a.width+j, i*a.stride+j
			sigma := float64(a.sigma[at])
			d := deficit(math.Abs(sigma), float64(a.r[tab]), float64(a.r2[tab]), snap)
			p, h := float64(a.constants[header]), float64(a.constants[header+1])
			for k := header + 2; k+1 < len(a.constants); k += 2 {
				p, h = math.FMA(p, d, float64(a.constants[k])), math.FMA(h, d, float64(a.constants[k+1]))
			}
			root := math.Sqrt(d)
			slope, rest := math.FMA(-root, p, share), math.FMA(-d, share, share)
			if sigma < 0 {
				slope, rest = float64(root*p), 0
			}
			k := float64(float64(a.s[tab])*float64(a.s2[tab])) * math.FMA(float64(root*d), h, rest)
			a.sigma[at] = T(k)
			a.theta[at] = T(math.FMA(slope, float64(a.theta[at]), k))
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
