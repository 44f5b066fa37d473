package tabular

import "errors"

// What can be wrong with a file, for errors.Is.
var (
	// ErrOption: an option that contradicts another or the file.
	ErrOption = errors.New("impossible option")
	// ErrEmpty: no rows or no columns.
	ErrEmpty = errors.New("no data")
	// ErrNotFinite: an infinity.
	ErrNotFinite = errors.New("entry is not finite")
	// ErrMissing: an empty field, NA, NaN and the like.
	ErrMissing = errors.New("missing value")
	// ErrRagged: rows of different lengths.
	ErrRagged = errors.New("ragged rows")
	// ErrNotNumber: a field that is no number.
	ErrNotNumber = errors.New("not a number")
	// ErrFormat: content that does not follow the format it is read as.
	ErrFormat = errors.New("malformed file")
	// ErrTruncated: a file that ends before the data its header promises.
	ErrTruncated = errors.New("truncated file")
	// ErrTooLarge: a file, or what it unpacks to, beyond the size limit.
	ErrTooLarge = errors.New("too large")
	// ErrNotRegular: a FIFO, a device or a directory.
	ErrNotRegular = errors.New("not a regular file")
	// ErrDType: an element type that is not read.
	ErrDType = errors.New("unsupported element type")
	// ErrLabels: labels that are missing, or whose count differs from that of the rows.
	ErrLabels = errors.New("labels do not fit")
)
