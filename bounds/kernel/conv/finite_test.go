package conv_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat"

	"convergo/bounds/kernel/conv"
)

// finiteNet is a random network of finite width: convolutions, with shortcuts over one layer when net.Block is 1, and
// a head. Weights are indexed [out][in][filter position], features [channel][pixel].
type finiteNet struct {
	oracle
	width   int
	weights [][][][]float64
	head    [][]float64
}

func drawNet(net conv.Net, shape conv.Shape, width int, draw *rand.Rand) finiteNet {
	f := finiteNet{oracle: oracle{net, shape}, width: width}
	in := shape.Channels
	for range net.Depth {
		layer := make([][][]float64, width)
		for o := range layer {
			layer[o] = normals(draw, in, net.Filter*net.Filter)
		}
		f.weights = append(f.weights, layer)
		in = width
	}
	f.head = normals(draw, width, shape.Height*shape.Width)
	return f
}

func normals(draw *rand.Rand, rows, cols int) [][]float64 {
	m := zeros(rows, cols)
	for _, row := range m {
		for k := range row {
			row[k] = draw.NormFloat64()
		}
	}
	return m
}

func zeros(rows, cols int) [][]float64 {
	m := make([][]float64, rows)
	for i := range m {
		m[i] = make([]float64, cols)
	}
	return m
}

// neighbour is the pixel that filter position k sees from pixel p, if any.
func (f finiteNet) neighbour(p, k int) (int, bool) {
	q, w := f.net.Filter, f.shape.Width
	i, ok1 := f.inside(p/w+k/q-q/2, f.shape.Height)
	j, ok2 := f.inside(p%w+k%q-q/2, w)
	return i*w + j, ok1 && ok2
}

// patchesOf lists what the filters see: [pixel][channel and filter position].
func (f finiteNet) patchesOf(a [][]float64) [][]float64 {
	n := f.net.Filter * f.net.Filter
	out := zeros(len(a[0]), len(a)*n)
	for p := range out {
		for c := range a {
			for k := range n {
				if from, ok := f.neighbour(p, k); ok {
					out[p][c*n+k] = a[c][from]
				}
			}
		}
	}
	return out
}

// trace is what one input leaves in the network: for each layer the patches, and the gradient of the output
// in the pre-activations (as [pixel][channel], shortcuts and factors included); and the last features.
type trace struct {
	patches, grads [][][]float64
	features       [][]float64
}

func (f finiteNet) run(x []float64) trace {
	size, n := f.shape.Height*f.shape.Width, f.net.Filter*f.net.Filter
	gain := math.Sqrt(2 / float64(f.width*n))
	a := make([][]float64, f.shape.Channels)
	for c := range a {
		a[c] = x[c*size:][:size]
	}
	var t trace
	var before [][][]float64 // pre-activations
	for h, layer := range f.weights {
		patches := f.patchesOf(a)
		u := zeros(f.width, size)
		a = zeros(f.width, size)
		for o := range u {
			for p := range u[o] {
				for c, filter := range layer[o] {
					for k, w := range filter {
						u[o][p] += w * patches[p][c*n+k]
					}
				}
				if h > 0 && f.net.Block == 1 {
					u[o][p] = before[h-1][o][p] + f.net.Branch*u[o][p]
				}
				a[o][p] = gain * max(u[o][p], 0)
			}
		}
		t.patches, before = append(t.patches, patches), append(before, u)
	}
	t.features = a
	t.grads = f.backward(before, gain)
	return t
}

// backward returns df/du for each layer, times the branch factor where the layer is one of a block.
func (f finiteNet) backward(before [][][]float64, gain float64) [][][]float64 {
	size := f.shape.Height * f.shape.Width
	grads := make([][][]float64, len(before))
	da, skip := zeros(f.width, size), zeros(f.width, size)
	for c := range da {
		for p := range da[c] {
			da[c][p] = f.head[c][p]
			if f.net.Head == conv.GAP {
				da[c][p] = f.head[c][0] / float64(size)
			}
		}
	}
	for h := len(before) - 1; h >= 0; h-- {
		factor := 1.0
		if h > 0 && f.net.Block == 1 {
			factor = f.net.Branch
		}
		grads[h] = zeros(size, f.width)
		next, through := zeros(f.width, size), zeros(f.width, size)
		for o := range da {
			for p, u := range before[h][o] {
				du := skip[o][p]
				if u > 0 {
					du += gain * da[o][p]
				}
				if f.net.Block == 1 {
					through[o][p] = du
				}
				grads[h][p][o] = factor * du
				for c, filter := range f.weights[h][o] {
					for k, w := range filter {
						if from, ok := f.neighbour(p, k); ok && h > 0 {
							next[c][from] += w * grads[h][p][o]
						}
					}
				}
			}
		}
		da, skip = next, through
	}
	return grads
}

// tangent is the inner product of the gradients at two inputs over the trained layers.
func (f finiteNet) tangent(x, z []float64) float64 {
	a, b := f.run(x), f.run(z)
	var sum float64
	for h := range f.weights {
		if h == 0 && f.net.FixFirst {
			continue
		}
		for p := range a.patches[h] {
			for q := range b.patches[h] {
				sum += dot(a.grads[h][p], b.grads[h][q]) * dot(a.patches[h][p], b.patches[h][q])
			}
		}
	}
	if f.net.FixLast {
		return sum
	}
	size := float64(f.shape.Height * f.shape.Width)
	for c := range a.features {
		if f.net.Head == conv.GAP {
			sum += total(a.features[c]) / size * total(b.features[c]) / size
		} else {
			sum += dot(a.features[c], b.features[c])
		}
	}
	return sum
}

func dot(a, b []float64) (s float64) {
	for k := range a {
		s += a[k] * b[k]
	}
	return s
}

func total(a []float64) (s float64) {
	for _, v := range a {
		s += v
	}
	return s
}

// TestFiniteNets holds the kernel to the mean of the tangent kernels of random networks, within four standard errors
// and a bias of the order of 1/width; a kernel of another network must fall outside.
func TestFiniteNets(t *testing.T) {
	shape := conv.Shape{Channels: 2, Height: 3, Width: 3}
	images := randomImages(shape, 2, 5)
	x, z := images.At(0), images.At(1)
	for k := range z {
		z[k] = x[k] + 0.7*z[k]
	}
	const width, nets = 32, 60
	for _, net := range []conv.Net{
		{Depth: 1, Filter: 3},
		{Depth: 2, Filter: 3, Head: conv.GAP},
		{Depth: 2, Filter: 3, Head: conv.GAP, FixFirst: true, FixLast: true},
		{Depth: 2, Filter: 3, Padding: conv.Circular},
		{Depth: 2, Filter: 3, Block: 1, Branch: 0.8},
	} {
		draw := rand.New(rand.NewPCG(17, uint64(net.Depth)))
		values := make([]float64, nets)
		for i := range values {
			values[i] = drawNet(net, shape, width, draw).tangent(x, z)
		}
		mean, deviation := stat.MeanStdDev(values, nil)
		allowed := 4*deviation/math.Sqrt(nets) + math.Abs(mean)/width
		if v := pair(t, net, shape, conv.Options{}, x, z); !(math.Abs(v-mean) <= allowed) {
			t.Errorf("%+v: kernel %g, finite nets %g +- %g", net, v, mean, allowed)
		}
		wrong := net
		wrong.FixLast = !net.FixLast
		if v := pair(t, wrong, shape, conv.Options{}, x, z); math.Abs(v-mean) < allowed {
			t.Errorf("%+v: the kernel %g of another net is within %g of %g", wrong, v, allowed, mean)
		}
	}
}
