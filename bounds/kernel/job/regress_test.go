package job_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel"
	"convergo/bounds/kernel/job"
)

// clusters draws points around three centres, with the labels 3, 7 and -1.
func clusters(n int, seed uint64) (*mat.Dense, []float64) {
	draw := rand.New(rand.NewPCG(seed, 3))
	x, labels := mat.NewDense(n, 3, nil), make([]float64, n)
	for i := range labels {
		labels[i] = []float64{3, 7, -1}[i%3]
		for j := range 3 {
			x.Set(i, j, 0.3*draw.NormFloat64())
		}
		x.Set(i, i%3, 1+x.At(i, i%3))
	}
	return x, labels
}

// TestRegress learns three clusters, better than from shuffled labels.
func TestRegress(t *testing.T) {
	x, labels := clusters(60, 1)
	z, want := clusters(90, 2)
	k := kernel.NTK(2)
	gram, err := k.Gram(x)
	if err != nil {
		t.Fatal(err)
	}
	cross, err := k.Cross(x, z)
	if err != nil {
		t.Fatal(err)
	}
	accuracy := func(labels []float64, ridge float64) float64 {
		r, err := job.Regress(gram, labels, ridge)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Predict(cross)
		if err != nil {
			t.Fatal(err)
		}
		return job.Accuracy(got, want)
	}
	if a := accuracy(labels, 1e-2); a < 0.95 {
		t.Errorf("accuracy %g", a)
	}
	shuffled := append([]float64(nil), labels...)
	rand.New(rand.NewPCG(4, 4)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	if a := accuracy(shuffled, 1e-2); a > 0.7 {
		t.Errorf("accuracy %g from shuffled labels", a)
	}
}

// TestRidge: two equal samples of different classes cannot be interpolated; with a ridge they can be fitted, and a third
// sample decides by its kernel.
func TestRidge(t *testing.T) {
	gram := mat.NewSymDense(3, []float64{1, 1, 0, 1, 1, 0, 0, 0, 1})
	labels := []float64{5, 6, 6}
	if _, err := job.Regress(gram, labels, 0); err == nil || !strings.Contains(err.Error(), "larger ridge") {
		t.Errorf("a singular matrix: %v", err)
	}
	r, err := job.Regress(gram, labels, 0.1)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Predict(mat.NewDense(3, 2, []float64{0, 0.5, 0, 0.25, 1, -0.5}))
	if err != nil || got[0] != 6 || got[1] != 5 {
		t.Errorf("predicted %v (%v), want [6 5]", got, err)
	}
	// The ridge is relative: small values of the kernel decide alike. With 0.1 itself on their diagonal 6 would win.
	small := mat.NewSymDense(3, nil)
	small.ScaleSym(1e-6, gram)
	if s, err := job.Regress(small, labels, 0.1); err != nil {
		t.Error(err)
	} else if got, err := s.Predict(mat.NewDense(3, 1, []float64{0.2, 0, 1})); err != nil || got[0] != 5 {
		t.Errorf("predicted %v from a small kernel (%v), want 5", got, err)
	}
	for want, fit := range map[string]func() error{
		"1 class":  func() error { _, err := job.Regress(gram, []float64{1, 1, 1}, 0.1); return err },
		"2 labels": func() error { _, err := job.Regress(gram, []float64{1, 2}, 0.1); return err },
		"ridge -1": func() error { _, err := job.Regress(gram, labels, -1); return err },
		"4 training": func() error {
			_, err := r.Predict(mat.NewDense(4, 1, nil))
			return err
		},
	} {
		if err := fit(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
