package data

import (
	"context"
	"fmt"
)

// Load reads a data set from a file, as a Loader does that is used once. The
// format follows from the first bytes and the suffix: CSV, NPY, NPZ, IDX,
// CIFAR-10 (.bin) or libsvm, plain or packed by gzip or bzip2. Axes
// after the first are flattened into one row a sample. The set's Reading says what
// was read and what was done to it. Every error names the file, where possible
// the line or row, and the remedy; it wraps one of the sentinels of this
// package or the error of the file system.
func Load(path string, opts Options) (*Set, error) {
	f, err := new(Loader).Open(context.Background(), path, opts)
	if err != nil {
		return nil, err
	}
	return f.Set(opts)
}

// Pin returns the Spec with SHA256 set to the digest of its file (and of its file of
// labels), so that a replay on other content fails with ErrChanged. Specs of
// other kinds are returned as they are.
func (s Spec) Pin() (Spec, error) {
	if s.Kind != File {
		return s, nil
	}
	if s.Path == "" {
		return s, specErr("file without a path; give path")
	}
	f, err := new(Loader).content(context.Background(), s.Path, s.Load)
	if err != nil {
		return s, fmt.Errorf("data: %w", err)
	}
	s.SHA256 = f.sum
	return s, nil
}
