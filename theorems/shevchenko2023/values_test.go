package shevchenko2023

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/dataset"
	"convergo/bounds/predict"
	"convergo/checks"
	"convergo/nets/autoencoder"
	"convergo/nets/data"
)

// spread returns mean and standard deviation of what trials observe.
func spread(t *testing.T, inst checks.Instance, trials int) (mean, deviation float64) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 20))
	sum, squares := 0.0, 0.0
	for range trials {
		m := inst.Trial(r)
		if m.Err != nil {
			t.Fatal(m.Err)
		}
		sum, squares = sum+float64(m.Observed), squares+float64(m.Observed*m.Observed)
	}
	mean = sum / float64(trials)
	return mean, math.Sqrt(squares/float64(trials) - mean*mean)
}

// The bounds on deviations: their values where they are known, and against the deviations of draws.
func TestDeviations(t *testing.T) {
	c := math.Sqrt(2 / math.Pi)
	one := sampled{code{N: 1, D: 1, Rows: "axes"}, 1}
	tests := []struct {
		name    string
		inst    func() (checks.Instance, error)
		want    float64 // NaN: not known
		loosest float64 // bound over deviation of draws
	}{
		{"a sign on the line", func() (checks.Instance, error) { return one.gain(1, sabotage{}) }, 2*c + c*c, 2.6},
		{"three signs in the plane", func() (checks.Instance, error) {
			return sampled{code{N: 3, D: 2, Rows: "uniform", Seed: 4}, 1}.gain(1, sabotage{})
		}, math.NaN(), 4},
		{"three ReLUs in the plane", func() (checks.Instance, error) {
			return sampled{code{Act: "relu", N: 3, D: 2, Rows: "uniform", Seed: 5}, 1}.gain(1, sabotage{})
		}, math.NaN(), 1.6},
		{"two uniform rows of the plane", func() (checks.Instance, error) { return code{N: 2, D: 2, Rows: "uniform"}.inverseGain(0) }, math.Pi / 2 * math.Sqrt(3.0/8), 2},
	}
	for _, tt := range tests {
		inst, err := tt.inst()
		if err != nil {
			t.Fatal(err)
		}
		got := float64(inst.Terms.Deviation)
		if !math.IsNaN(tt.want) && !(math.Abs(got-tt.want) <= 1e-12) {
			t.Errorf("%s: bound %v, want %v", tt.name, got, tt.want)
		}
		_, deviation := spread(t, inst, 20000)
		if !(got >= deviation && got <= tt.loosest*deviation) {
			t.Errorf("%s: bound %v on a deviation of %v, more than %v times as large or too small", tt.name, got, deviation, tt.loosest)
		}
	}
}

// The second moment of the gain of ReLUs, by draws: the bound has a tenth to spare.
func TestSecondMoment(t *testing.T) {
	inst, err := sampled{code{Act: "relu", N: 3, D: 2, Rows: "uniform", Seed: 5}, 1}.gain(1, sabotage{})
	if err != nil {
		t.Fatal(err)
	}
	mean, deviation := spread(t, inst, 100000)
	if got := float64(inst.Terms.Deviation) / math.Hypot(mean, deviation); !(math.Abs(got-1.1) <= 0.04) {
		t.Errorf("bound %v of the root mean square, want 1.1", got)
	}
}

// Steps from a random start come to the limit, and never below it.
func TestStart(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 20))
	for _, p := range []training{{N: 3, D: 4, Step: 0.3, Steps: 100}, {N: 4, D: 3, Tied: true, Step: 0.3, Steps: 100}} {
		inst, err := p.instance()
		if err != nil {
			t.Fatal(err)
		}
		var ratios []float64
		for range 5 {
			m := inst.Trial(r)
			ratios = append(ratios, float64(m.Observed/m.Predicted))
		}
		slices.Sort(ratios)
		if ratios[2] > 1 || ratios[0] < 1/1.01-1e-9 {
			t.Errorf("%+v: risk over its bound %v, want 1/1.01 to 1", p, ratios)
		}
	}
}

// Instances outside the hypotheses are not judged.
func TestOutside(t *testing.T) {
	near := local{N: 3, D: 4, Step: 0.5, Away: 2e-5}
	far, long, many := near, near, near
	far.Away, long.Step, many.N = 2e-4, 2.1, 5
	for name, instance := range map[string]func() (checks.Instance, error){
		"an even part": func() (checks.Instance, error) {
			return encoded{code: code{Act: "relu", N: 2, D: 2, Rows: "haar"}}.beaten(1, 0)
		},
		"few dimensions":         func() (checks.Instance, error) { return overcomplete{Rate: 3, D: 7, Draws: 1, Rows: "haar"}.gap(0.2) },
		"a low rate":             func() (checks.Instance, error) { return overcomplete{Rate: 2, D: 8, Draws: 1, Rows: "haar"}.gap(0.2) },
		"a high rate":            func() (checks.Instance, error) { return overcomplete{Rate: 5, D: 8, Draws: 1, Rows: "haar"}.gap(0.2) },
		"far from orthonormal":   func() (checks.Instance, error) { return far.instance(1, 1, 1) },
		"a long step":            func() (checks.Instance, error) { return long.instance(1, 1, 1) },
		"more rows than allowed": func() (checks.Instance, error) { return many.instance(1, 1, 1) },
		"no equiangular frame":   func() (checks.Instance, error) { return training{N: 5, D: 3, Tied: true}.instance() },
		"a line to rotate": func() (checks.Instance, error) {
			return rotated{Law: "signs", Samples: 3, D: 1, N: 1, Frames: 1}.instance(1, false)
		},
		"a flat data set": func() (checks.Instance, error) {
			return rotated{Data: data.Spec{Kind: data.Explicit, Rows: [][]float64{{1, 1}, {2, 2}, {3, 3}}}, D: 2, N: 1, Frames: 1}.instance(1, false)
		},
	} {
		inst, err := instance()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !slices.ContainsFunc(inst.Hypotheses, func(h checks.Hypothesis) bool { return !h.Met() }) {
			t.Errorf("%s: every hypothesis is met", name)
		}
	}
	// Rows that are parallel are seen in the trial.
	inst, err := code{N: 2, D: 1, Rows: "uniform"}.decoders(1, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if m := inst.Trial(rand.New(rand.NewPCG(3, 20))); len(m.Hypotheses) != 1 || m.Hypotheses[0].Met() {
		t.Error("parallel rows meet the hypothesis on angles")
	}
}

// What is predicted for a data set in the plane, by turning a frame around one sample of norm sqrt 2.
func TestPredictions(t *testing.T) {
	got := Predictions(&predict.Data{Facts: &dataset.Facts{D: 2}})
	if len(got) != 1 || got[0].Width != 2 {
		t.Fatalf("predictions %+v", got)
	}
	const turns = 10000
	x, sum := mat.NewDense(1, 2, []float64{1, 1}), 0.0
	for i := range turns {
		sin, cos := math.Sincos(2 * math.Pi * (float64(i) + 0.5) / turns)
		net := autoencoder.Network{B: mat.NewDense(2, 2, []float64{cos, sin, -sin, cos}), Act: autoencoder.Sign()}
		net.TieDecoder(math.Sqrt(2 / math.Pi))
		sum += net.Risk(x) / 2 / turns
	}
	if v := float64(got[0].Value); !(math.Abs(v-sum) <= 1e-6) {
		t.Errorf("predicted %v, by turning %v", v, sum)
	}
}
