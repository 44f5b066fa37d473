package conv_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"convergo/bounds/kernel/conv"
)

// randomImages draws images with independent normal pixels.
func randomImages(shape conv.Shape, n int, seed uint64) conv.Images {
	draw := rand.New(rand.NewPCG(seed, 1))
	im := conv.Images{Shape: shape, Data: make([]float64, n*shape.Size())}
	for k := range im.Data {
		im.Data[k] = draw.NormFloat64()
	}
	return im
}

// BenchmarkPair prints ms a pair at the size of CIFAR-10 and 21 layers (20 convolutions), on one core.
func BenchmarkPair(b *testing.B) {
	shape := conv.Shape{Channels: 3, Height: 32, Width: 32}
	for _, head := range []conv.Head{conv.GAP, conv.Vanilla} {
		for _, single := range []bool{false, true} {
			for _, set := range conv.Instructions() {
				name := fmt.Sprintf("%s/%s/%s", [2]string{"vanilla", "gap"}[head], map[bool]string{false: "float64", true: "float32"}[single], set)
				b.Run(name, func(b *testing.B) {
					n, m := 1, 1
					if head == conv.Vanilla {
						n, m = 16, 16
					}
					k, err := conv.New(conv.Net{Depth: 20, Head: head}, shape,
						conv.Options{Float32: single, Instructions: set, Workers: 1})
					if err != nil {
						b.Fatal(err)
					}
					x, z := randomImages(shape, n, 1), randomImages(shape, m, 2)
					for b.Loop() {
						if _, err := k.Cross(context.Background(), x, z); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e6/float64(b.N*n*m), "ms/pair")
				})
			}
		}
	}
}
