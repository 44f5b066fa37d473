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

// BenchmarkGram prints, for one worker and for two, the ms by the clock a pair of a small GAP Gram matrix at the size of
// CIFAR-10, and the largest memory of the process so far.
func BenchmarkGram(b *testing.B) {
	shape := conv.Shape{Channels: 3, Height: 32, Width: 32}
	x := randomImages(shape, 8, 1)
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			k, err := conv.New(conv.Net{Depth: 20, Head: conv.GAP}, shape, conv.Options{Float32: true, Workers: workers})
			if err != nil {
				b.Fatal(err)
			}
			least := math.Inf(1)
			for b.Loop() {
				start := time.Now()
				if _, err := k.Gram(context.Background(), x); err != nil {
					b.Fatal(err)
				}
				least = min(least, float64(time.Since(start).Nanoseconds())/1e6)
			}
			b.ReportMetric(least/36, "ms/pair")
			reportMemory(b)
		})
	}
}

// BenchmarkMemory prints the largest memory of a process that computes a vanilla Gram matrix of some hundred images of the
// size of CIFAR-10; run it alone.
func BenchmarkMemory(b *testing.B) {
	shape := conv.Shape{Channels: 3, Height: 32, Width: 32}
	x := randomImages(shape, 400, 1)
	k, err := conv.New(conv.Net{Depth: 20}, shape, conv.Options{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := k.Gram(context.Background(), x); err != nil {
			b.Fatal(err)
		}
	}
	reportMemory(b)
}

func reportMemory(b *testing.B) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(u.Maxrss)/1024, "max-MB") // Linux counts in kB
}
