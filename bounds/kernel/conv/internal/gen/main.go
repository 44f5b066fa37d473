// Command gen writes the assembly of the inner loops of package conv, for AVX2 with FMA and for AVX-512, in float64
// and float32. It is a module of its own, so that the assembler is no dependency of the library.
//
// Each loop reads a pointer to its argument struct (multiplyArgs, boxArgs, reluArgs) by offset, and performs the
// operations of the portable loop in the same order.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!noasm")
	for _, v := range []vector{avx512(8), avx512(4), avx2(8), avx2(4)} {
		v.multiply()
		v.box()
		v.relu("relu", false)
		v.relu("signed", true)
	}
	Generate()
}

// slice is the offset of the n-th slice of an argument struct; the numbers stand behind the slices.
func slice(n int) int { return 24 * n }

// function starts a loop and returns its argument pointer.
func (v vector) function(name string) Register {
	TEXT(name+v.suffix, NOSPLIT, "func(args *byte)")
	Pragma("noescape")
	return Load(Param("args"), GP64())
}

func field(args Register, offset int) GPVirtual {
	r := GP64()
	MOVQ(Mem{Base: args, Disp: offset}, r)
	return r
}

// bytes is a field that counts values, in bytes.
func (v vector) bytes(args Register, offset int) GPVirtual {
	r := field(args, offset)
	SHLQ(Imm(uint64(v.shift)), r)
	return r
}

// multiply: dst = sum over channels of x y.
func (v vector) multiply() {
	a := v.function("multiply")
	dst, x, y := field(a, slice(0)), field(a, slice(1)), field(a, slice(2))
	n := slice(3)
	rows, width, stride, channel := field(a, n), v.bytes(a, n+8), v.bytes(a, n+16), v.bytes(a, n+24)
	name := "multiply" + v.suffix
	Label(name + "Row")
	{
		j := GP64()
		XORQ(j, j)
		Label(name + "Column")
		acc, xs, ys, c := v.register(), GP64(), GP64(), field(a, n+32)
		v.zero(acc)
		LEAQ(Mem{Base: x, Index: j, Scale: 1}, xs)
		LEAQ(Mem{Base: y, Index: j, Scale: 1}, ys)
		Label(name + "Channel")
		t := v.register()
		v.load(Mem{Base: xs}, t)
		v.fma231(Mem{Base: ys}, t, acc)
		ADDQ(channel, xs)
		ADDQ(channel, ys)
		DECQ(c)
		JNZ(LabelRef(name + "Channel"))
		v.store(acc, Mem{Base: dst})
		ADDQ(Imm(uint64(v.size)), dst)
		ADDQ(Imm(uint64(v.size)), j)
		CMPQ(j, width)
		JLT(LabelRef(name + "Column"))
	}
	ADDQ(stride, x)
	ADDQ(stride, y)
	DECQ(rows)
	JNZ(LabelRef(name + "Row"))
	VZEROUPPER()
	RET()
}

// box: down each column of vectors, with the sums along the last two rows in registers.
func (v vector) box() {
	a := v.function("box")
	dst, src, left, right := field(a, slice(0)), field(a, slice(1)), field(a, slice(2)), field(a, slice(3))
	width, j := v.bytes(a, slice(4)+8), GP64()
	XORQ(j, j)
	name := "box" + v.suffix
	unit := v.size / v.lanes
	along := func(row Register, l, r, out VecVirtual) {
		v.load(Mem{Base: row}, out)
		v.fma231(Mem{Base: row, Disp: -unit}, l, out)
		v.fma231(Mem{Base: row, Disp: unit}, r, out)
	}
	Label(name + "Column")
	{
		from, to, rows := GP64(), GP64(), field(a, slice(4))
		LEAQ(Mem{Base: src, Index: j, Scale: 1}, from)
		LEAQ(Mem{Base: dst, Index: j, Scale: 1}, to)
		l, r := v.register(), v.register()
		v.load(Mem{Base: left, Index: j, Scale: 1}, l)
		v.load(Mem{Base: right, Index: j, Scale: 1}, r)
		above, here, below, sum := v.register(), v.register(), v.register(), v.register()
		v.zero(above)
		along(from, l, r, here)
		DECQ(rows)
		JZ(LabelRef(name + "Last"))
		Label(name + "Row")
		ADDQ(width, from)
		along(from, l, r, below)
		v.add(above, here, sum)
		v.add(below, sum, sum)
		v.store(sum, Mem{Base: to})
		v.move(here, above)
		v.move(below, here)
		ADDQ(width, to)
		DECQ(rows)
		JNZ(LabelRef(name + "Row"))
		Label(name + "Last")
		v.add(above, here, sum)
		v.store(sum, Mem{Base: to})
		ADDQ(Imm(uint64(v.size)), j)
		CMPQ(j, width)
		JLT(LabelRef(name + "Column"))
	}
	VZEROUPPER()
	RET()
}

// relu: the activation. The polynomials take their highest coefficients from registers as far as these reach; the
// number of terms is odd, so that the first is an even power.
func (v vector) relu(base string, signed bool) {
	name := base + v.suffix
	a := v.function(base)
	sigma, theta := field(a, slice(0)), field(a, slice(1))
	s, r, s2, r2 := field(a, slice(2)), field(a, slice(3)), field(a, slice(4)), field(a, slice(5))
	constants := field(a, slice(6))
	n := slice(7)
	rows, stride := field(a, n), v.bytes(a, n+16)
	unit := v.size / v.lanes
	constant := func(k int) Mem { return Mem{Base: constants, Disp: unit * k} }
	keep := v.keeper(constants, unit)
	share, one, snap := keep.must(0), keep.must(2), keep.must(1)
	keep.fill(3, 3+2*v.terms)
	var mask, zero VecVirtual
	if signed {
		mask, zero = v.signMask(), v.register()
		v.zero(zero)
	}
	Label(name + "Row")
	j, width := GP64(), v.bytes(a, n+8)
	XORQ(j, j)
	Label(name + "Column")
	at := func(base Register) Mem { return Mem{Base: base, Index: j, Scale: 1} }
	k, d, t := v.register(), v.register(), v.register()
	v.load(at(r), t)
	v.mul(at(r2), t, t)
	v.load(Mem{Base: sigma}, k)
	d = v.register()
	v.move(one, d)
	negative := v.negative(signed, k, zero, mask)
	v.fnma231(k, t, d) // 1 - |sigma| r r2
	v.dropBelow(d, snap)
	square := v.register()
	v.mul(d, d, square)
	// Even and odd powers of P and H: four chains.
	chains := [4]VecVirtual{v.register(), v.register(), v.register(), v.register()}
	for i := range 2 * v.terms {
		if i < 4 {
			keep.copy(3+i, chains[i], constant)
		} else {
			keep.horner(chains[i%4], square, 3+i, constant)
		}
	}
	p, h := chains[0], chains[1]
	v.fma231(chains[2], d, p)
	v.fma231(chains[3], d, h)
	root := v.register()
	v.sqrt(d, root)
	rest := v.register()
	v.move(share, rest)
	v.fnma231(d, share, rest) // share - d share
	v.mul(root, d, d)
	slope := v.register()
	if signed {
		v.slopeSigned(negative, root, p, share, slope, rest)
	} else {
		v.move(share, slope)
		v.fnma231(root, p, slope)
	}
	v.fma231(d, h, rest)
	v.load(at(s), t)
	v.mul(at(s2), t, t)
	v.mul(rest, t, t)
	v.store(t, Mem{Base: sigma})
	v.fma231(Mem{Base: theta}, slope, t)
	v.store(t, Mem{Base: theta})
	ADDQ(Imm(uint64(v.size)), sigma)
	ADDQ(Imm(uint64(v.size)), theta)
	ADDQ(Imm(uint64(v.size)), j)
	CMPQ(j, width)
	JLT(LabelRef(name + "Column"))
	for _, p := range []Register{s, r, s2, r2} {
		ADDQ(stride, p)
	}
	DECQ(rows)
	JNZ(LabelRef(name + "Row"))
	VZEROUPPER()
	RET()
}
