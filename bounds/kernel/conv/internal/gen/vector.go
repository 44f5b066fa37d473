package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// vector is an instruction set with one type of value.
type vector struct {
	suffix string
	wide   bool // AVX-512
	double bool // float64
	size   int  // bytes of a vector
	lanes  int
	shift  int // log2 of the bytes of a value
	terms  int // of each polynomial
}

func avx512(value int) vector { return newVector("AVX512", 64, value) }
func avx2(value int) vector   { return newVector("AVX2", 32, value) }

func newVector(name string, size, value int) vector {
	v := vector{suffix: fmt.Sprintf("%sF%d", name, 8*value), wide: size == 64, double: value == 8,
		size: size, lanes: size / value, shift: 2, terms: 9}
	if v.double {
		v.shift, v.terms = 3, 17
	}
	return v
}

func (v vector) register() VecVirtual {
	if v.wide {
		return ZMM()
	}
	return YMM()
}

// pick emits the form for the type of the values.
func (v vector) pick(double, single func(...Op), ops ...Op) {
	if v.double {
		double(ops...)
	} else {
		single(ops...)
	}
}

func (v vector) load(m, r Op)      { v.pick(VMOVUPD, VMOVUPS, m, r) }
func (v vector) store(r, m Op)     { v.pick(VMOVUPD, VMOVUPS, r, m) }
func (v vector) move(a, b Op)      { v.pick(VMOVAPD, VMOVAPS, a, b) }
func (v vector) add(a, b, c Op)    { v.pick(VADDPD, VADDPS, a, b, c) }
func (v vector) mul(a, b, c Op)    { v.pick(VMULPD, VMULPS, a, b, c) }
func (v vector) sqrt(a, b Op)      { v.pick(VSQRTPD, VSQRTPS, a, b) }
func (v vector) fma231(a, b, c Op) { v.pick(VFMADD231PD, VFMADD231PS, a, b, c) }
func (v vector) fnma231(a, b, c Op) {
	v.pick(VFNMADD231PD, VFNMADD231PS, a, b, c)
}

func (v vector) zero(r VecVirtual) {
	if v.wide {
		VPXORD(r, r, r)
	} else {
		v.pick(VXORPD, VXORPS, r, r, r)
	}
}

func (v vector) broadcast(m, r Op) { v.pick(VBROADCASTSD, VBROADCASTSS, m, r) }

const (
	lessThan    = 17 // LT_OQ
	notLessThan = 29 // GE_OQ
)

// dropBelow sets the lanes of d below limit to 0.
func (v vector) dropBelow(d, limit VecVirtual) {
	if v.wide {
		k := K()
		v.pick(VCMPPD, VCMPPS, Imm(notLessThan), limit, d, k)
		if v.double {
			VMOVAPD_Z(d, k, d)
		} else {
			VMOVAPS_Z(d, k, d)
		}
		return
	}
	m := v.register()
	v.pick(VCMPPD, VCMPPS, Imm(notLessThan), limit, d, m)
	v.pick(VANDPD, VANDPS, m, d, d)
}

// signMask is all bits but the sign, in each lane.
func (v vector) signMask() VecVirtual {
	m := v.register()
	if v.wide {
		VPTERNLOGD(Imm(255), m, m, m)
		if v.double {
			VPSRLQ(Imm(1), m, m)
		} else {
			VPSRLD(Imm(1), m, m)
		}
		return m
	}
	VPCMPEQD(m, m, m)
	if v.double {
		VPSRLQ(Imm(1), m, m)
	} else {
		VPSRLD(Imm(1), m, m)
	}
	return m
}

// negative returns where x < 0, and takes the sign from x. It returns nil for correlations that have none.
func (v vector) negative(signed bool, x, zero, mask VecVirtual) Op {
	if !signed {
		return nil
	}
	if v.wide {
		k := K()
		v.pick(VCMPPD, VCMPPS, Imm(lessThan), zero, x, k)
		VPANDD(mask, x, x)
		return k
	}
	m := v.register()
	v.pick(VCMPPD, VCMPPS, Imm(lessThan), zero, x, m)
	v.pick(VANDPD, VANDPS, mask, x, x)
	return m
}

// slopeSigned: slope is root p where negative, else share - root p; rest is 0 where negative.
func (v vector) slopeSigned(negative Op, root, p, share, slope, rest VecVirtual) {
	product := v.register()
	v.move(share, slope)
	v.fnma231(root, p, slope)
	v.mul(root, p, product)
	if v.wide {
		k := negative
		v.pick(VMOVAPD, VMOVAPS, product, k, slope)
		zero := v.register()
		v.zero(zero)
		v.pick(VMOVAPD, VMOVAPS, zero, k, rest)
		return
	}
	if v.double {
		VBLENDVPD(negative, product, slope, slope)
	} else {
		VBLENDVPS(negative, product, slope, slope)
	}
	v.pick(VANDNPD, VANDNPS, rest, negative, rest)
}

// keeper holds constants in registers while there are some to spare.
type keeper struct {
	vector
	base Register
	unit int
	kept map[int]VecVirtual
}

func (v vector) keeper(base Register, unit int) keeper {
	return keeper{v, base, unit, map[int]VecVirtual{}}
}

func (k keeper) must(n int) VecVirtual {
	r := k.register()
	k.broadcast(Mem{Base: k.base, Disp: k.unit * n}, r)
	k.kept[n] = r
	return r
}

// fill keeps constants from, ..., to-1, as many as fit.
func (k keeper) fill(from, to int) {
	room := 2
	if k.wide {
		room = 14
	}
	for n := from; n < to && n < from+room; n++ {
		k.must(n)
	}
}

// copy: r = constant n.
func (k keeper) copy(n int, r VecVirtual, at func(int) Mem) {
	if c, ok := k.kept[n]; ok {
		k.move(c, r)
	} else {
		k.broadcast(at(n), r)
	}
}

// horner: p = p d + constant n.
func (k keeper) horner(p, d VecVirtual, n int, at func(int) Mem) {
	switch r, ok := k.kept[n]; {
	case ok:
		k.pick(VFMADD213PD, VFMADD213PS, r, d, p)
	case k.wide:
		k.pick(VFMADD213PD_BCST, VFMADD213PS_BCST, at(n), d, p)
	default:
		c := k.register()
		k.broadcast(at(n), c)
		k.pick(VFMADD213PD, VFMADD213PS, c, d, p)
	}
}
