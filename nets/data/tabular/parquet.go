package tabular

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

const parquetMagic = "PAR1"

// parquetRows are the decoded columns of a Parquet file.
type parquetRows struct {
	n      int
	values [][]float64 // by feature
	label  []float64
	texts  []string // of the label, in place of numbers
	cols   columns
}

// openParquet decodes the columns of a Parquet file that are used: 8 bytes a value,
// whatever the file packs them to. Columns are flat, of booleans, numbers or, for
// the label, text.
func openParquet(ctx context.Context, b []byte, opts Options) (t *Table, err error) {
	// The library takes offsets and sizes from the file; a hostile one makes it panic.
	defer func() {
		if r := recover(); r != nil {
			t, err = nil, fmt.Errorf("%w: Parquet: %v; write it again", ErrFormat, r)
		}
	}()
	f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("%w: Parquet: %v; copy or write it again", ErrFormat, err)
	}
	t, err = readParquet(ctx, f, opts)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("Parquet: %w", err)
	}
	return t, err
}

func readParquet(ctx context.Context, f *parquet.File, opts Options) (*Table, error) {
	fields := f.Root().Columns()
	names := make([]string, len(fields))
	var index []int
	for k, c := range fields {
		names[k] = c.Name()
		if strings.HasPrefix(names[k], "__index_level_") {
			index = append(index, k)
		}
	}
	if len(fields) == 0 || f.NumRows() == 0 {
		return nil, fmt.Errorf("%w: %d rows, %d columns", ErrEmpty, f.NumRows(), len(fields))
	}
	cols, err := resolve(opts, names, len(fields), index)
	if err != nil {
		return nil, err
	}
	used := cols.features
	if cols.label >= 0 {
		used = append(append([]int{}, used...), cols.label)
	}
	if err := parquetFits(f, fields, used, cols.label, opts); err != nil {
		return nil, err
	}
	r := &parquetRows{n: int(f.NumRows()), cols: cols}
	for _, k := range used {
		values, texts, err := r.column(ctx, f, fields[k], k == cols.label)
		if err != nil {
			return nil, fmt.Errorf("column %d (%q): %w", k+1, names[k], err)
		}
		if k == cols.label {
			r.label, r.texts = values, texts
		} else {
			r.values = append(r.values, values)
		}
	}
	t := &Table{Format: "Parquet", rows: r}
	if index != nil {
		t.Notes = append(t.Notes, "pandas' index left out")
	}
	cols.fill(t, len(fields))
	return t, t.check()
}

// parquetFits refuses columns that cannot be read, and more values than the limit
// or than the file can hold, before anything is decoded.
func parquetFits(f *parquet.File, fields []*parquet.Column, used []int, label int, opts Options) error {
	n := f.NumRows()
	if limit := orDefault(opts.MaxBytes); n < 0 || n > math.MaxInt32 || n > limit/8/int64(max(1, len(used))) {
		return fmt.Errorf("%w: %d rows of %d columns take more than %d bytes; raise max_bytes or leave columns out (drop)", ErrTooLarge, n, len(used), limit)
	}
	for _, k := range used {
		c := fields[k]
		remedy := fmt.Sprintf("encode it as numbers or leave it out (drop %q)", c.Name())
		if !c.Leaf() || c.Repeated() {
			return fmt.Errorf("column %d (%q): %w: it holds lists or groups; give each number a column of its own, or leave it out (drop %q)", k+1, c.Name(), ErrDType, c.Name())
		}
		switch c.Type().Kind() {
		case parquet.Boolean, parquet.Int32, parquet.Int64, parquet.Float, parquet.Double:
			if !plainNumber(c) {
				return fmt.Errorf("column %d (%q): %w: %s; %s", k+1, c.Name(), ErrDType, c.Type(), remedy)
			}
		case parquet.ByteArray:
			if k != label {
				return fmt.Errorf("column %d (%q): %w: it is text; if it is the label, give label %q, else %s", k+1, c.Name(), ErrNotNumber, c.Name(), remedy)
			}
		default:
			return fmt.Errorf("column %d (%q): %w: %s; %s", k+1, c.Name(), ErrDType, c.Type(), remedy)
		}
	}
	return nil
}

// plainNumber tells whether the numbers of a column mean themselves: not decimals,
// dates nor times, which are integers in a unit of their own.
func plainNumber(c *parquet.Column) bool {
	l := c.Type().LogicalType()
	if l == nil || l.Value == nil {
		return true
	}
	_, whole := l.Value.(*format.IntType)
	return whole
}

// column decodes one column; texts is nil unless it is a label of text.
func (r *parquetRows) column(ctx context.Context, f *parquet.File, c *parquet.Column, label bool) (values []float64, texts []string, err error) {
	text := label && c.Type().Kind() == parquet.ByteArray
	unsigned := false
	if l := c.Type().LogicalType(); l != nil {
		if whole, ok := l.Value.(*format.IntType); ok {
			unsigned = !whole.IsSigned
		}
	}
	seen := map[string]string{} // each text is kept once
	for _, group := range f.RowGroups() {
		if err := ctx.Err(); err != nil {
			return nil, nil, context.Cause(ctx)
		}
		err := eachValue(group.ColumnChunks()[c.Index()], func(v parquet.Value) error {
			switch {
			case len(values)+len(texts) >= r.n:
				return fmt.Errorf("%w: more values than the %d rows; write it again", ErrFormat, r.n)
			case !text:
				values = append(values, parquetNumber(v, unsigned))
			default:
				s := string(v.ByteArray())
				if _, ok := seen[s]; !ok {
					seen[s] = s
				}
				texts = append(texts, seen[s])
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	if len(values)+len(texts) != r.n {
		return nil, nil, fmt.Errorf("%w: %d values for %d rows; copy or write it again", ErrTruncated, len(values)+len(texts), r.n)
	}
	return values, texts, nil
}

func eachValue(chunk parquet.ColumnChunk, visit func(v parquet.Value) error) error {
	pages := chunk.Pages()
	defer pages.Close()
	buf := make([]parquet.Value, 1024)
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %v; copy or write it again", ErrFormat, err)
		}
		for values := page.Values(); err == nil; {
			var n int
			n, err = values.ReadValues(buf)
			for _, v := range buf[:n] {
				if err := visit(v); err != nil {
					return err
				}
			}
			if n == 0 && err == nil {
				err = io.ErrNoProgress
			}
		}
		parquet.Release(page)
		if !errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: %v; copy or write it again", ErrFormat, err)
		}
	}
}

func parquetNumber(v parquet.Value, unsigned bool) float64 {
	switch {
	case v.IsNull():
		return math.NaN()
	case v.Kind() == parquet.Boolean && v.Boolean():
		return 1
	case v.Kind() == parquet.Boolean:
		return 0
	case v.Kind() == parquet.Int32 && unsigned:
		return float64(v.Uint32())
	case v.Kind() == parquet.Int32:
		return float64(v.Int32())
	case v.Kind() == parquet.Int64 && unsigned:
		return float64(v.Uint64())
	case v.Kind() == parquet.Int64:
		return float64(v.Int64())
	case v.Kind() == parquet.Float:
		return float64(v.Float())
	}
	return v.Double()
}

func (r *parquetRows) dims() (n, d int) { return r.n, len(r.cols.features) }

func (r *parquetRows) fileColumn(k int) int { return r.cols.features[k] }

func (r *parquetRows) place(i int) string { return fmt.Sprintf("row %d", i+1) }

func (r *parquetRows) row(i int, x []float64) (cell, error) {
	for k, column := range r.values {
		x[k] = column[i]
	}
	switch {
	case r.texts != nil:
		return textCell(r.texts[i], false), nil
	case r.label != nil:
		return cell{value: r.label[i]}, nil
	}
	return cell{}, nil
}
