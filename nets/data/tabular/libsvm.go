package tabular

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// svmLine is the start of a line of libsvm's format.
var svmLine = regexp.MustCompile(`^[^\s:,;]+[ \t]+(qid:\d+[ \t]+)?\d+:[-+.\d]`)

// svmRows are the lines of a libsvm file, parsed when asked for.
type svmRows struct {
	text   string
	starts []int // of the samples, and the end of the last one
	base   int   // the first index, 0 or 1
	d      int
}

// openLIBSVM opens libsvm's sparse format (also SVMlight's): a label and pairs
// index:value a line, the indices rising. Values that are not given are zero.
func openLIBSVM(b []byte, opts Options) (*Table, error) {
	if !utf8.Valid(b) {
		return nil, fmt.Errorf("%w: libsvm: not text", ErrFormat)
	}
	if opts.Label != LabelAuto && opts.Label != LabelNone && opts.Label != LabelFirst || opts.Drop != nil {
		return nil, fmt.Errorf("%w: libsvm: the label is the first field of a line; leave label and drop out", ErrOption)
	}
	r := &svmRows{text: text(b), base: 1}
	top, last := -1, 0
	err := eachLine(r.text, func(start, end, line int, text string) error {
		low, high, err := svmRange(text)
		if err != nil {
			return fmt.Errorf("libsvm: line %d: %w", line, err)
		}
		if low == 0 {
			r.base = 0
		}
		top = max(top, high)
		r.starts, last = append(r.starts, start), end
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.starts = append(r.starts, last)
	r.d = max(0, top+1-r.base)
	t := &Table{Format: "libsvm", Label: "first field", rows: r}
	if opts.Label == LabelNone {
		t.Label = ""
	}
	if r.base == 0 {
		t.Notes = append(t.Notes, "indices count from 0")
	}
	return t, t.check()
}

// svmRange returns the least and the largest index of a line, low > high if it has none.
func svmRange(text string) (low, high int, err error) {
	low, high = math.MaxInt, -1
	err = svmPairs(text, func(index int, _ string) error {
		low, high = min(low, index), max(high, index)
		if index >= maxColumns {
			return fmt.Errorf("%w: index %d; at most %d columns are read", ErrTooLarge, index, maxColumns)
		}
		return nil
	})
	return low, high, err
}

// svmPairs visits the pairs of a line.
func svmPairs(text string, visit func(index int, value string) error) error {
	text, _, _ = strings.Cut(text, "#")
	last, first := -1, true
	for field := range strings.FieldsSeq(text) {
		if first || strings.HasPrefix(field, "qid:") {
			first = false
			continue
		}
		index, value, ok := strings.Cut(field, ":")
		at, err := strconv.Atoi(index)
		if !ok || err != nil || at < 0 {
			return fmt.Errorf("%w: %q is no pair index:value", ErrFormat, clip(field))
		}
		if at <= last {
			return fmt.Errorf("%w: index %d after %d; sort the pairs of the line, each index once", ErrFormat, at, last)
		}
		last = at
		if err := visit(at, value); err != nil {
			return err
		}
	}
	return nil
}

func (r *svmRows) dims() (n, d int) { return len(r.starts) - 1, r.d }

func (r *svmRows) place(i int) string {
	return fmt.Sprintf("line %d (row %d)", lineOf(r.text, r.starts[i]), i+1)
}

func (r *svmRows) row(i int, x []float64) (c cell, err error) {
	clear(x)
	err = eachLine(r.text[r.starts[i]:r.starts[i+1]], func(_, _, _ int, text string) error {
		for first := range strings.FieldsSeq(text) {
			c = textCell(first, false)
			break
		}
		return svmPairs(text, func(index int, value string) error {
			v, err := parseNumber(value, false)
			if err != nil {
				return fmt.Errorf("index %d: %w; mend the value", index, err)
			}
			x[index-r.base] = v
			return nil
		})
	})
	if err != nil {
		return c, fmt.Errorf("%s: %w", r.place(i), err)
	}
	return c, nil
}
