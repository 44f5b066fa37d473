package eig_test

import (
	"fmt"
	"testing"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds/eig"
	"convergo/nets/fmablas"
	"convergo/testdata/peers"
)

// BenchmarkPeersLambdaMin certifies the smallest eigenvalue of a Wishart matrix of condition 30, with the BLAS of the command.
func BenchmarkPeersLambdaMin(b *testing.B) { benchmarkMin(b, 1024) }

func BenchmarkLambdaMin(b *testing.B) {
	for _, n := range []int{128, 512} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) { benchmarkMin(b, n) })
	}
}

func benchmarkMin(b *testing.B, n int) {
	kept := blas64.Implementation()
	blas64.Use(fmablas.Implementation{})
	defer blas64.Use(kept)
	var a mat.SymDense
	a.SymOuterK(1/float64(2*n), peers.Matrix(b, "wishart", n, 2*n))
	var c eig.Certified
	peers.Loop(b, func() {
		var err error
		if c, err = eig.Min(&a); err != nil || !c.OK {
			b.Fatal(c, err)
		}
	})
	peers.Number(b, c.Value)
}
