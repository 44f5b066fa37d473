package conv_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/nets/conv"
)

// TestBlock compares blocks with pairs, and finds the same bits with any number of workers.
func TestBlock(t *testing.T) {
	ctx, rng := context.Background(), rand.New(rand.NewPCG(5, 1))
	for _, c := range configs() {
		net, err := conv.New(c, rng)
		if err != nil {
			t.Fatal(err)
		}
		d := c.Channels * c.Height * c.Width
		x, z := mat.NewDense(5, d, normals(5*d, rng)), mat.NewDense(3, d, normals(3*d, rng))
		for _, y := range []*mat.Dense{x, z} {
			one, err1 := net.Block(ctx, x, y, 1)
			many, err2 := net.Block(ctx, x, y, 4)
			if err := errors.Join(err1, err2); err != nil || !mat.Equal(one, many) {
				t.Fatalf("%+v: one worker and four differ (%v)", c, err)
			}
			rows, cols := one.Dims()
			for i := range rows {
				for j := range cols {
					want, err := net.Tangent(x.RawRowView(i), y.RawRowView(j))
					if err != nil || !(math.Abs(one.At(i, j)-want) <= 1e-12*(1+math.Abs(want))) {
						t.Errorf("%+v [%d,%d]: %v, want %v (%v)", c, i, j, one.At(i, j), want, err)
					}
				}
			}
		}
		if _, err := net.Block(ctx, x, mat.NewDense(1, d+1, nil), 1); err == nil {
			t.Errorf("%+v: rows that are no images pass", c)
		}
		stopped, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := net.Block(stopped, x, z, 2); !errors.Is(err, context.Canceled) {
			t.Errorf("%+v: a stopped block returns %v", c, err)
		}
	}
}

func ExampleNetwork_Block() {
	net, err := conv.New(conv.Config{Channels: 1, Height: 1, Width: 1, Filter: 1, Hidden: []int{2000}}, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		fmt.Println(err)
		return
	}
	x := mat.NewDense(2, 1, []float64{1, -1})
	k, err := net.Block(context.Background(), x, x, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.1f %.1f\n", k.At(0, 0), k.At(0, 1)) // the limits are 2 and 0
	// Output: 2.0 0.0
}
