package cuda

import (
	"encoding/binary"
	"math"

	"convergo/bounds/kernel/conv"
)

// address is a place in the memory of a device.
type address uint64

// memory is what a launch needs of a device. Its methods fail once and then do nothing; failed says how.
type memory interface {
	upload(b []byte) address
	reserve(bytes int) address
	constant(symbol string, b []byte)
	// launch runs the entry on threads threads with the argument struct.
	launch(entry string, threads int, arguments []byte)
	download(from address, b []byte)
	failed() error
}

// planes fills the sums of the work.
func planes(m memory, w *conv.Work) error {
	v := values{single: w.Float32}
	entry, symbol := "planes64", "constants64"
	if w.Float32 {
		entry, symbol = "planes32", "constants32"
	}
	m.constant(symbol, v.bytes(w.Constants))
	var a []byte
	for _, list := range [][]conv.Tables{w.X, w.Z} {
		var pixels, s, r []byte
		for _, t := range list {
			pixels, s, r = append(pixels, v.bytes(t.Pixels)...), append(s, v.bytes(t.S)...), append(r, v.bytes(t.R)...)
		}
		for _, b := range [][]byte{pixels, s, r} {
			a = binary.LittleEndian.AppendUint64(a, uint64(m.upload(b)))
		}
	}
	var pairs []byte
	for _, p := range w.Pairs {
		pairs = binary.LittleEndian.AppendUint32(pairs, uint32(p[0]))
		pairs = binary.LittleEndian.AppendUint32(pairs, uint32(p[1]))
	}
	sums := make([]byte, 16*len(w.Sums))
	result := m.reserve(len(sums))
	a = binary.LittleEndian.AppendUint64(a, uint64(m.upload(pairs)))
	a = binary.LittleEndian.AppendUint64(a, uint64(result))
	for _, n := range []int{len(w.Pairs), w.Shape.Channels, w.Shape.Height, w.Shape.Width, w.Net.Depth, w.Offsets(),
		flag(w.Net.FixFirst), flag(w.Net.FixLast)} {
		a = binary.LittleEndian.AppendUint32(a, uint32(n))
	}
	m.launch(entry, len(w.Sums)*side, a)
	m.download(result, sums)
	if err := m.failed(); err != nil {
		return err
	}
	for k := range w.Sums {
		for n := range w.Sums[k] {
			w.Sums[k][n] = math.Float64frombits(binary.LittleEndian.Uint64(sums[16*k+8*n:]))
		}
	}
	return nil
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// values writes numbers in the precision of the work.
type values struct{ single bool }

func (v values) bytes(list []float64) []byte {
	var b []byte
	for _, x := range list {
		if v.single {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(x)))
		} else {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
		}
	}
	return b
}
