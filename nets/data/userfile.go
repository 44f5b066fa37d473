package data

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"convergo/nets/data/tabular"
)

// A UserFile is a file that a Loader holds: validated and indexed, with its
// samples decoded on demand. It is safe for concurrent use.
type UserFile struct {
	sum     string
	opts    Options
	table   *tabular.Table
	labels  *target // nil without labels
	keep    []int   // rows of the table that may be used, in order; a position is an index of it
	groups  [][]int // all positions by class
	columns *columnScale
	reading Reading // all but what depends on the choice of rows
}

// newFile opens the table of a content and goes through its rows once (twice when
// the columns are standardised).
func newFile(ctx context.Context, c *content, opts Options) (*UserFile, error) {
	t, err := c.table(ctx, opts)
	if err != nil {
		return nil, err
	}
	all, _ := t.Dims()
	f := &UserFile{sum: c.sum, opts: opts, table: t}
	rep := newRepeats(t, opts)
	y, err := f.scan(ctx, rep)
	if err != nil {
		return nil, err
	}
	n, d := t.Dims()
	f.reading = Reading{
		File: c.name, SHA256: c.sum, Format: t.Format, Packing: c.packing, Rows: all, Columns: d, Shape: t.Shape,
		Notes: t.Notes, ColumnsLeftOut: t.Dropped, Label: t.Label, MissingDropped: all - n,
	}
	if err := f.leaveOut(rep, y); err != nil {
		return nil, err
	}
	if y != nil {
		f.labels = newTarget(y, f.keep)
	}
	f.groups = f.strata(count(len(f.keep)))
	return f, nil
}

// scan validates every row and shows it to rep as it will be used, up to its norm.
func (f *UserFile) scan(ctx context.Context, rep *repeats) (*tabular.Labels, error) {
	if !f.opts.Standardize {
		return f.table.Scan(ctx, f.opts.Missing, rep.observe)
	}
	_, d := f.table.Dims()
	scale := newColumnScale(d)
	y, err := f.table.Scan(ctx, f.opts.Missing, scale.observe)
	if err != nil {
		return nil, err
	}
	if err := scale.done(); err != nil {
		return nil, err
	}
	f.columns, rep.columns = scale, scale
	n, _ := f.table.Dims()
	x := make([]float64, d)
	for i := range n {
		if i%1024 == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err := f.row(i, x); err != nil {
			return nil, err
		}
		if err := rep.observe(i, x); err != nil {
			return nil, err
		}
	}
	return y, nil
}

// row decodes row i of the table, with standardised columns if asked for.
func (f *UserFile) row(i int, x []float64) error {
	err := f.table.Row(i, x)
	if err == nil && f.columns != nil {
		f.columns.apply(x)
	}
	return err
}

// leaveOut decides which rows may be used: not those of zeros, and not those
// that repeat an earlier one, as the options say.
func (f *UserFile) leaveOut(rep *repeats, y *tabular.Labels) error {
	pairs, err := rep.pairs()
	if err != nil {
		return err
	}
	n, _ := f.table.Dims()
	out := make([]bool, n)
	for _, i := range rep.zero {
		out[i] = true
	}
	f.reading.ZeroDropped = len(rep.zero)
	f.reading.Duplicates = f.opts.duplicates()
	for _, p := range pairs {
		if f.opts.duplicates() == DuplicatesRefuse {
			return rep.refuse(p)
		}
		out[p.row] = f.opts.duplicates() == DuplicatesDrop
		if p.equal {
			f.reading.Equal++
		} else {
			f.reading.Parallel++
		}
		if y != nil && y.Values[p.row] != y.Values[p.first] {
			f.reading.Contradicting++
		}
	}
	f.keep = make([]int, 0, n)
	for i, o := range out {
		if !o {
			f.keep = append(f.keep, i)
		}
	}
	if len(f.keep) == 0 {
		return fmt.Errorf("%w: every row is zero", ErrEmpty)
	}
	return nil
}

// Digest returns the hex SHA-256 of the file as it lies on disk (followed by its
// file of labels).
func (f *UserFile) Digest() string { return f.sum }

// N returns how many rows can be used: those of the file without the dropped ones.
func (f *UserFile) N() int { return len(f.keep) }

// D returns the number of columns of features.
func (f *UserFile) D() int { _, d := f.table.Dims(); return d }

// Labelled tells whether the file has labels.
func (f *UserFile) Labelled() bool { return f.labels != nil }

// Spec describes at most rows (0: all) of the file for claims to record: by its
// digest, without any path. A Loader that has opened the file builds it.
func (f *UserFile) Spec(rows int) Spec {
	opts := f.opts
	opts.Rows, opts.LabelsPath, opts.MaxBytes = rows, "", 0
	raw := !opts.Normalize
	opts.Normalize = false // Spec.Raw decides
	return Spec{Kind: File, Raw: raw, SHA256: f.sum, Load: opts}
}

// Set decodes the rows that the options choose and codes their labels. Of opts
// it heeds Rows, Sample, Seed, LabelCoding and Class; the others were fixed when the
// file was opened.
func (f *UserFile) Set(opts Options) (*Set, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	set, err := f.set(opts, nil)
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", f.reading.File, err)
	}
	return set, nil
}

// Reading says what Set would read under the same options, without decoding the samples.
func (f *UserFile) Reading(opts Options) (*Reading, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	reading, _, err := f.read(f.used(opts, nil), opts)
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", f.reading.File, err)
	}
	return reading, nil
}

// used returns the rows (positions in keep) that the options choose of a subset, nil for all.
func (f *UserFile) used(opts Options, subset []int) []int {
	have := len(subset)
	if subset == nil {
		have = len(f.keep)
	}
	switch {
	case opts.Rows > 0 && opts.Rows < have:
		return f.choose(opts, subset)
	case subset == nil:
		return count(have)
	}
	return subset
}

// read says what is read at the used positions, and codes their labels (nil without any).
func (f *UserFile) read(used []int, opts Options) (*Reading, []float64, error) {
	reading := f.reading
	reading.Used = make([]int, len(used))
	for k, p := range used {
		reading.Used[k] = f.table.FileRow(f.keep[p]) + 1
	}
	reading.Usable, reading.Asked, reading.Sample, reading.Seed = len(f.keep), opts.Rows, opts.Sample, opts.Seed
	if f.columns != nil {
		reading.Scaled = append(reading.Scaled, f.columns.note())
	}
	if f.opts.Normalize {
		reading.Scaled = append(reading.Scaled, "rows scaled to norm 1")
	}
	if f.labels == nil {
		return &reading, nil, nil
	}
	y, err := f.labels.code(used, opts, &reading)
	return &reading, y, err
}

// set is Set for the rows (positions in keep) of a subset, nil for all.
func (f *UserFile) set(opts Options, subset []int) (*Set, error) {
	used := f.used(opts, subset)
	d := f.D()
	if len(used) > MaxEntries/d {
		return nil, fmt.Errorf("%w: %d rows of %d columns are more than %d entries; use fewer rows (rows)", ErrTooLarge, len(used), d, MaxEntries)
	}
	set := &Set{Name: f.reading.File, X: mat.NewDense(len(used), d, nil)}
	for k, p := range used {
		if err := f.row(f.keep[p], set.X.RawRowView(k)); err != nil {
			return nil, err
		}
	}
	var err error
	if set.Reading, set.Y, err = f.read(used, opts); err != nil {
		return nil, err
	}
	if f.opts.Normalize {
		set.X, err = NormalizeRows(set.X)
	}
	return set, err
}

// columnScale brings columns to mean 0 and variance 1.
type columnScale struct {
	n        float64
	mean, m2 []float64
	inverse  []float64 // of the standard deviation; 0 for a constant column
	constant int
}

func newColumnScale(d int) *columnScale {
	return &columnScale{mean: make([]float64, d), m2: make([]float64, d), inverse: make([]float64, d)}
}

// observe is Welford's update of mean and sum of squares.
func (c *columnScale) observe(_ int, x []float64) error {
	c.n++
	for k, v := range x {
		delta := v - c.mean[k]
		c.mean[k] += delta / c.n
		c.m2[k] += delta * (v - c.mean[k])
	}
	return nil
}

func (c *columnScale) done() error {
	for k, s := range c.m2 {
		sd := math.Sqrt(s / c.n)
		switch {
		case math.IsInf(sd, 0) || math.IsNaN(sd):
			return fmt.Errorf("%w: the squares of column %d overflow; divide it by a power of ten", ErrNotFinite, k+1)
		case sd > 1e-14*math.Abs(c.mean[k]):
			c.inverse[k] = 1 / sd
		default:
			c.constant++
		}
	}
	return nil
}

func (c *columnScale) apply(x []float64) {
	for k := range x {
		x[k] = (x[k] - c.mean[k]) * c.inverse[k]
	}
}

func (c *columnScale) note() string {
	if c.constant > 0 {
		return fmt.Sprintf("columns standardised (%d constant, now zero)", c.constant)
	}
	return "columns standardised"
}

// fileOptions are the options under which the file of s is opened.
func (s Spec) fileOptions() (Options, error) {
	opts := s.Load
	opts.Normalize = !s.Raw
	if opts.Seed == 0 {
		opts.Seed = s.Seed
	}
	if s.N < 0 {
		return opts, specErr("file with n=%d; give n >= 1, or 0 for all rows", s.N)
	}
	return opts, opts.check()
}

// fromFile makes the data set of s of its opened file.
func (s Spec) fromFile(f *UserFile) (*Set, error) {
	if err := s.checkNumbers(); err != nil {
		return nil, err
	}
	set, err := s.chooseRows(f)
	if err != nil {
		return nil, err
	}
	if s.RowNorm != 0 {
		set.X.Scale(s.RowNorm, set.X)
		set.Reading.Scaled[len(set.Reading.Scaled)-1] = fmt.Sprintf("rows scaled to norm %g", s.RowNorm)
	}
	if set.Y, err = s.fileLabels(set); err != nil {
		return nil, err
	}
	set.Name = s.String()
	return set, nil
}

func (s Spec) chooseRows(f *UserFile) (*Set, error) {
	opts, err := s.fileOptions()
	if err != nil {
		return nil, err
	}
	name := f.reading.File
	if s.D != 0 && s.D != f.D() {
		return nil, specErr("%s has d=%d, not %d; leave d out", name, f.D(), s.D)
	}
	if s.N > 0 {
		opts.Rows = s.N
	}
	if s.Labels == ClassSign {
		opts.LabelCoding = CodeSign
	}
	var subset []int
	if s.Classes != [2]int{} {
		if opts.LabelCoding = CodeRaw; f.labels == nil {
			return nil, fmt.Errorf("data: %s: %w: classes %v need labels; give load.label or load.labels_path", name, ErrLabels, s.Classes)
		}
		if subset = f.labels.ofClasses(s.Classes); len(subset) == 0 {
			return nil, fmt.Errorf("data: %s: %w: no row has label %d or %d", name, ErrLabels, s.Classes[0], s.Classes[1])
		}
	}
	if !s.ownLabels(f.labels != nil) {
		opts.LabelCoding = CodeRaw // they are not used: nothing can be wrong with them
	}
	set, err := f.set(opts, subset)
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", name, err)
	}
	if s.N > set.N() {
		return nil, specErr("%s has %d rows to use, not n=%d; make n smaller, or give load.rows for at most so many", name, set.N(), s.N)
	}
	return set, nil
}

// ownLabels tells whether the labels of the file are used.
func (s Spec) ownLabels(has bool) bool {
	return has && slices.Contains([]string{"", Class, RandomClass, ClassSign, OwnOrSign}, s.Labels)
}
