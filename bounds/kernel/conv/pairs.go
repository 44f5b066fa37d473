package conv

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// pairs runs the planes of many pairs of images on several goroutines.
type pairs[T float] struct {
	*engine[T]
	workers int
	pool    sync.Pool // of *scratch[T]
}

func newPairs[T float](net Net, shape Shape, o Options) (*pairs[T], error) {
	e, err := newEngine[T](net, shape, o.Instructions)
	if err != nil {
		return nil, err
	}
	p := &pairs[T]{engine: e, workers: o.Workers}
	p.pool.New = func() any { return e.scratch() }
	return p, nil
}

func (p *pairs[T]) instructions() string { return p.loops.name }

func (p *pairs[T]) bytes() int {
	return (p.channels + 2*p.net.Depth) * p.layout.table() * vectorBytes / lanes[T]()
}

func (p *pairs[T]) prepare(ctx context.Context, im Images, from, to int) (prepared, error) {
	list := make([]*tables[T], to-from)
	err := p.parallel(ctx, len(list), func(i int, _ *scratch[T]) {
		list[i] = newTables[T](p.net, p.layout, im.At(from+i))
	})
	for i, t := range list {
		if err == nil && t.vanishes > 0 {
			err = fmt.Errorf("conv: the features of image %d fall below the range of float%d in layer %d, because padding takes a share of them in each layer; use fewer layers, a smaller filter%s",
				from+i, 512/lanes[T](), t.vanishes, map[bool]string{true: " or float64"}[lanes[T]() == 16])
		}
	}
	return list, err
}

// patchwork is the side of the squares of pairs that one goroutine takes at a time with the vanilla head, whose
// planes are so short that fetching tables would cost as much: each is used this often while it is near.
const patchwork = 4

// block gives each goroutine all planes of one column offset of a pair (GAP), or a few pairs (vanilla). The sums over
// the planes of a pair are taken in the order of the offsets whoever computed them.
func (p *pairs[T]) block(ctx context.Context, x, z prepared, triangle bool, put func(i, j int, s sums)) error {
	xs, zs := x.([]*tables[T]), z.([]*tables[T])
	side, offsets := patchwork, 1
	if p.net.Head == GAP {
		side, offsets = 1, p.layout.cols
	}
	across, down := (len(zs)+side-1)/side, (len(xs)+side-1)/side
	parts := make([]sums, len(xs)*len(zs)*offsets)
	wanted := func(i, j int) bool { return !triangle || i <= j }
	err := p.parallel(ctx, across*down*offsets, func(task int, s *scratch[T]) {
		dj, square := task%offsets, task/offsets
		top, left := square/across*side, square%across*side
		for i := top; i < min(top+side, len(xs)); i++ {
			for j := left; j < min(left+side, len(zs)); j++ {
				if wanted(i, j) {
					parts[(i*len(zs)+j)*offsets+dj] = s.offset(xs[i], zs[j], dj)
				}
			}
		}
	})
	if err != nil {
		return err
	}
	for i, x := range xs {
		for j, z := range zs {
			if !wanted(i, j) {
				continue
			}
			var total sums
			for _, part := range parts[(i*len(zs)+j)*offsets:][:offsets] {
				total.add(part)
			}
			put(i, j, total.scaled(x.exponent+z.exponent))
		}
	}
	return nil
}

// offset sums the planes of one column offset that the head needs.
func (s *scratch[T]) offset(x, z *tables[T], dj int) (total sums) {
	rows := 1
	if s.net.Head == GAP {
		rows = s.layout.rows
	}
	for di := range rows {
		total.add(s.plane(x, z, di, dj))
	}
	return total
}

// parallel calls do(0), ..., do(tasks-1) from the workers, each with memory of its own. When ctx is done it stops
// after the tasks in flight.
func (p *pairs[T]) parallel(ctx context.Context, tasks int, do func(task int, s *scratch[T])) error {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(p.workers, tasks) {
		wait.Go(func() {
			s := p.pool.Get().(*scratch[T])
			defer p.pool.Put(s)
			for ctx.Err() == nil {
				task := int(next.Add(1)) - 1
				if task >= tasks {
					return
				}
				do(task, s)
			}
		})
	}
	wait.Wait()
	return ctx.Err()
}
