package conv_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"convergo/bounds/kernel/conv"
)

// content changes two random images into what kernels get wrong.
var content = []struct {
	name   string
	change func(draw *rand.Rand, shape conv.Shape, x, z []float64)
	near   bool // correlations near 1 or -1: held to the documented error
}{
	{"plain", func(*rand.Rand, conv.Shape, []float64, []float64) {}, false},
	{"positive", func(_ *rand.Rand, _ conv.Shape, x, z []float64) {
		for k := range x {
			x[k], z[k] = math.Abs(x[k]), math.Abs(z[k])
		}
	}, false},
	{"zero rows", func(_ *rand.Rand, s conv.Shape, x, z []float64) {
		for c := range s.Channels {
			at := c * s.Height * s.Width
			clear(x[at : at+s.Width])
			clear(z[at+(s.Height-1)*s.Width : at+s.Height*s.Width])
		}
	}, false},
	{"zero image", func(_ *rand.Rand, _ conv.Shape, x, _ []float64) { clear(x) }, false},
	{"duplicate", func(_ *rand.Rand, _ conv.Shape, x, z []float64) { copy(z, x) }, false},
	{"nearly parallel", func(draw *rand.Rand, _ conv.Shape, x, z []float64) {
		eps := math.Pow(10, -1-7*draw.Float64())
		for k := range x {
			z[k] = 1.7*x[k] + eps*draw.NormFloat64()
		}
	}, true},
	{"opposite", func(draw *rand.Rand, _ conv.Shape, x, z []float64) {
		for k := range x {
			z[k] = -2 * x[k]
		}
	}, true},
}

// randomNet draws any network that is small enough for the oracle.
func randomNet(draw *rand.Rand) conv.Net {
	net := conv.Net{Depth: 1 + draw.IntN(4), Filter: 3 + 2*draw.IntN(2), Padding: conv.Padding(draw.IntN(2)), Head: conv.Head(draw.IntN(2))}
	if draw.IntN(3) == 0 {
		net.FixFirst, net.FixLast = true, true
	}
	if draw.IntN(2) == 0 {
		net.Block = 1 + draw.IntN(2)
		net.Depth, net.Branch = 1+net.Block*(1+draw.IntN(2)), []float64{0.5, 1, 1.5}[draw.IntN(3)]
	}
	return net
}

// documented is the error of D in the comment of the package.
func documented(channels int, single bool) float64 {
	u := 1.0 / (1 << 53)
	if single {
		u = 1.0 / (1 << 24)
	}
	return math.Sqrt(2*(44+float64(channels))*u) / math.Pi
}

// TestRandom compares random networks on random images with the four-index recursion in 128 bits: 1e-13 in float64 and 1e-5
// in float32, and where patches are nearly parallel the documented error of D, once a layer, of the root of K(x,x) K(z,z).
func TestRandom(t *testing.T) {
	shapes := []conv.Shape{{Channels: 1, Height: 1, Width: 1}, {Channels: 3, Height: 1, Width: 1}, {Channels: 1, Height: 2, Width: 3}, {Channels: 3, Height: 2, Width: 3}, {Channels: 3, Height: 3, Width: 2}}
	draw, worst := rand.New(rand.NewPCG(7, 1)), map[string]float64{}
	for trial := range 210 {
		shape := shapes[draw.IntN(len(shapes))]
		if trial%70 == 0 {
			shape = conv.Shape{Channels: 1 + trial%3, Height: 5, Width: 7}
		}
		im, kind := randomImages(shape, 2, uint64(trial)), content[trial%len(content)]
		net, x, z := randomNet(draw), im.At(0), im.At(1)
		kind.change(draw, shape, x, z)
		c := oracleCase{net: net, shape: shape, x: x, z: z}
		nngp, ntk := c.oracle().value(x, z)
		for _, o := range []conv.Options{{}, {Kind: conv.NNGP}, {Float32: true}, {Kind: conv.NNGP, Float32: true}} {
			want := ntk
			if o.Kind == conv.NNGP {
				want = nngp
			}
			tolerance, unit := 1e-13, math.Abs(want)
			if o.Float32 {
				tolerance = 1e-5
			}
			for _, o.Instructions = range conv.Instructions() {
				scale := math.Sqrt(pair(t, net, shape, o, x, x) * pair(t, net, shape, o, z, z))
				if kind.near && o.Kind == conv.NTK {
					tolerance, unit = float64(net.Depth)*documented(shape.Channels, o.Float32), scale
				}
				off := math.Abs(pair(t, net, shape, o, x, z) - want)
				if cancelled := 1e-3 * scale; unit < cancelled { // rounding is that of the terms, which may cancel
					unit = cancelled
				}
				if !(off <= tolerance*unit) {
					t.Errorf("trial %d, %s, %v, %+v %+v: off by %.2g of %g", trial, kind.name, shape, net, o, off, unit)
				}
				if unit > 0 {
					key := fmt.Sprintf("%s, float32 %v, kind %d", kind.name, o.Float32, o.Kind)
					worst[key] = max(worst[key], off/unit)
				}
			}
		}
	}
	for key, v := range worst {
		t.Logf("%s: worst %.2g", key, v)
	}
}

// TestSlopeError searches for the largest error of D, from both kernels of one pixel: NTK - NNGP = D Sigma there. The
// documented bound holds everywhere, and is no more than three times what is found.
func TestSlopeError(t *testing.T) {
	for _, single := range []bool{true, false} {
		for _, channels := range []int{2, 3, 64} {
			shape := conv.Shape{Channels: channels, Height: 1, Width: 1}
			draw, worst := rand.New(rand.NewPCG(uint64(channels), 3)), 0.0
			ntk := kernelOf(t, conv.Net{Depth: 1, Filter: 1}, shape, conv.Options{Float32: single})
			nngp := kernelOf(t, conv.Net{Depth: 1, Filter: 1}, shape, conv.Options{Float32: single, Kind: conv.NNGP})
			x, z := make([]float64, channels), make([]float64, channels)
			for range 4000 {
				eps := math.Pow(10, -1-7*draw.Float64())
				var inner, xx, plus, minus float64
				for k := range x {
					x[k] = float64(float32(draw.NormFloat64())) // so that float32 reads the same image
					z[k] = float64(float32(x[k] + eps*draw.NormFloat64()))
					inner, xx = inner+x[k]*z[k], xx+x[k]*x[k]
				}
				zz := 0.0
				for _, v := range z {
					zz += v * v
				}
				for k := range x { // the angle from chords, accurate however small it is
					a, b := x[k]/math.Sqrt(xx), z[k]/math.Sqrt(zz)
					plus, minus = plus+(a+b)*(a+b), minus+(a-b)*(a-b)
				}
				want := 1 - 2*math.Atan2(math.Sqrt(minus), math.Sqrt(plus))/math.Pi
				theta, err1 := ntk.Pair(x, z)
				feature, err2 := nngp.Pair(x, z)
				if err1 != nil || err2 != nil {
					t.Fatal(err1, err2)
				}
				if xx > 0 && inner > 0 {
					worst = max(worst, math.Abs((theta-feature)/inner-want))
				}
			}
			bound := documented(channels, single)
			t.Logf("%d channels, float32 %v: worst error of D %.2g, documented %.2g", channels, single, worst, bound)
			if worst > bound || worst < bound/3 {
				t.Errorf("%d channels, float32 %v: worst error of D %.2g, documented %.2g", channels, single, worst, bound)
			}
		}
	}
}

// TestCrossOfGram: K(X, Z) has the bits of the blocks of K of all images together, in both orders of a pair and for all sizes.
func TestCrossOfGram(t *testing.T) {
	for _, shape := range []conv.Shape{{Channels: 3, Height: 5, Width: 7}, {Channels: 1, Height: 2, Width: 3}, {Channels: 1, Height: 1, Width: 1}} {
		for _, net := range []conv.Net{{Depth: 3, Head: conv.GAP}, {Depth: 3}, {Depth: 3, Head: conv.GAP, Padding: conv.Circular, Block: 1}} {
			for _, single := range []bool{false, true} {
				all := randomImages(shape, 7, 1)
				x := conv.Images{Shape: shape, Data: all.Data[:4*shape.Size()]}
				z := conv.Images{Shape: shape, Data: all.Data[4*shape.Size():]}
				k := kernelOf(t, net, shape, conv.Options{Float32: single})
				gram, err := k.Gram(context.Background(), all)
				if err != nil {
					t.Fatal(err)
				}
				cross, err := k.Cross(context.Background(), x, z)
				if err != nil {
					t.Fatal(err)
				}
				for i := range 4 {
					for j := range 3 {
						if got, want := cross.At(i, j), gram.At(i, 4+j); got != want {
							t.Errorf("%v %+v float32 %v [%d,%d]: %v, in the whole matrix %v", shape, net, single, i, j, got, want)
						}
					}
				}
			}
		}
	}
}
