package signalnoise

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/nets"
)

// A Network has its filters as rows of W: those of F_{+1} first, then as many of F_{-1}.
type Network struct {
	Activation nets.Activation
	W          *mat.Dense
}

// Filters is m, the number of filters for each sign.
func (net *Network) Filters() int { rows, _ := net.W.Dims(); return rows / 2 }

// Clone returns a copy that shares nothing with the network.
func (net *Network) Clone() *Network {
	return &Network{Activation: net.Activation, W: mat.DenseCopyOf(net.W)}
}

// sign is the sign j of filter k.
func (net *Network) sign(k int) float64 {
	if k < net.Filters() {
		return 1
	}
	return -1
}

// Output is f at the patches y mu and xi.
func (net *Network) Output(y float64, mu, xi []float64) float64 {
	sum := 0.0
	for k := range 2 * net.Filters() {
		w := net.W.RawRowView(k)
		sum += net.sign(k) * (net.Activation.Value(y*dot(w, mu)) + net.Activation.Value(dot(w, xi)))
	}
	return sum / float64(net.Filters())
}

// Outputs are f at the samples.
func (net *Network) Outputs(s *Sample) []float64 {
	out := make([]float64, s.N())
	for i, y := range s.Y {
		out[i] = net.Output(y, s.Mu, s.Xi.RawRowView(i))
	}
	return out
}

// Step takes one step of gradient descent of size eta.
func (net *Network) Step(s *Sample, eta float64) {
	outputs := net.Outputs(s)
	g := make([]float64, s.N())
	nets.Logistic{}.Gradient(g, outputs, s.Y)
	for k := range 2 * net.Filters() {
		w := net.W.RawRowView(k)
		step := make([]float64, len(w))
		for i, y := range s.Y {
			xi := s.Xi.RawRowView(i)
			c := -eta * g[i] * net.sign(k) / float64(net.Filters())
			floats.AddScaled(step, c*y*net.Activation.Deriv(y*dot(w, s.Mu)), s.Mu)
			floats.AddScaled(step, c*net.Activation.Deriv(dot(w, xi)), xi)
		}
		floats.Add(w, step)
	}
}

// A Test is what a network does on fresh samples.
type Test struct {
	Pairs  int     // fresh noise patches, each with both labels
	Errors int     // of 2 Pairs samples with y f(x) <= 0
	Loss   float64 // mean of log(1 + exp(-y f(x)))
}

// Error is the share of the fresh samples that are misclassified.
func (t Test) Error() float64 { return float64(t.Errors) / float64(2*t.Pairs) }

// Fresh draws noise patches orthogonal to mu and sets each beside both signals. Labels are fair signs independent of the noise, so
// that the two are a sample of the law, and error and loss are unbiased.
func (net *Network) Fresh(mu []float64, sigmaP float64, pairs int, r *rand.Rand) Test {
	t, m := Test{Pairs: pairs}, float64(net.Filters())
	square := dot(mu, mu)
	var signal [2]float64 // of f, at +mu and at -mu
	for k := range 2 * net.Filters() {
		z := dot(net.W.RawRowView(k), mu)
		signal[0] += net.sign(k) * net.Activation.Value(z) / m
		signal[1] += net.sign(k) * net.Activation.Value(-z) / m
	}
	xi := make([]float64, len(mu))
	for range pairs {
		for i := range xi {
			xi[i] = sigmaP * r.NormFloat64()
		}
		if square > 0 {
			floats.AddScaled(xi, -dot(xi, mu)/square, mu)
		}
		noise := 0.0
		for k := range 2 * net.Filters() {
			noise += net.sign(k) * net.Activation.Value(dot(net.W.RawRowView(k), xi)) / m
		}
		for _, margin := range []float64{signal[0] + noise, -(signal[1] + noise)} {
			if margin <= 0 {
				t.Errors++
			}
			t.Loss += softplus(-margin) / float64(2*pairs)
		}
	}
	return t
}

// softplus is log(1 + exp(z)).
func softplus(z float64) float64 { return max(z, 0) + math.Log1p(math.Exp(-math.Abs(z))) }
