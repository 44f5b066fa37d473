package bounds

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel"
	"convergo/nets/deep"
)

// TestOneLayerNTKVariance compares the variance of one entry over draws of the network. The fourth
// moment gives the standard error of the sample variance.
func TestOneLayerNTKVariance(t *testing.T) {
	const width, draws = 40, 4000
	for _, angle := range []float64{0, 0.3, 1, math.Pi / 2, 2.5} {
		rng := deepStream(31)
		x := mat.NewDense(2, 2, []float64{1, 0, math.Cos(angle), math.Sin(angle)})
		mean := kernel.NTK(1).At(math.Cos(angle))
		var sum, squares, fourths float64
		for range draws {
			net, err := deep.New(deep.Config{Inputs: 2, Hidden: []int{width}, Convention: deep.NTK}, rng)
			if err != nil {
				t.Fatal(err)
			}
			K, err := net.Gram(x)
			if err != nil {
				t.Fatal(err)
			}
			v := K.At(0, 1) - mean
			sum += v
			squares += v * v
			fourths += v * v * v * v
		}
		want := OneLayerNTKVariance(angle, width)
		if z := sum / math.Sqrt(draws*want); math.Abs(z) > 4.5 {
			t.Errorf("angle %v: the mean is off by %v standard errors", angle, z)
		}
		got := squares / draws
		se := math.Sqrt((fourths/draws - got*got) / draws)
		if math.Abs(got-want) > 4.5*se || se > 0.1*want {
			t.Errorf("angle %v: variance %v +- %v, want %v", angle, got, se, want)
		}
	}
	if got := OneLayerNTKVariance(0, 6); math.Abs(got-2) > 1e-14 {
		t.Errorf("equal inputs: %v, want 12/m = 2", got)
	}
	if got := OneLayerNTKVariance(math.Pi, 1); math.Abs(got) > 1e-14 {
		t.Errorf("antipodal inputs: %v, want 0", got)
	}
}

// TestOneLayerNTKDeviation: the bound holds for independent neurons and not for copies of a few, with
// the margins that were found independently.
func TestOneLayerNTKDeviation(t *testing.T) {
	const n, d, width, delta, draws = 6, 10, 1024, 0.1, 40
	bound := must(t)(OneLayerNTKDeviation(n, width, delta))
	x := sphereRows(n, d, 1, deepStream(32))
	limit, err := kernel.NTK(1).Gram(x)
	if err != nil {
		t.Fatal(err)
	}
	violations := func(copies int) int {
		rng, count := deepStream(33), 0
		for range draws {
			net, err := deep.New(deep.Config{Inputs: d, Hidden: []int{width}, Convention: deep.NTK}, rng)
			if err != nil {
				t.Fatal(err)
			}
			for j := range width {
				source := j - j%copies
				net.Weight(1).SetRow(j, net.Weight(1).RawRowView(source))
				net.Weight(2).Set(0, j, net.Weight(2).At(0, source))
			}
			K, err := net.Gram(x)
			if err != nil {
				t.Fatal(err)
			}
			worst := 0.0
			for i := range n {
				for j := range n {
					worst = max(worst, math.Abs(K.At(i, j)-limit.At(i, j)))
				}
			}
			if worst > bound {
				count++
			}
		}
		return count
	}
	if got := violations(1); got > 0 {
		t.Errorf("%d violations in %d draws; the bound has a factor of 2 to spare", got, draws)
	}
	if got := violations(64); got < draws*9/10 {
		t.Errorf("64 copies of each neuron: %d violations in %d draws", got, draws)
	}
}

func TestForwardGramError(t *testing.T) {
	widths := []int{20000, 20000, 20000}
	bound, err := ForwardGramError(widths, 2, 0.1)
	if err != nil {
		t.Fatal(err)
	}
	for h, want := range []float64{0.057, 0.117, 0.181} { // evaluated by hand from the recursion
		if math.Abs(bound[h]-want) > 5e-4 {
			t.Errorf("layer %d: %v, want %v", h+1, bound[h], want)
		}
	}
	// Narrow layers lose the bound and never get it back.
	bound, err = ForwardGramError([]int{5000, 10, 1 << 30}, 2, 0.1)
	if err != nil {
		t.Fatal(err)
	}
	if math.IsInf(bound[0], 1) || !math.IsInf(bound[1], 1) || !math.IsInf(bound[2], 1) {
		t.Errorf("narrow layer: bounds %v", bound)
	}
}

// TestForwardGramErrorHolds also shows that c_sigma = 3.5 in place of 2 leaves the bound.
func TestForwardGramErrorHolds(t *testing.T) {
	widths := []int{3000, 3000}
	const n, d, delta = 3, 4, 0.1
	bound, err := ForwardGramError(widths, n, delta)
	if err != nil {
		t.Fatal(err)
	}
	rng := deepStream(34)
	x := sphereRows(n, d, 1, rng)
	for _, c := range []struct {
		factor float64
		holds  bool
	}{{2, true}, {3.5, false}} {
		net, err := deep.New(deep.Config{Inputs: d, Hidden: widths, Convention: deep.NTK, CSigma: c.factor}, rng)
		if err != nil {
			t.Fatal(err)
		}
		p, err := net.NewPass(x)
		if err != nil {
			t.Fatal(err)
		}
		holds := true
		for h := 1; h <= 2; h++ {
			limit, err := kernel.NNGP(h).Gram(x)
			if err != nil {
				t.Fatal(err)
			}
			var gram mat.SymDense
			gram.SymOuterK(1, p.Feature(h))
			for i := range n {
				for j := range n {
					holds = holds && math.Abs(gram.At(i, j)-limit.At(i, j)) <= bound[h-1]
				}
			}
		}
		if holds != c.holds {
			t.Errorf("c_sigma = %v: within the bound %v is %v", c.factor, bound, holds)
		}
	}
}

func TestNTKWidthErrors(t *testing.T) {
	for name, err := range map[string]error{
		"samples": second(OneLayerNTKDeviation(0, 1, 0.1)),
		"width":   second(OneLayerNTKDeviation(1, 0, 0.1)),
		"delta":   second(OneLayerNTKDeviation(1, 1, 0)),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := ForwardGramError([]int{0}, 1, 0.1); err == nil {
		t.Error("width 0: no error")
	}
	if _, err := ForwardGramError([]int{1}, 1, 2); err == nil {
		t.Error("delta 2: no error")
	}
}

func ExampleForwardGramError() {
	e, err := ForwardGramError([]int{20000, 20000, 20000}, 2, 0.1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.3f\n", e)
	// Output: [0.057 0.117 0.181]
}
