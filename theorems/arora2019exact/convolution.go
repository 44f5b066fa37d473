package arora2019exact

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/kernel"
	limits "convergo/bounds/kernel/conv"
	"convergo/checks"
	"convergo/nets/conv"
	"convergo/nets/data"
)

const convolutional = "NTK: N(0,1) weights, factor sqrt(2/(C_h q^2)) after each convolution, zeros around the image, all layers trained"

func (p picture) shape() limits.Shape {
	return limits.Shape{Channels: p.Channels, Height: p.Height, Width: p.Width}
}

// exact is the kernel of Section 4 by the library.
func (p picture) exact(x, z []float64) (float64, error) {
	net := limits.Net{Depth: p.L, Filter: p.Filter}
	if p.Pooled {
		net.Head = limits.GAP
	}
	k, err := limits.New(net, p.shape(), limits.Options{Workers: 1})
	if err != nil {
		return 0, err
	}
	return k.Pair(x, z)
}

// network draws one with the given channels in each hidden layer and returns its tangent kernel.
func (p picture) network(x, z []float64, channels int, rng *rand.Rand) (float64, error) {
	hidden := make([]int, p.L)
	for h := range hidden {
		hidden[h] = channels
	}
	net, err := conv.New(conv.Config{Channels: p.Channels, Height: p.Height, Width: p.Width, Filter: p.Filter, Hidden: hidden, Pooled: p.Pooled}, rng)
	if err != nil {
		return 0, err
	}
	return net.Tangent(x, z)
}

func (p picture) netCost(channels int) float64 {
	weights := channels * p.Filter * p.Filter * (p.Channels + (p.L-1)*channels)
	return float64(12*weights*p.pixels()+30*weights) + 5000
}

// patchNorms are the norms of what the filters see.
func (p picture) patchNorms(x []float64) []float64 {
	sums := p.patches(p.products(x, x), tied)
	out := make([]float64, len(sums))
	for s := range out {
		out[s] = math.Sqrt(sums[s][s])
	}
	return out
}

// averaging is a batch of networks on a pair of images.
type averaging struct {
	picture
	Hidden     int     `json:"hidden"` // channels
	Batch      int     `json:"batch"`
	Resolution float64 `json:"resolution"`
}

// The kernel of Section 4 is the mean of that of networks with one hidden layer, whatever their number of channels.
//
// Setting: two images; one convolutional layer of any number of channels and a dense head on all pixels (vanilla) or on their mean (GAP), at
// the start. A trial averages a batch of networks.
//
// Hypotheses: none.
//
// Conclusion: E <grad f(x), grad f(x')> = Theta(x,x') of Section 4 with the last layer as in the published version: no sum over patches after
// the last activation, and K and Kdot with c_sigma/q^2. As printed in Section 4 of the first version (a sum over patches after
// the last layer too) and in its Appendix E (no sum there, but c_sigma/q^2 left out) it is another number.
//
// Constants: derived: for L = 1 the channels are independent, so that no width is needed. The interval rests on a bound of
// the standard deviation, (2/q^2) sqrt(3 (S^2 + S'^2)/channels), S = sum_s |patch_s|^2, with pooling (sum_s |patch_s|/pixels)^2. For L >= 2 networks of few
// channels are biased; cntk-recursion compares the kernels there.
//
// Convention: the paper's.
//
// Reference: Section 4, equations 15 to 20.
//
// Control: a sum over patches after the last layer; c_sigma/q^2 left out there; the nearest pixel in place of zeros; sums over untied
// offsets; the mean 25 % larger.
func cntkMean() checks.Checkable {
	setup := func(v variant, factor float64) func(averaging) (checks.Instance, error) {
		return func(p averaging) (checks.Instance, error) { return p.instance(v, factor) }
	}
	vanilla := averaging{picture: picture{Channels: 2, Height: 3, Width: 3, Seed: 1, Mix: 0.8, Filter: 3, L: 1}, Hidden: 64, Batch: 2, Resolution: 0.15}
	pooled := vanilla
	pooled.Pooled, pooled.Positive = true, true
	both := []averaging{vanilla, pooled}
	real := averaging{picture: picture{Channels: 1, Height: 7, Width: 7, Real: data.MNIST, Mix: 0.8, Filter: 3, L: 1}, Hidden: 48, Batch: 1, Resolution: 0.2}
	return checks.Claim[averaging]{
		ID: "arora2019exact/cntk-mean", Title: "convolutional kernel, one hidden layer", Reference: "Section 4, equations 15 to 20",
		Formula: `E\,\langle\nabla f(x),\nabla f(x')\rangle = \Theta(x,x')`, Convention: convolutional,
		Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid:  append(both, real),
		Cost:  func(p averaging) checks.Cost { return checks.Cost{Trial: float64(p.Batch) * p.netCost(p.Hidden)} },
		Setup: setup(variant{}, 1),
		Controls: []checks.Control[averaging]{
			{Name: "patches-after-the-last-layer", Why: "a sum over patches after the last activation, as Section 4 of the first version prints", At: both, Setup: setup(variant{top: true}, 1)},
			{Name: "constant-left-out", Why: "c_sigma/q^2 left out after the last activation, as Appendix E of the first version prints", At: both, Setup: setup(variant{topUnit: true}, 1)},
			{Name: "nearest-pixel", Why: "the nearest pixel for zeros around the image", At: both, Setup: setup(variant{sums: replicate}, 1)},
			{Name: "untied-offsets", Why: "sums over all pairs of offsets", At: both[1:], Setup: setup(variant{sums: untied}, 1)},
			{Name: "larger-mean", Why: "the prediction 25 % larger, twice what the interval resolves", At: both[:1], Setup: setup(variant{}, 1.25)},
		},
	}
}

func (p averaging) instance(v variant, factor float64) (checks.Instance, error) {
	x, z, err := p.pair()
	if err != nil {
		return checks.Instance{}, err
	}
	want, err := p.exact(x, z)
	if err != nil {
		return checks.Instance{}, err
	}
	if v != (variant{}) {
		want = p.programme(x, z, v)
	}
	deviation := bounds.ConvolutionalTangentDeviation(p.patchNorms(x), p.patchNorms(z), p.Filter, p.Hidden, p.Pooled)
	return checks.Instance{
		Facts: []checks.Fact{checks.NewFact("kernel", want), checks.NewFact("bound on the deviation of a network", deviation)},
		Terms: checks.Terms{Trials: 400, Resolution: checks.Float(p.Resolution), Deviation: checks.Float(deviation / math.Sqrt(float64(p.Batch)))},
		Trial: func(rng *rand.Rand) checks.Measurement {
			sum := 0.0
			for range p.Batch {
				k, err := p.network(x, z, p.Hidden, rng)
				if err != nil {
					return checks.Failed(err)
				}
				sum += k
			}
			return checks.Measurement{Observed: sum / float64(p.Batch), Predicted: factor * want, Relation: checks.Equal}
		},
	}, nil
}

// The fast programme is the one of four indices.
//
// Setting: two images of any size; filters of odd size q, also larger than the image; L layers, all trained; vanilla head or GAP.
//
// Hypotheses: none.
//
// Conclusion: what the planes of equal offset give (O(P Q L) for the vanilla head, O(P^2 Q^2 L) for GAP, whatever q) is the kernel of the dynamic programme
// on tensors K_{ij,i'j'} of Section 4: Sigma^(0) = A K^(0), K^(h) = (c_sigma/q^2) E sigma sigma, Kdot^(h) = (c_sigma/q^2) E sigma' sigma', Theta^(h) = A(Kdot^(h) o
// Theta^(h-1) + K^(h)) for h < L, without A for h = L, (A T)_{ij,i'j'} = sum over |a|, |b| <= (q-1)/2 of T_{i+a j+b,i'+a j'+b}.
//
// Constants: none. Allowance 1e-7 of the geometric mean of the two diagonals: both lose half the digits of Kdot for parallel patches.
//
// Convention: the paper's.
//
// Reference: Section 4, equations 15 to 20, with the last layer of the published version.
//
// Control: the nearest pixel for zeros; untied offsets; without 1/q^2; a sum over patches after the last layer.
func cntkRecursion() checks.Checkable {
	setup := func(v variant) func(picture) (checks.Instance, error) {
		return func(p picture) (checks.Instance, error) {
			x, z, err := p.pair()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(*rand.Rand) checks.Measurement {
				fast, err := p.exact(x, z)
				if err != nil {
					return checks.Failed(err)
				}
				first, err := p.exact(x, x)
				if err != nil {
					return checks.Failed(err)
				}
				second, err := p.exact(z, z)
				if err != nil {
					return checks.Failed(err)
				}
				return checks.Measurement{Observed: p.programme(x, z, v), Predicted: fast, Relation: checks.Equal, Tolerance: 1e-7 * math.Sqrt(first*second)}
			}}, nil
		}
	}
	vanilla := picture{Channels: 2, Height: 3, Width: 4, Seed: 1, Filter: 3, L: 2}
	pooled := picture{Channels: 1, Height: 4, Width: 3, Seed: 2, Filter: 3, L: 3, Pooled: true}
	both := []picture{vanilla, pooled}
	return checks.Claim[picture]{
		ID: "arora2019exact/cntk-recursion", Title: "programme for the convolutional kernel", Reference: "Section 4, equations 15 to 20",
		Formula:    `\Theta^{(h)} = A(\dot K^{(h)} \odot \Theta^{(h-1)} + K^{(h)})`,
		Convention: convolutional, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) picture {
			return picture{
				Channels: rapid.IntRange(1, 3).Draw(t, "channels"), Height: rapid.IntRange(1, 4).Draw(t, "height"), Width: rapid.IntRange(1, 4).Draw(t, "width"),
				Seed: rapid.Uint64Range(0, 1000).Draw(t, "seed"), Filter: 1 + 2*rapid.IntRange(0, 2).Draw(t, "half"), L: rapid.IntRange(1, 3).Draw(t, "l"), Pooled: rapid.Bool().Draw(t, "pooled"),
			}
		}),
		Grid: append(both, picture{Channels: 1, Height: 7, Width: 7, Real: data.Fashion, Filter: 3, L: 3}),
		Cost: func(p picture) checks.Cost {
			square := float64(p.pixels() * p.pixels())
			return checks.Cost{Trial: square * float64(p.L*(3*p.Filter*p.Filter*3+300)), Size: fmt.Sprintf("%d pixels", p.pixels())}
		},
		Setup: setup(variant{}),
		Controls: []checks.Control[picture]{
			{Name: "nearest-pixel", Why: "the nearest pixel for zeros around the image", At: both, Setup: setup(variant{sums: replicate})},
			{Name: "untied-offsets", Why: "sums over all pairs of offsets", At: both, Setup: setup(variant{sums: untied})},
			{Name: "without-filter-size", Why: "K and Kdot without 1/q^2", At: both, Setup: setup(variant{unit: true})},
			{Name: "patches-after-the-last-layer", Why: "a sum over patches after the last activation, as the first version prints", At: both, Setup: setup(variant{top: true})},
		},
	}
}

// The convolutional kernel is the fully connected one where there is nothing to convolve.
//
// Setting: two images with C_0 channels; L layers; Theta^(L) the kernel of fully connected networks.
//
// Hypotheses: none.
//
// Conclusion: (one pixel) images of one pixel and filters of any odd size q: q^{-2L} Theta^(L)(x,x'), each filter but its centre being wasted;
// (pooled) the same with GAP; (filter one) filters of one pixel and the vanilla head: the sum of Theta^(L)(x_s,x'_s) over the pixels s.
//
// Constants: none. Allowance 1e-7 of the norms, as in cntk-recursion.
//
// Convention: the paper's.
//
// Reference: Section 4; derived here.
//
// Control: q^{-2(L-1)}; one layer more.
func cntkReductions() checks.Checkable {
	setup := func(powers, layers int) func(picture) (checks.Instance, error) {
		return func(p picture) (checks.Instance, error) { return p.reductions(powers, layers) }
	}
	small := picture{Channels: 3, Height: 2, Width: 3, Seed: 1, Filter: 3, L: 3}
	return checks.Claim[picture]{
		ID: "arora2019exact/cntk-reductions", Title: "convolutional kernel without convolution", Reference: "Section 4; derived here",
		Formula: `\Theta_{1\times 1} = q^{-2L}\,\Theta^{(L)}, \quad \Theta_{q=1} = \sum_s \Theta^{(L)}(x_s,x'_s)`, Convention: convolutional,
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) picture {
			return picture{
				Channels: rapid.IntRange(1, 4).Draw(t, "channels"), Height: rapid.IntRange(1, 4).Draw(t, "height"), Width: rapid.IntRange(1, 4).Draw(t, "width"),
				Seed: rapid.Uint64Range(0, 1000).Draw(t, "seed"), Filter: 1 + 2*rapid.IntRange(0, 3).Draw(t, "half"), L: rapid.IntRange(1, 6).Draw(t, "l"),
			}
		}),
		Grid:  []picture{small, {Channels: 1, Height: 7, Width: 7, Real: data.MNIST, Filter: 5, L: 1}},
		Cost:  func(p picture) checks.Cost { return checks.Cost{Trial: float64(p.pixels()*p.L*100) + 1e5} },
		Setup: setup(0, 0),
		Controls: []checks.Control[picture]{
			{Name: "a-power-less", Why: "q^{-2(L-1)}: one of the 1/q^2 is missing", At: []picture{small}, Setup: setup(1, 0)},
			{Name: "a-layer-more", Why: "Theta^(L+1) for Theta^(L)", At: []picture{small}, Setup: setup(0, 1)},
		},
	}
}

func (p picture) reductions(powers, layers int) (checks.Instance, error) {
	x, z, err := p.pair()
	if err != nil {
		return checks.Instance{}, err
	}
	flat := kernel.NTK(p.L + layers)
	// pixel s of an image is a column of its channels
	column := func(image []float64, s int) []float64 {
		out := make([]float64, p.Channels)
		for c := range out {
			out[c] = image[c*p.pixels()+s]
		}
		return out
	}
	sum, scale := 0.0, 0.0
	for s := range p.pixels() {
		a, b := column(x, s), column(z, s)
		pair, err := kernel.NewPair(a, b)
		if err != nil { // a pixel of zeros adds nothing
			continue
		}
		sum += flat.Of(pair)
		scale += float64(p.L+1) * pair.NormX * pair.NormY
	}
	middle := p.pixels() / 2
	a, b := column(x, middle), column(z, middle)
	one := picture{Channels: p.Channels, Height: 1, Width: 1, Filter: p.Filter, L: p.L}
	pooled, single := one, p
	pooled.Pooled, single.Filter, single.Pooled = true, 1, false
	factor := math.Pow(float64(p.Filter), -2*float64(p.L-powers))
	want, size := 0.0, 0.0
	if pair, err := kernel.NewPair(a, b); err == nil {
		want, size = factor*flat.Of(pair), factor*float64(p.L+1)*mat.Norm(mat.NewVecDense(len(a), a), 2)*mat.Norm(mat.NewVecDense(len(b), b), 2)
	}
	return checks.Instance{Trial: func(*rand.Rand) checks.Measurement {
		var parts []checks.Measurement
		for _, part := range []struct {
			name            string
			p               picture
			x, z            []float64
			want, tolerance float64
		}{{"one pixel", one, a, b, want, 1e-7 * size}, {"pooled", pooled, a, b, want, 1e-7 * size}, {"filter one", single, x, z, sum, 1e-7 * scale}} {
			got, err := part.p.exact(part.x, part.z)
			if err != nil {
				return checks.Failed(err)
			}
			parts = append(parts, checks.Measurement{Part: part.name, Observed: got, Predicted: part.want, Relation: checks.Equal, Tolerance: part.tolerance})
		}
		return checks.All(parts...)
	}}, nil
}
