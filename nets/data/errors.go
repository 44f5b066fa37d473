package data

import (
	"errors"
	"fmt"
)

// What can be wrong with data. Every error of this package that concerns one
// of these wraps it, so that errors.Is tells them apart, and its text names
// the file, the row and the remedy.
var (
	// ErrSpec: a Spec that describes no data set (unknown kind, N > D for
	// orthonormal rows, and so on).
	ErrSpec = errors.New("impossible data description")
	// ErrEmpty: no rows or no columns.
	ErrEmpty = errors.New("no data")
	// ErrNotFinite: a NaN or an infinity.
	ErrNotFinite = errors.New("entry is not finite")
	// ErrZeroRow: a row of zeros (or one whose norm underflows), which has no direction.
	ErrZeroRow = errors.New("zero row")
	// ErrRagged: rows of different lengths.
	ErrRagged = errors.New("ragged rows")
	// ErrDuplicateRow: two equal rows, on which every limit kernel is singular.
	ErrDuplicateRow = errors.New("duplicate row")
	// ErrNotNumber: a field that is no number.
	ErrNotNumber = errors.New("not a number")
	// ErrFormat: content that does not follow the format it is read as.
	ErrFormat = errors.New("malformed file")
	// ErrTruncated: a file that ends before the data its header promises.
	ErrTruncated = errors.New("truncated file")
	// ErrTooLarge: a header or a file beyond the size limit MaxBytes.
	ErrTooLarge = errors.New("too large")
	// ErrFortranOrder: a NumPy array stored column by column.
	ErrFortranOrder = errors.New("column-major (Fortran) order")
	// ErrDType: an element type that is not read.
	ErrDType = errors.New("unsupported element type")
	// ErrLabels: labels that are missing, or whose count differs from that of the rows.
	ErrLabels = errors.New("labels do not fit")
	// ErrChanged: a file whose content is not the one the Spec was pinned to.
	ErrChanged = errors.New("file content changed")
)

// RowError says what is wrong with one row (counted from 0) and how to mend it.
type RowError struct {
	Row    int    // the row, from 0
	Col    int    // the column, from 0; -1 when the whole row is meant
	Err    error  // one of the sentinels above
	Detail string // what was found, and the remedy
}

func (e *RowError) Error() string {
	at := fmt.Sprintf("row %d", e.Row)
	if e.Col >= 0 {
		at += fmt.Sprintf(", column %d", e.Col)
	}
	return fmt.Sprintf("%s (from 0): %v: %s", at, e.Err, e.Detail)
}

// Unwrap returns the sentinel, for errors.Is.
func (e *RowError) Unwrap() error { return e.Err }

func specErr(format string, args ...any) error {
	return fmt.Errorf("data: %w: %s", ErrSpec, fmt.Sprintf(format, args...))
}
