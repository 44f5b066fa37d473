// Command gen writes the assembly of package fmablas, for AVX2 with FMA and for AVX-512. It is a module of its own, so
// that the assembler is no dependency of the library.
//
// A lane of a vector is an output, or one of the 32 partial sums of a dot product, and its terms are added in the
// order of the portable loops with the same roundings: the results do not depend on the width of the vectors.
package main

import (
	"fmt"

	"convergo/nets/internal/simd"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!noasm")
	for _, v := range []*vector{
		{Set: simd.AVX512(), rows: 8, columns: 3},
		{Set: simd.AVX2(), rows: 4, columns: 3},
	} {
		v.tile()
		v.combine()
		v.row()
		v.dots()
		v.panel()
		v.peak()
	}
	fourRows()
	Generate()
}

// A vector is an instruction set with the shape of its tiles.
type vector struct {
	simd.Set
	rows, columns int // of a tile, the columns in vectors
}

// lanes is the number of partial sums of a dot product.
const lanes = 32

// tile: C += alpha sum_k a_k b_k^T, or C is set to that where fresh is set, with column a_k (rows) of A at a+8 k stepA and row b_k (columns vectors) of B at
// b+8 k stepB. k > 0.
func (v *vector) tile() {
	v.Start("tile", "func(a, b, c *float64, k, stepA, stepB, stride int, alpha float64, fresh bool)")
	a, b, c, k := v.Param("a"), v.Param("b"), v.Param("c"), v.Param("k")
	stepA, stepB, stride := v.Bytes("stepA"), v.Bytes("stepB"), v.Bytes("stride")
	sums := v.zeros(v.rows * v.columns)
	v.fetch(c, stride)
	loop := v.Label("Loop")
	Label(loop)
	row := make([]VecVirtual, v.columns)
	for j := range row {
		row[j] = v.Register()
		VMOVUPD(Mem{Base: b, Disp: j * v.Size}, row[j])
	}
	for i := range v.rows {
		f := v.Register()
		VBROADCASTSD(Mem{Base: a, Disp: 8 * i}, f)
		for j, r := range row {
			VFMADD231PD(r, f, sums[i*v.columns+j])
		}
	}
	ADDQ(stepA, a)
	ADDQ(stepB, b)
	DECQ(k)
	JNZ(LabelRef(loop))
	alpha := v.Number("alpha", 56)
	fresh := Load(Param("fresh"), GP8())
	TESTB(fresh, fresh)
	JZ(LabelRef(v.Label("Add")))
	v.deliver(sums, c, stride, alpha, false)
	v.End()
	Label(v.Label("Add"))
	v.deliver(sums, c, stride, alpha, true)
	v.End()
}

// fetch asks for the tile of C, which is needed at the end.
func (v *vector) fetch(c, stride Register) {
	at := GP64()
	MOVQ(c, at)
	for range v.rows {
		for line := 0; line < v.columns*v.Size; line += 64 {
			PREFETCHT0(Mem{Base: at, Disp: line})
		}
		ADDQ(stride, at)
	}
}

// deliver: C += alpha sums, or C = 0 + alpha sums.
func (v *vector) deliver(sums []VecVirtual, c, stride Register, alpha VecVirtual, add bool) {
	at := GP64()
	MOVQ(c, at)
	for i := range v.rows {
		for j := range v.columns {
			m, t := Mem{Base: at, Disp: j * v.Size}, v.Register()
			if add {
				VMOVUPD(m, t)
			} else { // no xor with itself, which would count as a use of t before
				VBROADCASTSD(simd.Ones().Offset(32), t)
			}
			VFMADD231PD(sums[i*v.columns+j], alpha, t)
			VMOVUPD(t, m)
		}
		ADDQ(stride, at)
	}
}

// combine: dst_i += sum_k c_k rows[k][i] over i < n and k < terms, one chain that starts with dst_i. terms > 0.
func (v *vector) combine() {
	v.Start("combine", "func(dst, rows, c *float64, n, terms, stride int)")
	step := GP64()
	MOVQ(U32(8), step)
	p := &pass{vector: v, dst: v.Param("dst"), rows: v.Param("rows"), c: v.Param("c"), terms: v.Param("terms"), stride: v.Bytes("stride"), step: step}
	p.all(v.Param("n"))
}

// row: dst_i += alpha sum_k c[k*step] rows[k][i] over i < n and k < terms. terms > 0.
func (v *vector) row() {
	v.Start("row", "func(dst, rows, c *float64, n, terms, stride, step int, alpha float64)")
	p := &pass{vector: v, dst: v.Param("dst"), rows: v.Param("rows"), c: v.Param("c"), terms: v.Param("terms"), stride: v.Bytes("stride"), step: v.Bytes("step")}
	p.alpha = v.Number("alpha", 56)
	p.all(v.Param("n"))
}

// A pass sums vectors of components over all terms.
type pass struct {
	*vector
	dst, rows, c, terms, stride, step Register
	alpha                             VecVirtual // nil: the sums start with dst
}

// all sums n components.
func (p *pass) all(rest Register) {
	for _, count := range []int{4, 1} {
		loop, done := p.Fresh("Loop"), p.Fresh("Done")
		step := count * p.Size
		Label(loop)
		CMPQ(rest, U8(uint8(step/8)))
		JLT(LabelRef(done))
		p.sum(count, nil)
		ADDQ(U32(uint32(step)), p.dst)
		ADDQ(U32(uint32(step)), p.rows)
		SUBQ(U8(uint8(step/8)), rest)
		JMP(LabelRef(loop))
		Label(done)
	}
	none := p.Label("None")
	TESTQ(rest, rest)
	JZ(LabelRef(none))
	p.sum(1, p.Tail(rest))
	Label(none)
	p.End()
}

// sum sums count vectors of components, or those of one under the mask.
func (p *pass) sum(count int, mask Op) {
	at := func(j int) Mem { return Mem{Base: p.dst, Disp: j * p.Size} }
	sums := make([]VecVirtual, count)
	for j := range sums {
		sums[j] = p.Register()
		if p.alpha == nil {
			p.Load(at(j), sums[j], mask)
		} else {
			p.Zero(sums[j])
		}
	}
	row, factor, left := GP64(), GP64(), GP64()
	MOVQ(p.rows, row)
	MOVQ(p.c, factor)
	MOVQ(p.terms, left)
	loop := p.Fresh("Term")
	Label(loop)
	f := p.Register()
	VBROADCASTSD(Mem{Base: factor}, f)
	for j, s := range sums {
		p.multiplyAdd(Mem{Base: row, Disp: j * p.Size}, f, s, mask)
	}
	ADDQ(p.step, factor)
	ADDQ(p.stride, row)
	DECQ(left)
	JNZ(LabelRef(loop))
	for j, s := range sums {
		if p.alpha != nil {
			t := p.Register()
			p.Load(at(j), t, mask)
			VFMADD231PD(s, p.alpha, t)
			s = t
		}
		p.Store(s, at(j), mask)
	}
}

// multiplyAdd: s += f m, where the mask is set.
func (v *vector) multiplyAdd(m Mem, f, s VecVirtual, mask Op) {
	if mask == nil {
		VFMADD231PD(m, f, s)
		return
	}
	t := v.Register()
	v.Load(m, t, mask)
	VFMADD231PD(t, f, s)
}

// dots: out_r += alpha sum_i a[r*stride+i] x_i over i < n, for r < rows. rows > 0.
func (v *vector) dots() {
	v.Start("dots", "func(out, a, x *float64, rows, n, stride int, alpha float64)")
	out, a, x, rows, stride := v.Param("out"), v.Param("a"), v.Param("x"), v.Param("rows"), v.Bytes("stride")
	n := v.Param("n")
	next := v.Label("Row")
	Label(next)
	sums := v.zeros(8 * lanes / v.Size)
	left, offset := GP64(), GP64()
	MOVQ(n, left)
	XORQ(offset, offset)
	v.whole(sums, a, x, left, offset)
	v.partial(sums, a, x, left, offset)
	sum, alpha, total := v.reduce(sums), XMM(), XMM()
	VMOVSD(NewParamAddr("alpha", 48), alpha)
	VMOVSD(Mem{Base: out}, total)
	VFMADD231SD(sum, alpha, total)
	VMOVSD(total, Mem{Base: out})
	ADDQ(Imm(8), out)
	ADDQ(stride, a)
	DECQ(rows)
	JNZ(LabelRef(next))
	v.End()
}

// whole adds the products of whole groups of lanes.
func (v *vector) whole(sums []VecVirtual, a, x, left, offset Register) {
	loop, done := v.Fresh("Loop"), v.Fresh("Done")
	Label(loop)
	CMPQ(left, Imm(lanes))
	JLT(LabelRef(done))
	for j, s := range sums {
		t := v.Register()
		VMOVUPD(Mem{Base: a, Index: offset, Scale: 1, Disp: j * v.Size}, t)
		VFMADD231PD(Mem{Base: x, Index: offset, Scale: 1, Disp: j * v.Size}, t, s)
	}
	ADDQ(U32(8*lanes), offset)
	SUBQ(Imm(lanes), left)
	JMP(LabelRef(loop))
	Label(done)
}

// partial adds the products of the last group.
func (v *vector) partial(sums []VecVirtual, a, x, left, offset Register) {
	none := v.Fresh("None")
	size := v.Size / 8
	jumps := make([]string, len(sums))
	for j, s := range sums {
		jumps[j] = v.Fresh("Masked")
		CMPQ(left, Imm(uint64(size)))
		JLT(LabelRef(jumps[j]))
		t := v.Register()
		VMOVUPD(Mem{Base: a, Index: offset, Scale: 1}, t)
		VFMADD231PD(Mem{Base: x, Index: offset, Scale: 1}, t, s)
		ADDQ(U32(uint32(v.Size)), offset)
		SUBQ(Imm(uint64(size)), left)
	}
	JMP(LabelRef(none))
	for j, s := range sums {
		Label(jumps[j])
		TESTQ(left, left)
		JZ(LabelRef(none))
		mask, t := v.Tail(left), v.Register()
		v.Load(Mem{Base: a, Index: offset, Scale: 1}, t, mask)
		v.multiplyAdd(Mem{Base: x, Index: offset, Scale: 1}, t, s, mask)
		JMP(LabelRef(none))
	}
	Label(none)
}

// reduce adds the lanes pairwise, l to l+16, l to l+8 and so on, and +0: a sum is never -0.
func (v *vector) reduce(sums []VecVirtual) VecVirtual {
	for h := len(sums) / 2; h > 0; h /= 2 {
		for j := range h {
			VADDPD(sums[j+h], sums[j], sums[j])
		}
	}
	y := sums[0]
	if v.Wide() {
		high := YMM()
		VEXTRACTF64X4(Imm(1), sums[0], high)
		y = YMM()
		VADDPD(high, sums[0].AsY(), y)
	}
	high, x := XMM(), XMM()
	VEXTRACTF128(Imm(1), y, high)
	VADDPD(high, y.AsX(), x)
	VUNPCKHPD(x, x, high)
	VADDSD(high, x, x)
	zero := XMM()
	VXORPD(zero, zero, zero)
	VADDSD(zero, x, x)
	return x
}

// panel copies terms rows of so many vectors, a step apart, one after another.
func (v *vector) panel() {
	for _, count := range []int{1, v.columns} {
		v.Start(fmt.Sprintf("panel%d", count), "func(dst, src *float64, terms, step int)")
		dst, src, terms, step := v.Param("dst"), v.Param("src"), v.Param("terms"), v.Bytes("step")
		loop := v.Label("Loop")
		Label(loop)
		for j := range count {
			t := v.Register()
			VMOVUPD(Mem{Base: src, Disp: j * v.Size}, t)
			VMOVUPD(t, Mem{Base: dst, Disp: j * v.Size})
		}
		ADDQ(U32(uint32(count*v.Size)), dst)
		ADDQ(step, src)
		DECQ(terms)
		JNZ(LabelRef(loop))
		v.End()
	}
}

// fourRows: dst[k*width+i] = src[i*stride+k] for i < 4 and k < 4 fours. fours > 0.
func fourRows() {
	v := &vector{Set: simd.AVX2()}
	v.Start("fourRows", "func(dst, src *float64, fours, stride, width int)")
	dst, fours, stride, width := v.Param("dst"), v.Param("fours"), v.Bytes("stride"), v.Bytes("width")
	rows := []Register{v.Param("src")}
	for i := 1; i < 4; i++ {
		rows = append(rows, GP64())
		MOVQ(rows[i-1], rows[i])
		ADDQ(stride, rows[i])
	}
	loop := v.Label("Loop")
	Label(loop)
	for k := 0; k < 4; k += 2 {
		even, odd := half(rows[0], rows[2], k), half(rows[1], rows[3], k)
		for _, unpack := range []func(Op, Op, Op){func(a, b, c Op) { VUNPCKLPD(a, b, c) }, func(a, b, c Op) { VUNPCKHPD(a, b, c) }} {
			column := YMM()
			unpack(odd, even, column)
			VMOVUPD(column, Mem{Base: dst})
			ADDQ(width, dst)
		}
	}
	for _, r := range rows {
		ADDQ(Imm(32), r)
	}
	DECQ(fours)
	JNZ(LabelRef(loop))
	v.End()
}

// half is entries k and k+1 of two rows.
func half(first, second Register, k int) VecVirtual {
	r := YMM()
	VMOVUPD(Mem{Base: first, Disp: 8 * k}, r.AsX())
	VINSERTF128(Imm(1), Mem{Base: second, Disp: 8 * k}, r, r)
	return r
}

// peak runs independent fused multiply-adds on registers alone: the most that a core can do.
const peakSums = 12

func (v *vector) peak() {
	v.Start("peak", "func(rounds int)")
	rounds := v.Param("rounds")
	sums := v.zeros(peakSums)
	f := v.zeros(1)[0]
	loop := v.Label("Loop")
	Label(loop)
	for _, s := range sums {
		VFMADD231PD(f, f, s)
	}
	DECQ(rounds)
	JNZ(LabelRef(loop))
	v.End()
}

func (v *vector) zeros(count int) []VecVirtual {
	out := make([]VecVirtual, count)
	for i := range out {
		out[i] = v.Register()
		v.Zero(out[i])
	}
	return out
}
