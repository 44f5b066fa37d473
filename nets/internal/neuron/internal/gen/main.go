// Command gen writes the assembly of package neuron, for AVX2 with FMA and for AVX-512. It is a module of its own, so
// that the assembler is no dependency of the library.
//
// A lane of a vector is a component of the result, and the terms of each component are added in the order of the
// portable loops with the same roundings: the results do not depend on the width of the vectors.
package main

import (
	"convergo/nets/internal/simd"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!noasm")
	for _, v := range []*vector{{simd.AVX512()}, {simd.AVX2()}} {
		v.combine()
		v.weigh()
		v.add()
		v.step()
	}
	Generate()
}

// combine: dst_i = sum_k c_k rows[k][i], added to dst_i where add is set.
func (v *vector) combine() {
	v.Start("combine", "func(dst, rows, c *float64, n, terms, stride int, add bool)")
	dst, rows, c, n, terms, stride := v.Param("dst"), v.Param("rows"), v.Param("c"), v.Param("n"), v.Param("terms"), v.Param("stride")
	add := Load(Param("add"), GP8())
	SHLQ(Imm(3), stride)
	TESTB(add, add)
	JZ(LabelRef(v.Label("set")))
	v.linear(dst, rows, c, n, terms, stride, true)
	v.End()
	Label(v.Label("set"))
	v.linear(dst, rows, c, n, terms, stride, false)
	v.End()
}

// weigh: coef_i = scale e_i 1{z_i >= 0}.
func (v *vector) weigh() {
	v.Start("weigh", "func(coef, e, z *float64, n int, scale float64)")
	v.weighed(v.Param("coef"), v.Param("e"), v.Param("z"), v.Param("n"), v.Number("scale", 32))
	v.End()
}

// add: u_i += weight max(z_i, 0).
func (v *vector) add() {
	v.Start("add", "func(u, z *float64, n int, weight float64)")
	v.added(v.Param("u"), v.Param("z"), v.Param("n"), v.Number("weight", 24))
	v.End()
}

// step: coef_i = scale e_i 1{z_i >= 0}; w += X^T coef; z = X w; u_i += weight max(z_i, 0).
func (v *vector) step() {
	v.Start("step", "func(w, z, u, coef, x, xt, e *float64, n, d, strideX, strideXT int, scale, weight float64)")
	coef, z, n := v.Param("coef"), v.Param("z"), v.Param("n")
	v.weighed(coef, v.Param("e"), z, n, v.Number("scale", 88))
	w, d, stride := v.Param("w"), v.Param("d"), v.Param("strideX")
	SHLQ(Imm(3), stride)
	v.linear(w, v.Param("x"), coef, d, n, stride, true)
	strideT := v.Param("strideXT")
	SHLQ(Imm(3), strideT)
	v.linear(z, v.Param("xt"), w, n, d, strideT, false)
	v.added(v.Param("u"), z, n, v.Number("weight", 96))
	v.End()
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
type vector struct{ simd.Set }

// positive turns -0 into +0, by adding +0.
func (v *vector) positive(p VecVirtual) {
	zero := v.Register()
	v.Zero(zero)
	VADDPD(zero, p, p)
}

// dropNegative: out = t where the sign bit of p is clear, else +0.
func (v *vector) dropNegative(p, t, out VecVirtual) {
	sign := v.Register()
	if v.Wide() {
		VPSRAQ(Imm(63), p, sign)
		VPANDNQ(t, sign, out)
		return
	}
	zero := v.Register()
	v.Zero(zero)
	VPCMPGTQ(p, zero, sign)
	VANDNPD(t, sign, out)
}

// A block is a vector of components at an offset from the start of each array, the last one masked.
type block struct {
	*vector
	offset Register
	mask   Op // nil for all lanes
}

func (b *block) load(base Register) VecVirtual {
	r := b.Register()
	b.Load(Mem{Base: base, Index: b.offset, Scale: 1}, r, b.mask)
	return r
}

func (b *block) store(r VecVirtual, base Register) {
	b.Store(r, Mem{Base: base, Index: b.offset, Scale: 1}, b.mask)
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
	loop, last, done := v.Fresh("Loop"), v.Fresh("Last"), v.Fresh("Done")
	lanes := v.Size / 8
	Label(loop)
	CMPQ(rest, U8(uint8(lanes)))
	JLT(LabelRef(last))
	body(&block{v, offset, nil})
	ADDQ(Imm(uint64(v.Size)), offset)
	SUBQ(Imm(uint64(lanes)), rest)
	JMP(LabelRef(loop))
	Label(last)
	TESTQ(rest, rest)
	JZ(LabelRef(done))
	body(&block{v, offset, v.Tail(rest)})
	Label(done)
}

// unrolled is the number of vectors of components that share a pass over the terms.
const unrolled = 4

// linear: dst_i = sum_k c_k rows[k][i] over i < n and k < terms, added to dst_i if add. stride is in bytes.
func (v *vector) linear(dst, rows, c, n, terms, stride Register, add bool) {
	rest, offset := GP64(), GP64()
	MOVQ(n, rest)
	XORQ(offset, offset)
	several, few := v.Fresh("Several"), v.Fresh("Few")
	lanes := unrolled * v.Size / 8
	Label(several)
	CMPQ(rest, U8(uint8(lanes)))
	JLT(LabelRef(few))
	v.pass(rows, c, terms, stride, &block{v, offset, nil}, dst, unrolled, add)
	ADDQ(U32(uint32(unrolled*v.Size)), offset)
	SUBQ(Imm(uint64(lanes)), rest)
	JMP(LabelRef(several))
	Label(few)
	v.blocks(rest, offset, func(b *block) { v.pass(rows, c, terms, stride, b, dst, 1, add) })
}

// pass sums count vectors of components, from the block on.
func (v *vector) pass(rows, c, terms, stride Register, b *block, dst Register, count int, add bool) {
	at := func(j int) Mem { return Mem{Base: dst, Index: b.offset, Scale: 1, Disp: j * v.Size} }
	sums := make([]VecVirtual, count)
	for j := range sums {
		sums[j] = v.Register()
		if add {
			b.Load(at(j), sums[j], b.mask)
		} else {
			v.Zero(sums[j])
		}
	}
	row, factor, left := GP64(), GP64(), GP64()
	LEAQ(Mem{Base: rows, Index: b.offset, Scale: 1}, row)
	MOVQ(c, factor)
	MOVQ(terms, left)
	loop := v.Fresh("Term")
	Label(loop)
	f := v.Register()
	VBROADCASTSD(Mem{Base: factor}, f)
	for j, s := range sums {
		m := Mem{Base: row, Disp: j * v.Size}
		if b.mask == nil {
			VFMADD231PD(m, f, s)
			continue
		}
		t := v.Register()
		b.Load(m, t, b.mask)
		VFMADD231PD(t, f, s)
	}
	ADDQ(Imm(8), factor)
	ADDQ(stride, row)
	DECQ(left)
	JNZ(LabelRef(loop))
	for j, s := range sums {
		b.Store(s, at(j), b.mask)
	}
}
