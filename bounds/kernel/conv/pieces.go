package conv

import (
	"math"
	"math/big"
	"sync"
)

// Scalar code takes P and H from tables: on each of many short pieces of [0, 1] a polynomial of degree 5 around the
// middle errs by less than a rounding, where one polynomial for all of [0, 1] needs degree 16. The piece of d is
// d * pieces rounded down; that of d = 1 is the last.
const (
	pieces      = 128
	pieceTerms  = 6
	piecesScale = pieces * (1 - 1.0/(1<<40))
)

// piece holds the Taylor coefficients of P and H over pi q^2 around the middle, lowest first. Its size is a power of two.
type piece struct {
	p, h   [pieceTerms]float64
	middle float64
	_      [3]float64
}

// pieceTable is indexed by int(d*piecesScale); its length is a power of two, so that masking the index bounds it.
type pieceTable [pieces]piece

// pieceTables are P and H themselves.
var pieceTables = sync.OnceValue(func() *pieceTable {
	const n = 26 // terms of the interpolation on [0, 1] that the pieces are cut from: an error of 1e-20
	var t pieceTable
	p, h := coefficients(angleSeries, n), coefficients(kernelSeries, n)
	for k := range t {
		t[k].middle = (float64(k) + 0.5) / pieces
		t[k].p, t[k].h = shifted(p, t[k].middle), shifted(h, t[k].middle)
	}
	return &t
})

// newPieceTable returns P and H over pi q^2.
func newPieceTable(q int) *pieceTable {
	t := *pieceTables()
	factor := 1 / float64(q*q) / math.Pi
	for k := range t {
		for i := range pieceTerms {
			t[k].p[i] *= factor
			t[k].h[i] *= factor
		}
	}
	return &t
}

// shifted returns the first Taylor coefficients around x of the polynomial with the given coefficients, by repeated
// division by (d - x).
func shifted(c []*big.Float, x float64) (taylor [pieceTerms]float64) {
	at, rest := number(x), make([]*big.Float, len(c))
	for i := range rest {
		rest[i] = number(0).Set(c[i])
	}
	for k := range taylor {
		for i := len(rest) - 2; i >= 0; i-- {
			rest[i].Add(rest[i], number(0).Mul(rest[i+1], at))
		}
		taylor[k], _ = rest[0].Float64()
		rest = rest[1:]
	}
	return taylor
}
