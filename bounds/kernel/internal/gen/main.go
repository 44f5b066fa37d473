// Command gen writes the assembly of the arccosine of package kernel, for AVX2 and for AVX-512. It is a module of its
// own, so that the assembler is no dependency of the library.
//
// The loops do the operations of the portable one, each rounded by itself: there are no fused multiply-adds, and all
// versions give the same bytes.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Constants, in the order of the table that the loops are passed.
const (
	half = 13 + iota
	one
	low
	twiceLow
	quarterTurn
	halfTurn
)

func main() {
	ConstraintExpr("!noasm")
	turns("turnsAVX512", 64, func() VecVirtual { return ZMM() })
	turns("turnsAVX2", 32, func() VecVirtual { return YMM() })
	Generate()
}

// turns sets sin and angle for n cosines; n is a positive multiple of the lanes.
func turns(name string, size int, register func() VecVirtual) {
	TEXT(name, NOSPLIT, "func(cos, sin, angle, constants *float64, n int)")
	Pragma("noescape")
	cos, sin, angle := Load(Param("cos"), GP64()), Load(Param("sin"), GP64()), Load(Param("angle"), GP64())
	table, n := Load(Param("constants"), GP64()), Load(Param("n"), GP64())
	wide := size == 64
	constant := func(k int) VecVirtual {
		r := register()
		VBROADCASTSD(Mem{Base: table, Disp: 8 * k}, r)
		return r
	}
	add := func(a, b VecVirtual) VecVirtual { r := register(); VADDPD(b, a, r); return r }
	sub := func(a, b VecVirtual) VecVirtual { r := register(); VSUBPD(b, a, r); return r }
	mul := func(a, b VecVirtual) VecVirtual { r := register(); VMULPD(b, a, r); return r }
	sqrt := func(a VecVirtual) VecVirtual { r := register(); VSQRTPD(a, r); return r }

	Label(name + "Loop")
	r := register()
	VMOVUPD(Mem{Base: cos}, r)
	unit := constant(one)
	VMOVUPD(sqrt(mul(sub(unit, r), add(unit, r))), Mem{Base: sin})

	magnitude, sign := split(r, wide, register)
	large := greater(magnitude, constant(half), wide, register)
	z := choose(large, mul(r, r), mul(sub(unit, magnitude), constant(half)), wide, register)
	s := choose(large, magnitude, sqrt(z), wide, register)
	z2 := mul(z, z)
	z4 := mul(z2, z2)
	pair := func(k int) VecVirtual { return add(constant(k), mul(z, constant(k+1))) }
	four := func(k int) VecVirtual { return add(pair(k), mul(z2, pair(k+2))) }
	tail := add(four(8), mul(z4, constant(12)))
	tail = add(four(4), mul(z4, tail))
	tail = add(four(0), mul(z4, tail))
	arcsine := add(s, mul(mul(s, z), tail))

	twice := add(arcsine, arcsine)
	what := choose(large, or(arcsine, sign, wide, register), twice, wide, register)
	from := choose(large, constant(quarterTurn), constant(halfTurn), wide, register)
	rest := choose(large, constant(low), constant(twiceLow), wide, register)
	result := sub(from, sub(what, rest))
	result = choose(positive(large, r, wide, register), result, twice, wide, register)
	VMOVUPD(result, Mem{Base: angle})

	for _, p := range []Register{cos, sin, angle} {
		ADDQ(Imm(uint64(size)), p)
	}
	SUBQ(Imm(uint64(size/8)), n)
	JNZ(LabelRef(name + "Loop"))
	VZEROUPPER()
	RET()
}

// split returns |r| and the sign bit of r.
func split(r VecVirtual, wide bool, register func() VecVirtual) (magnitude, sign VecVirtual) {
	mask, magnitude, sign := register(), register(), register()
	if wide {
		VPTERNLOGQ(Imm(0xff), mask, mask, mask)
		VPSRLQ(Imm(1), mask, mask)
		VPANDQ(r, mask, magnitude)
		VPANDNQ(r, mask, sign)
		return magnitude, sign
	}
	VPCMPEQQ(r, r, mask)
	VPSRLQ(Imm(1), mask, mask)
	VANDPD(r, mask, magnitude)
	VANDNPD(r, mask, sign)
	return magnitude, sign
}

// greater is a mask of the lanes where a > b.
func greater(a, b VecVirtual, wide bool, register func() VecVirtual) Register {
	const quietGreater = 30
	if wide {
		k := K()
		VCMPPD(Imm(quietGreater), b, a, k)
		return k
	}
	m := register()
	VCMPPD(Imm(quietGreater), b, a, m)
	return m
}

// positive narrows a mask to the lanes where r is not negative.
func positive(mask Register, r VecVirtual, wide bool, register func() VecVirtual) Register {
	if wide {
		zero, k := register(), K()
		VPXORQ(zero, zero, zero)
		VCMPPD(Imm(13), zero, r, k) // r >= 0
		KANDW(mask, k, k)
		return k
	}
	m := register()
	VANDNPD(mask.(VecVirtual), r, m)
	return m
}

// choose takes b where the mask is set, else a.
func choose(mask Register, a, b VecVirtual, wide bool, register func() VecVirtual) VecVirtual {
	c := register()
	if wide {
		VBLENDMPD(b, a, mask, c)
		return c
	}
	VBLENDVPD(mask, b, a, c)
	return c
}

func or(a, b VecVirtual, wide bool, register func() VecVirtual) VecVirtual {
	c := register()
	if wide {
		VPORQ(a, b, c)
	} else {
		VORPD(a, b, c)
	}
	return c
}
