package deep

import (
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// logistic is log(1 + e^{-yu}), written down a second time.
type logistic struct{}

func (logistic) Value(u, y []float64) float64 { return math.Log(1 + math.Exp(-y[0]*u[0])) }
func (logistic) Gradient(dst, u, y []float64) { dst[0] = -y[0] / (1 + math.Exp(y[0]*u[0])) }

// Every update is minus the step times the derivative of the loss by central differences, at the weights before it.
func TestOnePassFollowsDifferences(t *testing.T) {
	rng := stream(21)
	net := mustNew(t, Config{Inputs: 3, Hidden: []int{6, 5}, Multiplier: 1.5}, rng)
	x, y := gaussian(4, 3, rng), []float64{1, -1, -1, 1}
	const step = 0.07
	var before []float64
	var samples []int
	total := 0.0
	compare := func(i int) {
		old := mustNew(t, Config{Inputs: 3, Hidden: []int{6, 5}, Multiplier: 1.5}, stream(1))
		copy(old.Params(), before)
		row := mat.NewDense(1, 3, x.RawRowView(i))
		at := func() float64 {
			u, err := old.Output(row)
			if err != nil {
				t.Fatal(err)
			}
			return logistic{}.Value(u, y[i:i+1])
		}
		total += at()
		const h = 1e-6
		for k, v := range before {
			old.Params()[k] = v + h
			up := at()
			old.Params()[k] = v - h
			down := at()
			old.Params()[k] = v
			if got, want := net.Params()[k]-v, -step*(up-down)/(2*h); !(math.Abs(got-want) <= 1e-8) {
				t.Fatalf("sample %d moves weight %d by %v, differences say %v", i, k, got, want)
			}
		}
	}
	sum := 0.0
	run := OnePass{Step: step, Loss: logistic{}, Observe: func(v *Visit) bool {
		if v.Sample > 0 {
			compare(v.Sample - 1)
		}
		before = append(before[:0], v.Net.Params()...)
		samples = append(samples, v.Sample)
		sum += v.Loss
		if want := -y[v.Sample] / (1 + math.Exp(y[v.Sample]*v.Output)); !(math.Abs(v.Slope-want) <= 1e-14) {
			t.Errorf("slope %v, want %v", v.Slope, want)
		}
		return true
	}}
	updates, err := run.Run(net, x, y)
	if err != nil || updates != 4 || len(samples) != 4 {
		t.Fatalf("%d updates, samples %v, error %v", updates, samples, err)
	}
	compare(3)
	if !(math.Abs(sum-total) <= 1e-12) {
		t.Errorf("losses sum to %v, want %v", sum, total)
	}
}

func TestOnePassEndsWhenTold(t *testing.T) {
	rng := stream(22)
	net := mustNew(t, Config{Inputs: 2, Hidden: []int{3}}, rng)
	start := net.Clone()
	updates, err := OnePass{Step: 1, Loss: logistic{}, Observe: func(v *Visit) bool { return false }}.Run(net, gaussian(3, 2, rng), []float64{1, 1, 1})
	if err != nil || updates != 0 || !floats.Equal(net.Params(), start.Params()) {
		t.Errorf("%d updates, error %v; the weights moved: %t", updates, err, !floats.Equal(net.Params(), start.Params()))
	}
}

func TestOnePassErrors(t *testing.T) {
	rng := stream(23)
	x := gaussian(2, 2, rng)
	x.SetRow(1, x.RawRowView(0)) // so that the second sample sees what the first has moved
	for want, c := range map[string]struct {
		run OnePass
		x   *mat.Dense
		y   []float64
	}{
		"step size":       {OnePass{Loss: logistic{}}, x, []float64{1, 1}},
		"no loss":         {OnePass{Step: 1}, x, []float64{1, 1}},
		"1 labels":        {OnePass{Step: 1, Loss: logistic{}}, x, []float64{1}},
		"label 1":         {OnePass{Step: 1, Loss: logistic{}}, x, []float64{1, math.NaN()}},
		"entries":         {OnePass{Step: 1, Loss: logistic{}}, gaussian(2, 3, rng), []float64{1, 1}},
		"a smaller step ": {OnePass{Step: 1e300, Loss: logistic{}}, x, []float64{1, 1}},
	} {
		_, err := c.run.Run(mustNew(t, Config{Inputs: 2, Hidden: []int{20, 20}}, stream(5)), c.x, c.y)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}
