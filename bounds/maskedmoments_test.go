package bounds_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"convergo/bounds"
)

// maskedRounds follows every sequence of masks of a network whose active neurons have the signed preactivations
// c, by plain gradient descent, and returns the means of e, e^2, sum c^2 and sum (c - c_0)^2.
func maskedRounds(s bounds.MaskScheme, m int, eta, y float64, c []float64, rounds int) (e, ee, squares, moved float64) {
	root := math.Sqrt(float64(m))
	scale, predict := 1/root, s.Keep/root
	if s.Inverted {
		scale, predict = 1/(root*s.Keep), 1/root
	}
	start := append([]float64(nil), c...)
	var follow func(c []float64, probability float64, left int)
	follow = func(c []float64, probability float64, left int) {
		if left == 0 {
			u, q, d := 0.0, 0.0, 0.0
			for r, v := range c {
				u += predict * v
				q += v * v
				d += (v - start[r]) * (v - start[r])
			}
			e += probability * (u - y)
			ee += probability * (u - y) * (u - y)
			squares += probability * q
			moved += probability * d
			return
		}
		n := len(c)
		codes := 1 << (n * s.Models)
		for code := range codes {
			share, counts := 1.0, make([]int, n)
			keeps := func(l, r int) bool { return code>>(l*n+r)&1 == 1 }
			for r := range n {
				for l := range s.Models {
					if keeps(l, r) {
						counts[r]++
						share *= s.Keep
					} else {
						share *= 1 - s.Keep
					}
				}
			}
			if s.Partition {
				share = math.Pow(s.Keep, float64(n))
				for _, held := range counts {
					if held != 1 {
						share = 0
					}
				}
			}
			if share == 0 {
				continue
			}
			next := append([]float64(nil), c...)
			for l := range s.Models {
				local := append([]float64(nil), c...)
				for range s.LocalSteps {
					out := -y
					for r, v := range local {
						if keeps(l, r) {
							out += scale * v
						}
					}
					for r := range local {
						if keeps(l, r) {
							local[r] -= eta * scale * out
						}
					}
				}
				for r := range next {
					if keeps(l, r) {
						next[r] += (local[r] - c[r]) / float64(counts[r])
					}
				}
			}
			follow(next, probability*share, left-1)
		}
	}
	follow(c, 1, rounds)
	return e, ee, squares, moved
}

func TestMaskedMomentsByEnumeration(t *testing.T) {
	for _, tt := range []struct {
		scheme bounds.MaskScheme
		c      []float64
		rounds int
	}{
		{bounds.MaskScheme{Keep: 0.3, Models: 1, LocalSteps: 1}, []float64{1, -0.7, 0.2}, 3},
		{bounds.MaskScheme{Keep: 0.3, Models: 1, LocalSteps: 3}, []float64{1, -0.7, 0.2}, 3},
		{bounds.MaskScheme{Keep: 0.6, Models: 1, LocalSteps: 2, Inverted: true}, []float64{0.5, 1.5}, 3},
		{bounds.MaskScheme{Keep: 1, Models: 1, LocalSteps: 2}, []float64{0.5, 1.5}, 3},
		{bounds.MaskScheme{Keep: 0.4, Models: 2, LocalSteps: 1}, []float64{1, -0.7, 0.2}, 2},
		{bounds.MaskScheme{Keep: 0.4, Models: 3, LocalSteps: 1}, []float64{1, -0.7}, 2},
		{bounds.MaskScheme{Keep: 0.4, Models: 2, LocalSteps: 1, Inverted: true}, []float64{1, -0.7, 0.2}, 2},
		{bounds.MaskScheme{Keep: 0.4, Models: 2, LocalSteps: 3}, []float64{1, -0.7, 0.2}, 2},
		{bounds.MaskScheme{Keep: 0.5, Models: 2, LocalSteps: 1, Partition: true}, []float64{1, -0.7, 0.2, 0.4}, 2},
		{bounds.MaskScheme{Keep: 1. / 3, Models: 3, LocalSteps: 1, Partition: true}, []float64{1, -0.7, 0.2}, 2},
		{bounds.MaskScheme{Keep: 0.5, Models: 2, LocalSteps: 4, Partition: true}, []float64{1, -0.7, 0.2}, 2},
		{bounds.MaskScheme{Keep: 0.5, Models: 2, LocalSteps: 1}, []float64{-0.7}, 3},
	} {
		const m, eta, y = 5, 0.9, 0.6
		var sum, squares float64
		for _, v := range tt.c {
			sum += v
			squares += v * v
		}
		k, err := bounds.NewMaskedMoments(tt.scheme, m, len(tt.c), eta, y, sum, squares)
		if err != nil {
			t.Fatal(err)
		}
		for round := 1; round <= tt.rounds; round++ {
			k.Round()
			e, ee, q, d := maskedRounds(tt.scheme, m, eta, y, tt.c, round)
			at := fmt.Sprintf("%+v, round %d: ", tt.scheme, round)
			within(t, at+"error", k.MeanError(), e, 1e-12)
			if !k.Exact() {
				if !math.IsNaN(k.SquaredError()) || !math.IsNaN(k.Squares()) || !math.IsNaN(k.Displacement()) {
					t.Errorf("%s second moments that are not known are not NaN", at)
				}
				continue
			}
			within(t, at+"squared error", k.SquaredError(), ee, 1e-12)
			within(t, at+"squares", k.Squares(), q, 1e-12)
			within(t, at+"displacement", k.Displacement(), d, 1e-12)
		}
	}
}

// At a great width the moments become the limit: the factor, the path and the floor of MaskScheme and
// MaskedLimit on one input, where H = C1 = 1/2, and the floor of a partition to order 1/m.
func TestMaskedMomentsBecomeTheLimit(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	l, _, _ := maskedLimit(t, sphere(1, 3, rng))
	for _, s := range []bounds.MaskScheme{
		{Keep: 0.5, Models: 1, LocalSteps: 1}, {Keep: 0.3, Models: 4, LocalSteps: 1}, {Keep: 0.4, Models: 1, LocalSteps: 3},
		{Keep: 0.6, Models: 3, LocalSteps: 1, Inverted: true}, {Keep: 0.3, Models: 3, LocalSteps: 2}, {Keep: 0.25, Models: 4, LocalSteps: 3, Partition: true},
	} {
		const m, rounds, eta, y = 40000, 6, 0.8, 0.7
		k, err := bounds.NewMaskedMoments(s, m, m/2, eta, y, 0, m/2)
		if err != nil {
			t.Fatal(err)
		}
		path := l.SquaredError(s, eta, 1, []float64{-y}, rounds)
		for round := 1; round <= rounds; round++ {
			k.Round()
			if off := math.Abs(k.MeanError() + y*math.Pow(s.Factor(eta, 0.5), float64(round))); off > 1e-4*y {
				t.Errorf("%+v, round %d: the error is %v from the limit", s, round, off)
			}
			if k.Exact() {
				within(t, "path", k.SquaredError(), path[round], 2e-3)
			}
		}
	}
	const eta = 1.2
	for _, p := range []int{2, 4} {
		s := bounds.MaskScheme{Keep: 1 / float64(p), Models: p, LocalSteps: 1, Partition: true}
		k, err := bounds.NewMaskedMoments(s, 1<<12, 1<<11, eta, 0, 0, 1<<11)
		if err != nil {
			t.Fatal(err)
		}
		for range 60 {
			k.Round()
		}
		within(t, "partition", k.SquaredError(), bounds.PartitionFloor(p, 1<<12, 1, eta, 1), 0.03)
	}
}

// At fixed width the region is not at rest: drift along the noise takes the preactivations, and the noise
// with them, to the order of the label, so that the limits do not commute.
func TestMaskedRegionDiesAtFixedWidth(t *testing.T) {
	s := bounds.MaskScheme{Keep: 0.5, Models: 1, LocalSteps: 1}
	k, err := bounds.NewMaskedMoments(s, 100, 50, 2, 0, 0, 50)
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		k.Round()
	}
	early := k.SquaredError()
	for range 4000 {
		k.Round()
	}
	if !(early > 0.01) || !(k.SquaredError() < early/1e4) {
		t.Errorf("squared error %v after 50 rounds, %v after 4050", early, k.SquaredError())
	}
}

func TestBadMaskedMoments(t *testing.T) {
	good := bounds.MaskScheme{Keep: 0.5, Models: 1, LocalSteps: 1}
	for _, f := range []func() (*bounds.MaskedMoments, error){
		func() (*bounds.MaskedMoments, error) {
			return bounds.NewMaskedMoments(bounds.MaskScheme{}, 4, 2, 1, 1, 0, 2)
		},
		func() (*bounds.MaskedMoments, error) { return bounds.NewMaskedMoments(good, 4, 5, 1, 1, 0, 2) },
		func() (*bounds.MaskedMoments, error) { return bounds.NewMaskedMoments(good, 4, 2, 0, 1, 0, 2) },
		func() (*bounds.MaskedMoments, error) { return bounds.NewMaskedMoments(good, 4, 2, 1, 1, 3, 2) },
		func() (*bounds.MaskedMoments, error) {
			return bounds.NewMaskedMoments(bounds.MaskScheme{Keep: 0.5, Models: 11, LocalSteps: 1}, 4, 2, 1, 1, 0, 2)
		},
	} {
		if _, err := f(); err == nil {
			t.Error("nonsense is accepted")
		}
	}
}
