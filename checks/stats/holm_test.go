package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func TestHolm(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		p    []float64
		want []bool
	}{
		{nil, []bool{}},
		{[]float64{0.05}, []bool{true}},
		{[]float64{0.051}, []bool{false}},
		{[]float64{0.01, 0.04, 0.03}, []bool{true, false, false}},
		{[]float64{0.04, 0.01, 0.02}, []bool{true, true, true}},
		{[]float64{0, 0, 1}, []bool{true, true, false}},
		{[]float64{0.025, 0.025}, []bool{true, true}},
		{[]float64{0.026, 0.026}, []bool{false, false}},
		{[]float64{0.02, nan}, []bool{true, false}},
		{[]float64{0.03, nan}, []bool{false, false}},
	} {
		if got := Holm(c.p, 0.05); !reflect.DeepEqual(got, c.want) {
			t.Errorf("Holm(%v) = %v, want %v", c.p, got, c.want)
		}
	}
}

func TestHolmProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOfN(rapid.Float64Range(0, 1), 1, 12).Draw(t, "p")
		alpha := rapid.Float64Range(0, 1).Draw(t, "alpha")
		got := Holm(p, alpha)
		for i := range p {
			if got[i] && p[i] > alpha || !got[i] && p[i] <= alpha/float64(len(p)) {
				t.Fatalf("p=%v: hypothesis %d rejected %v at %v", p, i, got[i], alpha)
			}
			for j := range p {
				if p[j] <= p[i] && got[i] && !got[j] {
					t.Fatalf("p=%v: %d rejected, %d not", p, i, j)
				}
			}
		}
	})
}

func TestHolmKeepsTheFamilyLevel(t *testing.T) {
	// Three true hypotheses, one of them the negative of another, two false ones.
	const runs, alpha = 20_000, 0.05
	rng := rand.New(rand.NewPCG(71, 71))
	wrong := 0
	for range runs {
		u := rng.Float64()
		got := Holm([]float64{u, 1 - u, rng.Float64(), 0, 1e-9}, alpha)
		if got[0] || got[1] || got[2] {
			wrong++
		}
	}
	atMost4Sigma(t, "family", wrong, runs, alpha)
	if float64(wrong) < 0.8*alpha*runs {
		t.Errorf("%d false rejections in %d runs: far below alpha, Holm is exhausted here", wrong, runs)
	}
}

func ExampleHolm() {
	fmt.Println(Holm([]float64{0.01, 0.04, 0.03}, 0.05))
	// Output: [true false false]
}
