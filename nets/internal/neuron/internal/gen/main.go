// Command gen writes the assembly of package neuron, for AVX2 with FMA and for AVX-512. It is a module of its own, so
// that the assembler is no dependency of the library.
//
// A lane of a vector is a component of the result, and the terms of each component are added in the order of the
// portable loops with the same roundings: the results do not depend on the width of the vectors.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!noasm")
	for _, v := range []*vector{{suffix: "AVX512", size: 64}, {suffix: "AVX2", size: 32}} {
		v.combine()
		v.weigh()
		v.add()
		v.step()
	}
	Generate()
}

// combine: dst_i = sum_k c_k rows[k][i], added to dst_i where add is set.
func (v *vector) combine() {
	v.start("combine", "func(dst, rows, c *float64, n, terms, stride int, add bool)")
	dst, rows, c, n, terms, stride := v.param("dst"), v.param("rows"), v.param("c"), v.param("n"), v.param("terms"), v.param("stride")
	add := Load(Param("add"), GP8())
	SHLQ(Imm(3), stride)
	TESTB(add, add)
	JZ(LabelRef(v.label("set")))
	v.linear(dst, rows, c, n, terms, stride, true)
	v.end()
	Label(v.label("set"))
	v.linear(dst, rows, c, n, terms, stride, false)
	v.end()
}

// weigh: coef_i = scale e_i 1{z_i >= 0}.
func (v *vector) weigh() {
	v.start("weigh", "func(coef, e, z *float64, n int, scale float64)")
	v.weighed(v.param("coef"), v.param("e"), v.param("z"), v.param("n"), v.number("scale", 32))
	v.end()
}

// add: u_i += weight max(z_i, 0).
func (v *vector) add() {
	v.start("add", "func(u, z *float64, n int, weight float64)")
	v.added(v.param("u"), v.param("z"), v.param("n"), v.number("weight", 24))
	v.end()
}

// step: coef_i = scale e_i 1{z_i >= 0}; w += X^T coef; z = X w; u_i += weight max(z_i, 0).
func (v *vector) step() {
	v.start("step", "func(w, z, u, coef, x, xt, e *float64, n, d, strideX, strideXT int, scale, weight float64)")
	coef, z, n := v.param("coef"), v.param("z"), v.param("n")
	v.weighed(coef, v.param("e"), z, n, v.number("scale", 88))
	w, d, stride := v.param("w"), v.param("d"), v.param("strideX")
	SHLQ(Imm(3), stride)
	v.linear(w, v.param("x"), coef, d, n, stride, true)
	strideT := v.param("strideXT")
	SHLQ(Imm(3), strideT)
	v.linear(z, v.param("xt"), w, n, d, strideT, false)
	v.added(v.param("u"), z, n, v.number("weight", 96))
	v.end()
}

func (v *vector) weighed(coef, e, z, n Register, scale VecVirtual) {
	v.each(n, func(block *block) {
		t, p := block.load(e), block.load(z)
		VMULPD(scale, t, t)
		v.positive(p)
		v.dropNegative(p, t, t)
		block.store(t, coef)
	})
}

func (v *vector) added(u, z, n Register, weight VecVirtual) {
	v.each(n, func(block *block) {
		p, sum := block.load(z), block.load(u)
		v.dropNegative(p, p, p)
		VMULPD(weight, p, p)
		VADDPD(p, sum, sum)
		block.store(sum, u)
	})
}

// A vector is an instruction set.
type vector struct {
	suffix string
	size   int // bytes
	name   string
	labels int
}

func (v *vector) wide() bool { return v.size == 64 }

func (v *vector) start(name, signature string) {
	v.name = name + v.suffix
	TEXT(v.name, NOSPLIT, signature)
	Pragma("noescape")
}

func (v *vector) end() {
	VZEROUPPER()
	RET()
}

func (v *vector) param(name string) Register { return Load(Param(name), GP64()) }

// number broadcasts the parameter at an offset from the start of the parameters.
func (v *vector) number(name string, offset int) VecVirtual {
	r := v.register()
	VBROADCASTSD(NewParamAddr(name, offset), r)
	return r
}

func (v *vector) label(s string) string { return v.name + s }

// fresh is a label that nothing else has.
func (v *vector) fresh(s string) string {
	v.labels++
	return fmt.Sprintf("%s%s%d", v.name, s, v.labels)
}

func (v *vector) register() VecVirtual {
	if v.wide() {
		return ZMM()
	}
	return YMM()
}

func (v *vector) zero(r VecVirtual) {
	if v.wide() {
		VPXORQ(r, r, r)
	} else {
		VXORPD(r, r, r)
	}
}

// positive turns -0 into +0, by adding +0.
func (v *vector) positive(p VecVirtual) {
	zero := v.register()
	v.zero(zero)
	VADDPD(zero, p, p)
}

// dropNegative: out = t where the sign bit of p is clear, else +0.
func (v *vector) dropNegative(p, t, out VecVirtual) {
	sign := v.register()
	if v.wide() {
		VPSRAQ(Imm(63), p, sign)
		VPANDNQ(t, sign, out)
		return
	}
	zero := v.register()
	v.zero(zero)
	VPCMPGTQ(p, zero, sign)
	VANDNPD(t, sign, out)
}

// tail is the mask of the first rest lanes, 0 < rest < lanes.
func (v *vector) tail(rest Register) Op {
	if v.wide() {
		bits, k, count := GP64(), K(), RCX
		MOVQ(rest, count)
		MOVQ(U32(1), bits)
		SHLQ(CL, bits)
		DECQ(bits)
		KMOVW(bits.As32(), k)
		return k
	}
	at, mask := GP64(), YMM()
	table := v.table()
	LEAQ(table.Offset(32), at)
	back := GP64()
	MOVQ(rest, back)
	SHLQ(Imm(3), back)
	SUBQ(back, at)
	VMOVUPD(Mem{Base: at}, mask)
	return mask
}

// table holds four lanes of ones and four of zeros.
var ones *Mem

func (v *vector) table() Mem {
	if ones == nil {
		m := GLOBL("ones", RODATA|NOPTR)
		for i := range 4 {
			DATA(8*i, U64(^uint64(0)))
		}
		for i := range 4 {
			DATA(32+8*i, U64(0))
		}
		ones = &m
	}
	return *ones
}

// A block is a vector of components at an offset from the start of each array, the last one masked.
type block struct {
	*vector
	offset Register
	mask   Op // nil for all lanes
}

func (b *block) load(base Register) VecVirtual {
	r := b.register()
	b.loadFrom(Mem{Base: base, Index: b.offset, Scale: 1}, r)
	return r
}

func (b *block) loadFrom(m Mem, r VecVirtual) {
	switch {
	case b.mask == nil:
		VMOVUPD(m, r)
	case b.wide():
		VMOVUPD_Z(m, b.mask, r)
	default:
		VMASKMOVPD(m, b.mask, r)
	}
}

func (b *block) store(r VecVirtual, base Register) {
	m := Mem{Base: base, Index: b.offset, Scale: 1}
	switch {
	case b.mask == nil:
		VMOVUPD(r, m)
	case b.wide():
		VMOVUPD(r, b.mask, m)
	default:
		VMASKMOVPD(r, b.mask, m)
	}
}

// each runs body over n components.
func (v *vector) each(n Register, body func(*block)) {
	rest, offset := GP64(), GP64()
	MOVQ(n, rest)
	XORQ(offset, offset)
	v.blocks(rest, offset, body)
}

// blocks runs body over the rest of the components, at the offset.
func (v *vector) blocks(rest, offset Register, body func(*block)) {
	loop, last, done := v.fresh("Loop"), v.fresh("Last"), v.fresh("Done")
	lanes := v.size / 8
	Label(loop)
	CMPQ(rest, U8(uint8(lanes)))
	JLT(LabelRef(last))
	body(&block{v, offset, nil})
	ADDQ(Imm(uint64(v.size)), offset)
	SUBQ(Imm(uint64(lanes)), rest)
	JMP(LabelRef(loop))
	Label(last)
	TESTQ(rest, rest)
	JZ(LabelRef(done))
	body(&block{v, offset, v.tail(rest)})
	Label(done)
}

// unrolled is the number of vectors of components that share a pass over the terms.
const unrolled = 4

// linear: dst_i = sum_k c_k rows[k][i] over i < n and k < terms, added to dst_i if add. stride is in bytes.
func (v *vector) linear(dst, rows, c, n, terms, stride Register, add bool) {
	rest, offset := GP64(), GP64()
	MOVQ(n, rest)
	XORQ(offset, offset)
	several, few := v.fresh("Several"), v.fresh("Few")
	lanes := unrolled * v.size / 8
	Label(several)
	CMPQ(rest, U8(uint8(lanes)))
	JLT(LabelRef(few))
	v.pass(rows, c, terms, stride, &block{v, offset, nil}, dst, unrolled, add)
	ADDQ(U32(uint32(unrolled*v.size)), offset)
	SUBQ(Imm(uint64(lanes)), rest)
	JMP(LabelRef(several))
	Label(few)
	v.blocks(rest, offset, func(b *block) { v.pass(rows, c, terms, stride, b, dst, 1, add) })
}

// pass sums count vectors of components, from the block on.
func (v *vector) pass(rows, c, terms, stride Register, b *block, dst Register, count int, add bool) {
	at := func(j int) Mem { return Mem{Base: dst, Index: b.offset, Scale: 1, Disp: j * v.size} }
	sums := make([]VecVirtual, count)
	for j := range sums {
		sums[j] = v.register()
		if add {
			b.loadFrom(at(j), sums[j])
		} else {
			v.zero(sums[j])
		}
	}
	row, factor, left := GP64(), GP64(), GP64()
	LEAQ(Mem{Base: rows, Index: b.offset, Scale: 1}, row)
	MOVQ(c, factor)
	MOVQ(terms, left)
	loop := v.fresh("Term")
	Label(loop)
	f := v.register()
	VBROADCASTSD(Mem{Base: factor}, f)
	for j, s := range sums {
		m := Mem{Base: row, Disp: j * v.size}
		if b.mask == nil {
			VFMADD231PD(m, f, s)
			continue
		}
		t := v.register()
		b.loadFrom(m, t)
		VFMADD231PD(t, f, s)
	}
	ADDQ(Imm(8), factor)
	ADDQ(stride, row)
	DECQ(left)
	JNZ(LabelRef(loop))
	for j, s := range sums {
		switch m := at(j); {
		case b.mask == nil:
			VMOVUPD(s, m)
		case v.wide():
			VMOVUPD(s, b.mask, m)
		default:
			VMASKMOVPD(s, b.mask, m)
		}
	}
}
