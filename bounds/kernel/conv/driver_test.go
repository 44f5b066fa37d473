package conv_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel"
	"convergo/bounds/kernel/conv"
)

// TestOnePixel reduces to the fully connected kernel: the centre of the filter is all that counts.
func TestOnePixel(t *testing.T) {
	shape := conv.Shape{Channels: 5, Height: 1, Width: 1}
	images := randomImages(shape, 2, 3)
	p, err := kernel.NewPair(images.At(0), images.At(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, depth := range []int{1, 2, 7, 20} {
		for _, q := range []int{1, 3, 5} {
			for _, head := range []conv.Head{conv.Vanilla, conv.GAP} {
				net := conv.Net{Depth: depth, Filter: q, Head: head}
				share := math.Pow(float64(q), -2*float64(depth))
				got := pair(t, net, shape, conv.Options{}, images.At(0), images.At(1))
				if want := share * kernel.NTK(depth).Of(p); !(math.Abs(got-want) <= 1e-13*want) {
					t.Errorf("%+v: NTK %.16g, want %.16g", net, got, want)
				}
				got = pair(t, net, shape, conv.Options{Kind: conv.NNGP}, images.At(0), images.At(1))
				if want := share * kernel.NNGP(depth).Of(p); !(math.Abs(got-want) <= 1e-13*want) {
					t.Errorf("%+v: NNGP %.16g, want %.16g", net, got, want)
				}
			}
		}
	}
}

// TestPixelwise: filters of one pixel make the vanilla kernel the sum over pixels of fully connected kernels.
func TestPixelwise(t *testing.T) {
	shape := conv.Shape{Channels: 3, Height: 5, Width: 9}
	images, size := randomImages(shape, 2, 4), 45
	var want float64
	for p := range size {
		var x, z []float64
		for c := range shape.Channels {
			x, z = append(x, images.At(0)[c*size+p]), append(z, images.At(1)[c*size+p])
		}
		pair, err := kernel.NewPair(x, z)
		if err != nil {
			t.Fatal(err)
		}
		want += kernel.NTK(6).Of(pair)
	}
	got := pair(t, conv.Net{Depth: 6, Filter: 1}, shape, conv.Options{}, images.At(0), images.At(1))
	if !(math.Abs(got-want) <= 1e-13*want) {
		t.Errorf("%.16g, want %.16g", got, want)
	}
}

// TestShift: with circular padding GAP cannot see a shift of the image; with zero padding it does.
func TestShift(t *testing.T) {
	shape := conv.Shape{Channels: 1, Height: 5, Width: 8}
	images := randomImages(shape, 3, 6)
	for i := range shape.Height {
		for j := range shape.Width {
			images.At(2)[(i+2)%5*8+(j+3)%8] = images.At(1)[i*8+j]
		}
	}
	for padding, equal := range map[conv.Padding]bool{conv.Circular: true, conv.Zero: false} {
		net := conv.Net{Depth: 4, Head: conv.GAP, Padding: padding}
		a := pair(t, net, shape, conv.Options{}, images.At(0), images.At(1))
		b := pair(t, net, shape, conv.Options{}, images.At(0), images.At(2))
		if got := math.Abs(a-b) < 1e-13*a; got != equal {
			t.Errorf("padding %d: %.16g and %.16g after a shift", padding, a, b)
		}
	}
}

// TestWorkers sees the same bytes for any number of workers, from the whole matrix and from single pairs.
func TestWorkers(t *testing.T) {
	ctx := context.Background()
	shape := conv.Shape{Channels: 2, Height: 6, Width: 5}
	x, z := randomImages(shape, 11, 7), randomImages(shape, 6, 8)
	for _, head := range []conv.Head{conv.Vanilla, conv.GAP} {
		for _, single := range []bool{false, true} {
			net := conv.Net{Depth: 3, Head: head}
			one := kernelOf(t, net, shape, conv.Options{Float32: single, Workers: 1})
			many := kernelOf(t, net, shape, conv.Options{Float32: single, Workers: 7})
			g1, g7 := gram(t, one, x), gram(t, many, x)
			if !mat.Equal(g1, g7) {
				t.Errorf("head %d float32 %v: Gram matrices differ", head, single)
			}
			c1, err1 := one.Cross(ctx, x, z)
			c7, err7 := many.Cross(ctx, x, z)
			if err := errors.Join(err1, err7); err != nil {
				t.Fatal(err)
			}
			if !mat.Equal(c1, c7) {
				t.Errorf("head %d float32 %v: cross kernels differ", head, single)
			}
			for i := range x.Len() {
				for j := i; j < x.Len(); j++ {
					if v, err := many.Pair(x.At(i), x.At(j)); err != nil || v != g1.At(i, j) {
						t.Fatalf("pair %d, %d: %v in the matrix, %v alone (%v)", i, j, g1.At(i, j), v, err)
					}
				}
			}
		}
	}
}

func kernelOf(t *testing.T, net conv.Net, shape conv.Shape, o conv.Options) *conv.Kernel {
	t.Helper()
	k, err := conv.New(net, shape, o)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func gram(t *testing.T, k *conv.Kernel, x conv.Images) *mat.SymDense {
	t.Helper()
	g, err := k.Gram(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestInstructions sees the same bits from all assembly, 1e-14 between it and plain Go, which does not fuse, and 1e-5 in
// float32, at sizes that fill no vector and some that do.
func TestInstructions(t *testing.T) {
	for _, shape := range []conv.Shape{{Channels: 1, Height: 3, Width: 1}, {Channels: 2, Height: 9, Width: 11}, {Channels: 3, Height: 4, Width: 32}, {Channels: 1, Height: 2, Width: 33}} {
		images := randomImages(shape, 2, 9)
		for _, net := range []conv.Net{{Depth: 5}, {Depth: 4, Head: conv.GAP}, {Depth: 3, Block: 1}, {Depth: 3, Padding: conv.Circular, Filter: 5, FixFirst: true}} {
			exact := pair(t, net, shape, conv.Options{Instructions: "go"}, images.At(0), images.At(1))
			best := pair(t, net, shape, conv.Options{}, images.At(0), images.At(1))
			best32 := pair(t, net, shape, conv.Options{Float32: true}, images.At(0), images.At(1))
			for _, set := range conv.Instructions() {
				v := pair(t, net, shape, conv.Options{Instructions: set}, images.At(0), images.At(1))
				if !(math.Abs(v-exact) <= 1e-14*exact) {
					t.Errorf("%v %+v %s: %.17g, portable %.17g", shape, net, set, v, exact)
				}
				if set != "go" && v != best {
					t.Errorf("%v %+v %s: %.17g, the fastest set %.17g", shape, net, set, v, best)
				}
				v = pair(t, net, shape, conv.Options{Instructions: set, Float32: true}, images.At(0), images.At(1))
				if set != "go" && v != best32 {
					t.Errorf("%v %+v %s: float32 %.17g, the fastest set %.17g", shape, net, set, v, best32)
				}
				if !(math.Abs(v-exact) <= 1e-5*math.Abs(exact)) {
					t.Errorf("%v %+v %s: float32 %.17g, float64 %.17g", shape, net, set, v, exact)
				}
			}
		}
	}
}

// TestNearlyParallel holds both precisions to the documented error on patches that are nearly parallel: up to
// sqrt(88 u)/pi in D of each layer, here of an image and a copy with noise below the last bits.
func TestNearlyParallel(t *testing.T) {
	shape := conv.Shape{Channels: 1, Height: 4, Width: 4}
	net := conv.Net{Depth: 3, Filter: 3}
	worst := map[bool]float64{}
	for e := 2; e <= 9; e++ {
		images := randomImages(shape, 2, uint64(e))
		x, z := images.At(0), images.At(1)
		for k := range z {
			z[k] = x[k] + math.Pow(10, -float64(e))*z[k]
		}
		_, want := oracle{net: net, shape: shape}.value(x, z)
		for single, u := range map[bool]float64{false: 1.0 / (1 << 53), true: 1.0 / (1 << 24)} {
			got := pair(t, net, shape, conv.Options{Float32: single}, x, z)
			// D is at least 1/2 here, and each of three layers may err.
			if bound := 3 * 2 * math.Sqrt(88*u) / math.Pi * want; !(math.Abs(got-want) <= bound) {
				t.Errorf("float32 %v, noise 1e-%d: %.17g, want %.17g within %.2g", single, e, got, want, bound)
			}
			worst[single] = max(worst[single], math.Abs(got-want)/want)
		}
	}
	if worst[true] < 1e-6 || worst[false] < 1e-12 {
		t.Errorf("errors of at most %v: these patches are no test of the bound", worst)
	}
}

func TestCheck(t *testing.T) {
	ctx := context.Background()
	shape := conv.Shape{Channels: 1, Height: 4, Width: 4}
	x := randomImages(shape, 5, 12)
	k := kernelOf(t, conv.Net{Depth: 3, Head: conv.GAP}, shape, conv.Options{Float32: true})
	g := gram(t, k, x)
	if worst, err := k.Check(ctx, x, x, 40, 1, g.At); err != nil || worst == 0 || worst > 1e-5 {
		t.Errorf("float32 deviates by %g (%v)", worst, err)
	}
	g.SetSym(2, 3, 1.001*g.At(2, 3))
	if worst, err := k.Check(ctx, x, x, 200, 1, g.At); err != nil || worst < 1e-5 {
		t.Errorf("a wrong entry deviates by %g only (%v)", worst, err)
	}
}

func TestErrors(t *testing.T) {
	shape := conv.Shape{Channels: 1, Height: 4, Width: 4}
	for want, net := range map[string]conv.Net{
		"depth 0":       {},
		"filter side 4": {Depth: 1, Filter: 4},
		"padding 7":     {Depth: 1, Padding: 7},
		"head -1":       {Depth: 1, Head: -1},
		"blocks of 2":   {Depth: 2, Block: 2},
		"not finite":    {Depth: 2, Block: 1, Branch: math.NaN()},
	} {
		if _, err := conv.New(net, shape, conv.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q", net, err, want)
		}
	}
	if _, err := conv.New(conv.Net{Depth: 1}, conv.Shape{}, conv.Options{}); err == nil {
		t.Error("no error for an empty shape")
	}
	if _, err := conv.New(conv.Net{Depth: 1}, shape, conv.Options{Instructions: "mmx"}); err == nil || !strings.Contains(err.Error(), "mmx") {
		t.Errorf("instructions that do not exist: %v", err)
	}
	k := kernelOf(t, conv.Net{Depth: 1}, shape, conv.Options{})
	bad := randomImages(shape, 3, 1)
	bad.At(1)[2] = math.NaN()
	if _, err := k.Gram(context.Background(), bad); err == nil || !strings.Contains(err.Error(), "image 1") {
		t.Errorf("NaN: %v", err)
	}
	if _, err := k.Pair(make([]float64, 16), make([]float64, 15)); err == nil {
		t.Error("no error for half an image")
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := k.Gram(done, randomImages(shape, 3, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
