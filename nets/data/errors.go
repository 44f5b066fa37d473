package data

import (
	"errors"
	"fmt"

	"convergo/nets/data/tabular"
)

// What can be wrong with data. Every error of this package that concerns one
// of these wraps it, so that errors.Is tells them apart, and its text names
// the file, the row and the remedy.
var (
	// ErrSpec: a Spec that describes no data set (unknown kind, N > D for
	// orthonormal rows, and so on).
	ErrSpec = errors.New("impossible data description")
	// ErrZeroRow: a row of zeros (or one whose norm underflows), which has no direction.
	ErrZeroRow = errors.New("zero row")
	// ErrDuplicateRow: two equal rows, on which every limit kernel is singular.
	ErrDuplicateRow = errors.New("duplicate row")
	// ErrParallelRow: a row that is a positive multiple of another one, and
	// equal to it once both are scaled to the same norm.
	ErrParallelRow = errors.New("parallel row")
	// ErrChanged: a file whose content is not the one the Spec was pinned to.
	ErrChanged = errors.New("file content changed")
	// ErrNotOpen: a Spec that names a file by its digest alone, and a Loader that
	// has not opened it.
	ErrNotOpen = errors.New("file not open")

	// The errors of the reader, see package tabular.
	ErrOption     = tabular.ErrOption
	ErrEmpty      = tabular.ErrEmpty
	ErrNotFinite  = tabular.ErrNotFinite
	ErrMissing    = tabular.ErrMissing
	ErrRagged     = tabular.ErrRagged
	ErrNotNumber  = tabular.ErrNotNumber
	ErrFormat     = tabular.ErrFormat
	ErrTruncated  = tabular.ErrTruncated
	ErrTooLarge   = tabular.ErrTooLarge
	ErrNotRegular = tabular.ErrNotRegular
	ErrDType      = tabular.ErrDType
	ErrLabels     = tabular.ErrLabels
)

// RowError says what is wrong with one row and how to mend it. Its text counts
// rows and columns from 1, its fields from 0.
type RowError struct {
	Row    int    // the row, from 0
	Col    int    // the column, from 0; -1 when the whole row is meant
	Place  string // where the row stands, such as "line 3 (row 2)"; "" for row Row+1
	Err    error  // one of the sentinels above
	Detail string // what was found, and the remedy
}

func (e *RowError) Error() string {
	at := e.Place
	if at == "" {
		at = fmt.Sprintf("row %d", e.Row+1)
	}
	if e.Col >= 0 {
		at += fmt.Sprintf(", column %d", e.Col+1)
	}
	return fmt.Sprintf("%s: %v: %s", at, e.Err, e.Detail)
}

// Unwrap returns the sentinel, for errors.Is.
func (e *RowError) Unwrap() error { return e.Err }

func specErr(format string, args ...any) error {
	return fmt.Errorf("data: %w: %s", ErrSpec, fmt.Sprintf(format, args...))
}
