package data

import (
	"math"
	"math/rand/v2"
	"slices"

	"convergo/nets/data/tabular"
)

// repeats finds rows that are zero, equal to an earlier row or, when rows will be
// scaled to one norm, a positive multiple of an earlier row. Of each row it keeps a hash and
// the projection of its direction on a fixed random vector: equal rows have
// equal hashes, parallel ones neighbouring projections, and candidates
// are decoded and compared.
type repeats struct {
	table   *tabular.Table
	opts    Options
	columns *columnScale // nil: columns are as they are
	zero    []int
	hash    []uint64
	along   []float64 // projections; empty when norms are left as they are
	toward  []float64
	unit    []float64 // scratch
}

// A pair is a row and the earlier one that it repeats.
type pair struct {
	row, first int
	equal      bool
}

func newRepeats(t *tabular.Table, opts Options) *repeats {
	n, d := t.Dims()
	r := &repeats{table: t, opts: opts, hash: make([]uint64, 0, n)}
	if opts.Normalize {
		r.along, r.unit, r.toward = make([]float64, 0, n), make([]float64, d), make([]float64, d)
		drawNormal(r.toward, rand.New(rand.NewPCG(1, 2))) // any direction will do
	}
	return r
}

func (r *repeats) observe(i int, x []float64) error {
	zero, h := true, uint64(14695981039346656037)
	for _, v := range x {
		zero = zero && v == 0
		h = (h ^ math.Float64bits(v+0)) * 1099511628211 // +0 turns -0 into +0, which are equal
		h ^= h >> 29
	}
	if zero {
		if r.opts.ZeroRows != "drop" {
			return &RowError{Row: i, Col: -1, Place: r.table.Place(i), Err: ErrZeroRow,
				Detail: "it has no direction and cannot be scaled to unit norm; leave out such rows (zero_rows drop)"}
		}
		r.zero = append(r.zero, i)
	}
	r.hash = append(r.hash, h)
	if r.toward != nil {
		r.along = append(r.along, r.project(x, zero))
	}
	return nil
}

func (r *repeats) project(x []float64, zero bool) float64 {
	if zero {
		return 0
	}
	copy(r.unit, x)
	normalize(r.unit)
	var dot float64
	for k, v := range r.unit {
		dot += v * r.toward[k]
	}
	return dot
}

// pairs returns the repeated rows in order, each with the earliest row that it repeats.
func (r *repeats) pairs() ([]pair, error) {
	first := make([]int, len(r.hash)) // of each row: the earliest that it equals
	seen := make(map[uint64]int, len(r.hash))
	var found []pair
	for i, h := range r.hash {
		first[i] = i
		at, ok := seen[h]
		if !ok {
			seen[h] = i
			continue
		}
		same, err := r.compare(at, i, slices.Equal[[]float64])
		if err != nil {
			return nil, err
		}
		if same {
			first[i] = at
			found = append(found, pair{i, at, true})
		}
	}
	parallel, err := r.parallels(first)
	if err != nil {
		return nil, err
	}
	found = append(found, parallel...)
	found = slices.DeleteFunc(found, func(p pair) bool { return r.isZero(p.row) })
	slices.SortFunc(found, func(a, b pair) int { return a.row - b.row })
	return found, nil
}

// parallels returns the rows, each the first of its equals, that are positive
// multiples of an earlier one.
func (r *repeats) parallels(first []int) ([]pair, error) {
	if r.toward == nil {
		return nil, nil
	}
	var order []int
	for i, f := range first {
		if f == i && !r.isZero(i) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case r.along[a] < r.along[b]:
			return -1
		case r.along[a] > r.along[b]:
			return 1
		}
		return a - b
	})
	window := 2 * parallelTolerance(len(r.toward)) * (1 + norm2(r.toward))
	root := slices.Clone(first)
	for at, i := range order {
		for back := at - 1; back >= max(0, at-most) && r.along[i]-r.along[order[back]] <= window; back-- {
			j := order[back]
			same, err := r.compare(i, j, parallel)
			if err != nil {
				return nil, err
			}
			if same {
				join(root, i, j)
				break
			}
		}
	}
	var found []pair
	for _, i := range order {
		if f := rootOf(root, i); f != i {
			found = append(found, pair{i, f, false})
		}
	}
	return found, nil
}

// most is how many neighbours of a projection are compared. Distinct directions share a
// projection to 1e-13 by bad luck alone.
const most = 32

// join makes one group of two, named by its earliest row.
func join(root []int, i, j int) {
	a, b := rootOf(root, i), rootOf(root, j)
	root[max(a, b)] = min(a, b)
}

func rootOf(root []int, i int) int {
	for root[i] != i {
		i = root[i]
	}
	return i
}

// parallelTolerance is the distance up to which two unit rows of d entries are equal
// but for rounding. In units of 2^-53, each has half a unit from its entries and half from the
// division, and d/2+3 from its norm (see NormalizeRows): d+8 for two rows, taken twice.
func parallelTolerance(d int) float64 { return float64(d+10) * 0x1p-52 }

func parallel(a, b []float64) bool {
	normalize(a)
	normalize(b)
	minus, _ := chords(a, b)
	return minus <= parallelTolerance(len(a))
}

// compare decodes two rows and compares them.
func (r *repeats) compare(i, j int, same func(a, b []float64) bool) (bool, error) {
	_, d := r.table.Dims()
	a, b := make([]float64, d), make([]float64, d)
	for _, v := range []struct {
		row int
		x   []float64
	}{{i, a}, {j, b}} {
		if err := r.table.Row(v.row, v.x); err != nil {
			return false, err
		}
		if r.columns != nil {
			r.columns.apply(v.x)
		}
	}
	return same(a, b), nil
}

func (r *repeats) isZero(i int) bool {
	_, found := slices.BinarySearch(r.zero, i)
	return found
}

func (r *repeats) refuse(p pair) error {
	e := &RowError{Row: p.row, Col: -1, Place: r.table.Place(p.row), Err: ErrDuplicateRow,
		Detail: "equal to " + r.table.Place(p.first) + ", which makes every limit kernel singular; drop such rows (duplicates drop) or keep them (duplicates keep)"}
	if !p.equal {
		e.Err = ErrParallelRow
		e.Detail = "a positive multiple of " + r.table.Place(p.first) + ", and equal to it once both are scaled to unit norm, which makes every limit kernel singular; drop such rows (duplicates drop) or keep them (duplicates keep)"
	}
	return e
}
