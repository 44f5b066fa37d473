// Package simd is what the generators of assembly in nets have in common: an
// instruction set with vectors of float64, and how it names, loads, masks and
// stores them. It is a module of its own, so that the assembler is no dependency
// of the library.
package simd

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A Set is an instruction set, and the function that is being written for it.
type Set struct {
	Size   int // bytes of a vector
	suffix string
	name   string
	labels int
}

// AVX512 has vectors of eight.
func AVX512() Set { return Set{Size: 64, suffix: "AVX512"} }

// AVX2 has vectors of four.
func AVX2() Set { return Set{Size: 32, suffix: "AVX2"} }

// Wide reports whether masks are registers of their own.
func (s *Set) Wide() bool { return s.Size == 64 }

// Start opens a function, End returns from it.
func (s *Set) Start(name, signature string) {
	s.name = name + s.suffix
	TEXT(s.name, NOSPLIT, signature)
	Pragma("noescape")
}

func (s *Set) End() {
	VZEROUPPER()
	RET()
}

// Param loads a parameter.
func (s *Set) Param(name string) Register { return Load(Param(name), GP64()) }

// Bytes is a parameter that counts numbers, in bytes.
func (s *Set) Bytes(name string) Register {
	r := s.Param(name)
	SHLQ(Imm(3), r)
	return r
}

// Number broadcasts the parameter at an offset from the start of the parameters.
func (s *Set) Number(name string, offset int) VecVirtual {
	r := s.Register()
	VBROADCASTSD(NewParamAddr(name, offset), r)
	return r
}

// Label is a label of the function.
func (s *Set) Label(name string) string { return s.name + name }

// Fresh is a label that nothing else has.
func (s *Set) Fresh(name string) string {
	s.labels++
	return fmt.Sprintf("%s%s%d", s.name, name, s.labels)
}

// Register is a register for a vector.
func (s *Set) Register() VecVirtual {
	if s.Wide() {
		return ZMM()
	}
	return YMM()
}

// Zero clears a register.
func (s *Set) Zero(r VecVirtual) {
	if s.Wide() {
		VPXORQ(r, r, r)
	} else {
		VXORPD(r, r, r)
	}
}

// Load loads the lanes of the mask, all without one.
func (s *Set) Load(m Mem, r VecVirtual, mask Op) {
	switch {
	case mask == nil:
		VMOVUPD(m, r)
	case s.Wide():
		VMOVUPD_Z(m, mask, r)
	default:
		VMASKMOVPD(m, mask, r)
	}
}

// Store stores the lanes of the mask, all without one.
func (s *Set) Store(r VecVirtual, m Mem, mask Op) {
	switch {
	case mask == nil:
		VMOVUPD(r, m)
	case s.Wide():
		VMOVUPD(r, mask, m)
	default:
		VMASKMOVPD(r, mask, m)
	}
}

// Tail is the mask of the first rest lanes, 0 < rest < lanes of a vector.
func (s *Set) Tail(rest Register) Op {
	if s.Wide() {
		bits, k := GP64(), K()
		MOVQ(rest, RCX)
		MOVQ(U32(1), bits)
		SHLQ(CL, bits)
		DECQ(bits)
		KMOVW(bits.As32(), k)
		return k
	}
	m := Ones()
	at, back, mask := GP64(), GP64(), YMM()
	LEAQ(m.Offset(32), at)
	MOVQ(rest, back)
	SHLQ(Imm(3), back)
	SUBQ(back, at)
	VMOVUPD(Mem{Base: at}, mask)
	return mask
}

var ones *Mem

// Ones holds four lanes of ones, then four of zeros.
func Ones() Mem {
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
