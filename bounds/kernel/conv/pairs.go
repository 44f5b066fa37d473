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

// A cut says how the pairs of a block are shared out in tasks.
type cut struct {
	side    int // pairs of the side of a square that a task takes
	offsets int // column offsets of a pair, a task each
	strips  int // tasks that an offset is cut into, by its row offsets
}

// fewPairs is the number of pairs from which on the last task of a goroutine, a column offset, is a small part of its work.
// With fewer, offsets are cut further: the sums of each plane have to be kept then.
const fewPairs = 64

// cut makes tasks that are small beside the share of a goroutine, so that none waits long for the last.
func (p *pairs[T]) cut(n, m int) cut {
	const strips, least = 4, 8 // tasks a goroutine
	if p.net.Head == GAP {
		c := cut{1, p.layout.cols, 1}
		if n*m <= fewPairs && p.workers > 1 {
			c.strips = min(strips, p.layout.rows)
		}
		return c
	}
	side := patchwork
	for side > 1 && (n+side-1)/side*((m+side-1)/side) < least*p.workers {
		side /= 2
	}
	return cut{side, 1, 1}
}

// block gives each goroutine all planes of one column offset of a pair (GAP), or a few pairs (vanilla); see cut. The sums over
// the planes of a pair are taken in the order of the offsets whoever computed them.
func (p *pairs[T]) block(ctx context.Context, x, z prepared, triangle bool, put func(i, j int, s sums)) error {
	xs, zs := x.([]*tables[T]), z.([]*tables[T])
	c := p.cut(len(xs), len(zs))
	across, down := (len(zs)+c.side-1)/c.side, (len(xs)+c.side-1)/c.side
	kept := 1 // sums of an offset
	if c.strips > 1 {
		kept = p.layout.rows
	}
	parts := make([]sums, len(xs)*len(zs)*c.offsets*kept)
	wanted := func(i, j int) bool { return !triangle || i <= j }
	err := p.parallel(ctx, across*down*c.offsets*c.strips, func(task int, s *scratch[T]) {
		strip, dj, square := task%c.strips, task/c.strips%c.offsets, task/c.strips/c.offsets
		top, left := square/across*c.side, square%across*c.side
		for i := top; i < min(top+c.side, len(xs)); i++ {
			for j := left; j < min(left+c.side, len(zs)); j++ {
				if !wanted(i, j) {
					continue
				}
				out := parts[((i*len(zs)+j)*c.offsets+dj)*kept:][:kept]
				if c.strips == 1 {
					out[0] = s.offset(xs[i], zs[j], dj)
					continue
				}
				for di := strip * kept / c.strips; di < (strip+1)*kept/c.strips; di++ {
					out[di] = s.plane(xs[i], zs[j], di, dj)
				}
			}
		}
	})
	if err != nil {
		return err
	}
	for i, x := range xs {
		for j, z := range zs {
			if wanted(i, j) {
				put(i, j, total(parts[(i*len(zs)+j)*c.offsets*kept:][:c.offsets*kept], kept).scaled(x.exponent+z.exponent))
			}
		}
	}
	return nil
}

// total adds the sums of a pair: those of each column offset, of which so many are kept, and then the offsets.
func total(parts []sums, kept int) (t sums) {
	for ; len(parts) > 0; parts = parts[kept:] {
		var column sums
		for _, part := range parts[:kept] {
			column.add(part)
		}
		t.add(column)
	}
	return t
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
