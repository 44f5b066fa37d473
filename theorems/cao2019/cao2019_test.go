package cao2019

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/checks"
	"convergo/nets"
)

// TestClaims checks every claim; run one with -run 'TestClaims/cao2019/name'.
func TestClaims(t *testing.T) {
	for _, c := range Source().Claims {
		checks.Test(t, c)
	}
}

func TestLogisticIsThatOfNets(t *testing.T) {
	slope := make([]float64, 1)
	for _, u := range []float64{-1000, -30, -1, 0, 0.3, 5, 800} {
		value := nets.Logistic{}.Value([]float64{u}, []float64{1})
		nets.Logistic{}.Gradient(slope, []float64{u}, []float64{1})
		if !(math.Abs(logistic(u)-value) <= 1e-14*(1+value)) || !(math.Abs(logisticSlope(u)-slope[0]) <= 1e-15) {
			t.Errorf("at %v: %v and slope %v, want %v and %v", u, logistic(u), logisticSlope(u), value, slope[0])
		}
	}
}

// The neurons that cross are those of one sign that gain, the move has the length asked for, and no other of 2000 random ones gains more.
func TestCrossingGainsMost(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	const m, length = 400, 2.0
	z, w := make([]float64, m), make([]float64, m)
	for i := range z {
		z[i], w[i] = r.NormFloat64(), r.NormFloat64()
	}
	shift := crossing(z, w, 1, length)
	if l := floats.Norm(shift, 2); !(math.Abs(l-length) <= 0.05*length) {
		t.Errorf("length %v, want about %v", l, length)
	}
	best := gain(z, w, shift) * length / floats.Norm(shift, 2)
	for i, s := range shift {
		if s != 0 && (w[i] < 0 || s*z[i] > 0 || math.Abs(s) < math.Abs(z[i])) {
			t.Fatalf("neuron %d with z = %v, w = %v moves by %v", i, z[i], w[i], s)
		}
	}
	for range 2000 {
		other := make([]float64, m)
		for i := range other {
			if w[i] > 0 && r.IntN(3) == 0 {
				other[i] = -math.Copysign(math.Abs(z[i])*(1+r.Float64()*3*math.Exp(-math.Abs(z[i]))), z[i])
			}
		}
		resize(other, length)
		if g := gain(z, w, other); g > best {
			t.Fatalf("another move gains %v, this one %v", g, best)
		}
	}
}

// relative is the smallest number that takes Theta below K/m, with a direction where the two forms of the inverses differ by it.
func TestRelative(t *testing.T) {
	theta := mat.NewSymDense(2, []float64{2, 0.5, 0.5, 1})
	k := mat.NewSymDense(2, []float64{4, 1, 1, 2 + 3})
	least, h, err := relative(k, theta, 2)
	if err != nil || !(math.Abs(least-1) <= 1e-13) {
		t.Fatalf("%v, error %v; want 1", least, err)
	}
	form := func(a *mat.SymDense) float64 {
		var x mat.VecDense
		if err := x.SolveVec(a, mat.NewVecDense(2, h)); err != nil {
			t.Fatal(err)
		}
		return floats.Dot(h, x.RawVector().Data)
	}
	if ratio := 2 * form(k) / form(theta); !(math.Abs(ratio-1) <= 1e-12) {
		t.Errorf("the forms differ by %v, want 1", ratio)
	}
}
