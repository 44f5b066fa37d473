package cuda

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// emulator runs PTX on the processor: as much of it as planes.ptx uses, one thread at a time, which wait for each other at
// shuffles. Registers hold 64 raw bits; memory is one array of bytes, constants are by symbol.
type emulator struct {
	entries   map[string][]instruction
	constants map[string][]byte
	heap      []byte
	err       error
	slots     map[string]int // of the registers, whose names are decoded once
}

// instruction is one decoded line: do acts on a thread and returns the next instruction, or one of the signals below.
type instruction struct {
	text    string
	shuffle *shuffle
	do      func(t *thread, at int) int
}

const (
	exit = -1
	wait = -2 // at a shuffle
)

type thread struct {
	registers []uint64
	arguments []byte
	at        int
}

type shuffle struct {
	to, from, delta operand
	up              bool
}

// operand is a register, or a number in register 0.
type operand struct {
	slot   int
	number uint64
}

func (t *thread) value(o operand) uint64 { return t.registers[o.slot] + o.number }

const blockSize = 64

func newEmulator(text string) *emulator {
	e := &emulator{entries: map[string][]instruction{}, constants: map[string][]byte{}, heap: make([]byte, 4096), slots: map[string]int{}}
	for _, part := range strings.Split(text, ".visible .entry ")[1:] {
		name, _, _ := strings.Cut(part, "(")
		_, body, _ := strings.Cut(part, "{")
		e.entries[name] = e.decode(body)
	}
	return e
}

// decode turns the lines of an entry into instructions; labels become numbers.
func (e *emulator) decode(body string) []instruction {
	var lines []string
	labels := map[string]int{}
	for line := range strings.Lines(body) {
		line, _, _ = strings.Cut(line, "//")
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, ".reg") || line == "}":
		case strings.HasSuffix(line, ":"):
			labels[strings.TrimSuffix(line, ":")] = len(lines)
		default:
			lines = append(lines, strings.TrimSuffix(line, ";"))
		}
	}
	list := make([]instruction, len(lines))
	for k, line := range lines {
		list[k] = e.instruction(line, labels)
	}
	return list
}

func (e *emulator) instruction(line string, labels map[string]int) instruction {
	guard, rest := "", line
	if strings.HasPrefix(line, "@") {
		guard, rest, _ = strings.Cut(line[1:], " ")
		rest = strings.TrimSpace(rest)
	}
	opcode, text, _ := strings.Cut(rest, " ")
	opcode = strings.TrimSpace(strings.ReplaceAll(opcode, "\t", ""))
	text = strings.NewReplacer("{", "", "}", "", "\t", "", "|", ",").Replace(text)
	var args []string
	for a := range strings.SplitSeq(text, ",") {
		args = append(args, strings.TrimSpace(a))
	}
	in := instruction{text: line}
	var do func(t *thread, at int) int
	switch opcode {
	case "bra", "bra.uni":
		target := labels[args[0]]
		do = func(*thread, int) int { return target }
	case "ret":
		do = func(*thread, int) int { return exit }
	case "shfl.sync.up.b32", "shfl.sync.down.b32":
		in.shuffle = &shuffle{e.operand(args[0]), e.operand(args[2]), e.operand(args[3]), opcode == "shfl.sync.up.b32"}
		do = func(*thread, int) int { return wait }
	default:
		f := e.operation(opcode, args)
		if f == nil {
			panic("the emulator does not know " + line)
		}
		do = func(t *thread, at int) int { f(t); return at + 1 }
	}
	in.do = do
	if guard != "" {
		want := !strings.HasPrefix(guard, "!")
		slot := e.operand(strings.TrimPrefix(guard, "!")).slot
		in.do = func(t *thread, at int) int {
			if (t.registers[slot] != 0) != want {
				return at + 1
			}
			return do(t, at)
		}
	}
	return in
}

// operand decodes a register or a number. Register 0 is always 0.
func (e *emulator) operand(a string) operand {
	if a[0] == '%' {
		if _, known := e.slots[a]; !known {
			e.slots[a] = len(e.slots) + 1
		}
		return operand{slot: e.slots[a]}
	}
	var v uint64
	var err error
	if strings.HasPrefix(a, "0f") || strings.HasPrefix(a, "0d") {
		v, err = strconv.ParseUint(a[2:], 16, 64)
	} else {
		var n int64
		n, err = strconv.ParseInt(a, 10, 64)
		v = uint64(n)
	}
	if err != nil {
		panic(err)
	}
	return operand{number: v}
}

func f32(v uint64) float32        { return math.Float32frombits(uint32(v)) }
func f64(v uint64) float64        { return math.Float64frombits(v) }
func from32(v float32) uint64     { return uint64(math.Float32bits(v)) }
func from64(v float64) uint64     { return math.Float64bits(v) }
func truth(b bool) uint64         { return uint64(flag(b)) }
func wide(v uint64) int64         { return int64(int32(v)) }
func truncated(v uint64) uint64   { return uint64(uint32(v)) }
func little(b []byte) uint64      { return uint64(binary.LittleEndian.Uint32(b)) }
func (e *emulator) failed() error { return e.err }

// arithmetic are the operations that take two values, or three.
var arithmetic = map[string]func(a, b, c uint64) uint64{
	"fma.rn.f64":     func(a, b, c uint64) uint64 { return from64(math.FMA(f64(a), f64(b), f64(c))) },
	"fma.rn.f32":     func(a, b, c uint64) uint64 { return from32(float32(float64(f32(a))*float64(f32(b)) + float64(f32(c)))) },
	"add.f64":        func(a, b, _ uint64) uint64 { return from64(f64(a) + f64(b)) },
	"sub.f64":        func(a, b, _ uint64) uint64 { return from64(f64(a) - f64(b)) },
	"mul.f64":        func(a, b, _ uint64) uint64 { return from64(f64(a) * f64(b)) },
	"neg.f64":        func(a, _, _ uint64) uint64 { return from64(-f64(a)) },
	"sqrt.rn.f64":    func(a, _, _ uint64) uint64 { return from64(math.Sqrt(f64(a))) },
	"add.f32":        func(a, b, _ uint64) uint64 { return from32(f32(a) + f32(b)) },
	"mul.f32":        func(a, b, _ uint64) uint64 { return from32(f32(a) * f32(b)) },
	"neg.f32":        func(a, _, _ uint64) uint64 { return from32(-f32(a)) },
	"sqrt.rn.f32":    func(a, _, _ uint64) uint64 { return from32(float32(math.Sqrt(float64(f32(a))))) },
	"cvt.f64.f32":    func(a, _, _ uint64) uint64 { return from64(float64(f32(a))) },
	"cvt.rn.f64.u32": func(a, _, _ uint64) uint64 { return from64(float64(uint32(a))) },
	"cvt.rn.f32.u32": func(a, _, _ uint64) uint64 { return from32(float32(uint32(a))) },
	"cvt.s64.s32":    func(a, _, _ uint64) uint64 { return uint64(wide(a)) },
	"cvt.u32.u64":    func(a, _, _ uint64) uint64 { return truncated(a) },
	"cvt.u64.u32":    func(a, _, _ uint64) uint64 { return truncated(a) },
	"add.s64":        func(a, b, _ uint64) uint64 { return a + b },
	"sub.s64":        func(a, b, _ uint64) uint64 { return a - b },
	"mul.lo.s64":     func(a, b, _ uint64) uint64 { return a * b },
	"add.s32":        func(a, b, _ uint64) uint64 { return truncated(a + b) },
	"sub.s32":        func(a, b, _ uint64) uint64 { return truncated(a - b) },
	"mul.lo.s32":     func(a, b, _ uint64) uint64 { return truncated(a * b) },
	"mul.wide.s32":   func(a, b, _ uint64) uint64 { return uint64(wide(a) * wide(b)) },
	"mul.wide.u32":   func(a, b, _ uint64) uint64 { return truncated(a) * truncated(b) },
	"div.s64":        func(a, b, _ uint64) uint64 { return uint64(int64(a) / int64(b)) },
	"div.u32":        func(a, b, _ uint64) uint64 { return uint64(uint32(a) / uint32(b)) },
	"div.s32":        func(a, b, _ uint64) uint64 { return truncated(uint64(wide(a) / wide(b))) },
	"rem.s32":        func(a, b, _ uint64) uint64 { return truncated(uint64(wide(a) % wide(b))) },
	"shl.b64":        func(a, b, _ uint64) uint64 { return a << b },
	"shl.b32":        func(a, b, _ uint64) uint64 { return truncated(a << b) },
	"shr.u64":        func(a, b, _ uint64) uint64 { return a >> b },
	"shr.s64":        func(a, b, _ uint64) uint64 { return uint64(int64(a) >> b) },
	"and.b32":        func(a, b, _ uint64) uint64 { return truncated(a & b) },
	"and.b64":        func(a, b, _ uint64) uint64 { return a & b },
	"or.b64":         func(a, b, _ uint64) uint64 { return a | b },
	"and.pred":       func(a, b, _ uint64) uint64 { return a & b },
	"or.pred":        func(a, b, _ uint64) uint64 { return a | b },
	"setp.lt.s32":    func(a, b, _ uint64) uint64 { return truth(wide(a) < wide(b)) },
	"setp.gt.s32":    func(a, b, _ uint64) uint64 { return truth(wide(a) > wide(b)) },
	"setp.ge.s32":    func(a, b, _ uint64) uint64 { return truth(wide(a) >= wide(b)) },
	"setp.eq.s32":    func(a, b, _ uint64) uint64 { return truth(wide(a) == wide(b)) },
	"setp.ne.s32":    func(a, b, _ uint64) uint64 { return truth(wide(a) != wide(b)) },
	"setp.lt.u32":    func(a, b, _ uint64) uint64 { return truth(uint32(a) < uint32(b)) },
	"setp.ge.s64":    func(a, b, _ uint64) uint64 { return truth(int64(a) >= int64(b)) },
	"setp.eq.s64":    func(a, b, _ uint64) uint64 { return truth(a == b) },
	"setp.lt.f64":    func(a, b, _ uint64) uint64 { return truth(f64(a) < f64(b)) },
	"setp.lt.f32":    func(a, b, _ uint64) uint64 { return truth(f32(a) < f32(b)) },
}

func choose(a, b, c uint64) uint64 {
	if c != 0 {
		return a
	}
	return b
}

func (e *emulator) operation(opcode string, args []string) func(t *thread) {
	f := arithmetic[opcode]
	if strings.HasPrefix(opcode, "selp.") {
		f = choose
	}
	if strings.HasPrefix(opcode, "mov.") && len(args) == 2 || opcode == "cvta.to.global.u64" {
		f = func(a, _, _ uint64) uint64 { return a }
	}
	if f != nil {
		var o [4]operand
		for k, a := range args {
			o[k] = e.operand(a)
		}
		return func(t *thread) { t.registers[o[0].slot] = f(t.value(o[1]), t.value(o[2]), t.value(o[3])) }
	}
	if opcode == "mov.b64" { // of two halves
		a, b, c := e.operand(args[0]), e.operand(args[1]), e.operand(args[2])
		if strings.HasPrefix(args[0], "%r") && !strings.HasPrefix(args[0], "%rd") {
			return func(t *thread) {
				v := t.value(c)
				t.registers[a.slot], t.registers[b.slot] = truncated(v), v>>32
			}
		}
		return func(t *thread) { t.registers[a.slot] = t.value(b) | t.value(c)<<32 }
	}
	return e.access(opcode, args)
}

// access decodes loads and stores.
func (e *emulator) access(opcode string, args []string) func(t *thread) {
	parts := strings.Split(opcode, ".")
	size := 4
	if strings.HasSuffix(opcode, "64") {
		size = 8
	}
	read := func(b []byte) uint64 {
		if size == 8 {
			return binary.LittleEndian.Uint64(b)
		}
		return little(b)
	}
	// place decodes an address into the bytes there.
	place := func(a string) func(t *thread) []byte {
		base, text, _ := strings.Cut(strings.Trim(a, "[]"), "+")
		offset, _ := strconv.Atoi(text) // none is 0
		switch parts[1] {
		case "param":
			return func(t *thread) []byte { return t.arguments[offset:] }
		case "const":
			return func(*thread) []byte { return e.constants[base][offset:] }
		}
		slot := e.operand(base).slot
		return func(t *thread) []byte { return e.heap[t.registers[slot]+uint64(offset):] }
	}
	operands := func(list []string) (o []operand) {
		for _, a := range list {
			o = append(o, e.operand(a))
		}
		return o
	}
	switch parts[0] {
	case "ld":
		at, to := place(args[len(args)-1]), operands(args[:len(args)-1])
		return func(t *thread) {
			b := at(t)
			for k, o := range to {
				t.registers[o.slot] = read(b[k*size:])
			}
		}
	case "st":
		at, from := place(args[0]), operands(args[1:])
		return func(t *thread) {
			for k, o := range from {
				binary.LittleEndian.PutUint64(at(t)[k*size:], t.value(o))
			}
		}
	}
	return nil
}

// launch runs the warps of an entry one after the other.
func (e *emulator) launch(entry string, threads int, arguments []byte) {
	program := e.entries[entry]
	if program == nil {
		e.err = fmt.Errorf("no entry %s", entry)
		return
	}
	for first := 0; first < threads; first += side {
		warp := make([]*thread, side)
		for k := range warp {
			warp[k] = &thread{registers: make([]uint64, len(e.slots)+4), arguments: arguments}
			for name, v := range map[string]int{"%tid.x": (first + k) % blockSize, "%ntid.x": blockSize, "%ctaid.x": first / blockSize} {
				warp[k].registers[e.operand(name).slot] = uint64(v)
			}
		}
		for e.step(program, warp) {
		}
	}
}

// step takes all threads to the next shuffle and through it. It is false when they are at their ends.
func (e *emulator) step(program []instruction, warp []*thread) bool {
	for _, t := range warp {
		for t.at != exit {
			next := program[t.at].do(t, t.at)
			if next == wait {
				break
			}
			t.at = next
		}
		if t.at != warp[0].at {
			panic("threads wait at different shuffles")
		}
	}
	if warp[0].at == exit {
		return false
	}
	s := program[warp[0].at].shuffle
	var values [side]uint64
	for k, t := range warp {
		from, delta := k, int(t.value(s.delta))
		if s.up {
			delta = -delta
		}
		if k+delta >= 0 && k+delta < side {
			from = k + delta
		}
		values[k] = warp[from].value(s.from)
	}
	for k, t := range warp {
		t.registers[s.to.slot] = values[k]
		t.at++
	}
	return true
}

func (e *emulator) reserve(bytes int) address {
	at := len(e.heap)
	e.heap = append(e.heap, make([]byte, (bytes+15)/16*16)...)
	return address(at)
}

func (e *emulator) upload(b []byte) address {
	at := e.reserve(len(b))
	copy(e.heap[at:], b)
	return at
}

func (e *emulator) constant(symbol string, b []byte) { e.constants[symbol] = b }
func (e *emulator) download(from address, b []byte)  { copy(b, e.heap[from:]) }
