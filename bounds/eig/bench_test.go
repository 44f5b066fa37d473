package eig_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/blas/blas64"

	"convergo/bounds/eig"
	"convergo/nets/fmablas"
)

// BenchmarkPeersLambdaMin certifies the smallest eigenvalue of a Wishart matrix of condition 30, with the BLAS of the command.
func BenchmarkPeersLambdaMin(b *testing.B) {
	kept := blas64.Implementation()
	blas64.Use(fmablas.Implementation{})
	defer blas64.Use(kept)
	for _, n := range []int{128, 512, 1024} {
		a := wishart(n, 2*n, rand.New(rand.NewPCG(1, uint64(n))))
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			for b.Loop() {
				if c, err := eig.Min(a); err != nil || !c.OK {
					b.Fatal(c, err)
				}
			}
		})
	}
}
