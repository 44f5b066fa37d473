package residual_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/nets"
	"convergo/nets/deep"
	"convergo/nets/residual"
)

var configs = map[string]residual.Config{
	"residual":      {Channels: 3, Width: 5, Layers: 3, Input: 1.1, Branch: 0.4, Activation: nets.Softplus()},
	"plain":         {Channels: 3, Width: 4, Layers: 2, Input: 1.3, Plain: true, Activation: nets.Erf()},
	"convolutional": {Channels: 2, Positions: 4, Patch: 3, Width: 3, Layers: 3, Input: 0.9, Branch: 0.7, Activation: nets.Tanh()},
	"plain patches": {Channels: 2, Positions: 3, Patch: 3, Width: 3, Layers: 2, Input: 1.2, Plain: true, Activation: nets.Softplus()},
	"one layer":     {Channels: 2, Positions: 2, Width: 3, Layers: 1, Input: 1.2, Activation: nets.Erf()},
}

func draw(t *testing.T, c residual.Config, n int) (*residual.Network, *mat.Dense, *residual.Pass) {
	t.Helper()
	rng := rand.New(rand.NewPCG(7, 1))
	net, err := residual.New(c, rng)
	if err != nil {
		t.Fatal(err)
	}
	x := nets.Gaussian(n, net.Config.Channels*net.Config.Positions, rng)
	pass, err := net.NewPass(x)
	if err != nil {
		t.Fatal(err)
	}
	return net, x, pass
}

// value is f(x) by the definition, entry by entry.
func value(net *residual.Network, x []float64) float64 {
	c := net.Config
	width, cur := c.Channels, x
	for h, w := range net.W {
		next := make([]float64, c.Positions*c.Width)
		for l := range c.Positions {
			for r := range c.Width {
				z := 0.0
				for s := range c.Patch {
					for k := range width {
						if from := l + s - c.Patch/2; from >= 0 && from < c.Positions {
							z += w.At(r, s*width+k) * cur[from*width+k]
						}
					}
				}
				v := c.Activation.Value(z) / math.Sqrt(float64(c.Width))
				if h == 0 || c.Plain {
					next[l*c.Width+r] = c.Input * v
				} else {
					next[l*c.Width+r] = cur[l*c.Width+r] + c.Branch*v
				}
			}
		}
		width, cur = c.Width, next
	}
	f := 0.0
	for i, v := range cur {
		f += v * net.A.RawMatrix().Data[i]
	}
	return f
}

func TestOutputIsTheDefinition(t *testing.T) {
	for name, c := range configs {
		net, x, pass := draw(t, c, 3)
		for i, f := range pass.Output() {
			if want := value(net, x.RawRowView(i)); !(math.Abs(f-want) <= 1e-12) {
				t.Errorf("%s: f(x_%d) = %v, want %v", name, i, f, want)
			}
		}
	}
}

// Gradients and Gram matrices are those of finite differences, layer by layer.
func TestGradientsByFiniteDifferences(t *testing.T) {
	for name, c := range configs {
		net, x, pass := draw(t, c, 3)
		total := mat.NewSymDense(3, nil)
		for h := 1; h <= c.Layers+1; h++ {
			w := net.Weight(h).RawMatrix().Data
			jac := mat.NewDense(3, len(w), nil)
			for k := range w {
				const step = 1e-5
				old := w[k]
				for i := range 3 {
					w[k] = old + step
					up := value(net, x.RawRowView(i))
					w[k] = old - step
					jac.Set(i, k, (up-value(net, x.RawRowView(i)))/(2*step))
				}
				w[k] = old
			}
			for i := range 3 {
				e := make([]float64, 3)
				e[i] = 1
				for k, g := range pass.Gradient(h, e).RawMatrix().Data {
					if !(math.Abs(g-jac.At(i, k)) <= 1e-8) {
						t.Fatalf("%s: layer %d, entry %d of the gradient is %v, want %v", name, h, k, g, jac.At(i, k))
					}
				}
			}
			var want mat.SymDense
			want.SymOuterK(1, jac)
			total.AddSym(total, &want)
			if got := pass.Gram(nil, h); !mat.EqualApprox(got, &want, 1e-7) {
				t.Errorf("%s: Gram matrix of layer %d\n%v, want\n%v", name, h, mat.Formatted(got), mat.Formatted(&want))
			}
		}
		if got := pass.Gram(nil); !mat.EqualApprox(got, total, 1e-7) {
			t.Errorf("%s: the Gram matrix is not the sum over the layers", name)
		}
	}
}

// A plain network of one position is that of package deep.
func TestPlainIsDeep(t *testing.T) {
	net, x, pass := draw(t, configs["plain"], 4)
	other, err := deep.New(deep.Config{Inputs: 3, Hidden: []int{4, 4}, Convention: deep.NTK, CSigma: 1.3 * 1.3, Activation: deep.Erf()}, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	for h := 1; h <= 3; h++ {
		other.Weight(h).Copy(net.Weight(h))
	}
	p, err := other.NewPass(x)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range p.Output() {
		if !(math.Abs(f-pass.Output()[i]) <= 1e-12) {
			t.Errorf("output %d is %v, want %v", i, pass.Output()[i], f)
		}
	}
	for h := 1; h <= 3; h++ {
		if !mat.EqualApprox(pass.Gram(nil, h), p.GramTerm(nil, h), 1e-12) {
			t.Errorf("the Gram matrices of layer %d differ", h)
		}
	}
}

func TestDescendMovesAgainstTheGradient(t *testing.T) {
	for name, c := range configs {
		net, _, pass := draw(t, c, 2)
		start := net.Clone()
		e, y := make([]float64, 2), []float64{0.3, -0.2}
		before := pass.Residual(e, y)
		moved := mat.DenseCopyOf(pass.Gradient(1, e))
		pass.Descend(1e-3, e, 1)
		if after := pass.Residual(make([]float64, 2), y); !(after < before) {
			t.Errorf("%s: the residual grew from %v to %v", name, before, after)
		}
		moved.Scale(-1e-3, moved)
		moved.Add(moved, start.W[0])
		if !mat.EqualApprox(moved, net.W[0], 1e-15) {
			t.Errorf("%s: layer 1 moved elsewhere", name)
		}
		for h := 2; h <= c.Layers+1; h++ {
			if net.Moved(start, h) != 0 {
				t.Errorf("%s: layer %d is frozen and moved", name, h)
			}
		}
		var diff mat.Dense
		diff.Sub(net.W[0], start.W[0])
		if got, want := net.Moved(start, 1), mat.Norm(&diff, 2); !(math.Abs(got-want) <= 1e-12) {
			t.Errorf("%s: moved by %v, want %v", name, got, want)
		}
	}
}

func TestNormsAndPatches(t *testing.T) {
	net, x, pass := draw(t, configs["convolutional"], 3)
	for i := range 3 {
		norm := mat.Norm(x.Slice(i, i+1, 0, 8), 2)
		if !(math.Abs(pass.Norm(0, i)-norm) <= 1e-14) {
			t.Errorf("input %d has norm %v, want %v", i, pass.Norm(0, i), norm)
		}
		patches := mat.Norm(pass.Patches(1).Slice(4*i, 4*i+4, 0, 6), 2)
		if patches < norm || patches > math.Sqrt(3)*norm {
			t.Errorf("patches of norm %v for an input of norm %v", patches, norm)
		}
		if g := pass.FeatureGram(0).At(i, i); !(math.Abs(g-norm*norm) <= 1e-13) {
			t.Errorf("diagonal %v, want %v", g, norm*norm)
		}
	}
	other, err := net.NewPass(x)
	if err != nil {
		t.Fatal(err)
	}
	net.W[0].Set(0, 0, 9)
	other.Forward()
	want := 0.0
	for k := range 12 {
		want = math.Hypot(want, other.Feature(1).RawMatrix().Data[k]-pass.Feature(1).RawMatrix().Data[k])
	}
	if got := other.Apart(pass, 1, 0); !(math.Abs(got-want) <= 1e-14) || want == 0 {
		t.Errorf("features are %v apart, want %v", got, want)
	}
	z := 0.0
	for k, v := range other.Patches(1).RawRowView(1) {
		z += v * net.W[0].At(2, k)
	}
	if got, want := other.Slope(1).At(1, 2), net.Config.Activation.Deriv(z); !(math.Abs(got-want) <= 1e-14) {
		t.Errorf("slope %v, want %v", got, want)
	}
}

func TestStepsDoNotAllocate(t *testing.T) {
	for name, c := range configs {
		_, _, pass := draw(t, c, 2)
		e, y, gram := make([]float64, 2), make([]float64, 2), mat.NewSymDense(2, nil)
		if got := testing.AllocsPerRun(20, func() {
			pass.Residual(e, y)
			pass.Descend(1e-4, e)
			pass.Gram(gram, 1, 2)
		}); got != 0 {
			t.Errorf("%s: %v allocations a step", name, got)
		}
	}
}

// The simulated features have the means of those of drawn networks, and the inputs' Gram matrix may be singular.
func TestSimulatedLaw(t *testing.T) {
	c := configs["residual"]
	c.Layers = 2
	x := mat.NewDense(3, 3, []float64{1, 0, 0, 0.6, 0.8, 0, 1, 0, 0})
	var gram mat.SymDense
	gram.SymOuterK(1, x)
	rng := rand.New(rand.NewPCG(3, 3))
	const draws = 20000
	drawn, simulated, squares := mat.NewSymDense(3, nil), mat.NewSymDense(3, nil), mat.NewSymDense(3, nil)
	for range draws {
		net, err := residual.New(c, rng)
		if err != nil {
			t.Fatal(err)
		}
		pass, err := net.NewPass(x)
		if err != nil {
			t.Fatal(err)
		}
		drawn.AddSym(drawn, pass.FeatureGram(2))
		var last mat.SymDense
		err = residual.Simulate(c, &gram, 2, rng, func(h int, x *mat.Dense, gram *mat.SymDense) {
			if h == 2 {
				last.SymOuterK(1, x)
				if !mat.EqualApprox(&last, gram, 1e-13) {
					t.Error("the Gram matrix is not that of the features")
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		simulated.AddSym(simulated, &last)
		for i := range 3 {
			for j := i; j < 3; j++ {
				squares.SetSym(i, j, squares.At(i, j)+last.At(i, j)*last.At(i, j))
			}
		}
	}
	for i := range 3 {
		for j := i; j < 3; j++ {
			a, b := drawn.At(i, j)/draws, simulated.At(i, j)/draws
			if se := math.Sqrt((squares.At(i, j)/draws - b*b) * 2 / draws); !(math.Abs(a-b) <= 5*se) {
				t.Errorf("entry (%d,%d): mean %v of drawn networks, %v simulated, standard error %v", i, j, a, b, se)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	good := configs["residual"]
	for name, spoil := range map[string]func(*residual.Config){
		"width": func(c *residual.Config) { c.Width = 0 }, "patch": func(c *residual.Config) { c.Patch = 2 },
		"factor": func(c *residual.Config) { c.Branch = math.NaN() }, "activation": func(c *residual.Config) { c.Activation = nets.Activation{} },
	} {
		bad := good
		spoil(&bad)
		if _, err := residual.New(bad, rand.New(rand.NewPCG(1, 1))); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	net, _, _ := draw(t, good, 2)
	if _, err := net.NewPass(mat.NewDense(2, 4, nil)); err == nil {
		t.Error("inputs of the wrong size: no error")
	}
}
