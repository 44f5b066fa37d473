package train

import (
	"testing"

	"convergo/nets"
)

func BenchmarkGDStep(b *testing.B) {
	const n, d, m = 64, 64, 16384
	net, x, y := problem(newRand(1), nets.NTK(m, d), n)
	run, err := NewDescent(net, x, y, Options{Step: 0.1})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		run.Step()
	}
	b.ReportMetric(4*n*d*m*float64(b.N)/b.Elapsed().Seconds()/1e9, "GF/s")
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
