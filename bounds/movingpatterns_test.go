package bounds

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestMovableShare integrates P(|z| <= t |a|) = E erf(t |a| sqrt(m)/2) over a.
func TestMovableShare(t *testing.T) {
	for _, c := range []struct {
		m    int
		s, t float64
	}{{1, 1, 1}, {100, 0.3, 0.2}, {1000, 2, 1e-3}, {50, 1, 5}} {
		sum, step := 0.0, 1e-3
		for a := step / 2; a < 9; a += step {
			sum += 2 * step * gaussianDensity(a) * math.Erf(c.t*c.s*a*math.Sqrt(float64(c.m))/2)
		}
		if got := MovableShare(c.m, c.s, c.t); !(math.Abs(got/sum-1) <= 1e-4) {
			t.Errorf("%+v: %v, integrated %v", c, got, sum)
		}
	}
}

// TestCoupling tries all movements of three neurons along the input, on a grid.
func TestCoupling(t *testing.T) {
	z, a := []float64{0.1, -0.25, 0.02}, []float64{1, 2, -3}
	radius := []float64{0.3, 0.3, 0.2}
	relu := func(v float64) float64 { return math.Max(0, v) }
	most := 0.0
	const grid = 60
	for i := -grid; i <= grid; i++ {
		for j := -grid; j <= grid; j++ {
			for k := -grid; k <= grid; k++ {
				diff := 0.0
				for n, v := range []int{i, j, k} {
					move := radius[n] * float64(v) / grid
					pseudo := 0.0
					if z[n] >= 0 {
						pseudo = z[n] + move
					}
					diff += a[n] * (relu(z[n]+move) - pseudo)
				}
				most = math.Max(most, math.Abs(diff))
			}
		}
	}
	if got := CouplingSupremum(z, a, radius); !(math.Abs(got-most) <= 1e-12) {
		t.Errorf("supremum %v, tried %v", got, most)
	}
	if got, want := CouplingCore(z, a, radius), 0.3+0.6+0.6; !(math.Abs(got-want) <= 1e-12) {
		t.Errorf("core %v, want %v", got, want)
	}
	if got := CouplingCore([]float64{1}, []float64{1}, []float64{0.5}); got != 0 {
		t.Errorf("core %v of a neuron out of reach", got)
	}
}

func TestCouplingMoments(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	for _, tau := range []float64{0.05, 0.3, 2} {
		const m, s, draws = 8, 0.7, 100000
		var sum, squares float64
		for range draws {
			v := 0.0
			for range m {
				a, z := s*r.NormFloat64(), math.Sqrt(2.0/m)*r.NormFloat64()
				if a > 0 {
					v += a * math.Max(0, tau-math.Abs(z))
				}
			}
			sum += v / draws
			squares += v * v / draws
		}
		mean, deviation := CouplingMoments(m, s, tau)
		if !(math.Abs(mean/sum-1) <= 0.02) {
			t.Errorf("tau = %v: mean %v, drawn %v", tau, mean, sum)
		}
		if want := math.Sqrt(squares - sum*sum); !(math.Abs(deviation/want-1) <= 0.02) {
			t.Errorf("tau = %v: deviation %v, drawn %v", tau, deviation, want)
		}
	}
}

func TestRegretAllowance(t *testing.T) {
	// By hand: (4/(2 x 0.5) + (0.5/2) x 12)/2.
	if got := RegretAllowance(4, 0.5, 12, 2); !(math.Abs(got-3.5) <= 1e-15) {
		t.Errorf("%v, want 3.5", got)
	}
}

// TestRowBallRademacher enumerates the signs of two orthogonal inputs, where linear neurons attain it.
func TestRowBallRademacher(t *testing.T) {
	x := [][]float64{{3, 0}, {0, 4}}
	a, tau := []float64{1, -0.5}, 0.2
	want := 0.0
	for _, s := range [][]float64{{1, 1}, {1, -1}, {-1, 1}, {-1, -1}} {
		for _, v := range a {
			// the best row of length tau for v sum_j s_j <w, x_j>/2
			p, q := v*(s[0]*x[0][0]+s[1]*x[1][0])/2, v*(s[0]*x[0][1]+s[1]*x[1][1])/2
			want += tau * math.Hypot(p, q) / 4
		}
	}
	if got := RowBallRademacher(a, tau, []float64{9, 16}); !(math.Abs(got-want) <= 1e-14) {
		t.Errorf("%v, enumerated %v", got, want)
	}
}
