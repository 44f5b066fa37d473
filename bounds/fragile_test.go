package bounds

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// TestContractionByHand compares with values worked out on paper.
func TestContractionByHand(t *testing.T) {
	for _, c := range []struct {
		lambda, s  float64
		fragile    []int
		m          int
		gram, want float64
	}{
		{0.25, 1, []int{0, 0}, 10, 0.25, 0.25},
		{0.25, 1, []int{1}, 100, 0.16, 0.15},                // (0.5-0.1)^2 - 1/100
		{0.49, 2, []int{3, 4}, 100, 0.18959482, 0.08959482}, // (0.7-0.07^{1/2})^2 - 2*5/100
		{0.01, 1, []int{9}, 100, 0, -0.09},
	} {
		if got := FragileGram(c.lambda, c.fragile, c.m); !(math.Abs(got-c.gram) <= 1e-8) {
			t.Errorf("FragileGram(%v, %v, %d) = %v, want %v", c.lambda, c.fragile, c.m, got, c.gram)
		}
		if got := FragileContraction(c.lambda, c.s, c.fragile, c.m); !(math.Abs(got-c.want) <= 1e-8) {
			t.Errorf("FragileContraction(%v, %v, %v, %d) = %v, want %v", c.lambda, c.s, c.fragile, c.m, got, c.want)
		}
	}
}

// TestFragileShiftByHand: F = {3, 4}, m = 100, S = 2: 4*0.07^{1/2} + 0.07 + 2*5/100.
func TestFragileShiftByHand(t *testing.T) {
	if got, want := FragileShift(2, []int{3, 4}, 100), 4*math.Sqrt(0.07)+0.17; !(math.Abs(got-want) <= 1e-14) {
		t.Errorf("FragileShift = %v, want %v", got, want)
	}
}

// TestTrajectoryDeviationIsTelescoping: for scalars a^k - b^k = (a-b) sum_j a^{k-1-j} b^j, which is the bound without a
// shift when gap = |lambda - lambda0|.
func TestTrajectoryDeviationIsTelescoping(t *testing.T) {
	const eta, low, own, e0 = 0.7, 0.5, 0.62, 3.0
	b := TrajectoryDeviation(eta, low, own, own-low, 0, e0, 12)
	for k, got := range b {
		want := e0 * (math.Pow(1-eta*low, float64(k)) - math.Pow(1-eta*own, float64(k)))
		if !(math.Abs(got-want) <= 1e-13) {
			t.Errorf("b_%d = %v, want %v", k, got, want)
		}
	}
	if with := TrajectoryDeviation(eta, low, own, own-low, 0.12, e0, 12); !(math.Abs(with[5]-2*b[5]) <= 1e-13) {
		t.Errorf("a shift as large as the gap gives %v, want twice %v", with[5], b[5])
	}
}

// TestFragileGramIsNeverAbove flips random activations and looks at the smallest eigenvalue itself.
func TestFragileGramIsNeverAbove(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		n, d, m := 1+r.IntN(3), 4, 40
		x := mat.NewDense(n, d, nil)
		for i := range n {
			row := x.RawRowView(i)
			var sq float64
			for k := range row {
				row[k] = r.NormFloat64()
				sq += row[k] * row[k]
			}
			for k := range row {
				row[k] /= math.Sqrt(sq)
			}
		}
		before, fragile := make([][]bool, m), make([]int, n)
		after := make([][]bool, m)
		for k := range m {
			before[k], after[k] = make([]bool, n), make([]bool, n)
			for i := range n {
				before[k][i] = r.IntN(2) == 0
				after[k][i] = before[k][i]
				if r.IntN(30) == 0 {
					after[k][i] = !before[k][i]
					fragile[i]++
				}
			}
		}
		low := FragileGram(leastEigen(gramOf(x, before)), fragile, m)
		if got := leastEigen(gramOf(x, after)); got < low-1e-12 {
			t.Fatalf("lambda_min after the flips %v is %v, below %v", fragile, got, low)
		}
	}
}

func gramOf(x *mat.Dense, active [][]bool) *mat.SymDense {
	n, _ := x.Dims()
	h := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			both := 0.0
			for _, a := range active {
				if a[i] && a[j] {
					both++
				}
			}
			h.SetSym(i, j, both/float64(len(active))*mat.Dot(x.RowView(i), x.RowView(j)))
		}
	}
	return h
}

func leastEigen(h *mat.SymDense) float64 {
	var e mat.EigenSym
	if !e.Factorize(h, false) {
		return math.NaN()
	}
	return math.Max(0, e.Values(nil)[0])
}

// TestGramQuantileByHand: for one input and ten neurons P(Bin(10, 1/2) > 8) = 11/1024 and P(> 7) = 56/1024, so that the
// tenth and the fifth part of the probability lie beyond 0.3 and 0.2.
func TestGramQuantileByHand(t *testing.T) {
	h, k := mat.NewSymDense(1, []float64{0.5}), mat.NewSymDense(1, []float64{1})
	for delta, want := range map[float64]float64{0.1: 0.3, 0.2: 0.2} {
		if got := GramQuantile(h, k, 10, delta); !(math.Abs(got-want) <= 1e-12) {
			t.Errorf("delta %v: %v, want %v", delta, got, want)
		}
	}
}

// TestGramQuantileCovers draws neurons and counts: at most delta of the draws lie beyond, and a good part of delta does.
func TestGramQuantileCovers(t *testing.T) {
	const m, delta, trials = 40, 0.3, 4000
	x := mat.NewDense(2, 2, []float64{1, 0, 0.6, 0.8})
	angle := math.Acos(0.6)
	off := 0.6 * (math.Pi - angle) / (2 * math.Pi)
	h, k := mat.NewSymDense(2, []float64{0.5, off, off, 0.5}), mat.NewSymDense(2, []float64{1, 0.6, 0.6, 1})
	bound := GramQuantile(h, k, m, delta)
	r, beyond := rand.New(rand.NewPCG(7, 8)), 0
	for range trials {
		active := make([][]bool, m)
		for i := range active {
			a, b := r.NormFloat64(), r.NormFloat64()
			active[i] = []bool{a >= 0, 0.6*a+0.8*b >= 0}
		}
		var d mat.SymDense
		d.ScaleSym(-1, h)
		d.AddSym(gramOf(x, active), &d)
		if mat.Norm(&d, 2) > bound {
			beyond++
		}
	}
	if share := float64(beyond) / trials; share > delta || share < delta/60 {
		t.Errorf("%.3f of the draws lie beyond the quantile for %v", share, delta)
	}
}
