package nets

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/testdata/peers"
)

const benchN, benchD, benchM = 64, 64, 16384

func benchProblem() (*Network, *Batch) {
	rng := newRand(1)
	net := NTK(benchM, benchD).Draw(rng)
	b := NewBatch(gaussian(rng, benchN, benchD), benchM)
	b.Forward(net)
	return net, b
}

func BenchmarkGram(b *testing.B) {
	net, batch := benchProblem()
	dst := mat.NewSymDense(benchN, nil)
	gaussianA := net.Clone()
	gaussianA.A = normals(newRand(2), benchM)
	for _, c := range []struct {
		name   string
		net    *Network
		layers Layers
	}{{"counted", net, FirstLayer}, {"summed", gaussianA, FirstLayer}, {"second", net, SecondLayer}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				batch.Gram(dst, c.net, c.layers)
			}
		})
	}
}

// BenchmarkPeersPatternGram is the Gram matrix of the first layer by its activation patterns, which the forward pass has left.
func BenchmarkPeersPatternGram(b *testing.B) {
	net := NTK(benchM, benchD).Draw(newRand(1))
	net.W = peers.Matrix(b, "neurons", benchM, benchD)
	for r, v := range peers.Matrix(b, "signs", 1, benchM).RawRowView(0) {
		net.A[r] = math.Copysign(1, v)
	}
	batch := NewBatch(peers.Sphere(b, "samples", benchN, benchD), benchM)
	batch.Forward(net)
	dst := mat.NewSymDense(benchN, nil)
	peers.Loop(b, func() { batch.Gram(dst, net, FirstLayer) })
	peers.Sum(b, dst)
}

func BenchmarkForward(b *testing.B) {
	net, batch := benchProblem()
	b.ReportAllocs()
	for b.Loop() {
		batch.Forward(net)
	}
	b.ReportMetric(2*benchN*benchD*benchM*float64(b.N)/b.Elapsed().Seconds()/1e9, "GF/s")
}
