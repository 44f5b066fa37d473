package checks

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestQueueHandsOutFromBothEnds(t *testing.T) {
	var tasks []task
	for i, work := range []float64{1, 5, 3, 5, 2} {
		tasks = append(tasks, task{name: fmt.Sprint(i), work: work})
	}
	q := newQueue(tasks)
	var got []string
	for i := range 6 {
		if task, ok := q.take(i%2 == 0); ok {
			got = append(got, task.name)
		}
	}
	if want := "1 0 3 4 2"; strings.Join(got, " ") != want {
		t.Errorf("order %v, want %s", got, want)
	}
}

// gauge knows how many trials of a kind run at once, and ran at most.
type gauge struct {
	mu        sync.Mutex
	now, most int
}

func (g *gauge) during(work func()) {
	g.mu.Lock()
	g.now++
	g.most = max(g.most, g.now)
	g.mu.Unlock()
	work()
	g.mu.Lock()
	g.now--
	g.mu.Unlock()
}

// TestMemoryBoundsTheTrialsInFlight runs large and small trials, of grids and
// of searches: of the large ones one at a time, of all as many as are allowed.
func TestMemoryBoundsTheTrialsInFlight(t *testing.T) {
	for _, workers := range []int{1, 4} {
		var large, all gauge
		claim := func(id string, bytes float64, own *gauge) Claim[int] {
			setup := func(int) (Instance, error) {
				return Instance{Terms: Terms{Trials: 5}, Trial: func(r *rand.Rand) Measurement {
					all.during(func() { own.during(func() { time.Sleep(200 * time.Microsecond); r.Uint64() }) })
					return Measurement{Observed: 0, Predicted: 1}
				}}, nil
			}
			return Claim[int]{
				ID: id, Basis: Derived, Form: Always{}, Grid: []int{1, 2, 3}, Setup: setup, Space: rapid.IntRange(4, 1000),
				Cost: func(int) Cost { return Cost{Bytes: bytes} },
				Controls: []Control[int]{{Name: "two", Why: "2 <= 1", At: []int{0}, Setup: func(int) (Instance, error) {
					return Instance{Trial: func(*rand.Rand) Measurement { return Measurement{Observed: 2, Predicted: 1} }}, nil
				}}},
			}
		}
		var small gauge
		p := testProfile(5)
		p.SearchChecks, p.Search = 10, Budget{Work: 1e9, Trials: 5, AlwaysTrials: 5}
		ss := source(claim("test/large", trialMemory*2, &large), claim("test/larger", trialMemory*3, &large), claim("test/small", 8, &small), claim("test/tiny", 0, &small))
		mustRun(t, ss, Options{Seed: 1, Alpha: 0.01, Profile: p, Workers: workers})
		if large.most != 1 || all.most > workers || workers > 1 && all.most == 1 {
			t.Errorf("%d workers: %d large trials at once, %d in all", workers, large.most, all.most)
		}
	}
}

// TestCurvesOfLaterTrialsAreDropped: a block holds up to 64 trials, the records
// keep the curves of the first alone.
func TestCurvesOfLaterTrialsAreDropped(t *testing.T) {
	curve := func(*rand.Rand) Measurement {
		return Measurement{Observed: 0, Predicted: 1, Series: []Series{NewSeries("loss", "measured", []float64{1}, []float64{2})}}
	}
	first, later := draw(Always{}, curve, 1, "test/curve", nil, 0), draw(Always{}, curve, 1, "test/curve", nil, 1)
	if len(first.Series) != 1 || later.Series != nil {
		t.Errorf("curves of trial 0: %v, of trial 1: %v", first.Series, later.Series)
	}
}

func TestTrialsThatNeedTooMuchMemoryAreShownNotRun(t *testing.T) {
	c := syntheticClaim("test/wide", synthetic{Delta: 0.1}, synthetic{Delta: 0.1, K: 1})
	c.Cost = func(p synthetic) Cost { return Cost{Trial: 10, Bytes: 100 + float64(p.K), Size: "m=10^6"} }
	p := testProfile(1000)
	p.Budget.Bytes = 100
	o := mustRun(t, source(c), Options{Seed: 1, Alpha: 0.01, Profile: p}).Claims[0]
	wide := o.Instances[1]
	if o.Verdict != Holds || wide.Skip != "cost" || wide.Result.Trials > 0 || !strings.Contains(wide.Detail, "bytes a trial") {
		t.Errorf("verdict %v, wide instance %+v", o.Verdict, wide)
	}
}
