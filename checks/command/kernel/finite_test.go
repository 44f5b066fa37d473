package kernel

import (
	"context"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel/conv"
	"convergo/bounds/kernel/job"
)

func blocks(t *testing.T, m job.Matrix, rows, cols job.Span) *mat.Dense {
	t.Helper()
	k := mat.NewDense(m.Rows, m.Cols, nil)
	if err := m.Block(context.Background(), rows, cols, k.Set); err != nil {
		t.Fatal(err)
	}
	return k
}

// TestNetworksBlocks: an entry has the same bits in any tile, with any number of workers, and K(x, z) those of K(x, x).
func TestNetworksBlocks(t *testing.T) {
	const size = 7
	shape := conv.Shape{Channels: 2, Height: 3, Width: 4}
	x := mat.NewDense(size, shape.Size(), nil)
	x.Apply(func(i, j int, _ float64) float64 { return math.Sin(float64(1 + 31*i + 7*j)) }, x)
	for _, arch := range architectures {
		n := networks{arch: arch, depth: 4, width: 5, shape: shape, draws: 2, seed: 3, workers: 1}
		all := job.Span{To: size}
		whole := blocks(t, n.matrix(x, nil), all, all)
		n.workers = 3
		cross := blocks(t, n.matrix(x, x), all, all)
		tile := blocks(t, n.matrix(x, nil), job.Span{From: 1, To: 3}, job.Span{From: 4, To: 7})
		for i := range size {
			for j := i; j < size; j++ {
				if whole.At(i, j) != cross.At(i, j) || i >= 1 && i < 3 && j >= 4 && tile.At(i, j) != whole.At(i, j) {
					t.Errorf("%s [%d,%d]: %v whole, %v cross, %v in a tile", arch, i, j, whole.At(i, j), cross.At(i, j), tile.At(i, j))
				}
			}
		}
		n.seed = 4
		if other := blocks(t, n.matrix(x, nil), all, all); mat.Equal(other, whole) {
			t.Errorf("%s: another seed gives the same networks", arch)
		}
	}
}

// TestNetworksLimit: the mean kernel of wide networks is near the exact one, and that of many narrow ones of one hidden layer.
func TestNetworksLimit(t *testing.T) {
	shape := conv.Shape{Channels: 1, Height: 4, Width: 4}
	x := mat.NewDense(3, 16, nil)
	x.Apply(func(i, j int, _ float64) float64 { return math.Sin(float64(1 + 31*i + 7*j)) }, x)
	for _, arch := range architectures {
		n := networks{arch: arch, depth: 2, width: 64, shape: shape, draws: 60, seed: 1, workers: 2}
		exact, _, err := (&study{}).source(studied{set: &imageSet{shape: shape}, arch: arch, depth: 2}, x)
		if err != nil {
			t.Fatal(err)
		}
		all := job.Span{To: 3}
		got, want := blocks(t, n.matrix(x, nil), all, all), blocks(t, exact(nil), all, all)
		for i := range 3 {
			for j := i; j < 3; j++ {
				scale := math.Sqrt(want.At(i, i) * want.At(j, j))
				if off := math.Abs(got.At(i, j)-want.At(i, j)) / scale; off > 0.1 { // six deviations of sqrt(12/(64 60)), over the trace
					t.Errorf("%s [%d,%d]: %v, exact %v", arch, i, j, got.At(i, j), want.At(i, j))
				}
			}
		}
	}
}

// TestNetworksParams counts weights by the gradients that they have.
func TestNetworksParams(t *testing.T) {
	for arch, want := range map[string]int{"fc": 5*12 + 2*5*5 + 5, "cntk": 9*(5*1+2*5*5) + 5*12, "cntk-gap": 9*(5*1+2*5*5) + 5} {
		n := networks{arch: arch, depth: 4, width: 5, shape: conv.Shape{Channels: 1, Height: 3, Width: 4}}
		if got := n.params(); got != want {
			t.Errorf("%s: %d weights, want %d", arch, got, want)
		}
	}
}
