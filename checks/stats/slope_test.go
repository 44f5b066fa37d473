package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

var ladder = []float64{32, 64, 128, 256, 512, 1024}

// noise is a positive factor that multiplies a power law.
type noise struct {
	name string
	draw func(*rand.Rand) float64
}

var noises = []noise{
	{"log-normal 0.3", func(r *rand.Rand) float64 { return math.Exp(0.3 * r.NormFloat64()) }},
	{"log-normal 1", func(r *rand.Rand) float64 { return math.Exp(r.NormFloat64()) }},
	{"exponential", func(r *rand.Rand) float64 { return r.ExpFloat64() + 1e-12 }},
	{"chi-squared 4", func(r *rand.Rand) float64 { return r.ExpFloat64() + r.ExpFloat64() }},
	{"abs normal", func(r *rand.Rand) float64 { return math.Abs(r.NormFloat64()) + 1e-12 }},
}

// powerLaw draws trials of the ladder with the given slope, with a common factor
// within each trial that makes its rungs dependent.
func powerLaw(trials int, slope float64, draw func(*rand.Rand) float64, rng *rand.Rand) *mat.Dense {
	y := mat.NewDense(trials, len(ladder), nil)
	for t := range trials {
		common := math.Exp(0.3 * rng.NormFloat64())
		for l, size := range ladder {
			y.Set(t, l, common*math.Pow(size, slope)*draw(rng))
		}
	}
	return y
}

func TestX(t *testing.T) {
	for _, trials := range []int{8, 15, 30} {
		for _, ns := range noises[:4] {
			for _, resp := range []Response{MeanResponse} {
				for _, alpha := range []float64{1e-2, 1e-3,1e-4} {
					runs := 30000
					if resp == MedianResponse { runs = 500 }
					if resp==MedianResponse && alpha<1e-2 {continue}
					rng := rand.New(rand.NewPCG(1, 2))
					missed := 0
					for range runs {
						s, err := FitSlope(ladder, powerLaw(trials, -0.5, ns.draw, rng), SlopeConfig{Response: resp, Alpha: alpha, Rand: rng, Resamples: 200})
						if err != nil { t.Fatal(err) }
						if s.Lo > -0.5 || s.Hi < -0.5 { missed++ }
					}
					fmt.Println(trials, ns.name, resp, alpha, float64(missed)/float64(runs)/alpha)
				}
			}
		}
	}
}
