package gen_test

import (
	"encoding/json"
	"flag"
	"math"
	"reflect"
	"runtime"
	"testing"

	"pgregory.net/rapid"

	"convergo/nets/data"
	"convergo/nets/data/gen"
)

func TestSpecsBuildUnitRowsAndSurviveJSON(t *testing.T) {
	specs := gen.Specs(gen.Range{MinN: 1, MaxN: 9, MinD: 1, MaxD: 6})
	rapid.Check(t, func(t *rapid.T) {
		spec := specs.Draw(t, "spec")
		set := build(t, spec)
		for i, r := range data.RowNorms(set.X) {
			if !(math.Abs(r-1) <= 1e-14) {
				t.Fatalf("%v: row %d has norm %v", spec, i, r)
			}
		}
		if len(set.Y) != set.N() || set.N() < 1 || set.N() > 9 || set.D() < 1 || set.D() > 6 {
			t.Fatalf("%v: %d x %d with %d labels", spec, set.N(), set.D(), len(set.Y))
		}
		text, err := json.Marshal(spec)
		if err != nil {
			t.Fatal(err)
		}
		var again data.Spec
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(again, spec) || !reflect.DeepEqual(build(t, again), set) {
			t.Fatalf("%s is not replayed", text)
		}
	})
}

func TestSeparatedHasNoParallelRows(t *testing.T) {
	specs := gen.Separated(gen.Range{MinN: 2, MaxN: 12, MinD: 2, MaxD: 6})
	kinds := map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		spec := specs.Draw(t, "spec")
		kinds[spec.Kind] = true
		if sep := data.Separation(build(t, spec).X); sep < 1e-6 {
			t.Fatalf("%v: separation %v", spec, sep)
		}
	})
	if len(kinds) < 8 {
		t.Errorf("only the kinds %v were drawn", kinds)
	}
}

// Separation below 1/2 takes two rows in the plane, such as (0,1), (1,3). The
// search, whose seed is random, need not find the smallest instance, but must come
// near it from up to 12 rows in R^8.
func TestLatticesShrink(t *testing.T) {
	if err := flag.Set("rapid.nofailfile", "true"); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := flag.Set("rapid.nofailfile", "false"); err != nil {
			t.Error(err)
		}
	}()
	specs := gen.Lattices(gen.Range{MinN: 2, MaxN: 12, MinD: 2, MaxD: 8})
	var last *data.Set
	tb := &recorder{TB: t}
	done := make(chan struct{})
	go func() { // FailNow ends the goroutine
		defer close(done)
		rapid.Check(tb, func(t *rapid.T) {
			set := build(t, specs.Draw(t, "spec"))
			if data.Separation(set.X) < 0.5 {
				last = set
				t.Fatal("too close")
			}
		})
	}()
	<-done
	if !tb.failed || last == nil || last.N() > 4 || last.D() > 3 {
		t.Errorf("failed %v, ended at %v", tb.failed, last)
	}
}

// recorder is a rapid.TB that takes failures as results.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Name() string          { return "recorder" }
func (r *recorder) Logf(string, ...any)   {}
func (r *recorder) Log(...any)            {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }
func (r *recorder) Error(...any)          { r.failed = true }
func (r *recorder) Fail()                 { r.failed = true }
func (r *recorder) Failed() bool          { return r.failed }
func (r *recorder) FailNow()              { r.failed = true; runtime.Goexit() }
func (r *recorder) Fatal(...any)          { r.FailNow() }
func (r *recorder) Fatalf(string, ...any) { r.FailNow() }

func TestSpecsReachDegenerateData(t *testing.T) {
	specs := gen.Specs(gen.Range{MinN: 2, MaxN: 6, MinD: 1, MaxD: 3})
	for seed := range 500 {
		set, err := specs.Example(seed).Build()
		if err != nil {
			t.Fatal(err)
		}
		if data.Separation(set.X) == 0 {
			return
		}
	}
	t.Error("no parallel rows in 500 draws")
}

func TestLatticeHasNoZeroRow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, p := range gen.Lattice(3, 2, 1).Draw(t, "points") {
			if p[0] == 0 && p[1] == 0 || max(p[0], p[1], -p[0], -p[1]) > 1 {
				t.Fatalf("point %v", p)
			}
		}
	})
}

// In the plane with b = 1 there are 4 lines only, so that Lines must widen the
// cube and walk.
func TestLinesFillTheCube(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := gen.Lines(9, 2, 1).Draw(t, "points")
		for i, p := range points {
			for _, q := range points[:i] {
				if p[0]*q[1] == p[1]*q[0] {
					t.Fatalf("%v and %v are parallel", p, q)
				}
			}
		}
	})
}

func build(t *rapid.T, spec data.Spec) *data.Set {
	set, err := spec.Build()
	if err != nil {
		t.Fatalf("%+v: %v", spec, err)
	}
	return set
}

// Numbers stay inside the ranges that keep rows apart.
func TestNumbersOfSpecs(t *testing.T) {
	r := gen.Range{MinN: 2, MaxN: 6, MinD: 2, MaxD: 6}
	for name, specs := range map[string]*rapid.Generator[data.Spec]{"any": gen.Specs(r), "separated": gen.Separated(r)} {
		clusters, correlated := 0, 0
		for seed := range 1500 {
			s := specs.Example(seed)
			switch s.Kind {
			case data.Cluster:
				clusters++
				if s.Spread < 0.01 || s.Spread > 1 || s.Sep < 0 || s.Sep > 2 {
					t.Fatalf("%s: clusters of spread %v at distance %v", name, s.Spread, s.Sep)
				}
			case data.Equicorrelated:
				correlated++
				if s.Rho < -0.99/float64(s.N-1) || s.Rho > 0.99 {
					t.Fatalf("%s: %d rows of correlation %v", name, s.N, s.Rho)
				}
			}
			if s.Kind != data.Cluster && s.Spread != 0 || s.Kind != data.Equicorrelated && s.Rho != 0 {
				t.Fatalf("%s: spread %v and correlation %v of %v", name, s.Spread, s.Rho, s)
			}
		}
		if clusters < 20 || correlated < 20 {
			t.Errorf("%s: %d clusters and %d equicorrelated sets in 1500 draws", name, clusters, correlated)
		}
	}
}
