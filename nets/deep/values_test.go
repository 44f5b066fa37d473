package deep

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// scalar gives each activation with its derivative, written down a second time.
var scalar = map[string][2]func(z float64) float64{
	"relu": {
		func(z float64) float64 { return (z + math.Abs(z)) / 2 },
		func(z float64) float64 { return (1 + math.Copysign(1, z)) / 2 },
	},
	"leaky relu(0.3)": {
		func(z float64) float64 { return 0.65*z + 0.35*math.Abs(z) },
		func(z float64) float64 { return 0.65 + math.Copysign(0.35, z) },
	},
	"tanh": {
		func(z float64) float64 { return 1 - 2/(math.Exp(2*z)+1) },
		func(z float64) float64 { return 1 / (math.Cosh(z) * math.Cosh(z)) },
	},
	"softplus": {
		func(z float64) float64 { return math.Log(1 + math.Exp(z)) },
		func(z float64) float64 { return (1 + math.Tanh(z/2)) / 2 },
	},
	"sigmoid": {
		func(z float64) float64 { return (1 + math.Tanh(z/2)) / 2 },
		func(z float64) float64 { return 1 / (2 + 2*math.Cosh(z)) },
	},
	"identity": {
		func(z float64) float64 { return z },
		func(float64) float64 { return 1 },
	},
	"erf": {
		func(z float64) float64 { return 1 - math.Erfc(z) },
		func(z float64) float64 { return math.Exp(-z*z) * math.Sqrt(4/math.Pi) },
	},
}

func TestActivationValues(t *testing.T) {
	for _, act := range everyActivation() {
		for k := range 400 {
			z := []float64{(float64(k) - 199.5) / 20}
			var value, slope [1]float64
			act.eval(value[:], slope[:], z)
			f := scalar[act.String()]
			if v, s := f[0](z[0]), f[1](z[0]); !(math.Abs(value[0]-v) <= 1e-14) || !(math.Abs(slope[0]-s) <= 1e-14) {
				t.Errorf("%v(%v) = %v, slope %v; want %v, %v", act, z[0], value[0], slope[0], v, s)
			}
		}
	}
	// The conventions at the kink, and values at which e^z overflows.
	for _, c := range []struct {
		act             Activation
		z, value, slope float64
	}{
		{ReLU(), 0, 0, 0}, {LeakyReLU(0.3), 0, 0, 0.3},
		{Softplus(), 800, 800, 1}, {Softplus(), -800, 0, 0}, {Tanh(), 800, 1, 0}, {Tanh(), -800, -1, 0},
	} {
		var value, slope [1]float64
		c.act.eval(value[:], slope[:], []float64{c.z})
		if value[0] != c.value || slope[0] != c.slope {
			t.Errorf("%v(%v) = %v, slope %v; want %v, %v", c.act, c.z, value[0], slope[0], c.value, c.slope)
		}
	}
}

// layers are the quantities of one sample by the definition, in loops: f[0] is the sample, z, f and d have
// index l = 1..L-1, and the backward rows b index 1..L.
type layers struct {
	z, f, d, b [][]float64
	out        float64
}

func naive(c drawn, i int) layers {
	depth := c.net.Depth()
	s := layers{z: make([][]float64, depth), f: make([][]float64, depth), d: make([][]float64, depth), b: make([][]float64, depth+1)}
	s.f[0] = c.x.RawRowView(i)
	name := "relu"
	if c.config.Activation.eval != nil {
		name = c.config.Activation.String()
	}
	act := scalar[name]
	row := func(l, j int, f []float64) (sum float64) {
		for k, v := range f {
			sum += c.net.Weight(l).At(j, k) * v
		}
		return sum
	}
	for l := 1; l < depth; l++ {
		scale := 1.0
		if c.config.Convention == NTK {
			scale = math.Sqrt(1 / moments[name] / float64(c.config.Hidden[l-1]))
		}
		for j := range c.config.Hidden[l-1] {
			z := row(l, j, s.f[l-1])
			s.z[l] = append(s.z[l], z)
			s.f[l] = append(s.f[l], scale*act[0](z))
			s.d[l] = append(s.d[l], scale*act[1](z))
		}
	}
	s.out = c.config.Multiplier * row(depth, 0, s.f[depth-1])
	s.b[depth] = []float64{c.config.Multiplier}
	for l := depth - 1; l > 0; l-- {
		for j, d := range s.d[l] {
			sum := 0.0
			for k, b := range s.b[l+1] {
				sum += b * c.net.Weight(l+1).At(k, j)
			}
			s.b[l] = append(s.b[l], d*sum)
		}
	}
	return s
}

// E[sigma(z)^2]: mpmath at 30 digits, quad(lambda z: s(z)**2*npdf(z), [-inf, -3, 0, 3, inf]).
var moments = map[string]float64{
	"relu": 0.5, "leaky relu(0.3)": 0.545, "tanh": 0.394294490397841174, "softplus": 0.921245908859300279, "erf": 0.464559054397539979,
	"sigmoid": 0.293379035858093, "identity": 1, // trapezium rule of math.fsum at steps 1/16 and 1/64
}

func TestPassIsTheDefinition(t *testing.T) {
	close := func(t *rapid.T, what string, got, want []float64) {
		if len(got) != len(want) || floats.Distance(got, want, math.Inf(1)) > 1e-11*(1+floats.Norm(want, math.Inf(1))) {
			t.Fatalf("%s is %v, want %v", what, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		c := draw(t, everyActivation()...)
		p, err := c.net.NewPass(c.x)
		if err != nil {
			t.Fatal(err)
		}
		if p.Margin() < 1e-9 {
			t.Skip("a gate on the kink")
		}
		margin := math.Inf(1)
		n, _ := c.x.Dims()
		var samples []layers
		for i := range n {
			s := naive(c, i)
			samples = append(samples, s)
			for l := range c.net.Depth() {
				close(t, "a feature", p.Feature(l).RawRowView(i), s.f[l])
				close(t, "a backward row", p.Backward(l+1).RawRowView(i), s.b[l+1])
				if l > 0 {
					close(t, "a preactivation", p.Preactivation(l).RawRowView(i), s.z[l])
					close(t, "a slope", p.Slope(l).RawRowView(i), s.d[l])
					for _, z := range s.z[l] {
						margin = min(margin, math.Abs(z))
					}
				}
			}
			close(t, "the output", p.Output()[i:i+1], []float64{s.out})
		}
		if m := p.Margin(); m != margin && !(math.Abs(m-margin) <= 1e-11) {
			t.Fatalf("margin %v, want %v", m, margin)
		}
		gram, err := c.net.Gram(c.x)
		if err != nil {
			t.Fatal(err)
		}
		outputs, err := c.net.Output(c.x)
		if err != nil {
			t.Fatal(err)
		}
		close(t, "the output of the network", outputs, p.Output())
		for i, s := range samples {
			for j, r := range samples {
				want := 0.0
				for l := 1; l <= c.net.Depth(); l++ {
					want += floats.Dot(s.f[l-1], r.f[l-1]) * floats.Dot(s.b[l], r.b[l])
				}
				close(t, "the kernel", []float64{gram.At(i, j)}, []float64{want})
			}
		}
	})
}

// What a configuration leaves out is filled in, and a clone has it too.
func TestDefaults(t *testing.T) {
	rng := stream(4)
	for _, act := range everyActivation() {
		ntk := mustNew(t, Config{Inputs: 3, Hidden: []int{2}, Convention: NTK, Activation: act}, rng)
		c := ntk.config
		want := 1 / moments[act.String()]
		if !(math.Abs(c.CSigma-want) <= 1e-14) || c.Multiplier != 1 || !slices.Equal(c.Std, []float64{1, 1}) {
			t.Errorf("%v: c_sigma = %v, multiplier %v, deviations %v; want %v, 1, [1 1]", act, c.CSigma, c.Multiplier, c.Std, want)
		}
	}
	std := []float64{0.5, 2}
	net := mustNew(t, Config{Inputs: 3, Hidden: []int{2}, Std: std, Multiplier: -3}, rng)
	for _, c := range []Config{net.config, net.Clone().config} {
		if !slices.Equal(c.Std, std) || c.Multiplier != -3 || c.Activation.moment != 0.5 {
			t.Errorf("a network or its clone has the configuration %+v", c)
		}
	}
	custom := mustNew(t, Config{Inputs: 3, Hidden: []int{8}, Convention: NTK, CSigma: 4.5}, rng)
	if s := custom.Clone().config.scale(1); s != 0.75 {
		t.Errorf("scale %v of width 8 with c_sigma = 4.5, want 0.75", s)
	}
	if !floats.Equal(net.Clone().Params(), net.Params()) {
		t.Error("a clone has other weights")
	}
}

// sqrt(2/8) and so on, and a sample of each layer's weights: 2000 have a standard deviation within 10 %.
func TestHeStd(t *testing.T) {
	std := HeStd(8, []int{50, 200})
	if !slices.Equal(std, []float64{0.5, 0.2, 0.1}) {
		t.Fatalf("deviations %v, want [0.5 0.2 0.1]", std)
	}
	net := mustNew(t, Config{Inputs: 8, Hidden: []int{50, 200}, Std: std}, stream(6))
	for l, want := range std {
		w := net.LayerParams(net.Params(), l+1)
		got := floats.Norm(w, 2) / math.Sqrt(float64(len(w)))
		if tol := 4 / math.Sqrt(2*float64(len(w))); !(math.Abs(got/want-1) <= tol) {
			t.Errorf("layer %d: the weights have deviation %v, want %v within %v of it", l+1, got, want, tol)
		}
	}
}

func TestFlipsAreCounted(t *testing.T) {
	rng := stream(14)
	net := mustNew(t, Config{Inputs: 4, Hidden: []int{9, 5}}, rng)
	x := gaussian(6, 4, rng)
	p, q := mustPass(t, net, x), mustPass(t, net, gaussian(6, 4, rng))
	want := 0
	for l := 1; l < 3; l++ {
		for i := range 6 {
			for j := range net.Width(l) {
				if (p.Preactivation(l).At(i, j) > 0) != (q.Preactivation(l).At(i, j) > 0) {
					want++
				}
			}
		}
	}
	if got := p.Flips(q); got != want || got == 0 {
		t.Errorf("%d flips, want %d", got, want)
	}
	if m := mustPass(t, mustNew(t, Config{Inputs: 4}, rng), x).Margin(); !math.IsInf(m, 1) {
		t.Errorf("the margin of a linear model is %v", m)
	}
}

// Buffers that are handed in are used, and forgotten.
func TestDestinations(t *testing.T) {
	rng := stream(15)
	net := mustNew(t, Config{Inputs: 3, Hidden: []int{5}}, rng)
	p := mustPass(t, net, gaussian(4, 3, rng))
	dirty := func(size int) []float64 {
		v := make([]float64, size)
		floats.AddConst(math.Pi, v)
		return v
	}
	u, v := []float64{1, -1, 2, 0.5}, make([]float64, net.NumParams())
	for i := range v {
		v[i] = rng.NormFloat64()
	}
	if !floats.Equal(p.JMul(dirty(4), v), p.JMul(nil, v)) || !floats.Equal(p.JTMul(dirty(len(v)), u), p.JTMul(nil, u)) {
		t.Error("what a buffer held before shows in a product")
	}
	into := dirty(4)
	if got := p.JMul(into, v); &got[0] != &into[0] {
		t.Error("a product is not in the buffer that was handed in")
	}
	gram := mat.NewSymDense(4, dirty(16))
	if p.Gram(gram) != gram || p.net != net {
		t.Error("a kernel is not in the matrix that was handed in, or a pass not of the network")
	}
	if !mat.Equal(p.Gram(gram), p.Gram(nil)) || !mat.Equal(p.GramTerm(gram, 2), p.GramTerm(nil, 2)) {
		t.Error("what a matrix held before shows in the kernel")
	}
}
