package bounds_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"convergo/bounds"
)

// The numbers of Munteanu et al. (2022).
func TestCoupledConstants(t *testing.T) {
	for n, want := range map[int]float64{4: 0.353553, 8: 0.135299, 12: 0.086273, 16: 0.063724, 20: 0.050623} {
		within(t, "circle margin", bounds.CircleMargin(n), want, 1e-5)
	}
	within(t, "16 arcs", bounds.ArcPairs(16, 0.1), 81.2027807, 1e-8) // 16 ln 160
	within(t, "n=6", bounds.CircleMargin(6), 0, 0)
	gamma := bounds.CircleMargin(8)
	if m := bounds.EvenWidth(bounds.FiniteMarginWidth(8, gamma, 0.05)); m != 4436 {
		t.Errorf("width %d, want 4436", m) // 07.6 at delta = 0.1
	}
	within(t, "half a failure each", bounds.FiniteMarginWidth(8, gamma, 0.05), bounds.CoupledMarginWidth(8, gamma, 0.1), 1e-15)
	T := bounds.CoupledMarginSteps(gamma, 4, 0.1)
	if T != 4903 {
		t.Errorf("steps %v, want 4903", T)
	}
	if b := bounds.LogisticBound(gamma, 4, 0.1, int(T)); b > 0.1 || b < 0.0999 {
		t.Errorf("bound at the last step %v, want at most 0.1 and near it", b)
	}
	within(t, "beta, n=4", bounds.NoFlipScale(4, 562, bounds.LogisticMovement(4, 718, 562), 0.1), 2.2e6, 0.02)
	within(t, "beta, n=8", bounds.NoFlipScale(8, 4436, bounds.LogisticMovement(4, 4903, 4436), 0.1), 8.3e7, 0.02)
	within(t, "arc margin at 2n ln(n/delta)", bounds.ArcMargin(8, 100)*math.Sqrt(100/16.), gamma, 1e-14)
	for n, want := range map[int]float64{4: 4, 8: 4, 12: 6, 64: 32, 6: math.Inf(1)} {
		if got := bounds.ClassifierWidth(n); got != want {
			t.Errorf("classifier width for n=%d: %v, want %v", n, got, want)
		}
	}
	if got := bounds.EvenWidth(0.5); got != 2 {
		t.Errorf("even width %d, want 2", got)
	}
	isNaN(t, map[string]float64{
		"odd circle": bounds.CircleMargin(5), "two points": bounds.CircleMargin(2), "classifier": bounds.ClassifierWidth(3),
		"width": bounds.FiniteMarginWidth(4, 0, 0.1), "bound": bounds.LogisticBound(1, 5, 0.1, 1), "time": bounds.LogisticCircleTime(1, 1, 1),
		"arcs": bounds.ArcPairs(4, 0), "missed": bounds.MissedArc(0, 1), "arc margin": bounds.ArcMargin(6, 4), "movement": bounds.LogisticMovement(0, 1, 1),
	})
}

// Euler steps of dz/dt = gamma^2/(1 + e^z) reach the loss eps at the time of the formula.
func TestLogisticCircleTime(t *testing.T) {
	const gamma, eta = 0.3, 0.01
	for _, eps := range []float64{0.5, 0.1, 0.02} {
		z, steps := 0.0, 0
		for ; math.Log1p(math.Exp(-z)) > eps; steps++ {
			z += eta * gamma * gamma / (1 + math.Exp(z))
		}
		within(t, "steps", float64(steps), bounds.LogisticCircleTime(gamma, eta, eps), 1e-2)
	}
}

// An arc is missed with probability at most MissedArc, at most delta from ArcPairs on, and nearly so for
// few misses.
func TestMissedArc(t *testing.T) {
	const n, delta, draws = 16, 0.1, 20000
	pairs := int(math.Ceil(bounds.ArcPairs(n, delta)))
	if p := bounds.MissedArc(n, pairs); p > delta {
		t.Errorf("misses with probability up to %v, want at most %v", p, delta)
	}
	rng := rand.New(rand.NewPCG(7, 8))
	missed := 0
	for range draws {
		var hit [n]bool
		for range pairs {
			hit[rng.IntN(n)] = true
		}
		for _, h := range hit {
			if !h {
				missed++
				break
			}
		}
	}
	share, p := float64(missed)/draws, bounds.MissedArc(n, pairs)
	sd := math.Sqrt(p / draws)
	if share > p+5*sd || share < p-p*p/2-5*sd { // Bonferroni
		t.Errorf("an arc was missed in a share %v of the draws, want about %v", share, p)
	}
}

// By counting all ways to throw the balls.
func TestNoEmptyNeighbours(t *testing.T) {
	for boxes := 3; boxes <= 6; boxes++ {
		for balls := range 7 {
			good, all := 0, 1
			for range balls {
				all *= boxes
			}
			for code := range all {
				hit := make([]bool, boxes)
				for c, k := code, 0; k < balls; c, k = c/boxes, k+1 {
					hit[c%boxes] = true
				}
				ok := true
				for i := range hit {
					ok = ok && (hit[i] || hit[(i+1)%boxes])
				}
				if ok {
					good++
				}
			}
			within(t, fmt.Sprintf("%d balls, %d boxes", balls, boxes), bounds.NoEmptyNeighbours(boxes, balls), float64(good)/float64(all), 1e-12)
		}
	}
	isNaN(t, map[string]float64{"boxes": bounds.NoEmptyNeighbours(2, 1), "balls": bounds.NoEmptyNeighbours(3, -1)})
}
