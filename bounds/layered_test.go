package bounds_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"convergo/bounds"
)

func close9(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-9*math.Abs(want)) {
		t.Errorf("%s = %.12g, want %.12g", what, got, want)
	}
}

// The bounds are the solutions of their recursions, layer by layer.
func TestLayeredRecursions(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for range 200 {
		l := bounds.Layered{
			Input: 0.3 + rng.Float64(), Branch: rng.Float64(), Plain: rng.IntN(2) == 0, Patch: 1 + 2*rng.IntN(2),
			Lipschitz: 0.2 + rng.Float64(), AtZero: rng.Float64(), Weights: 0.5 + 2*rng.Float64(), Features: 1 + rng.Float64(),
		}
		root, r, input := math.Sqrt(float64(l.Patch)), 0.5*rng.Float64(), rng.Float64()
		move := 0.0
		for h := 1; h <= 5; h++ {
			factor := l.Branch
			if h == 1 || l.Plain {
				factor = l.Input
			}
			below := l.Features
			if h == 1 && !l.Plain {
				below = input
			}
			next := factor * l.Lipschitz * root * (2*l.Weights*move + r*below)
			if h > 1 && !l.Plain {
				next += move
			}
			move = next
			close9(t, "perturbation", l.Perturbation(h, r, input), move)
			if !l.Plain && l.Patch == 1 && h > 1 {
				if printed := l.PrintedPerturbation(h, r); printed < l.Perturbation(h, r, 1)*(1-1e-12) {
					t.Errorf("the printed bound %v is below the derived one %v", printed, move)
				}
			}
		}
		gradient := 1.7 // ||a||, carried down from the output
		const layers, m, below = 4, 9, 0.8
		for h := layers; h >= 1; h-- {
			factor := l.Branch
			if h == 1 || l.Plain {
				factor = l.Input
			}
			close9(t, "gradient", l.Gradient(h, layers, m, 1.7, below), gradient*factor*l.Lipschitz*root*below/3)
			stretch := factor * l.Lipschitz * root * l.Weights
			if !l.Plain {
				stretch++
			}
			gradient *= stretch
		}
	}
}

// On two numbers: c = 0.5/4, L = 1, c_w = 2, |sigma(0)| = 0.1 stretches by 1 +- 1/4 and adds 1/80.
func TestNormRange(t *testing.T) {
	l := bounds.Layered{Branch: 0.125, Lipschitz: 1, AtZero: 0.1, Weights: 2}
	lower, upper := l.NormRange(3, 1)
	close9(t, "upper", upper, 1.25*(1.25+0.0125)+0.0125)
	close9(t, "lower", lower, 0.75*(0.75-0.0125)-0.0125)
	if lower, _ = l.NormRange(3, 0.001); lower != 0 {
		t.Errorf("a norm of at least %v; nothing is known of one this small", lower)
	}
	close9(t, "printed perturbation", bounds.Layered{Input: 1, Branch: 0.125, Lipschitz: 1, Weights: 2, Features: 3}.PrintedPerturbation(4, 0.1), 2.5*math.Exp(2)*0.1)
}

func TestGeometricMovement(t *testing.T) {
	for _, q := range []float64{0.7, 1, 1.2} {
		sum, power := 0.0, 1.0
		for range 9 {
			sum += 0.3 * 2 * 5 * power
			power *= q
		}
		close9(t, "movement", bounds.GeometricMovement(0.3, 2, 5, q, 9), sum)
	}
}

func TestLastLayerBounds(t *testing.T) {
	l := bounds.LastLayer{Factor: 0.1, Lipschitz: 2, Smooth: 3, Largest: 5, Output: 7}
	close9(t, "Lipschitz constant", l.JacobianLipschitz(1.5, 2), 0.1*3*5*1.5*2)
	close9(t, "shift by a", l.JacobianShift(0.2, 0, 4, 0, 1, 1.5), 0.1*2*0.2*1.5)
	close9(t, "shift by W", l.JacobianShift(0, 0.3, 4, 0, 1.1, 1.5), 0.1*3*5*0.3*1.1*1.5)
	close9(t, "shift by the inputs", l.JacobianShift(0, 0, 4, 0.1, 1, 1.5), 0.1*(3*5*4*0.1*1.5+2*7*0.1))
	close9(t, "shift of the Gram matrix", bounds.GramShiftOf(3, 0.5), 3.5*3.5-3*3)
}

// The ball holds its own path and is the smallest that does; the scalar problem f(w) = w + lip w^2/2 trains within it.
func TestDescentOnBall(t *testing.T) {
	const alpha, beta, lip, r0, eta = 1, 1, 0.1, 0.8, 0.2
	g, radius, ok := bounds.DescentOnBall(alpha, beta, lip, r0, eta)
	if !ok {
		t.Fatal("no ball")
	}
	c := 1 - eta*(lip*r0+math.Pow(beta+lip*radius, 2))/2
	close9(t, "radius", radius, r0/(c*(alpha-lip*radius)))
	close9(t, "rate", g.Rate(eta), 1-2*c*eta*math.Pow(alpha-lip*radius, 2))
	w, e := 0.0, -r0
	for k := range 60 {
		before := math.Abs(e)
		w -= eta * (1 + lip*w) * e
		if e = w + lip*w*w/2 - r0; e*e > before*before*g.Rate(eta) || w > radius {
			t.Fatalf("step %d: residual %v after %v, weight %v of at most %v", k, e, before, w, radius)
		}
	}
	if _, _, ok := bounds.DescentOnBall(1, 1, 1, 0.8, eta); ok {
		t.Error("a ball where the Jacobian may vanish")
	}
	if _, _, ok := bounds.DescentOnBall(1, 1, 0.1, 0.8, 0.6); ok {
		t.Error("a step above 1/(2 beta^2)")
	}
}

// Half of the sum of squares of m Gaussians: the probability that it falls to (1-eps) of its mean must be below delta at the width.
func TestGramStartWidth(t *testing.T) {
	close9(t, "width", bounds.GramStartWidth(4, 3, 0.5, 2, 0.1), 2*3*math.Log(40)/(0.25*4))
	m := int(math.Ceil(bounds.GramStartWidth(1, 3, 0.5, 1, 0.2)))
	rng, low := rand.New(rand.NewPCG(1, 9)), 0
	const draws = 20000
	for range draws {
		sum := 0.0
		for range m {
			z := rng.NormFloat64()
			sum += z * z
		}
		if sum < 0.5*float64(m) {
			low++
		}
	}
	if share := float64(low) / draws; share > 0.2 || share < 0.001 {
		t.Errorf("%v of the draws are low at m = %d; 0.2 is allowed, and the bound is not that loose", share, m)
	}
	if !math.IsNaN(bounds.GramStartWidth(1, 3, 0.5, 1, 1)) {
		t.Error("a width for delta = 1")
	}
}

// sigma = (h_1 + h_2)/sqrt 2 has the map f(r) = (r + r^2)/2 and chi = 3/2; of orthonormal inputs all of it is kept.
func TestPlainSpectrum(t *testing.T) {
	c := []float64{0, math.Sqrt(0.5), math.Sqrt(0.5)}
	close9(t, "orthonormal", bounds.PlainSpectrum(c, 1, 1.5, 5, 4, 0), 1.5)
	close9(t, "two inputs", bounds.PlainSpectrum(c, 1, 1.5, 2, 3, 0.6), 1.5*(0.5*0.4+0.5*(1-0.36)))
	c = []float64{math.Sqrt(0.2), math.Sqrt(0.8)}
	close9(t, "with a constant", bounds.PlainSpectrum(c, 1, 0.8, 2, 4, 0.5), 0.8*0.8*0.8*0.8*0.5)
	close9(t, "c_sigma", bounds.PlainSpectrum([]float64{0, 0.5}, 4, 1, 2, 2, 0.5), 0.5)
}

func TestResidualNormCap(t *testing.T) {
	v := 1.0 // v -> v + (c/H)(|sigma(0)| + L v) for many layers
	for range 1000000 {
		v += 0.5e-6 * (0.3 + 2*v)
	}
	if got := bounds.ResidualNormCap(0.5, 2, 0.3); !(math.Abs(got-v) < 1e-5) {
		t.Errorf("cap %v, want %v", got, v)
	}
}

func TestPrintedDepthWidths(t *testing.T) {
	const n, h, p, lambda, delta = 10, 4, 3, 0.5, 0.1
	fourth, log := math.Pow(20, 4), 400*math.Log(400)
	close9(t, "plain", bounds.PrintedPlainWidth(n, h, lambda, delta), 16*fourth)
	close9(t, "residual", bounds.PrintedResidualWidth(n, h, lambda, delta), log)
	close9(t, "residual, shallow", bounds.PrintedResidualWidth(n, 1, lambda, delta), fourth)
	close9(t, "residual, one sample", bounds.PrintedResidualWidth(1, 1, 2, 1-1e-9), 1/(1-1e-9))
	close9(t, "convolutional", bounds.PrintedConvolutionalWidth(n, h, p, lambda, delta), 3*fourth/16)
	close9(t, "small delta", bounds.PrintedPlainWidth(1, 1, 1, 1e-3), 2000)
	if !math.IsNaN(bounds.PrintedPlainWidth(n, h, 0, delta)) {
		t.Error("a width for a singular kernel")
	}
}
