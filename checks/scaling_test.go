package checks

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// A load is the work of an instance in a simulated run.
type load struct {
	trials int
	trial  float64 // seconds
}

func (l load) all() float64 { return float64(l.trials) * l.trial }

// cores are the times at which each core is free.
type cores []float64

func (c cores) Len() int           { return len(c) }
func (c cores) Less(i, j int) bool { return c[i] < c[j] }
func (c cores) Swap(i, j int)      { c[i], c[j] = c[j], c[i] }
func (c *cores) Push(x any)        { *c = append(*c, x.(float64)) }
func (c *cores) Pop() any          { last := (*c)[len(*c)-1]; *c = (*c)[:len(*c)-1]; return last }

// makespan is how long one task takes for its loads on so many cores: the dear ones first, each trial on the core that is free
// first, as a run does.
func makespan(loads []load, count int) float64 {
	sorted := slices.Clone(loads)
	slices.SortStableFunc(sorted, func(a, b load) int { return cmp.Compare(b.all(), a.all()) })
	free := make(cores, count)
	for _, l := range sorted {
		for range l.trials {
			free[0] += l.trial
			heap.Fix(&free, 0)
		}
	}
	return slices.Max(free)
}

// longestTask is the time of the longest task, of which task i of k takes the loads i, i+k, ...; see [Shard].
func longestTask(loads []load, tasks, cores int) float64 {
	longest := 0.0
	for i := range tasks {
		var own []load
		for j := i; j < len(loads); j += tasks {
			own = append(own, loads[j])
		}
		longest = max(longest, makespan(own, cores))
	}
	return longest
}

func total(loads []load) (sum, trial float64) {
	for _, l := range loads {
		sum, trial = sum+l.all(), max(trial, l.trial)
	}
	return sum, trial
}

// drawnLoads has costs over four orders of magnitude.
func drawnLoads(n int) []load {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	loads := make([]load, n)
	for i := range loads {
		loads[i] = load{trials: 20 + rng.IntN(500), trial: math.Pow(10, -5+4*rng.Float64())}
	}
	return loads
}

// A schedule cannot beat the work over the cores nor the longest trial, and one machine's loses at most one trial beyond the first
// (Graham's bound), because an instance is shared out trial by trial.
func TestSimulatedRuns(t *testing.T) {
	loads := drawnLoads(300)
	sum, longest := total(loads)
	if got := longestTask(loads, 1, 1); !(math.Abs(got/sum-1) <= 1e-9) {
		t.Errorf("one core takes %v for a work of %v", got, sum)
	}
	for _, n := range []int{2, 64, 1000} {
		if got := longestTask(loads, 1, n); got < max(sum/float64(n), longest)*(1-1e-9) || got > sum/float64(n)+longest {
			t.Errorf("%d cores: %v, want %v to %v", n, got, sum/float64(n), sum/float64(n)+longest)
		}
	}
	// Two tasks of two equal loads each; a third alone doubles nothing.
	equal := []load{{4, 1}, {4, 1}, {4, 1}, {4, 1}}
	if got := longestTask(equal, 2, 2); got != 4 {
		t.Errorf("two tasks of two cores take %v for 16 seconds, want 4", got)
	}
	if got := longestTask(equal, 1000, 1); got != 4 {
		t.Errorf("more tasks than instances take %v, want that of one instance", got)
	}
}

// BenchmarkScalingSimulated prints the efficiency (work over time and cores) of one machine of 64 cores, and of arrays of 10, 100 and 1,000
// tasks of one core, for the instances of the run folder that CONVERGO_RUN names, or drawn ones. The work is what the records
// state. "shares" is the whole work over that of the dearest instance: no more tasks than this can be busy.
func BenchmarkScalingSimulated(b *testing.B) {
	loads := drawnLoads(2000)
	if dir := os.Getenv("CONVERGO_RUN"); dir != "" {
		rec, err := Open(dir)
		if err != nil {
			b.Fatal(err)
		}
		loads = recordedLoads(rec)
	}
	sum, _ := total(loads)
	shapes := []struct{ tasks, cores int }{{1, 64}, {10, 1}, {100, 1}, {1000, 1}}
	efficiency := make([]float64, len(shapes))
	for b.Loop() {
		for i, s := range shapes {
			efficiency[i] = sum / longestTask(loads, s.tasks, s.cores) / float64(s.tasks*s.cores)
		}
	}
	for i, s := range shapes {
		b.ReportMetric(efficiency[i], fmt.Sprintf("eff-%dx%d", s.tasks, s.cores))
	}
	dearest := 0.0
	for _, l := range loads {
		dearest = max(dearest, l.all())
	}
	b.ReportMetric(float64(len(loads)), "instances")
	b.ReportMetric(sum/dearest, "shares")
}

// recordedLoads are the instances of a run, at 1e9 operations a second.
func recordedLoads(rec *Records) []load {
	var keys []UnitKey
	for key, u := range rec.Units {
		if len(u.Trials) > 0 && u.Planned > 0 {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b UnitKey) int { return cmp.Compare(a.String(), b.String()) })
	loads := make([]load, len(keys))
	for i, key := range keys {
		u := rec.Units[key]
		loads[i] = load{trials: len(u.Trials), trial: float64(u.Work) / float64(u.Planned) / 1e9}
	}
	return loads
}

// tiny is a claim of n instances with one record each.
func tiny(n int) Claim[int] {
	grid := make([]int, n)
	for i := range grid {
		grid[i] = i
	}
	return Claim[int]{
		ID: "bench/tiny", Basis: Derived, Form: Always{}, Grid: grid,
		Cost: func(int) Cost { return Cost{Trial: 1e5} },
		Setup: func(int) (Instance, error) {
			return Instance{Terms: Terms{Trials: 50}, Trial: func(r *rand.Rand) Measurement {
				return Measurement{Observed: r.Float64(), Predicted: 2}
			}}, nil
		},
		Controls: []Control[int]{{Name: "none", Why: "x", At: []int{0}, Setup: func(int) (Instance, error) {
			return Instance{Trial: func(*rand.Rand) Measurement { return Measurement{Observed: 1} }}, nil
		}}},
	}
}

// BenchmarkScalingSerial times what no task shares with another: that each of an array of 1,000 finds its part of 5,000 instances and opens
// and closes its folder, and that one merges 1,000 folders.
func BenchmarkScalingSerial(b *testing.B) {
	const tasks, instances = 1000, 5000
	c := tiny(instances)
	p := testProfile(50)
	base := b.TempDir()
	dirs := make([]string, tasks)
	start := time.Now()
	for i := range dirs {
		dirs[i] = filepath.Join(base, fmt.Sprint(i))
		if _, err := Run(context.Background(), source(c), Options{Seed: 1, Alpha: 0.01, Profile: p, Dir: dirs[i], Workers: 1, Shard: &Shard{i, tasks}}); err != nil {
			b.Fatal(err)
		}
	}
	each := time.Since(start).Seconds() * 1e3 / tasks
	var took []float64
	for b.Loop() {
		start := time.Now()
		if _, err := Merge(filepath.Join(b.TempDir(), "whole"), dirs); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start).Seconds())
	}
	b.ReportMetric(each, "ms/task")
	b.ReportMetric(slices.Min(took)*1e3/tasks, "merge-ms/task")
}

// BenchmarkEfficiencyTrials is the wall time of one worker over twice that of two, for trials of about 0.1 ms; the least of several, in turns,
// because other work on the machine only adds.
func BenchmarkEfficiencyTrials(b *testing.B) {
	const trials = 2000
	c := tiny(1)
	c.Setup = func(int) (Instance, error) {
		return Instance{Terms: Terms{Trials: trials}, Trial: func(r *rand.Rand) Measurement {
			s := 0.0
			for range 10000 {
				s += r.NormFloat64()
			}
			return Measurement{Observed: s, Predicted: 1e6}
		}}, nil
	}
	p := testProfile(trials)
	least := [2]float64{math.Inf(1), math.Inf(1)}
	for b.Loop() {
		for workers := 1; workers <= 2; workers++ {
			start := time.Now()
			if _, err := Run(context.Background(), source(c), Options{Seed: 1, Alpha: 0.01, Profile: p, Dir: b.TempDir(), Workers: workers}); err != nil {
				b.Fatal(err)
			}
			least[workers-1] = min(least[workers-1], time.Since(start).Seconds())
		}
	}
	b.ReportMetric(least[0]/(2*least[1]), "efficiency")
}
