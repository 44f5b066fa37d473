// Package tabular reads files of samples: CSV in the dialects that people have,
// NumPy's .npy and .npz, IDX (MNIST's format), CIFAR-10 batches and libsvm, each
// plain or packed by gzip or bzip2.
//
// ReadFile takes the bytes from disk, Unpack unpacks them, and Open finds the
// format and the sizes and resolves the columns. Rows are decoded only when they
// are asked for: a Table holds the bytes of the file and a few bytes a row
// beside them. Table.Scan goes through all rows once, refuses or drops missing
// values and collects the labels; Table.Row then decodes a single row.
//
// Everything that was decided without being told (the separator, a header, an
// index column, the array of an archive) is listed in Table.Notes. Lines, rows
// and columns are counted from 1 in every text and from 0 in Go.
//
// No function panics on any content, none allocates what a header merely
// promises, and every error wraps one of the sentinels of this package and
// says what to do.
package tabular
