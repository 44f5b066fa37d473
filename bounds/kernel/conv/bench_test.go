//go:build linux

package conv_test

import (
	"context"
	"fmt"
	"math"
	"syscall"
	"testing"
	"time"

	"convergo/bounds/kernel/conv"
)

// processorTime is the user time of this process so far, in ms: on a busy machine it says more than a clock.
func processorTime(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()) / 1e6
}

// BenchmarkPair prints the ms of processor time a pair, the least of the runs, at the size of CIFAR-10 with 20
// convolutions, 21 layers as Arora et al. (2019) count.
func BenchmarkPair(b *testing.B) {
	shape := conv.Shape{Channels: 3, Height: 32, Width: 32}
	for _, head := range []conv.Head{conv.GAP, conv.Vanilla} {
		for _, single := range []bool{false, true} {
			for _, set := range conv.Instructions() {
				name := fmt.Sprintf("%s/%s/%s", [2]string{"vanilla", "gap"}[head], map[bool]string{false: "float64", true: "float32"}[single], set)
				b.Run(name, func(b *testing.B) {
					n, m := 1, 1
					if head == conv.Vanilla {
						n, m = 90, 90
					}
					k, err := conv.New(conv.Net{Depth: 20, Head: head}, shape,
						conv.Options{Float32: single, Instructions: set, Workers: 1})
					if err != nil {
						b.Fatal(err)
					}
					x, z := randomImages(shape, n, 1), randomImages(shape, m, 2)
					least := math.Inf(1)
					for b.Loop() {
						start := processorTime(b)
						if _, err := k.Cross(context.Background(), x, z); err != nil {
							b.Fatal(err)
						}
						least = min(least, processorTime(b)-start)
					}
					b.ReportMetric(least/float64(n*m), "cpu-ms/pair")
				})
			}
		}
	}
}

// gramCost is what a Gram matrix took: ms by the clock and of processor time.
type gramCost struct{ clock, processor float64 }

func (c *gramCost) least(d gramCost) {
	if c.clock == 0 || d.clock < c.clock {
		c.clock = d.clock
	}
	if c.processor == 0 || d.processor < c.processor {
		c.processor = d.processor
	}
}

func costOfGram(b *testing.B, k *conv.Kernel, x conv.Images) gramCost {
	b.Helper()
	clock, processor := time.Now(), processorTime(b)
	if _, err := k.Gram(context.Background(), x); err != nil {
		b.Fatal(err)
	}
	return gramCost{float64(time.Since(clock).Nanoseconds()) / 1e6, processorTime(b) - processor}
}

func benchKernel(b *testing.B, net conv.Net, o conv.Options) *conv.Kernel {
	b.Helper()
	k, err := conv.New(net, cifar, o)
	if err != nil {
		b.Fatal(err)
	}
	return k
}

// cifar is the shape of the images of CIFAR-10.
var cifar = conv.Shape{Channels: 3, Height: 32, Width: 32}

// BenchmarkDepth prints the processor time a pair and layer, the least of the runs: it is the same at any depth.
func BenchmarkDepth(b *testing.B) {
	x := randomImages(cifar, 2, 1)
	for _, depth := range []int{5, 10, 20, 40} {
		b.Run(fmt.Sprint(depth), func(b *testing.B) {
			k := benchKernel(b, conv.Net{Depth: depth, Head: conv.GAP}, conv.Options{Float32: true, Workers: 1})
			var least gramCost
			for b.Loop() {
				least.least(costOfGram(b, k, x))
			}
			b.ReportMetric(least.processor/float64(3*depth), "cpu-ms/pair/layer")
		})
	}
}

// BenchmarkGram prints, for matrices of more and more images, the processor time a pair, the same at any number of pairs; and
// how well two workers share them: efficiency is the ratio of the least times by the clock over two, and cpu-ratio that of the
// processor times, 1 where two workers do no work that one does not. Other processes count in the first alone.
func BenchmarkGram(b *testing.B) {
	for _, n := range []int{1, 2, 3, 4, 8} {
		b.Run(fmt.Sprintf("images=%d", n), func(b *testing.B) {
			x := randomImages(cifar, n, 1)
			var least [3]gramCost
			for b.Loop() {
				for workers := 1; workers <= 2; workers++ {
					k := benchKernel(b, conv.Net{Depth: 20, Head: conv.GAP}, conv.Options{Float32: true, Workers: workers})
					least[workers].least(costOfGram(b, k, x))
				}
			}
			b.ReportMetric(least[1].processor/float64(n*(n+1)/2), "cpu-ms/pair")
			b.ReportMetric(least[1].clock/least[2].clock/2, "efficiency")
			b.ReportMetric(least[1].processor/least[2].processor, "cpu-ratio")
			reportMemory(b, 0)
		})
	}
}

// BenchmarkMemory prints the largest memory of a process that computes a vanilla Gram matrix of some hundred images of the
// size of CIFAR-10, whole and beside the matrix and the images; run it alone.
func BenchmarkMemory(b *testing.B) {
	const n = 400
	x := randomImages(cifar, n, 1)
	k := benchKernel(b, conv.Net{Depth: 20}, conv.Options{})
	for b.Loop() {
		costOfGram(b, k, x)
	}
	reportMemory(b, 8*(n*n+len(x.Data)))
}

// reportMemory prints the largest memory so far; where bytes are given, also what it is beside them.
func reportMemory(b *testing.B, bytes int) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	most := float64(u.Maxrss) / 1024 // Linux counts in kB
	b.ReportMetric(most, "max-MB")
	if bytes > 0 {
		b.ReportMetric(most-float64(bytes)/(1<<20), "beside-MB")
	}
}
