package kernel

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel"
	"convergo/bounds/kernel/conv"
	"convergo/bounds/kernel/job"
	record "convergo/report/study"
)

// studied is a kernel of the study on one set of images: K(x, x) of the training images and K(x, z) with the test images.
type studied struct {
	set         *imageSet
	arch        string
	depth       int
	width       int // 0: the exact kernel
	gram, cross *studyJob
}

// studyJob is one matrix with its folder.
type studyJob struct {
	matrix job.Matrix
	*job.Folder
	side           int // of a tile
	missing, tiles int
	estimate       time.Duration // of the missing tiles
}

func (k studied) String() string {
	name := fmt.Sprintf("%s: %s of depth %d", k.set.name, k.arch, k.depth)
	if k.width > 0 {
		name += fmt.Sprintf(", width %d", k.width)
	}
	return name
}

// folder is the name of the folder of the training matrix.
func (s *study) folder(k studied) string {
	name := fmt.Sprintf("%s-%s-depth%d-side%d-n%d-test%d", k.set.name, k.arch, k.depth, k.set.shape.Width, slices.Max(s.sizes), s.test)
	if k.width > 0 {
		name += fmt.Sprintf("-m%d-draws%d-seed%d", k.width, s.draws, s.seed)
	}
	return filepath.Join(s.out, name)
}

// points computes what matrices are missing, and measures.
func (s *study) points(c *cobra.Command, sets []imageSet) ([]record.Point, error) {
	kernels, err := s.kernels(sets)
	if err != nil {
		return nil, err
	}
	if err := s.compute(c, kernels); err != nil {
		return nil, err
	}
	var list []record.Point
	for _, k := range kernels {
		points, err := s.regressions(k)
		if err != nil {
			return nil, fmt.Errorf("%v: %w", k, err)
		}
		list = append(list, points...)
	}
	place := map[string]int{}
	for i, set := range sets {
		place[set.name] = i
	}
	slices.SortStableFunc(list, func(a, b record.Point) int { // kernels stay in their order
		return cmp.Or(place[a.Images]-place[b.Images], a.Depth-b.Depth, a.N-b.N)
	})
	return list, nil
}

// kernels opens the folders of all that the study needs.
func (s *study) kernels(sets []imageSet) ([]studied, error) {
	var list []studied
	for i := range sets {
		set := &sets[i]
		x, z := set.split(slices.Max(s.sizes), s.test)
		for _, depth := range s.depths {
			for _, arch := range architectures {
				for _, width := range append([]int{0}, s.widths...) {
					k := studied{set: set, arch: arch, depth: depth, width: width}
					matrix, side, err := s.source(k, x)
					if err != nil {
						return nil, fmt.Errorf("%v: %w", k, err)
					}
					var err1, err2 error
					k.gram, err1 = openJob(s.folder(k), matrix(nil), side)
					k.cross, err2 = openJob(s.folder(k)+"-test", matrix(z), side)
					if err := errors.Join(err1, err2); err != nil {
						return nil, err
					}
					list = append(list, k)
				}
			}
		}
	}
	return list, nil
}

// source makes the matrices K(x, x), of nil, and K(x, z) of a kernel, with the side of their tiles.
func (s *study) source(k studied, x *mat.Dense) (func(z *mat.Dense) job.Matrix, int, error) {
	if k.width > 0 {
		n := networks{k.arch, k.depth, k.width, k.set.shape, s.draws, s.seed, s.workers}
		return func(z *mat.Dense) job.Matrix { return n.matrix(x, z) }, n.side(), nil
	}
	a := architecture{x: x}
	if k.arch == "fc" {
		fc := kernel.NTK(k.depth - 1)
		a.connected = &fc
		return a.matrix, 64, nil
	}
	net := conv.Net{Depth: k.depth - 1}
	if a.gap = k.arch == "cntk-gap"; a.gap {
		net.Head = conv.GAP
	}
	var err error
	a.conv, err = conv.New(net, k.set.shape, conv.Options{Workers: s.workers})
	return a.matrix, 64, err
}

func openJob(folder string, m job.Matrix, side int) (*studyJob, error) {
	f, err := job.Create(folder, m, side)
	if err != nil {
		return nil, err
	}
	j := &studyJob{matrix: m, Folder: f, side: side, tiles: f.Tiles()}
	j.missing, err = f.Missing()
	return j, err
}

// compute fills the folders, having said how long that takes.
func (s *study) compute(c *cobra.Command, kernels []studied) error {
	ctx, w := c.Context(), c.ErrOrStderr()
	var left time.Duration
	matrices, open := 2*len(kernels), 0
	for _, k := range kernels {
		for _, j := range []*studyJob{k.gram, k.cross} {
			if j.missing == 0 {
				continue
			}
			open++
			if err := j.measure(ctx, k.width > 0); err != nil {
				return fmt.Errorf("%v: %w", k, err)
			}
			left += j.estimate
		}
	}
	if open == 0 {
		return nil
	}
	fmt.Fprintf(w, "%d of %d matrices are to be computed, about %v on this machine\n", open, matrices, rounded(left))
	for _, k := range kernels {
		for _, j := range []*studyJob{k.gram, k.cross} {
			if j.missing == 0 {
				continue
			}
			err := j.Run(ctx, job.Shard{}, reporter(func(p job.Progress) {
				fmt.Fprintf(w, "  %d of %d tiles%s\n", p.Done, p.Total, remaining(p))
			}))
			if errors.Is(err, context.Canceled) {
				return fmt.Errorf("stopped; the same command goes on from %s: %w", s.out, err)
			}
			if err != nil {
				return fmt.Errorf("%v: %w", k, err)
			}
			open--
			left -= j.estimate
			fmt.Fprintf(w, "%v: %d x %d; %d to do, about %v left\n", k, j.matrix.Rows, j.matrix.Cols, open, rounded(left))
		}
	}
	return nil
}

// measure estimates the missing tiles. Exact kernels take their time for each entry, networks for each gradient: those of
// the rows and columns of a tile.
func (j *studyJob) measure(ctx context.Context, networks bool) error {
	const budget = 40 * time.Millisecond
	if !networks {
		whole, err := job.Estimate(ctx, j.matrix, budget)
		j.estimate = whole / time.Duration(j.tiles) * time.Duration(j.missing)
		return err
	}
	for side := 1; ; side *= 2 {
		rows, cols := job.Span{To: min(side, j.matrix.Rows)}, job.Span{From: max(0, j.matrix.Cols-side), To: j.matrix.Cols}
		start := time.Now()
		if err := j.matrix.Block(ctx, rows, cols, func(int, int, float64) {}); err != nil {
			return err
		}
		spent := time.Since(start)
		if spent >= budget/4 || rows.Len() == j.matrix.Rows && cols.Len() == j.matrix.Cols {
			j.estimate = spent * time.Duration(j.samples()) / time.Duration(rows.Len()+cols.Len())
			return nil
		}
	}
}

// samples is the number of rows and columns of the missing tiles, about.
func (j *studyJob) samples() int {
	down, across := (j.matrix.Rows+j.side-1)/j.side, (j.matrix.Cols+j.side-1)/j.side
	return (down*j.matrix.Cols + across*j.matrix.Rows) * j.missing / (down * across)
}

// reporter calls report every few seconds.
func reporter(report func(job.Progress)) func(job.Progress) {
	last := time.Now()
	return func(p job.Progress) {
		if now := time.Now(); p.Done < p.Total && now.Sub(last) > 5*time.Second {
			last = now
			report(p)
		}
	}
}

func remaining(p job.Progress) string {
	if p.Done == 0 {
		return ""
	}
	return fmt.Sprintf(", %v left of this matrix", rounded(p.Left))
}

func rounded(d time.Duration) time.Duration {
	if d < time.Minute {
		return max(d, 0).Round(100 * time.Millisecond)
	}
	return d.Round(time.Second)
}

// regressions measures a kernel with each number of training images.
func (s *study) regressions(k studied) ([]record.Point, error) {
	n := slices.Max(s.sizes)
	gram, cross := mat.NewSymDense(n, nil), mat.NewDense(n, s.test, nil)
	if err := errors.Join(k.gram.Each(gram.SetSym), k.cross.Each(cross.Set)); err != nil {
		return nil, err
	}
	answers := k.set.labels[len(k.set.labels)-s.test:]
	var list []record.Point
	for _, size := range s.sizes {
		fit, err := job.Regress(gram.SliceSym(0, size), k.set.labels[:size], s.ridge)
		if err != nil {
			return nil, fmt.Errorf("n = %d: %w", size, err)
		}
		labels, err := fit.Predict(cross.Slice(0, size, 0, s.test))
		if err != nil {
			return nil, err
		}
		right := int(math.Round(job.Accuracy(labels, answers) * float64(s.test)))
		list = append(list, record.Point{Images: k.set.name, Depth: k.depth, N: size, Kernel: k.arch, Width: k.width, Right: right, Test: s.test})
	}
	return list, nil
}

// split returns the first n images, for training, and the last m, for the test.
func (set *imageSet) split(n, m int) (x, z *mat.Dense) {
	all, d := len(set.labels), set.shape.Size()
	return set.pixels.Slice(0, n, 0, d).(*mat.Dense), set.pixels.Slice(all-m, all, 0, d).(*mat.Dense)
}
