package kernel_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel"
)

// (3, 4) and (5, 12) by hand: norms 5 and 13, inner product 63.
func TestPairByHand(t *testing.T) {
	p, err := kernel.NewPair([]float64{3, 4}, []float64{5, 12})
	if err != nil {
		t.Fatal(err)
	}
	angle := math.Atan2(12, 5) - math.Atan2(4, 3)
	a, err := kernel.Angle([]float64{3, 4}, []float64{5, 12})
	if err != nil {
		t.Fatal(err)
	}
	chord, antichord := math.Hypot(3./5-5./13, 4./5-12./13), math.Hypot(3./5+5./13, 4./5+12./13)
	opposite, err := kernel.NewPair([]float64{3, 4}, []float64{-5, -12})
	if err != nil {
		t.Fatal(err)
	}
	of, err := kernel.Pairs(rows([]float64{0, 1}, []float64{3, 4}, []float64{5, 12}))
	if err != nil {
		t.Fatal(err)
	}
	row := of(1, 2)
	unit := kernel.UnitPair(63. / 65)
	for what, v := range map[string][2]float64{
		"first norm": {p.NormX, 5}, "second norm": {p.NormY, 13}, "inner product": {p.Dot(), 63},
		"cosine": {p.Cos, 63. / 65}, "sine": {p.Sin, 16. / 65}, "angle": {p.Angle, angle}, "angle alone": {a, angle},
		"row norms": {row.NormX, 5}, "other row": {row.NormY, 13}, "row cosine": {row.Cos, 63. / 65}, "row sine": {row.Sin, 16. / 65}, "row angle": {row.Angle, angle},
		"chord": {p.Chord(), chord}, "antichord": {p.Antichord(), antichord},
		"chord to the opposite": {opposite.Chord(), antichord}, "antichord to the opposite": {opposite.Antichord(), chord},
		"unit cosine": {unit.Cos, 63. / 65}, "unit sine": {unit.Sin, 16. / 65}, "unit angle": {unit.Angle, angle}, "unit norms": {unit.NormX * unit.NormY, 1},
	} {
		if !(math.Abs(v[0]-v[1]) <= 3e-15*max(1, v[1])) {
			t.Errorf("%s: %.16g, want %.16g", what, v[0], v[1])
		}
	}
}

// R D and D are the plain inner products and norms.
func TestDeepCosines(t *testing.T) {
	x := rows([]float64{3, 4}, []float64{5, 12}, []float64{-8, 6})
	r, norms, err := kernel.DeepCosines(x)
	if err != nil {
		t.Fatal(err)
	}
	var gram mat.Dense
	gram.Mul(x, x.T())
	for i, want := range []float64{5, 13, 10} {
		if !(math.Abs(norms[i]-want) <= 1e-14) {
			t.Errorf("norm %d is %v, want %v", i, norms[i], want)
		}
		for j, other := range []float64{5, 13, 10} {
			if cos := gram.At(i, j) / want / other; !(math.Abs(r.At(i, j)-cos) <= 1e-15) {
				t.Errorf("cosine (%d, %d) is %v, want %v", i, j, r.At(i, j), cos)
			}
		}
	}
}

// Norms whose sixth power is no float64 are refused by name; those just inside give finite values above zero.
func TestGramAtExtremeNorms(t *testing.T) {
	one := rows([]float64{1, 0})
	for _, k := range kernel.All() {
		for _, norm := range []float64{1e200, 1e51, 1e-51, 1e-200} {
			x := rows([]float64{1, 0}, []float64{0, norm})
			_, err := k.Gram(x)
			_, crossed := k.Cross(one, x)
			_, first := k.Cross(x, one)
			_, lambda := k.Lambda0(x)
			for _, err := range []error{err, crossed, first, lambda} {
				if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("row 1 has the norm %.3g", norm)) || !strings.Contains(err.Error(), "rescale") {
					t.Errorf("%s at norm %g: error %v", k.Name(), norm, err)
				}
			}
		}
		for _, norm := range []float64{1e50, 1e-50} {
			g, err := k.Gram(rows([]float64{norm, 0}))
			if err != nil {
				t.Fatal(err)
			}
			if v := g.At(0, 0); !(v > 0) || math.IsInf(v, 0) {
				t.Errorf("%s at norm %g: %v", k.Name(), norm, v)
			}
		}
	}
}
