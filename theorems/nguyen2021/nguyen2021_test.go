package nguyen2021

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/checks"
	"convergo/nets"
)

// TestClaims checks every claim; run one with -run 'TestClaims/nguyen2021/name'.
func TestClaims(t *testing.T) {
	for _, c := range Source().Claims {
		checks.Test(t, c)
	}
}

// TestPlanePeak compares the steps from region to region with a look in every direction.
func TestPlanePeak(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range [][2]int{{1, 1}, {3, 2}, {12, 5}} {
		w1, w2 := nets.Gaussian(size[0], 2, r), nets.Gaussian(size[1], size[0], r)
		peak, first, gates := planePeak(w1, w2)
		var norm, open float64
		const directions = 40000
		for k := range directions {
			angle := 2 * math.Pi * (float64(k) + 0.5) / directions
			z := [2]float64{math.Cos(angle), math.Sin(angle)}
			here, _ := planeNorm(w1, w2, z)
			rows := mat.DenseCopyOf(w1)
			for j := range size[0] {
				if w1.At(j, 0)*z[0]+w1.At(j, 1)*z[1] <= 0 {
					rows.SetRow(j, []float64{0, 0})
				}
			}
			norm = max(norm, here)
			if k%20 == 0 {
				var svd mat.SVD
				svd.Factorize(rows, mat.SVDNone)
				open = max(open, svd.Values(nil)[0])
			}
		}
		at, _ := planeNorm(w1, w2, [2]float64{1, 0})
		if !(math.Abs(peak.norm-norm) <= 1e-12*norm) || !(math.Abs(gates-open) <= 1e-12*open) || first != at {
			t.Errorf("%v: peak %v, gates %v, first %v; want %v, %v, %v", size, peak.norm, gates, first, norm, open, at)
		}
	}
}

// TestBracket: with thousands of neurons B/(d n_1) is near its limit, whose entries are 1/2 - 1/(2 pi) on the diagonal and small beside it.
func TestBracket(t *testing.T) {
	b, limit, err := bracket(3, 4000, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		for j := i; j < 3; j++ {
			want := 0.0
			if i == j {
				want = 0.5 - 0.5/math.Pi
			}
			if got := limit.At(i, j); !(math.Abs(got-want) <= 0.04) {
				t.Errorf("limit %d, %d: %v, want about %v", i, j, got, want)
			}
			if got := b.At(i, j); !(math.Abs(got-limit.At(i, j)) <= 0.05) {
				t.Errorf("B %d, %d: %v, want about %v", i, j, got, limit.At(i, j))
			}
		}
	}
}
