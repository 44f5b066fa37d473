package conv_test

import (
	"math/big"

	"convergo/bounds/kernel/conv"
)

// The oracle is the recursion of Arora et al. (2019), section 4, as it is written: tensors with four indices, patches by
// four loops, in 128-bit arithmetic with the arccosine from its power series. It shares no code with the package and
// does not know planes.

const bits = 128

func num(x float64) *big.Float { return new(big.Float).SetPrec(bits).SetFloat64(x) }
func plus(a, b *big.Float) *big.Float {
	return num(0).Add(a, b)
}
func minus(a, b *big.Float) *big.Float { return num(0).Sub(a, b) }
func times(a, b *big.Float) *big.Float { return num(0).Mul(a, b) }
func over(a, b *big.Float) *big.Float  { return num(0).Quo(a, b) }

// arcsin of z in [0, 1/sqrt 2], by z sum_k binom(2k,k) z^2k/(4^k (2k+1)) on a quarter of the angle:
// sin(a/2) = sin a/sqrt(2 (1 + cos a)).
func arcsin(z *big.Float) *big.Float {
	for range 2 {
		cos := num(0).Sqrt(minus(num(1), times(z, z)))
		z = over(z, num(0).Sqrt(times(num(2), plus(num(1), cos))))
	}
	square, term, sum := times(z, z), num(0).Set(z), num(0)
	for k := 0; term.Sign() != 0 && term.MantExp(nil) > -bits; k++ {
		sum = plus(sum, over(term, num(float64(2*k+1))))
		term = over(times(times(term, square), num(float64(2*k+1))), num(float64(2*k+2)))
	}
	return times(num(4), sum)
}

var pi = times(num(4), arcsin(num(0).Sqrt(num(0.5))))

// angleOf is the angle whose cosine is c.
func angleOf(c *big.Float) *big.Float {
	one := num(1)
	if c.Cmp(one) >= 0 {
		return num(0)
	}
	if c.Sign() < 0 {
		return minus(pi, angleOf(num(0).Neg(c)))
	}
	return times(num(2), arcsin(num(0).Sqrt(over(minus(one, c), num(2)))))
}

// tensor is indexed by pixel of x and pixel of z.
type tensor [][]*big.Float

func newTensor(pixels int) tensor {
	t := make(tensor, pixels)
	for i := range t {
		t[i] = make([]*big.Float, pixels)
		for j := range t[i] {
			t[i][j] = num(0)
		}
	}
	return t
}

type oracle struct {
	net   conv.Net
	shape conv.Shape
}

// inside maps a position on an axis of n pixels to the pixel that the filter sees there, if any.
func (o oracle) inside(i, n int) (int, bool) {
	if o.net.Padding == conv.Circular {
		for i < 0 {
			i += n
		}
		return i % n, true
	}
	return i, i >= 0 && i < n
}

// patches is the operator A.
func (o oracle) patches(t tensor) tensor {
	P, Q, r := o.shape.Height, o.shape.Width, o.net.Filter/2
	out := newTensor(P * Q)
	for p := range out {
		for q := range out {
			for a := -r; a <= r; a++ {
				for b := -r; b <= r; b++ {
					i, ok1 := o.inside(p/Q+a, P)
					j, ok2 := o.inside(p%Q+b, Q)
					k, ok3 := o.inside(q/Q+a, P)
					l, ok4 := o.inside(q%Q+b, Q)
					if ok1 && ok2 && ok3 && ok4 {
						out[p][q].Add(out[p][q], t[i*Q+j][k*Q+l])
					}
				}
			}
		}
	}
	return out
}

// state is Sigma for (x,x), (z,z) and (x,z), and Theta for (x,z).
type state struct{ xx, zz, xz, theta tensor }

func (o oracle) start(x, z []float64) state {
	size := o.shape.Height * o.shape.Width
	inner := func(x, z []float64) tensor {
		t := newTensor(size)
		for c := range o.shape.Channels {
			for p := range size {
				for q := range size {
					t[p][q].Add(t[p][q], times(num(x[c*size+p]), num(z[c*size+q])))
				}
			}
		}
		return o.patches(t)
	}
	s := state{xx: inner(x, x), zz: inner(z, z), xz: inner(x, z)}
	s.theta = s.xz
	if o.net.FixFirst {
		s.theta = newTensor(size)
	}
	return s
}

// relu returns K and D for the Gaussian pair with covariance sigma and variances xx, zz on the diagonals; only their
// own diagonal when nothing else is needed.
func (o oracle) relu(sigma, xx, zz tensor, diagonal bool) (K, D tensor) {
	q2 := num(float64(o.net.Filter * o.net.Filter))
	K, D = newTensor(len(sigma)), newTensor(len(sigma))
	for p := range sigma {
		for q := range sigma {
			if diagonal && p != q {
				continue
			}
			scale := num(0).Sqrt(times(xx[p][p], zz[q][q]))
			if scale.Sign() == 0 {
				continue
			}
			cos := over(sigma[p][q], scale)
			angle := angleOf(cos)
			sin := num(0)
			if square := minus(num(1), times(cos, cos)); square.Sign() > 0 {
				sin.Sqrt(square)
			}
			rest := minus(pi, angle)
			D[p][q] = over(rest, times(pi, q2))
			K[p][q] = over(times(scale, plus(sin, times(rest, cos))), times(pi, q2))
		}
	}
	return K, D
}

func each(a, b tensor, f func(a, b *big.Float) *big.Float) tensor {
	out := newTensor(len(a))
	for p := range a {
		for q := range a {
			out[p][q] = f(a[p][q], b[p][q])
		}
	}
	return out
}

// layer goes from the pre-activations of one layer to K and D Theta + K after its activation.
func (o oracle) layer(s state) (after state, D tensor) {
	after.xx, _ = o.relu(s.xx, s.xx, s.xx, true)
	after.zz, _ = o.relu(s.zz, s.zz, s.zz, true)
	after.xz, D = o.relu(s.xz, s.xx, s.zz, false)
	after.theta = each(each(D, s.theta, times), after.xz, plus)
	return after, D
}

// value is the NNGP and the NTK kernel of the net.
func (o oracle) value(x, z []float64) (nngp, ntk float64) {
	s := o.start(x, z)
	begin := s
	for h := 1; h < o.net.Depth; h++ {
		after, _ := o.layer(s)
		s = state{o.patches(after.xx), o.patches(after.zz), o.patches(after.xz), o.patches(after.theta)}
		if o.net.Block > 0 && h%o.net.Block == 0 {
			beta := num(o.net.Branch)
			skip := func(branch, start *big.Float) *big.Float { return plus(start, times(times(beta, beta), branch)) }
			s = state{each(s.xx, begin.xx, skip), each(s.zz, begin.zz, skip), each(s.xz, begin.xz, skip), each(s.theta, begin.theta, skip)}
			begin = s
		}
	}
	last, D := o.layer(s)
	if o.net.FixLast {
		last.theta = each(D, s.theta, times)
	}
	return o.head(last.xz), o.head(last.theta)
}

func (o oracle) head(t tensor) float64 {
	sum := num(0)
	for p := range t {
		for q := range t {
			if o.net.Head == conv.GAP || p == q {
				sum.Add(sum, t[p][q])
			}
		}
	}
	if o.net.Head == conv.GAP {
		n := float64(len(t))
		sum.Quo(sum, num(n*n))
	}
	v, _ := sum.Float64()
	return v
}
