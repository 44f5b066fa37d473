package bounds

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestReLUNormMoment(t *testing.T) {
	for _, m := range []int{1, 2, 7, 64, 1000} {
		n := float64(m)
		for p, want := range map[float64]float64{
			0: 1, 1: 1, 2: 1 + 5/n,
			// Third moment of a mean of m terms with E Y = 1, E Y^2 = 6, E Y^3 = 60, Y = 2 relu(g)^2.
			3: (60*n + 3*6*n*(n-1) + n*(n-1)*(n-2)) / (n * n * n),
		} {
			if got := ReLUNormMoment(m, p); !(math.Abs(got/want-1) <= 1e-10) {
				t.Errorf("m=%d, p=%v: %v, want %v", m, p, got, want)
			}
		}
	}
	if !math.IsNaN(ReLUNormMoment(0, 1)) || !math.IsNaN(ReLUNormMoment(3, -1)) {
		t.Error("outside the domain a moment must be NaN")
	}
	// m = 1: X = 2 relu(g)^2, E sqrt X = sqrt 2 E relu(g) = 1/sqrt pi.
	if got, want := ReLUNormMoment(1, 0.5), 1/math.Sqrt(math.Pi); !(math.Abs(got-want) <= 1e-12) {
		t.Errorf("m=1, p=1/2: %v, want %v", got, want)
	}
}

func TestReLUNormTail(t *testing.T) {
	// m = 1: P(2 relu(g)^2 >= x) = P(g >= sqrt(x/2)).
	for _, x := range []float64{0.1, 1, 5} {
		above, below := ReLUNormTail(1, x)
		if want := math.Erfc(math.Sqrt(x)/2) / 2; !(math.Abs(above-want) <= 1e-13) || !(math.Abs(above+below-1) <= 1e-13) {
			t.Errorf("x=%v: %v and %v, want %v", x, above, below, want)
		}
	}
	// m = 2: given both gates are open, X = chi^2_2 is exponential of mean 2.
	if above, _ := ReLUNormTail(2, 3); !(math.Abs(above-(0.25*math.Exp(-1.5)+0.5*math.Erfc(math.Sqrt(1.5)))) <= 1e-13) {
		t.Errorf("m=2: %v", above)
	}
	r := rand.New(rand.NewPCG(1, 1))
	const m, draws = 20, 40000
	count := 0
	for range draws {
		sum := 0.0
		for range m {
			g := math.Max(r.NormFloat64(), 0)
			sum += 2 * g * g / m
		}
		if sum >= 1.5 {
			count++
		}
	}
	above, _ := ReLUNormTail(m, 1.5)
	if got := float64(count) / draws; !(math.Abs(got-above) <= 5*math.Sqrt(above/draws)) {
		t.Errorf("P(X >= 1.5) = %v, simulated %v", above, got)
	}
}

// The exponents are proved; the exact law must be on their side and near them.
func TestReLUNormExponents(t *testing.T) {
	for _, m := range []int{1, 3, 20, 400, 30000} {
		for _, eps := range []float64{0.01, 0.05, 0.1, 0.5, 0.99} {
			above, _ := ReLUNormTail(m, 1+eps)
			_, below := ReLUNormTail(m, 1-eps)
			up, down := ReLUNormUpper(m, eps), ReLUNormLower(m, eps)
			if above > 0 && -math.Log(above) < up || below > 0 && -math.Log(below) < down {
				t.Errorf("m=%d, eps=%v: P = %v, %v against exponents %v, %v", m, eps, above, below, up, down)
			}
			if simple := float64(m) * eps * eps / (10 + 8*eps); up < simple*(1-1e-12) {
				t.Errorf("m=%d, eps=%v: exponent %v below %v", m, eps, up, simple)
			}
		}
	}
	above, _ := ReLUNormTail(60000, 1.1)
	if ratio := -math.Log(above) / ReLUNormUpper(60000, 0.1); ratio > 1.1 {
		t.Errorf("upper exponent is loose by %v", ratio)
	}
	_, below := ReLUNormTail(60000, 0.9)
	if ratio := -math.Log(below) / ReLUNormLower(60000, 0.1); ratio > 1.12 {
		t.Errorf("lower exponent is loose by %v", ratio)
	}
}

// For many neurons a layer is normal with variance 5/m, where Ville's inequality gives exp(sqrt(2 s log(1/delta)) - ...) with
// s = 5 layers/m, up to terms of order s.
func TestForwardNorm(t *testing.T) {
	const m, layers, delta = 20000, 4, 0.01
	eps := math.Sqrt(10 * layers * math.Log(1/delta) / m)
	if got := ForwardNormHigh(m, layers, delta) - 1; !(math.Abs(got/eps-1) <= 0.07) {
		t.Errorf("high: 1 + %v, want about 1 + %v", got, eps)
	}
	if got := 1 - ForwardNormLow(m, layers, delta); !(math.Abs(got/eps-1) <= 0.07) {
		t.Errorf("low: 1 - %v, want about 1 - %v", got, eps)
	}
	r := rand.New(rand.NewPCG(2, 2))
	high, low := ForwardNormHigh(60, 3, 0.3), ForwardNormLow(60, 3, 0.3)
	above, below := 0, 0
	for range 4000 {
		norm, most, least := 1.0, 0.0, math.Inf(1)
		for range 3 {
			sum := 0.0
			for range 60 {
				g := math.Max(r.NormFloat64(), 0)
				sum += 2 * g * g / 60
			}
			norm *= sum
			most, least = math.Max(most, norm), math.Min(least, norm)
		}
		if most > high {
			above++
		}
		if least < low {
			below++
		}
	}
	if above > 1200 || below > 1200 || above < 200 || below < 200 {
		t.Errorf("%d above and %d below of 4000, allowed are 1200 and at least 200 would be near", above, below)
	}
	if !math.IsNaN(ForwardNormLow(4, 3, 0.1)) {
		t.Error("four neurons are too few for a lower bound")
	}
}

func TestMostFlips(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for range 300 {
		z := make([]float64, 1+r.IntN(9))
		for k := range z {
			z[k] = r.NormFloat64()
		}
		radius := 2 * r.Float64()
		want := 0 // over all subsets
		for set := range 1 << len(z) {
			sum, size := 0.0, 0
			for k, v := range z {
				if set>>k&1 == 1 {
					sum, size = sum+v*v, size+1
				}
			}
			if sum <= radius*radius {
				want = max(want, size)
			}
		}
		if got := MostFlips(z, radius); got != want {
			t.Fatalf("%v with %v: %d, want %d", z, radius, got, want)
		}
	}
}

func TestAdversarialFlips(t *testing.T) {
	// Many neurons: the share tends to (3 omega^2/pi)^{1/3} from below, up to the shape of the density.
	r := rand.New(rand.NewPCG(4, 4))
	const m, omega = 200000, 0.05
	z := make([]float64, m)
	for k := range z {
		z[k] = math.Sqrt(2./m) * r.NormFloat64()
	}
	got := float64(MostFlips(z, omega)) / m
	limit := math.Cbrt(3 * omega * omega / math.Pi)
	if !(math.Abs(got/limit-1) <= 0.02) {
		t.Errorf("share %v, limit %v", got, limit)
	}
	if b := AdversarialFlips(m, omega, 0.01); b < got || b > 1.05*got {
		t.Errorf("bound %v, share %v", b, got)
	}
	// Second term alone: of n uniform variables, sup (F_n - F) exceeds sqrt(ln(1/delta)/(2n)) with probability near delta.
	const n, delta, draws = 400, 0.1, 4000
	e := AdversarialFlips(n, 0, delta)
	count := 0
	u := make([]float64, n)
	for range draws {
		for k := range u {
			u[k] = r.Float64()
		}
		slices.Sort(u)
		worst := 0.0
		for k, v := range u {
			worst = math.Max(worst, float64(k+1)/n-v)
		}
		if worst > e {
			count++
		}
	}
	if share := float64(count) / draws; share > delta*1.05 || share < 0.8*delta {
		t.Errorf("the empirical law is off by more than %v with probability %v, want nearly %v", e, share, delta)
	}
}

func TestCrossTermOrder(t *testing.T) {
	// sqrt(q m/2) sqrt(2F)/sqrt(m F) with q the share whose squares cost omega = 1: the integral of 2 phi(t) t^2 with phi(0) up to q/(2 phi(0)).
	phi := 1 / math.Sqrt(2*math.Pi)
	cost := func(q float64) float64 { // midpoint rule
		upper, sum := q/(2*phi), 0.0
		for i := range 1000 {
			x := upper * (float64(i) + 0.5) / 1000
			sum += 2 * phi * x * x * upper / 1000
		}
		return sum
	}
	low, high := 0.0, 10.0
	for range 60 {
		if mid := (low + high) / 2; cost(mid) < 1 {
			low = mid
		} else {
			high = mid
		}
	}
	if got, want := CrossTermOrder(), math.Sqrt(low); !(math.Abs(got-want) <= 1e-5) {
		t.Errorf("%v, want %v", got, want)
	}
}
