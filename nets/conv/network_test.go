package conv_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/nets/conv"
	"convergo/nets/deep"
)

func normals(n int, rng *rand.Rand) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = rng.NormFloat64()
	}
	return x
}

func configs() []conv.Config {
	return []conv.Config{
		{Channels: 2, Height: 3, Width: 4, Filter: 3, Hidden: []int{5}},
		{Channels: 1, Height: 4, Width: 2, Filter: 3, Hidden: []int{3, 4}, Pooled: true},
		{Channels: 2, Height: 2, Width: 3, Filter: 5, Hidden: []int{3, 2, 4}},
		{Channels: 3, Height: 2, Width: 2, Filter: 1, Hidden: []int{4, 3}, Pooled: true},
	}
}

// slow is the output by the definition: loops over pixels, channels and taps.
func slow(c conv.Config, params, x []float64) float64 {
	in, channels := x, c.Channels
	pixels, half := c.Height*c.Width, c.Filter/2
	for _, next := range c.Hidden {
		out := make([]float64, next*pixels)
		for b := range next {
			for i := range c.Height {
				for j := range c.Width {
					sum, k := 0.0, 0
					for a := range channels {
						for di := -half; di <= half; di++ {
							for dj := -half; dj <= half; dj++ {
								if p, q := i+di, j+dj; p >= 0 && p < c.Height && q >= 0 && q < c.Width {
									sum += params[b*channels*c.Filter*c.Filter+k] * in[a*pixels+p*c.Width+q]
								}
								k++
							}
						}
					}
					out[b*pixels+i*c.Width+j] = math.Sqrt(2/float64(next)) / float64(c.Filter) * math.Max(0, sum)
				}
			}
		}
		params = params[next*channels*c.Filter*c.Filter:]
		in, channels = out, next
	}
	f := 0.0
	for i, v := range in {
		if c.Pooled {
			f += params[i/pixels] * v / float64(pixels)
		} else {
			f += params[i] * v
		}
	}
	return f
}

func TestOutput(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, c := range configs() {
		net, err := conv.New(c, rng)
		if err != nil {
			t.Fatal(err)
		}
		x := normals(c.Channels*c.Height*c.Width, rng)
		got, err := net.Output(x)
		if err != nil {
			t.Fatal(err)
		}
		if want := slow(c, net.Params(), x); !(math.Abs(got-want) <= 1e-12*(1+math.Abs(want))) {
			t.Errorf("%+v: output %v, want %v", c, got, want)
		}
	}
}

// The gradient against central differences of the slow output.
func TestGradient(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	for _, c := range configs() {
		net, err := conv.New(c, rng)
		if err != nil {
			t.Fatal(err)
		}
		x, z := normals(c.Channels*c.Height*c.Width, rng), normals(c.Channels*c.Height*c.Width, rng)
		difference := func(x []float64, i int) float64 {
			const h = 1e-6
			params := net.Params()
			keep := params[i]
			params[i] = keep + h
			above := slow(c, params, x)
			params[i] = keep - h
			below := slow(c, params, x)
			params[i] = keep
			return (above - below) / (2 * h)
		}
		got, err := net.Gradient(x)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i, g := range got {
			want := difference(x, i)
			if !(math.Abs(g-want) <= 1e-7*(1+math.Abs(want))) {
				t.Fatalf("%+v: derivative %d is %v, want %v", c, i, g, want)
			}
			sum += want * difference(z, i)
		}
		tangent, err := net.Tangent(x, z)
		if err != nil {
			t.Fatal(err)
		}
		if !(math.Abs(tangent-sum) <= 1e-6*(1+math.Abs(sum))) {
			t.Errorf("%+v: tangent kernel %v, want %v", c, tangent, sum)
		}
	}
}

// On a single pixel only the centres of the filters act: a fully connected network, each layer divided by q.
func TestOnePixel(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	net, err := conv.New(conv.Config{Channels: 3, Height: 1, Width: 1, Filter: 3, Hidden: []int{4, 5}}, rng)
	if err != nil {
		t.Fatal(err)
	}
	flat, err := deep.New(deep.Config{Inputs: 3, Hidden: []int{4, 5}, Convention: deep.NTK}, rng)
	if err != nil {
		t.Fatal(err)
	}
	w := net.Params()
	for i, k := range []int{0, 4 * 3, 4*3 + 5*4} {
		l := flat.Weight(i + 1)
		rows, cols := l.Dims()
		for r := range rows {
			for j := range cols {
				at := k*9 + (r*cols+j)*9 + 4
				if i == 2 {
					at = k*9 + j
				}
				l.Set(r, j, w[at])
			}
		}
	}
	x := normals(3, rng)
	got, err := net.Tangent(x, x)
	if err != nil {
		t.Fatal(err)
	}
	want, err := flat.Gram(mat.NewDense(1, 3, x))
	if err != nil {
		t.Fatal(err)
	}
	if !(math.Abs(got-want.At(0, 0)/81) <= 1e-12) {
		t.Errorf("tangent kernel %v, want %v", got, want.At(0, 0)/81)
	}
}

func TestErrors(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 1))
	for _, c := range []conv.Config{
		{}, {Channels: 1, Height: 2, Width: 2, Filter: 2, Hidden: []int{1}}, {Channels: 1, Height: 2, Width: 2, Filter: 3},
		{Channels: 1, Height: 2, Width: 2, Filter: 3, Hidden: []int{0}},
	} {
		if _, err := conv.New(c, rng); err == nil {
			t.Errorf("%+v makes a network", c)
		}
	}
	net, err := conv.New(conv.Config{Channels: 1, Height: 2, Width: 2, Filter: 3, Hidden: []int{1}}, rng)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := net.Tangent(make([]float64, 4), make([]float64, 3)); err == nil {
		t.Error("an image of three pixels passes")
	}
}
