package deep

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// TestStartGramHasTheLawOfTheNetwork compares first and second moments of the entries with those of networks that have all
// weights, on layers of all kinds: with more and with fewer neurons than inputs, and with one input twice.
func TestStartGramHasTheLawOfTheNetwork(t *testing.T) {
	x := mat.NewDense(3, 4, []float64{1, 0.5, 0, -1, 0.3, 1, -0.7, 0.2, -0.4, 0.9, 1.1, 0.6})
	twice := mat.NewDense(3, 4, []float64{1, 0.5, 0, -1, 1, 0.5, 0, -1, -0.4, 0.9, 1.1, 0.6})
	const draws = 10000
	for _, c := range []struct {
		x      *mat.Dense
		hidden []int
		std    []float64
	}{
		{x, []int{5}, nil}, {x, []int{4, 5}, []float64{0.7, 1.2, 0.5}}, {x, []int{2, 6, 4}, nil}, {twice, []int{5, 4}, nil},
	} {
		config := Config{Inputs: 4, Hidden: c.hidden, Std: c.std}
		rng := rand.New(rand.NewPCG(1, uint64(len(c.hidden))))
		moments := func(draw func() (*mat.SymDense, error)) (mean, sd []float64) {
			var sum, square [18]float64
			for range draws {
				k, err := draw()
				if err != nil {
					t.Fatal(err)
				}
				v := []float64{k.At(0, 0), k.At(0, 1), k.At(0, 2), k.At(1, 1), k.At(1, 2), k.At(2, 2)}
				// Square roots have tails that are light enough for a comparison of means.
				for i := range v {
					v[i] = math.Copysign(math.Sqrt(math.Abs(v[i])), v[i])
				}
				v = append(v, v[0]*v[1], v[0]*v[2], v[1]*v[2], v[0]*v[3], v[1]*v[4], v[2]*v[5], v[0]*v[0], v[1]*v[1], v[2]*v[2], v[3]*v[5], v[3]*v[4], v[4]*v[4])
				for i, a := range v {
					sum[i] += a
					square[i] += a * a
				}
			}
			for i := range sum {
				m := sum[i] / draws
				mean, sd = append(mean, m), append(sd, math.Sqrt((square[i]/draws-m*m)/draws))
			}
			return mean, sd
		}
		want, e := moments(func() (*mat.SymDense, error) {
			net, err := New(config, rng)
			if err != nil {
				return nil, err
			}
			return net.Gram(c.x)
		})
		got, f := moments(func() (*mat.SymDense, error) { return StartGram(c.x, config, rng) })
		for i := range want {
			if z := (got[i] - want[i]) / math.Hypot(e[i], f[i]); !(math.Abs(z) <= 4.5) {
				t.Errorf("hidden %v: moment %d is %v, want %v, %.1f standard errors away", c.hidden, i, got[i], want[i], z)
			}
		}
	}
}

// TestStartGramOfWideNetworks: with layers far wider than the data the kernel is near its limit, (n_1 n_2/4) (2 + ...) on one input.
func TestStartGramOfWideNetworks(t *testing.T) {
	k, err := StartGram(mat.NewDense(1, 2, []float64{3, 4}), Config{Inputs: 2, Hidden: []int{40000, 40000}}, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := k.At(0, 0), 3*25*4e8; !(math.Abs(got/want-1) <= 0.05) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestStartGramErrors(t *testing.T) {
	x := mat.NewDense(1, 2, []float64{3, 4})
	rng := rand.New(rand.NewPCG(1, 3))
	for name, c := range map[string]Config{
		"convention": {Inputs: 2, Hidden: []int{3}, Convention: NTK},
		"activation": {Inputs: 2, Hidden: []int{3}, Activation: Tanh()},
		"multiplier": {Inputs: 2, Hidden: []int{3}, Multiplier: 2},
		"inputs":     {Inputs: 3, Hidden: []int{3}},
		"width":      {Inputs: 2, Hidden: []int{0}},
	} {
		if _, err := StartGram(x, c, rng); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	k, err := StartGram(x, Config{Inputs: 2}, rng)
	if err != nil || k.At(0, 0) != 25 {
		t.Errorf("a linear model has the kernel %v, %v; want 25", k, err)
	}
}
