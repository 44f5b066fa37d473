// Command gen writes the assembly of package fmablas, for AVX2 with FMA and for AVX-512. It is a module of its own, so
// that the assembler is no dependency of the library.
//
// A lane of a vector is an output, or one of the 32 partial sums of a dot product, and its terms are added in the
// order of the portable loops with the same roundings: the results do not depend on the width of the vectors.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!noasm")
	for _, v := range []*vector{
		{suffix: "AVX512", size: 64, rows: 8, columns: 3},
		{suffix: "AVX2", size: 32, rows: 4, columns: 3},
	} {
		v.tile()
		v.combine()
		v.dot()
		v.peak()
	}
	Generate()
}

// A vector is an instruction set.
type vector struct {
	suffix        string
	size          int // bytes
	rows, columns int // of a tile, the columns in vectors
	name          string
	labels        int
}

// lanes is the number of partial sums of a dot product.
const lanes = 32

// tile: C += alpha sum_k a_k b_k^T, with column a_k (rows) of A at a+8 k stepA and row b_k (columns vectors) of B at
// b+8 k stepB. k > 0.
func (v *vector) tile() {
	v.start("tile", "func(a, b, c *float64, k, stepA, stepB, stride int, alpha float64)")
	a, b, c, k := v.param("a"), v.param("b"), v.param("c"), v.param("k")
	stepA, stepB, stride := v.bytes("stepA"), v.bytes("stepB"), v.bytes("stride")
	sums := v.zeros(v.rows * v.columns)
	v.fetch(c, stride)
	loop := v.label("Loop")
	Label(loop)
	row := make([]VecVirtual, v.columns)
	for j := range row {
		row[j] = v.register()
		VMOVUPD(Mem{Base: b, Disp: j * v.size}, row[j])
	}
	for i := range v.rows {
		f := v.register()
		VBROADCASTSD(Mem{Base: a, Disp: 8 * i}, f)
		for j, r := range row {
			VFMADD231PD(r, f, sums[i*v.columns+j])
		}
	}
	ADDQ(stepA, a)
	ADDQ(stepB, b)
	DECQ(k)
	JNZ(LabelRef(loop))
	v.deliver(sums, c, stride)
	v.end()
}

// fetch asks for the tile of C, which is needed at the end.
func (v *vector) fetch(c, stride Register) {
	at := GP64()
	MOVQ(c, at)
	for range v.rows {
		for line := 0; line < v.columns*v.size; line += 64 {
			PREFETCHT0(Mem{Base: at, Disp: line})
		}
		ADDQ(stride, at)
	}
}

// deliver: C += alpha sums.
func (v *vector) deliver(sums []VecVirtual, c, stride Register) {
	alpha := v.register()
	VBROADCASTSD(NewParamAddr("alpha", 56), alpha)
	for i := range v.rows {
		for j := range v.columns {
			m, t := Mem{Base: c, Disp: j * v.size}, v.register()
			VMOVUPD(m, t)
			VFMADD231PD(sums[i*v.columns+j], alpha, t)
			VMOVUPD(t, m)
		}
		if i+1 < v.rows {
			ADDQ(stride, c)
		}
	}
}

// combine: dst_i += sum_k c_k rows[k][i] over i < n and k < terms. terms > 0.
func (v *vector) combine() {
	const unrolled = 4 // vectors that share a pass over the terms
	v.start("combine", "func(dst, rows, c *float64, n, terms, stride int)")
	dst, rows, c, rest := v.param("dst"), v.param("rows"), v.param("c"), v.param("n")
	terms, stride := v.param("terms"), v.bytes("stride")
	pass := &pass{vector: v, rows: rows, c: c, terms: terms, stride: stride, dst: dst}
	for _, count := range []int{unrolled, 1} {
		loop, done := v.fresh("Loop"), v.fresh("Done")
		step := count * v.size
		Label(loop)
		CMPQ(rest, U8(uint8(step/8)))
		JLT(LabelRef(done))
		pass.sum(count, nil)
		ADDQ(U32(uint32(step)), dst)
		ADDQ(U32(uint32(step)), rows)
		SUBQ(U8(uint8(step/8)), rest)
		JMP(LabelRef(loop))
		Label(done)
	}
	none := v.label("None")
	TESTQ(rest, rest)
	JZ(LabelRef(none))
	pass.sum(1, v.tail(rest))
	Label(none)
	v.end()
}

// A pass sums vectors of components over all terms.
type pass struct {
	*vector
	rows, c, terms, stride, dst Register
}

// sum sums count vectors of components, or those of one under the mask.
func (p *pass) sum(count int, mask Op) {
	sums := make([]VecVirtual, count)
	for j := range sums {
		sums[j] = p.register()
		p.load(Mem{Base: p.dst, Disp: j * p.size}, sums[j], mask)
	}
	row, factor, left := GP64(), GP64(), GP64()
	MOVQ(p.rows, row)
	MOVQ(p.c, factor)
	MOVQ(p.terms, left)
	loop := p.fresh("Term")
	Label(loop)
	f := p.register()
	VBROADCASTSD(Mem{Base: factor}, f)
	for j, s := range sums {
		m := Mem{Base: row, Disp: j * p.size}
		if mask == nil {
			VFMADD231PD(m, f, s)
			continue
		}
		t := p.register()
		p.load(m, t, mask)
		VFMADD231PD(t, f, s)
	}
	ADDQ(Imm(8), factor)
	ADDQ(p.stride, row)
	DECQ(left)
	JNZ(LabelRef(loop))
	for j, s := range sums {
		p.store(s, Mem{Base: p.dst, Disp: j * p.size}, mask)
	}
}

// dot: sums_l = sum over blocks of 32 of x_l y_l. blocks > 0.
func (v *vector) dot() {
	v.start("dot", "func(x, y, sums *float64, blocks int)")
	x, y, out, blocks := v.param("x"), v.param("y"), v.param("sums"), v.param("blocks")
	sums := v.zeros(8 * lanes / v.size)
	loop := v.label("Loop")
	Label(loop)
	for j, s := range sums {
		t := v.register()
		VMOVUPD(Mem{Base: x, Disp: j * v.size}, t)
		VFMADD231PD(Mem{Base: y, Disp: j * v.size}, t, s)
	}
	ADDQ(U32(8*lanes), x)
	ADDQ(U32(8*lanes), y)
	DECQ(blocks)
	JNZ(LabelRef(loop))
	for j, s := range sums {
		VMOVUPD(s, Mem{Base: out, Disp: j * v.size})
	}
	v.end()
}

// peak runs independent fused multiply-adds on registers alone: the most that a core can do.
const peakSums = 12

func (v *vector) peak() {
	v.start("peak", "func(rounds int)")
	rounds := v.param("rounds")
	sums := v.zeros(peakSums)
	f := v.zeros(1)[0]
	loop := v.label("Loop")
	Label(loop)
	for _, s := range sums {
		VFMADD231PD(f, f, s)
	}
	DECQ(rounds)
	JNZ(LabelRef(loop))
	v.end()
}

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

// bytes is a parameter that counts numbers, in bytes.
func (v *vector) bytes(name string) Register {
	r := v.param(name)
	SHLQ(Imm(3), r)
	return r
}

func (v *vector) label(s string) string { return v.name + s }

// fresh is a label that nothing else has.
func (v *vector) fresh(s string) string {
	v.labels++
	return fmt.Sprintf("%s%s%d", v.name, s, v.labels)
}

func (v *vector) wide() bool { return v.size == 64 }

func (v *vector) register() VecVirtual {
	if v.wide() {
		return ZMM()
	}
	return YMM()
}

func (v *vector) zeros(count int) []VecVirtual {
	out := make([]VecVirtual, count)
	for i := range out {
		out[i] = v.register()
		if v.wide() {
			VPXORQ(out[i], out[i], out[i])
		} else {
			VXORPD(out[i], out[i], out[i])
		}
	}
	return out
}

func (v *vector) load(m Mem, r VecVirtual, mask Op) {
	switch {
	case mask == nil:
		VMOVUPD(m, r)
	case v.wide():
		VMOVUPD_Z(m, mask, r)
	default:
		VMASKMOVPD(m, mask, r)
	}
}

func (v *vector) store(r VecVirtual, m Mem, mask Op) {
	switch {
	case mask == nil:
		VMOVUPD(r, m)
	case v.wide():
		VMOVUPD(r, mask, m)
	default:
		VMASKMOVPD(r, mask, m)
	}
}

// tail is the mask of the first rest lanes, 0 < rest < lanes of a vector.
func (v *vector) tail(rest Register) Op {
	if v.wide() {
		bits, k := GP64(), K()
		MOVQ(rest, RCX)
		MOVQ(U32(1), bits)
		SHLQ(CL, bits)
		DECQ(bits)
		KMOVW(bits.As32(), k)
		return k
	}
	m := GLOBL("ones", RODATA|NOPTR) // four lanes of ones, then four of zeros
	for i := range 4 {
		DATA(8*i, U64(^uint64(0)))
	}
	for i := range 4 {
		DATA(32+8*i, U64(0))
	}
	at, back, mask := GP64(), GP64(), YMM()
	LEAQ(m.Offset(32), at)
	MOVQ(rest, back)
	SHLQ(Imm(3), back)
	SUBQ(back, at)
	VMOVUPD(Mem{Base: at}, mask)
	return mask
}
