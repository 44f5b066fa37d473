package conv_test

import (
	"context"
	"math"
	"testing"

	"convergo/bounds/kernel/conv"
)

// The matrix between two sets has the kernels of their pairs, and Check says by how much of sqrt(K(x,x) K(z,z)) an entry is off.
func TestCrossAndCheck(t *testing.T) {
	shape := conv.Shape{Channels: 1, Height: 2, Width: 3}
	net := conv.Net{Depth: 3, Block: 2, Branch: 0.5}
	k, err := conv.New(net, shape, conv.Options{})
	if err != nil {
		t.Fatal(err)
	}
	net.Filter = 3
	if got := k.Net(); got != net {
		t.Errorf("network %+v, want %+v", got, net)
	}
	ctx := context.Background()
	x, z := randomImages(shape, 2, 1), randomImages(shape, 3, 2)
	cross, err := k.Cross(ctx, x, z)
	if err != nil {
		t.Fatal(err)
	}
	value := func(a, b []float64) float64 {
		v, err := k.Pair(a, b)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for i := range 2 {
		for j := range 3 {
			if got, want := cross.At(i, j), value(x.At(i), z.At(j)); !(math.Abs(got-want) <= 1e-12*math.Abs(want)) {
				t.Errorf("entry %d, %d is %v, that of the pair %v", i, j, got, want)
			}
		}
	}
	for _, off := range []float64{0, 0.01} {
		got, err := k.Check(ctx, x, z, 20, 3, func(i, j int) float64 {
			return cross.At(i, j) - off*math.Sqrt(value(x.At(i), x.At(i))*value(z.At(j), z.At(j)))
		})
		if err != nil || !(math.Abs(got-off) <= 1e-12) {
			t.Errorf("entries that are off by %v are said to be off by %v (%v)", off, got, err)
		}
	}
}
