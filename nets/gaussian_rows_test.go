package nets

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// Unit rows have length one, and the law of their entries has the moments 1/d and 3/(d(d+2)).
func TestUnitRows(t *testing.T) {
	const n, d = 20000, 3
	x := UnitRows(n, d, newRand(5))
	second, fourth := 0.0, 0.0
	for i := range n {
		if norm := mat.Norm(x.RowView(i), 2); !(math.Abs(norm-1) <= 1e-15) {
			t.Fatalf("row %d has length %v", i, norm)
		}
		v := x.At(i, 0)
		second, fourth = second+v*v/n, fourth+v*v*v*v/n
	}
	if !(math.Abs(second*d-1) <= 0.03) || !(math.Abs(fourth*d*(d+2)/3-1) <= 0.05) {
		t.Errorf("moments %v and %v, want 1/3 and 1/5", second, fourth)
	}
}
