package conv_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
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

// oracleCase is a network, a shape of images and the images.
type oracleCase struct {
	name  string
	net   conv.Net
	shape conv.Shape
	x, z  []float64
}

func (c oracleCase) oracle() oracle {
	net := c.net
	if net.Branch == 0 {
		net.Branch = 1
	}
	return oracle{net, c.shape}
}

func oracleCases() []oracleCase {
	small, odd := conv.Shape{Channels: 2, Height: 4, Width: 3}, conv.Shape{Channels: 1, Height: 3, Width: 7}
	var cases []oracleCase
	addCase := func(name string, net conv.Net, shape conv.Shape, change func(x, z []float64)) {
		im := randomImages(shape, 2, uint64(len(cases)+1))
		x, z := im.At(0), im.At(1)
		if change != nil {
			change(x, z)
		}
		cases = append(cases, oracleCase{name, net, shape, x, z})
	}
	for _, head := range []conv.Head{conv.Vanilla, conv.GAP} {
		for _, padding := range []conv.Padding{conv.Zero, conv.Circular} {
			for _, q := range []int{1, 3, 5} {
				addCase("filter", conv.Net{Depth: 3, Filter: q, Head: head, Padding: padding}, small, nil)
			}
			addCase("odd", conv.Net{Depth: 4, Filter: 3, Head: head, Padding: padding}, odd, nil)
			addCase("one layer", conv.Net{Depth: 1, Filter: 3, Head: head, Padding: padding}, small, nil)
			addCase("fix first", conv.Net{Depth: 2, Filter: 3, Head: head, Padding: padding, FixFirst: true}, small, nil)
			addCase("fix both", conv.Net{Depth: 3, Filter: 3, Head: head, Padding: padding, FixFirst: true, FixLast: true}, small, nil)
			addCase("blocks", conv.Net{Depth: 5, Filter: 3, Head: head, Padding: padding, Block: 2, Branch: 0.7}, small, nil)
		}
		net := conv.Net{Depth: 3, Filter: 3, Head: head}
		addCase("zero rows", net, conv.Shape{Channels: 1, Height: 6, Width: 4}, func(x, z []float64) { clear(x[:16]); clear(z[8:]) })
		addCase("zero image", net, small, func(x, _ []float64) { clear(x) })
		addCase("duplicate", net, odd, func(x, z []float64) { copy(z, x) })
		addCase("opposite", net, odd, func(x, z []float64) {
			for k := range x {
				z[k] = -2 * x[k]
			}
		})
		addCase("constant", conv.Net{Depth: 4, Filter: 3, Head: head}, conv.Shape{Channels: 1, Height: 5, Width: 6}, func(x, z []float64) {
			for k := range x {
				x[k], z[k] = 0.3, 0.7
			}
		})
		addCase("tiny values", net, small, func(x, z []float64) {
			for k := range x {
				x[k], z[k] = x[k]*1e-200, z[k]*1e150
			}
		})
	}
	return cases
}

// TestOracle compares all instruction sets and both precisions with the slow four-index recursion.
func TestOracle(t *testing.T) {
	for _, c := range oracleCases() {
		nngp, ntk := c.oracle().value(c.x, c.z)
		name := fmt.Sprintf("%s %+v", c.name, c.net)
		for _, o := range []conv.Options{{}, {Kind: conv.NNGP}, {Float32: true}, {Kind: conv.NNGP, Float32: true}} {
			want, tolerance := ntk, 1e-13
			if o.Kind == conv.NNGP {
				want = nngp
			}
			if o.Float32 {
				tolerance = 1e-5
			}
			for _, o.Instructions = range conv.Instructions() {
				if got := pair(t, c.net, c.shape, o, c.x, c.z); !(math.Abs(got-want) <= tolerance*math.Abs(want)) {
					t.Errorf("%s %+v: %.17g, want %.17g (relative error %.2g)", name, o, got, want, math.Abs(got-want)/math.Abs(want))
				}
			}
		}
	}
}

func pair(t *testing.T, net conv.Net, shape conv.Shape, o conv.Options, x, z []float64) float64 {
	t.Helper()
	k, err := conv.New(net, shape, o)
	if err != nil {
		t.Fatal(err)
	}
	v, err := k.Pair(x, z)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestOracleFails sees that the comparison tells the networks apart: each change moves the kernel.
func TestOracleFails(t *testing.T) {
	c := oracleCases()[slices.IndexFunc(oracleCases(), func(c oracleCase) bool { return c.name == "blocks" })]
	base := pair(t, c.net, c.shape, conv.Options{}, c.x, c.z)
	for name, change := range map[string]func(*conv.Net){
		"padding": func(n *conv.Net) { n.Padding = conv.Circular },
		"filter":  func(n *conv.Net) { n.Filter = 5 },
		"depth":   func(n *conv.Net) { n.Depth = 3 },
		"head":    func(n *conv.Net) { n.Head = conv.GAP },
		"first":   func(n *conv.Net) { n.FixFirst = true },
		"last":    func(n *conv.Net) { n.FixLast = true },
		"block":   func(n *conv.Net) { n.Block = 4 },
		"branch":  func(n *conv.Net) { n.Branch = 0.71 },
	} {
		net := c.net
		change(&net)
		if v := pair(t, net, c.shape, conv.Options{}, c.x, c.z); math.Abs(v-base) < 1e-3*math.Abs(base) {
			t.Errorf("%s: %g, with no difference from %g", name, v, base)
		}
	}
}
