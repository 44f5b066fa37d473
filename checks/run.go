package checks

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"time"
)

// Options say how to run.
type Options struct {
	Seed     uint64
	Alpha    float64 // chance of any false alarm in the whole run
	Profile  Profile
	Dir      string // run folder, created or resumed
	Workers  int    // trials in parallel; 0 means one per core
	Data     []DataFile
	OnlyData bool // run the instances on Data alone: no others, no controls, no search
	Shard    *Shard
	Progress func(Event) // called from several goroutines, or nil
	// Command is the command line that makes this run again in a new folder,
	// the program's name first; for reports, which show it.
	Command []string
}

// An Event tells how far a run is.
type Event struct {
	Done, Total int    // instances and searches
	What        string // what was just finished
	Note        string // something the user should read, or empty
}

// Run checks the claims into the run folder of the options and returns its
// records. A folder with the records of an unfinished run of the same plan is
// resumed. When ctx ends, Run returns its error and leaves a resumable folder.
func Run(ctx context.Context, sources []Source, o Options) (*Records, error) {
	p, err := newPlan(sources, o)
	if err != nil {
		return nil, err
	}
	folder, rec, err := createFolder(o.Dir, p.manifest)
	if err != nil {
		return nil, err
	}
	session, finished := newSession(time.Now()), rec.complete()
	r := &runner{plan: p, options: o, folder: folder, known: rec}
	err = r.run(ctx)
	if err == nil {
		err = folder.finish()
	}
	if !finished {
		session.Seconds = time.Since(session.Start).Seconds()
		if e := addSessions(o.Dir, []Session{session}); err == nil {
			err = e
		}
	}
	if err = errors.Join(err, folder.Close()); err != nil {
		return nil, err
	}
	return Open(o.Dir)
}

// A plan is all that a run will do, fixed before it starts.
type plan struct {
	manifest  Manifest
	units     []unit
	keys      []UnitKey
	searchers []searcher
	alpha     float64 // of one unit
}

func newPlan(sources []Source, o Options) (*plan, error) {
	if !(o.Alpha > 0 && o.Alpha < 1) {
		return nil, fmt.Errorf("alpha is %v: it must lie between 0 and 1", o.Alpha)
	}
	if s := o.Shard; s != nil && (s.Count < 1 || s.Index < 0 || s.Index >= s.Count) {
		return nil, fmt.Errorf("shard %d of %d: the index must lie in 0..count-1", s.Index, s.Count)
	}
	if o.OnlyData {
		o.Profile.SearchChecks = 0
	}
	p := &plan{manifest: Manifest{
		Format: manifestFormat, Version: Version, Arch: runtime.GOARCH, Go: runtime.Version(), Arithmetic: arithmetic(),
		Seed: o.Seed, Alpha: Float(o.Alpha), Profile: o.Profile, Shard: o.Shard, Data: o.Data, Code: codeOf(sources), Command: o.Command,
	}}
	seen, keys := map[string]bool{}, map[string]bool{}
	for _, s := range sources {
		if keys[s.Key] {
			return nil, fmt.Errorf("two sources have the key %q: give each one of its own", s.Key)
		}
		keys[s.Key] = true
		p.manifest.Sources = append(p.manifest.Sources, SourceInfo{s.Key, s.Title, s.Authors, s.Year, s.BibTeX, s.About, s.Digest, s.Tables})
		for _, c := range s.Claims {
			if err := p.add(c, o, seen); err != nil {
				return nil, err
			}
			if id := c.Info().ID; sourceOf(id) != s.Key {
				return nil, fmt.Errorf("claim %s stands in the source %s: an ID opens with the key of its source", id, s.Key)
			}
		}
	}
	if len(p.units) == 0 && len(p.searchers) == 0 {
		return nil, errors.New("no claim to run")
	}
	p.manifest.Units = len(p.units)
	p.manifest.Plan = p.manifest.planDigest(p.units)
	// Half of the budget goes to the instances, in equal shares so that a unit's
	// stopping rule does not depend on the others; Holm's procedure hands out
	// what they leave over when the run is summarised. The other half goes to
	// the searches.
	p.alpha = o.Alpha / 2 / float64(max(len(p.units), 1))
	return p, nil
}

func (p *plan) add(c Checkable, o Options, seen map[string]bool) (err error) {
	if c == nil {
		return errors.New("a source lists a claim that is nil")
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("claim %s: Cost or OnData panicked: %v", c.Info().ID, r)
		}
	}()
	us, err := c.units(o.Data)
	if err != nil {
		return err
	}
	info := c.Info()
	if seen[info.ID] {
		return fmt.Errorf("two claims have the ID %s", info.ID)
	}
	seen[info.ID] = true
	p.manifest.Claims = append(p.manifest.Claims, info)
	index := map[string]int{}
	for _, u := range us {
		if !o.OnlyData || u.file != "" {
			p.units = append(p.units, u)
			p.keys = append(p.keys, UnitKey{Claim: u.claim.ID, Control: u.control, Index: index[u.control]})
		}
		index[u.control]++
	}
	if info.Searched && !o.OnlyData && o.Profile.SearchChecks > 0 {
		p.searchers = append(p.searchers, c.searcher())
	}
	return nil
}

type runner struct {
	plan    *plan
	options Options
	folder  *Folder
	known   *Records      // what the folder held at the start; read only
	slots   chan struct{} // one for each worker
	memory  memory        // of the trials in flight
	mu      sync.Mutex
	done    int
	total   int
}

func (r *runner) run(ctx context.Context) error {
	workers := r.options.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	r.slots = make(chan struct{}, workers)
	r.memory = newMemory()
	tasks := r.tasks()
	r.total = len(tasks)
	for _, note := range r.folder.repairs {
		r.event("", note)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := newQueue(tasks)
	var wg sync.WaitGroup
	// Twice as many tasks as workers are under way: each worker finds a trial to
	// run while some instances are set up, wait for memory or run their last one.
	for i := range 2 * workers {
		wg.Go(func() {
			for ctx.Err() == nil {
				t, ok := queue.take(i%2 == 0)
				if !ok {
					return
				}
				if err := t.do(ctx); err != nil {
					cancel(err)
					return
				}
				r.event(t.name, "")
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// A task is an instance or a search.
type task struct {
	name string
	work float64 // what is known of its cost, to start with the dearest
	do   func(context.Context) error
}

func (r *runner) tasks() []task {
	var ts []task
	shard := r.options.Shard
	for i := range r.plan.searchers {
		if shard.holds(len(r.plan.units) + i) {
			s := r.plan.searchers[i]
			ts = append(ts, task{"search of " + s.claim, math.Inf(1), func(ctx context.Context) error { return r.search(ctx, s) }})
		}
	}
	for i := range r.plan.units {
		if shard.holds(i) {
			u, key := r.plan.units[i], r.plan.keys[i]
			ts = append(ts, task{key.String(), u.cost.Setup + u.cost.Trial, func(ctx context.Context) error { return r.unit(ctx, u, key) }})
		}
	}
	return ts
}

func (r *runner) event(what, note string) {
	r.mu.Lock()
	if note == "" {
		r.done++
	}
	e := Event{Done: r.done, Total: r.total, What: what, Note: note}
	r.mu.Unlock()
	if r.options.Progress != nil {
		r.options.Progress(e)
	}
}

// unit runs one instance, from where its records end.
func (r *runner) unit(ctx context.Context, u unit, key UnitKey) error {
	known := r.known.Units[key]
	if known != nil && known.Ended {
		return nil
	}
	inst, rec := r.open(u, key)
	if known == nil {
		if err := r.folder.append(line{Unit: rec}); err != nil {
			return err
		}
	}
	if rec.Skip != "" {
		return nil
	}
	j := u.form.judge(rec.Terms, float64(rec.Alpha))
	from := 0
	if known != nil {
		from = len(known.Trials)
		for i, m := range known.Trials {
			j.add(m, known.Status[i])
		}
	}
	return r.trials(ctx, u, rec, inst.Trial, j, from)
}

// open sets an instance up and decides whether its trials are run.
func (r *runner) open(u unit, key UnitKey) (Instance, *UnitRecord) {
	budget := r.plan.manifest.Profile.Budget
	rec := &UnitRecord{UnitKey: key, Params: u.params, Alpha: Float(r.plan.alpha), Size: u.cost.Size, File: u.file}
	skip := func(why, detail string) (Instance, *UnitRecord) {
		rec.Skip, rec.Detail = why, detail
		return Instance{}, rec
	}
	tooDear := func(work float64) (Instance, *UnitRecord) {
		rec.Work = Float(work)
		if work <= budget.Work {
			return skip("cost", fmt.Sprintf("needs %.2g bytes a trial, the profile %s allows %.2g", u.cost.Bytes, r.plan.manifest.Profile.Name, budget.Bytes))
		}
		return skip("cost", fmt.Sprintf("needs %.2g operations, the profile %s allows %.2g an instance", work, r.plan.manifest.Profile.Name, budget.Work))
	}
	if !budget.affords(u.cost, 1) {
		return tooDear(u.cost.Setup + u.cost.Trial)
	}
	r.slots <- struct{}{}
	inst, err := u.setup()
	<-r.slots
	switch {
	case err != nil && u.file != "" && !errors.Is(err, errPanic):
		return skip("data", err.Error()) // what data of the user are not fit for is no fault of the claim
	case err != nil:
		return skip("error", err.Error())
	}
	rec.Terms, rec.Hypotheses, rec.Facts = inst.Terms, inst.Hypotheses, inst.Facts
	if met(inst.Hypotheses) && inst.Trivial == "" {
		if err := sensible(u.form, inst.Terms); err != nil {
			if u.file != "" {
				return skip("data", err.Error())
			}
			return skip("error", err.Error())
		}
	}
	if u.control == "" && !met(inst.Hypotheses) && !u.outside {
		return skip("hypotheses", "")
	}
	if u.control == "" && inst.Trivial != "" {
		return skip("trivial", inst.Trivial)
	}
	most, least := u.form.trials(inst.Terms, budget, r.plan.alpha)
	if !budget.affords(u.cost, least) {
		return tooDear(u.cost.Setup + float64(least)*u.cost.Trial)
	}
	rec.Planned = most
	if u.cost.Trial > 0 {
		rec.Planned = max(least, min(most, int((budget.Work-u.cost.Setup)/u.cost.Trial)))
	}
	rec.Work = Float(u.cost.Setup + float64(rec.Planned)*u.cost.Trial)
	return inst, rec
}

// blockTrials is how many trials share a record. A killed run loses at most
// one block of each instance in flight, so dear trials get small blocks. It
// must depend on the plan alone.
func blockTrials(c Cost) int {
	const (
		blockWork = 2e8
		most      = 64
	)
	if c.Trial <= 0 {
		return most
	}
	return max(1, min(most, int(blockWork/c.Trial)))
}

// batchTrials is how many trials a worker takes at once, so that handing out
// does not cost more than the trials themselves.
func batchTrials(c Cost) int {
	const batchWork = 2e5
	if c.Trial <= 0 {
		return 1
	}
	return max(1, min(16, int(batchWork/c.Trial)))
}

// trials runs the trials [from, planned) in parallel and commits them in index
// order until the judge has decided.
func (r *runner) trials(ctx context.Context, u unit, rec *UnitRecord, trial Trial, j judge, from int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sequence := r.sequence(ctx, u, rec, trial, from)
	// No goroutine may outlive the instance: its memory is the bound of the run.
	defer func() {
		cancel()
		for range sequence {
		}
	}()
	size := blockTrials(u.cost)
	var block []Measurement
	start := from
	flush := func(end bool) error {
		b := newBlock(rec.UnitKey, start, block, rec.status(u))
		b.End = end
		start += len(block)
		block = block[:0]
		return r.folder.append(line{Block: b})
	}
	n := from
	for n < rec.Planned && !j.done() {
		batch, ok := <-sequence
		if !ok {
			return context.Cause(ctx)
		}
		for _, m := range <-batch {
			j.add(m, rec.status(u)(m))
			block = append(block, m)
			n++
			last := n == rec.Planned || j.done()
			if last || n%size == 0 {
				if err := flush(last); err != nil {
					return err
				}
			}
			if last {
				return nil
			}
		}
	}
	return fmt.Errorf("%v: its records decide it but do not end: they were made by other code; use another folder", rec.UnitKey)
}

// status returns the rule by which this unit's trials are judged. The
// hypotheses of a draw are not asked of a control, whose point may be to break
// them, nor outside the theorem's own hypotheses.
func (rec *UnitRecord) status(u unit) func(Measurement) Status {
	judgeOne := Measurement.Status
	if u.control != "" || !met(rec.Hypotheses) {
		judgeOne = Measurement.comparison
	}
	if !u.form.pooled() {
		return judgeOne
	}
	return func(m Measurement) Status {
		if s := judgeOne(m); !s.heard() {
			return s
		}
		return Held
	}
}

// sequence starts batches of trials, at most as many ahead as there are
// workers, and delivers them in index order. The channel is closed when all are
// started or ctx ends, and after every started batch is done.
func (r *runner) sequence(ctx context.Context, u unit, rec *UnitRecord, trial Trial, from int) <-chan chan []Measurement {
	out := make(chan chan []Measurement, cap(r.slots))
	go func() {
		var wg sync.WaitGroup
		defer func() { wg.Wait(); close(out) }()
		size := batchTrials(u.cost)
		next := from
		for next < rec.Planned {
			lo, hi := next, min(next+size-next%size, rec.Planned)
			next = hi
			release, err := r.memory.hold(ctx, u.cost.Bytes)
			if err != nil {
				return
			}
			select {
			case r.slots <- struct{}{}:
			case <-ctx.Done():
				release()
				return
			}
			result := make(chan []Measurement, 1)
			wg.Go(func() {
				defer func() { <-r.slots; release() }()
				ms := make([]Measurement, 0, hi-lo)
				for i := lo; i < hi; i++ {
					ms = append(ms, draw(u.form, trial, r.options.Seed, u.label(), u.params, i))
				}
				result <- ms
			})
			select {
			case out <- result:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}
