package nets

import (
	"math"
	"testing"
)

func TestActivationValues(t *testing.T) {
	for _, c := range []struct {
		act         Activation
		z           float64
		value, diff float64
	}{
		{ReLU(), 2, 2, 1}, {ReLU(), -2, 0, 0}, {ReLU(), 0, 0, 1},
		{LeakyReLU(0.1), -2, -0.2, 0.1}, {LeakyReLU(0.1), 2, 2, 1}, {LeakyReLU(0.1), 0, 0, 1},
		{Erf(), 0.5, 0.5204998778130465, 0.8787825789354449},
		{Tanh(), 0.5, 0.46211715726000973, 0.7864477329659275},
		{Softplus(), 0, math.Ln2, 0.5}, {Softplus(), 800, 800, 1}, {Softplus(), -800, 0, 0},
		{Identity(), -3, -3, 1},
		{Quadratic(), -3, 9, -6},
		{Sine(), math.Pi / 6, 0.5, math.Sqrt(3) / 2},
	} {
		if v, d := c.act.Value(c.z), c.act.Deriv(c.z); !(math.Abs(v-c.value) <= 1e-15) || !(math.Abs(d-c.diff) <= 1e-15) {
			t.Errorf("%s(%v) = %v, derivative %v; want %v, %v", c.act.Name, c.z, v, d, c.value, c.diff)
		}
		for _, s := range []float64{0.5, 3} {
			if c.act.Homogeneous && !(math.Abs(c.act.Value(s*c.z)-s*c.value) <= 1e-15) {
				t.Errorf("%s is not homogeneous at %v", c.act.Name, c.z)
			}
		}
	}
}

func TestActivationNamed(t *testing.T) {
	for _, act := range activations() {
		got, err := ActivationNamed(act.Name)
		if leaky := act.Name == LeakyReLU(0.3).Name; leaky != (err != nil) || !leaky && got.Value(0.7) != act.Value(0.7) {
			t.Errorf("%s: %v, error %v", act.Name, got.Name, err)
		}
	}
	checkError(t, func() error { _, err := ActivationNamed("gelu"); return err }(), "softplus")
}

func TestLossValues(t *testing.T) {
	u, y := []float64{2, -1}, []float64{1, 1}
	softplus := func(z float64) float64 { return math.Log(1 + math.Exp(z)) }
	logistic := softplus(-2) + softplus(1)
	for _, c := range []struct {
		loss     Loss
		name     string
		value, g float64 // g: derivative in u_2
	}{
		{Square{}, "square/sum", 2.5, -2},
		{Square{Mean: true}, "square/mean", 1.25, -1},
		{Logistic{Sum: true}, "logistic/sum", logistic, -math.E / (1 + math.E)},
		{Logistic{}, "logistic/mean", logistic / 2, -math.E / (1 + math.E) / 2},
	} {
		g := make([]float64, 2)
		c.loss.Gradient(g, u, y)
		if v := c.loss.Value(u, y); !(math.Abs(v-c.value) <= 1e-15) || !(math.Abs(g[1]-c.g) <= 1e-15) || c.loss.Name() != c.name {
			t.Errorf("%s: value %v, derivative %v; want %s, %v, %v", c.loss.Name(), v, g[1], c.name, c.value, c.g)
		}
	}
	if v := (Logistic{}).Value([]float64{-800}, []float64{1}); v != 800 {
		t.Errorf("logistic loss of a margin of -800 is %v", v)
	}
	if a := Accuracy([]float64{2, -1, 1e-12, 3}, []float64{1, 1, 1, 1}, 1e-9); a != 0.5 {
		t.Errorf("accuracy %v, want 0.5", a)
	}
}
