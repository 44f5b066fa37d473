package montanari2022

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/predict"
	"convergo/nets/data"
)

func near(t *testing.T, what string, got, want, relative float64) {
	t.Helper()
	if !(math.Abs(got-want) <= relative*math.Abs(want)) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// Two inputs at the cosine 0.6: ||X||^2 = 1.6, and lambda_min(K) = kappa(1) - kappa(0.6).
func TestRadius(t *testing.T) {
	pair := data.Spec{Kind: data.Explicit, Rows: [][]float64{{1, 0}, {0.6, 0.8}}}
	for name, want := range map[string]float64{
		"relu": 1.6 / (0.5 - 0.6*(math.Pi-math.Acos(0.6))/(2*math.Pi)),
		"erf":  1.6 / (1/math.Sqrt(5) - 0.6/math.Sqrt(9-4*0.36)), // B^2 = 4/pi is in kappa too
	} {
		w, err := start{Data: pair, Activation: name}.whitening()
		if err != nil {
			t.Fatal(err)
		}
		near(t, "radius of "+name, w.radius, want, 1e-9)
		l, u := w.levels(2, 500, 0.2)
		for _, level := range []float64{l, u} {
			a, b := level/w.radius, 1/w.radius
			near(t, "2 n exp(-N D)", 4*math.Exp(-500*(a*math.Log(a/b)+(1-a)*math.Log((1-a)/(1-b)))), 0.2, 1e-6)
		}
		if !(l < 1 && u > 1) {
			t.Errorf("levels %v and %v", l, u)
		}
		// Whitened by the factor, the kernel of one neuron stays below the radius, and K becomes the identity.
		gram := newSampler(w.act, w.x, 1, 1)
		r := rand.New(rand.NewPCG(1, 2))
		for range 200 {
			if _, high, err := w.extremes(gram.draw(r)); err != nil || high > want*(1+1e-12) {
				t.Errorf("one neuron reaches %v of %v: %v", high, want, err)
			}
		}
		_, limit, _, _ := activation(name)
		k, err := limit.Gram(w.x)
		if err != nil {
			t.Fatal(err)
		}
		low, high, err := w.extremes(k)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "least of K", low, 1, 1e-12)
		near(t, "greatest of K", high, 1, 1e-12)
	}
}

// Equal inputs leave no hypothesis met, and nothing breaks.
func TestDuplicates(t *testing.T) {
	w, err := start{Data: data.Spec{Kind: data.Explicit, Rows: [][]float64{{1, 0}, {1, 0}, {0, 1}}}}.whitening()
	if err != nil {
		t.Fatal(err)
	}
	if h := w.hypotheses(); h[0].Met() {
		t.Errorf("met on equal inputs: %+v", h)
	}
	if _, err := lowerRoot(mat.NewSymDense(1, []float64{math.NaN()})); err == nil {
		t.Error("a kernel that is not a number has a factor")
	}
}

func TestDeviations(t *testing.T) {
	near(t, "uniform share", missedDeviation(4, 2), 1/math.Sqrt(12), 1e-12) // Beta(1, 1)
	near(t, "half of 2", missedDeviation(2, 1), 1/math.Sqrt(8), 1e-12)      // Beta(1/2, 1/2)
	near(t, "fair coins", silentDeviation(0.5, 4), 0.25, 1e-12)
	near(t, "two neurons", silentDeviation(0.25, 1), math.Sqrt(3)/4, 1e-12)
	// Without noise and with zeta = 1, h = 1/(1+s^2)^2, and |h'| = 4s/(1+s^2)^3 is greatest at s = 1/sqrt 5.
	near(t, "slope", risky{Zeta: 1}.steepest(), 1.01*4/math.Sqrt(5)/math.Pow(1.2, 3), 1e-4)
	// With zeta^2 = noise and zeta = 1, h = 1/(1+s^2), and |h'| = 2s/(1+s^2)^2 is greatest at s = 1/sqrt 3.
	near(t, "slope with noise", risky{Zeta: 1, Noise: 1}.steepest(), 1.01*2/math.Sqrt(3)/math.Pow(4.0/3, 2), 1e-4)
}

// The risk given X = sqrt d I: all eigenvalues are 1.
func TestGiven(t *testing.T) {
	p := risky{D: 2, Zeta: 3, Noise: 0.5}
	got, err := p.given(mat.NewDense(2, 2, []float64{math.Sqrt2, 0, 0, math.Sqrt2}))
	if err != nil {
		t.Fatal(err)
	}
	near(t, "risk", got, 9.5/16, 1e-12)
}

func TestPredictions(t *testing.T) {
	x := mat.NewDense(4, 2, []float64{1, 0, 0.6, 0.8, -0.8, 0.6, 0.28, -0.96})
	d := &predict.Data{X: x, Problem: bounds.Problem{N: 4, Lambda0: 0.05, S: 1.5, Delta: 0.1, LabelBound: 1, LabelNorm: 2}}
	rows := Predictions(d)
	if len(rows) != 3 {
		t.Fatalf("%d predictions", len(rows))
	}
	near(t, "order", rows[1].Width, 2*math.Log(4), 1e-12)
	near(t, "upper bound", rows[2].Value, 0.5, 1e-12)
	near(t, "enough", rows[0].Width, math.Log(40)/-math.Log1p(-0.05/2.25), 1e-9)
}
