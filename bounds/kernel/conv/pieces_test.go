package conv

import (
	"math"
	"testing"
	"unsafe"
)

// TestPieces holds the tables to the error that they state, at the ends of the pieces and within, against the series.
func TestPieces(t *testing.T) {
	if size := unsafe.Sizeof(piece{}); size&(size-1) != 0 {
		t.Errorf("a piece of %d bytes; make that a power of two", size)
	}
	table := newPieceTable(1)
	series := func(c [pieceTerms]float64, x float64) float64 {
		sum := 0.0
		for i := pieceTerms - 1; i >= 0; i-- {
			sum = sum*x + c[i]
		}
		return sum
	}
	var worst float64
	for k := range pieces {
		for _, at := range []float64{0x1p-40, 0.3, 0.7, 1} {
			d := (float64(k) + at) / pieces
			c := &table[int(d*piecesScale)]
			if r := d - c.middle; !(math.Abs(r) <= 1.001/(2*pieces)) {
				t.Fatalf("d = %g is %g from the middle of its piece", d, r)
			}
			p, _ := angleSeries(number(d)).Float64()
			h, _ := kernelSeries(number(d)).Float64()
			worst = max(worst, math.Abs(math.Pi*series(c.p, d-c.middle)/p-1), math.Abs(math.Pi*series(c.h, d-c.middle)/h-1))
		}
	}
	if worst > 6e-16 || worst < 1e-17 {
		t.Errorf("relative error %.2g, stated below a few roundings", worst)
	}
}
