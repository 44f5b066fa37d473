package checks

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// A searcher hunts for parameters that break a claim.
type searcher struct {
	claim string
	// property checks the parameters that it draws. It keeps its count in the
	// SearchRecord, since rapid near a deadline passes after fewer checks
	// without a word.
	property func(searchOptions, *SearchRecord) func(*rapid.T)
	// climb goes on around the tightest instance found; nil for a claim that
	// names no neighbours.
	climb func(searchOptions, *SearchRecord)
}

type searchOptions struct {
	ctx    context.Context
	seed   uint64
	alpha  float64 // of one drawn instance
	budget Budget
	// seen hears each instance that was tried inside its hypotheses, or is nil.
	seen func(params json.RawMessage, found []Detect)
	// hold waits for the memory of the trials of an instance, or is nil.
	hold func(bytes float64) (release func(), err error)
}

func (c Claim[P]) searcher() searcher {
	s := searcher{claim: c.ID, property: c.property}
	if c.Near != nil {
		s.climb = c.climb
	}
	return s
}

// property is the outer quantifier: for all P. Inside it, the trials take their
// randomness from indexed streams, which rapid never sees.
func (c Claim[P]) property(o searchOptions, rec *SearchRecord) func(*rapid.T) {
	failed := false
	return func(t *rapid.T) {
		if rec.Drawn >= rec.Planned && !failed || o.ctx.Err() != nil {
			return
		}
		p := c.Space.Draw(t, "parameters")
		if !failed {
			rec.Drawn++
		}
		if c.Cost != nil && !o.budget.affords(c.Cost(p), 1) {
			if !failed {
				rec.TooDear++
			}
			return
		}
		w, met, err := c.try(p, o)
		switch {
		case err != nil:
			failed = true
			rec.Witness, rec.Error = nil, err.Error()
			t.Fatalf("%v", err)
		case w != nil:
			// While rapid shrinks, the last failure seen is the smallest.
			failed = true
			rec.Witness, rec.Error = w, ""
			t.Fatalf("%v", w)
		case met && !failed:
			rec.Met++
		}
	}
}

// try judges one drawn instance; a witness is returned when it is refuted.
func (c Claim[P]) try(p P, o searchOptions) (w *Witness, hypothesesMet bool, err error) {
	if c.Cost != nil && o.hold != nil {
		release, err := o.hold(c.Cost(p).Bytes)
		if err != nil {
			return nil, false, nil // the run has ended
		}
		defer release()
	}
	params, err := json.Marshal(p)
	if err != nil {
		return nil, false, fmt.Errorf("claim %s: parameters do not fit JSON: %w", c.ID, err)
	}
	inst, err := guardSetup(c.Setup, p)
	if err != nil {
		return nil, false, fmt.Errorf("claim %s at %s: %w", c.ID, params, err)
	}
	if !met(inst.Hypotheses) || inst.Trivial != "" {
		return nil, false, nil
	}
	if err := sensible(c.Form, inst.Terms); err != nil {
		return nil, false, fmt.Errorf("claim %s at %s: %w", c.ID, params, err)
	}
	n, _ := c.Form.trials(inst.Terms, o.budget, o.alpha)
	if c.Cost != nil {
		if cost := c.Cost(p); cost.Trial > 0 {
			n = max(1, min(n, int((o.budget.Work-cost.Setup)/cost.Trial)))
		}
	}
	j := c.Form.judge(inst.Terms, o.alpha)
	tried := &Unit{UnitRecord: UnitRecord{Terms: inst.Terms, Hypotheses: inst.Hypotheses, Alpha: Float(o.alpha)}}
	statusOf := tried.status(unit{form: c.Form})
	for i := 0; i < n && !j.done() && o.ctx.Err() == nil; i++ {
		m := draw(c.Form, inst.Trial, o.seed, c.ID, params, i)
		if m.Status() == Broken {
			return nil, true, fmt.Errorf("claim %s at %s, trial %d: %w", c.ID, params, i, m.err())
		}
		j.add(m, statusOf(m))
		tried.Trials, tried.Status = append(tried.Trials, m), append(tried.Status, statusOf(m))
	}
	r := j.result()
	if o.seen != nil && !r.Caught && r.Held+r.Violated > 0 {
		o.seen(params, detectUnit(c.Form, tried, r))
	}
	if !r.Caught || !c.Basis.refutable() {
		return nil, r.Held+r.Violated > 0, nil
	}
	return newWitness(c.ID, params, o.seed, Float(o.alpha), r), true, nil
}

// search runs a claim's search and records it.
func (r *runner) search(ctx context.Context, s searcher) error {
	if r.known.Searches[s.claim] != nil {
		return nil
	}
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	p := r.plan.manifest.Profile
	rec := &SearchRecord{Claim: s.claim, Planned: p.SearchChecks}
	share := r.options.Alpha / 2 / float64(len(r.plan.searchers)) / float64(p.SearchChecks)
	if s.climb != nil {
		share /= 2 // it tries as many again
	}
	rec.Alpha = Float(share)
	o := searchOptions{ctx: ctx, seed: r.options.Seed, alpha: share, budget: p.Search, seen: rec.tighten}
	o.hold = func(bytes float64) (func(), error) { return r.memory.holdWorking(ctx, bytes, r.slots) }
	message := rapidCheck(s.claim, p.SearchChecks, r.options.Seed, s.property(o, rec))
	if message == "" && s.climb != nil {
		s.climb(o, rec)
	}
	if rec.Witness != nil || rec.Error != "" {
		rec.Tightest = nil // what shrinking passed by depends on how long it took
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if message != "" && rec.Witness == nil && rec.Error == "" {
		rec.Error = message // the generator itself failed
	}
	return r.folder.append(line{Search: rec})
}

// rapidFlags guards rapid's options, which are the flags of the process, and
// keeps those of the caller while searches are under way.
var rapidFlags struct {
	sync.Mutex
	searches int
	callers  map[string]string
}

// rapidCheck runs rapid outside go test and returns what it complained of, or
// nothing. Searches with the same options may run at the same time.
func rapidCheck(name string, checks int, seed uint64, property func(*rapid.T)) string {
	rapidFlags.Lock()
	if flag.Lookup("test.short") == nil {
		testing.Init()
	}
	if !flag.Parsed() {
		_ = flag.CommandLine.Parse(nil) // nothing to parse: the command line is not flag's
	}
	if testing.Short() {
		checks *= 5 // rapid does a fifth of them then; records must not depend on it
	}
	borrowFlags(map[string]string{
		"rapid.checks":     strconv.Itoa(checks),
		"rapid.seed":       strconv.FormatUint(seed|1, 10), // 0 would mean a random seed
		"rapid.nofailfile": "true",
		"rapid.shrinktime": "10s",
	})
	defer returnFlags()
	rapidFlags.Unlock()
	tb := &searchTB{name: name}
	done := make(chan struct{})
	go func() { // FailNow ends the goroutine
		defer close(done)
		rapid.Check(tb, property)
	}()
	<-done
	if !tb.failed {
		return ""
	}
	return fmt.Sprint(tb.message)
}

// borrowFlags sets rapid's options for a search; rapidFlags is locked. Those that
// have their value are left alone, since searches beside this one read them.
func borrowFlags(options map[string]string) {
	if rapidFlags.searches == 0 {
		rapidFlags.callers = map[string]string{}
	}
	rapidFlags.searches++
	for name, value := range options {
		was := setFlag(name, value)
		if _, kept := rapidFlags.callers[name]; !kept {
			rapidFlags.callers[name] = was
		}
	}
}

// returnFlags restores the caller's options behind the last search, so that
// properties of the caller's own keep theirs.
func returnFlags() {
	rapidFlags.Lock()
	defer rapidFlags.Unlock()
	rapidFlags.searches--
	if rapidFlags.searches > 0 {
		return
	}
	for name, value := range rapidFlags.callers {
		setFlag(name, value)
	}
}

func setFlag(name, value string) (was string) {
	f := flag.Lookup(name)
	if f == nil {
		panic("rapid has no flag " + name)
	}
	if was = f.Value.String(); was != value {
		if err := f.Value.Set(value); err != nil {
			panic(fmt.Sprintf("setting %s to %s: %v", name, value, err))
		}
	}
	return was
}

// searchTB is the little of testing.TB that rapid needs.
type searchTB struct {
	name    string
	failed  bool
	message string
}

func (s *searchTB) Helper()              {}
func (s *searchTB) Name() string         { return s.name }
func (s *searchTB) Logf(string, ...any)  {}
func (s *searchTB) Log(...any)           {}
func (s *searchTB) Skip(...any)          { s.SkipNow() }
func (s *searchTB) Skipf(string, ...any) { s.SkipNow() }
func (s *searchTB) SkipNow()             { runtime.Goexit() }
func (s *searchTB) Fail()                { s.failed = true }
func (s *searchTB) Failed() bool         { return s.failed }
func (s *searchTB) FailNow()             { s.failed = true; runtime.Goexit() }
func (s *searchTB) Error(args ...any)    { s.failed, s.message = true, fmt.Sprint(args...) }
func (s *searchTB) Errorf(format string, a ...any) {
	s.failed, s.message = true, fmt.Sprintf(format, a...)
}
func (s *searchTB) Fatal(args ...any)              { s.Error(args...); s.FailNow() }
func (s *searchTB) Fatalf(format string, a ...any) { s.Errorf(format, a...); s.FailNow() }
