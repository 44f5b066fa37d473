package checks

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/semaphore"
)

// A queue hands out the tasks of a run from both ends: from the front the
// searches and then the dear instances, so that none of them starts last and
// keeps one core busy alone; from the back the cheap ones, which fill the cores
// while the dear ones wait for memory.
type queue struct {
	mu    sync.Mutex
	tasks []task
}

// newQueue sorts the tasks by what they cost, equal ones in their order.
func newQueue(tasks []task) *queue {
	sorted := slices.Clone(tasks)
	slices.SortStableFunc(sorted, func(a, b task) int {
		switch {
		case a.work > b.work:
			return -1
		case a.work < b.work:
			return 1
		}
		return 0
	})
	return &queue{tasks: sorted}
}

// take returns the next task from one end; none when all are taken.
func (q *queue) take(dear bool) (t task, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := len(q.tasks)
	switch {
	case n == 0:
		return task{}, false
	case dear:
		t, q.tasks = q.tasks[0], q.tasks[1:]
	default:
		t, q.tasks = q.tasks[n-1], q.tasks[:n-1]
	}
	return t, true
}

const (
	// trialMemory is what the trials in flight may need together, as their costs
	// state it; a trial that needs more runs with none beside it but small ones.
	trialMemory = 256 << 20
	// smallTrial is what a trial may need without being counted.
	smallTrial = trialMemory / 64
)

// memory shares out the memory of trials. Who waits for it must hold no worker,
// so that whoever has it can go on.
type memory struct{ free *semaphore.Weighted }

func newMemory() memory { return memory{semaphore.NewWeighted(trialMemory)} }

// share is what a trial is counted with.
func (memory) share(bytes float64) int64 {
	switch {
	case !(bytes > smallTrial):
		return 0
	case bytes > trialMemory:
		return trialMemory
	}
	return int64(bytes)
}

// hold waits for the memory of a trial and returns how to give it back.
func (m memory) hold(ctx context.Context, bytes float64) (release func(), err error) {
	n := m.share(bytes)
	if n == 0 {
		return func() {}, nil
	}
	if err := m.free.Acquire(ctx, n); err != nil {
		return nil, err
	}
	return func() { m.free.Release(n) }, nil
}

// holdWorking is hold for one that has taken a worker: it is lent to others
// while the memory is not there.
func (m memory) holdWorking(ctx context.Context, bytes float64, slots chan struct{}) (release func(), err error) {
	n := m.share(bytes)
	switch {
	case n == 0:
		return func() {}, nil
	case m.free.TryAcquire(n):
		return func() { m.free.Release(n) }, nil
	}
	<-slots
	release, err = m.hold(ctx, bytes)
	slots <- struct{}{}
	return release, err
}
