package shifted_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/bounds/shifted"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol*math.Max(1e-300, math.Abs(want))) {
		t.Errorf("%s = %.15g, want %.15g", what, got, want)
	}
}

// integrate is Simpson's rule for f times the normal density, above b.
func integrate(f func(float64) float64, b float64) float64 {
	const steps = 20000
	h, sum := 12.0/steps, 0.0
	for i := range steps + 1 {
		w := 2.0 + 2*float64(i%2)
		if i == 0 || i == steps {
			w = 1
		}
		g := b + h*float64(i)
		sum += w * f(g) * math.Exp(-g*g/2) / math.Sqrt(2*math.Pi)
	}
	return sum * h / 3
}

func TestMoments(t *testing.T) {
	for _, b := range []float64{0, 0.5, 1, 1.665, 3} {
		near(t, "tail", shifted.Tail(b), 1-distuv.UnitNormal.CDF(b), 1e-12)
		near(t, "density", shifted.Density(b), distuv.UnitNormal.Prob(b), 1e-14)
		for power := range 9 {
			k := float64(power)
			near(t, "truncated moment", shifted.TruncatedMoment(power, b), integrate(func(g float64) float64 { return math.Pow(g, k) }, b), 1e-10)
			near(t, "hard moment", shifted.Hard.Moment(power, b), integrate(func(g float64) float64 { return math.Pow(g, k) }, b), 1e-10)
			near(t, "soft moment", shifted.Soft.Moment(power, b), integrate(func(g float64) float64 { return math.Pow(g-b, k) }, b), 1e-7)
		}
	}
	near(t, "gain at 1", shifted.Hard.Gain(1), 1.2480, 1e-4)
	near(t, "gain at 1.66", shifted.Hard.Gain(1.66), 2.320933, 1e-6)
	near(t, "gain at 0", shifted.Soft.Gain(0), 1, 1e-14)
}

func TestStrip(t *testing.T) {
	for _, b := range []float64{0, 1, 2} {
		for _, r := range []float64{1e-6, 0.9e-4, 1.1e-4, 0.1, 2} {
			want := distuv.UnitNormal.CDF(b+r) - distuv.UnitNormal.CDF(b-r)
			near(t, "strip", shifted.Strip(b, r), want, 1e-9)
			bound := shifted.StripBound(b, r)
			near(t, "strip bound", bound, 2*r*distuv.UnitNormal.Prob(math.Max(b-r, 0)), 1e-14)
			if bound < want*(1-1e-9) {
				t.Errorf("b = %v, r = %v: bound %v of %v", b, r, bound, want)
			}
		}
	}
}

// TestNorms holds the moments of ||h||^2 to a simulation of its definition, and to their relation at q = 1.
func TestNorms(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	const m, draws = 20, 40000
	for _, kind := range []shifted.Kind{shifted.Hard, shifted.Soft} {
		const b, q = 0.7, 1.2
		var sum, square, centred, fourth float64
		for range draws {
			norm, unit := 0.0, 0.0
			for range m {
				g := r.NormFloat64()
				norm += value(kind, b, q*g)
				unit += value(kind, b, g)
			}
			norm *= kind.Gain(b) * 2 / m
			unit *= kind.Gain(b) * 2 / m
			sum += norm
			square += norm * norm
			centred += (unit - 1) * (unit - 1)
			fourth += math.Pow(unit-1, 4)
		}
		mean := sum / draws
		near(t, "next squared norm", kind.NextSquaredNorm(b, q), mean, 0.01)
		near(t, "its variance", kind.NextSquaredNormVariance(b, q, m), square/draws-mean*mean, 0.05)
		near(t, "variance", kind.SquaredNormVariance(b, m), centred/draws, 0.05)
		near(t, "fourth moment", kind.SquaredNormKurtosis(b, m), fourth/draws, 0.1)
		h := 1e-5
		slope := (math.Log(kind.NextSquaredNorm(b, 1+h)) - math.Log(kind.NextSquaredNorm(b, 1-h))) / (4 * h)
		near(t, "amplification", kind.Amplification(b), slope, 1e-7)
	}
	near(t, "amplification at 1.665", shifted.Hard.Amplification(1.665), 2.076, 1e-3)
}

// value is phi(z)^2 of an activation.
func value(kind shifted.Kind, b, z float64) float64 {
	switch {
	case z <= b:
		return 0
	case kind == shifted.Hard:
		return z * z
	}
	return (z - b) * (z - b)
}

func TestKind(t *testing.T) {
	for text, known := range map[string]bool{`"hard"`: true, `"soft"`: true, `"flat"`: false, `""`: false} {
		var k shifted.Kind
		if err := json.Unmarshal([]byte(text), &k); (err == nil) != known {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestJointTail uses another integral: over g, of the tail of g' given g.
func TestJointTail(t *testing.T) {
	for _, b := range []float64{0, 0.05, 0.5, 1.665, 3} {
		for _, angle := range []float64{0.1, 0.7, math.Pi / 2, 2, 2.9} {
			c, s := math.Cos(angle), math.Sin(angle)
			want := integrate(func(g float64) float64 { return shifted.Tail((b - c*g) / s) }, b)
			if got := shifted.JointTail(b, angle); !(math.Abs(got-want) <= 1e-11) {
				t.Errorf("b = %v, angle %v: %v, want %v", b, angle, got, want)
			}
		}
		near(t, "equal inputs", shifted.JointTail(b, 0), shifted.Tail(b), 1e-15)
		if got := shifted.JointTail(b, math.Pi); got != 0 {
			t.Errorf("antipodes: %v", got)
		}
	}
	near(t, "no shift", shifted.JointTail(0, 1), (math.Pi-1)/(2*math.Pi), 1e-14)
}

func TestGram(t *testing.T) {
	x := mat.NewDense(3, 2, []float64{1, 0, 0.6, 0.8, -1, 0})
	h, err := shifted.Gram(x, 0)
	if err != nil {
		t.Fatal(err)
	}
	want, err := kernel.ReLU().Gram(x)
	if err != nil {
		t.Fatal(err)
	}
	if d := eig.Distance(h, want); d > 1e-14 {
		t.Errorf("at b = 0 it differs from the kernel of the ReLU by %v", d)
	}
	if h, err = shifted.Gram(x, 1); err != nil {
		t.Fatal(err)
	}
	near(t, "diagonal", h.At(1, 1), shifted.Tail(1), 1e-14)
	near(t, "entry", h.At(0, 1), 0.6*shifted.JointTail(1, math.Acos(0.6)), 1e-13)
	near(t, "separation bound", shifted.SeparationBound(5, 0.5, 2), 0.5*math.Exp(-2)/2500, 1e-14)
	if _, err := shifted.Gram(mat.NewDense(1, 2, nil), 1); err == nil {
		t.Error("a zero input has no angle")
	}
}

func TestCountBounds(t *testing.T) {
	for _, p := range []float64{0, 1e-3, 0.2, 0.5, 1} {
		for _, delta := range []float64{0.9, 0.1, 1e-6} {
			const m = 300
			lo, hi := shifted.CountBounds(p, m, delta)
			law := distuv.Binomial{N: m, P: p}
			if lo > m*p || hi < m*p || lo < 0 || hi > m {
				t.Errorf("p = %v: [%v, %v] leaves out the mean, or [0, m]", p, lo, hi)
			}
			for _, k := range []float64{lo, hi} {
				q := k / m
				if q <= 0 || q >= 1 || p == 0 || p == 1 {
					continue
				}
				near(t, "divergence", m*(q*math.Log(q/p)+(1-q)*math.Log((1-q)/(1-p))), math.Log(1/delta), 1e-9)
			}
			if p > 0 && p < 1 && (1-law.CDF(math.Floor(hi)) > delta || lo >= 1 && law.CDF(math.Ceil(lo)-1) > delta) {
				t.Errorf("p = %v, delta = %v: a binomial leaves [%v, %v] too often", p, delta, lo, hi)
			}
		}
	}
	if got := shifted.Threshold(0.4, 1024); !(math.Abs(got-math.Sqrt(0.4*math.Log(1024))) <= 1e-15) {
		t.Errorf("threshold %v", got)
	}
}
