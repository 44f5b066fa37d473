package train

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/floats"

	"convergo/nets"
	"convergo/testdata/peers"
)

// BenchmarkPeersGDStep is a step of gradient descent on the first layer of 16384 neurons, 64 inputs of 64 dimensions; its number is the
// sum of the outputs after the first.
func BenchmarkPeersGDStep(b *testing.B) {
	const n, d, m = 64, 64, 16384
	net := nets.NTK(m, d).Draw(newRand(1))
	net.W = peers.Matrix(b, "neurons", m, d)
	for r, v := range peers.Matrix(b, "signs", 1, m).RawRowView(0) {
		net.A[r] = math.Copysign(1, v)
	}
	y := make([]float64, n)
	for i, v := range peers.Matrix(b, "labels", 1, n).RawRowView(0) {
		y[i] = math.Copysign(1, v)
	}
	run, err := NewDescent(net, peers.Sphere(b, "samples", n, d), y, Options{Step: 0.1})
	if err != nil {
		b.Fatal(err)
	}
	run.Step()
	sum := floats.Sum(run.State().U)
	peers.Loop(b, run.Step)
	b.ReportMetric(4*n*d*m*float64(b.N)/b.Elapsed().Seconds()/1e9, "GF/s")
	peers.Number(b, sum)
}

func BenchmarkGDStepSmall(b *testing.B) {
	const n, d, m = 10, 20, 4096
	net, x, y := problem(newRand(1), nets.NTK(m, d), n)
	run, err := NewDescent(net, x, y, Options{Step: 0.1})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		run.Step()
	}
	b.ReportMetric(4*n*d*m*float64(b.N)/b.Elapsed().Seconds()/1e9, "GF/s")
}

func BenchmarkMaskedRound(b *testing.B) {
	const n, d, m = 8, 16, 1500
	net, x, y := problem(newRand(1), nets.NTK(m, d), n)
	how := Masking{Law: Bernoulli{Keep: 0.5}, Models: 4, LocalSteps: 5}
	k, err := NewMasked(net, x, y, how, Options{Step: 0.5}, newRand(2))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		k.Round()
	}
}
