package conv_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"convergo/bounds/kernel/conv"
)

// TestRange: values beyond the range of the type are errors, and no zeros or infinities without a word.
func TestRange(t *testing.T) {
	ctx := context.Background()
	dot, square := conv.Shape{Channels: 2, Height: 1, Width: 1}, conv.Shape{Channels: 3, Height: 6, Width: 6}
	for _, c := range []struct {
		net    conv.Net
		shape  conv.Shape
		single bool
		want   string // of the error, "" where there is none
	}{
		{conv.Net{Depth: 30}, dot, true, ""},
		{conv.Net{Depth: 60}, dot, true, "float32 in layer 34"},
		{conv.Net{Depth: 60}, dot, false, ""},
		{conv.Net{Depth: 400}, dot, false, "float64 in layer 307"},
		{conv.Net{Depth: 400, Filter: 1}, dot, true, ""},
		{conv.Net{Depth: 400, Head: conv.GAP}, square, false, ""},
		{conv.Net{Depth: 1025, Block: 2}, square, true, "use float64"},
		{conv.Net{Depth: 1025, Block: 2}, square, false, ""},
		{conv.Net{Depth: 3, Block: 1, Branch: 1e200}, square, false, "branch factor"},
	} {
		im := randomImages(c.shape, 2, 1)
		_, err := kernelOf(t, c.net, c.shape, conv.Options{Float32: c.single}).Gram(ctx, im)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v float32 %v: error %v, want %q", c.net, c.single, err, c.want)
		}
	}
	for want, k := range map[string]struct {
		net   conv.Net
		shape conv.Shape
	}{
		"filter side 1000001": {conv.Net{Depth: 1, Filter: 1_000_001}, dot},
		"bytes an image":      {conv.Net{Depth: 1_000_000_000}, square},
		"take":                {conv.Net{Depth: 1}, conv.Shape{Channels: 1, Height: math.MaxInt / 2, Width: 8}},
	} {
		if _, err := conv.New(k.net, k.shape, conv.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	// A zero image is no vanished one, and huge pixels overflow only in their product.
	k := kernelOf(t, conv.Net{Depth: 2}, square, conv.Options{})
	im := randomImages(square, 2, 1)
	clear(im.At(0))
	if g, err := k.Gram(ctx, im); err != nil || g.At(0, 1) != 0 || g.At(0, 0) != 0 {
		t.Errorf("a zero image: %v", err)
	}
	im.At(1)[3] = 1e300
	if _, err := k.Gram(ctx, im); err == nil || !strings.Contains(err.Error(), "images 1 and 1 is too large") {
		t.Errorf("huge pixels: %v", err)
	}
}

// TestFaintPixel: a pixel whose reciprocal is beyond float32 counts as zero.
func TestFaintPixel(t *testing.T) {
	shape := conv.Shape{Channels: 1, Height: 1, Width: 2}
	for _, set := range conv.Instructions() {
		got := pair(t, conv.Net{Depth: 2, Filter: 1}, shape, conv.Options{Float32: true, Instructions: set}, []float64{1, 1e-40}, []float64{1, 1})
		if !(math.Abs(got-3) <= 1e-6) {
			t.Errorf("%s: %g, want 3", set, got)
		}
	}
}

// TestManyChannels holds parallel pixels of many channels to the documented error sqrt(2 (44+C0) u)/pi of D.
func TestManyChannels(t *testing.T) {
	for _, channels := range []int{1, 64, 1024, 16384} {
		shape := conv.Shape{Channels: channels, Height: 1, Width: 1}
		x := randomImages(shape, 1, 1).At(0)
		z := make([]float64, channels)
		var inner float64
		for k := range x {
			x[k]++
			z[k] = 0.7 * x[k]
			inner += x[k] * z[k]
		}
		for _, set := range conv.Instructions() {
			for single, u := range map[bool]float64{false: 1.0 / (1 << 53), true: 1.0 / (1 << 24)} {
				got := pair(t, conv.Net{Depth: 1, Filter: 1}, shape, conv.Options{Float32: single, Instructions: set}, x, z)
				if bound := math.Sqrt(2*(44+float64(channels))*u) / math.Pi; !(math.Abs(got-2*inner) <= bound*inner) {
					t.Errorf("%d channels, float32 %v, %s: relative error %.2g, documented %.2g", channels, single, set, got/(2*inner)-1, bound/2)
				}
			}
		}
	}
}

// TestFix is the authors' flag, read from their code: no Sigma in Theta at the start, and none of the last K.
func TestFix(t *testing.T) {
	shape := conv.Shape{Channels: 1, Height: 1, Width: 1}
	for depth := 1; depth <= 5; depth++ {
		x := []float64{2}
		// On parallel pixels with filters of one weight, each trained layer gives x z.
		for _, head := range []conv.Head{conv.Vanilla, conv.GAP} {
			for fixed, net := range map[int]conv.Net{
				0: {Depth: depth, Filter: 1, Head: head},
				1: {Depth: depth, Filter: 1, Head: head, FixFirst: true},
				2: {Depth: depth, Filter: 1, Head: head, FixFirst: true, FixLast: true},
			} {
				if got, want := pair(t, net, shape, conv.Options{}, x, x), 4*float64(depth+1-fixed); !(math.Abs(got-want) <= 1e-13*4) {
					t.Errorf("%s: %g, want %g", fmt.Sprintf("%+v", net), got, want)
				}
			}
		}
	}
}
