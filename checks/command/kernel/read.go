package kernel

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"gonum.org/v1/gonum/mat"

	"convergo/nets/data/tabular"
)

// Samples are the rows of a file, all of them and as they are, with their labels, nil when there are none.
type Samples struct {
	X      *mat.Dense
	Labels *tabular.Labels
}

// A Request names what is to be read.
type Request struct {
	Path     string
	Labels   string // a file of labels beside it; "" where they are in the file itself, or nowhere
	Column   string // the column of the labels, as tabular.Options.Label
	MaxBytes int64  // bound on the size of a file, packed and unpacked; 0: tabular.DefaultMaxBytes
}

// ReadFile reads CSV, NPY, NPZ, IDX, CIFAR-10 and libsvm, plain or packed, as package tabular does. No row is dropped,
// scaled or moved, so that row i of a kernel matrix is row i of the file.
func ReadFile(ctx context.Context, r Request) (*Samples, error) {
	b, err := content(ctx, r.Path, r.MaxBytes)
	if err != nil {
		return nil, err
	}
	table, err := tabular.Open(ctx, filepath.Base(r.Path), b, tabular.Options{Label: r.Column, MaxBytes: r.MaxBytes})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Path, err)
	}
	if r.Labels != "" {
		labels, err := content(ctx, r.Labels, r.MaxBytes)
		if err != nil {
			return nil, err
		}
		if err := table.AddLabels(labels); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Labels, err)
		}
	}
	n, d := table.Dims()
	if n > math.MaxInt/8/d {
		return nil, fmt.Errorf("%s: %d rows of %d values do not fit into memory; split the file", r.Path, n, d)
	}
	s := &Samples{X: mat.NewDense(n, d, nil)}
	s.Labels, err = table.Scan(ctx, tabular.MissingRefuse, func(i int, x []float64) error {
		s.X.SetRow(i, x)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Path, err)
	}
	return s, nil
}

func content(ctx context.Context, path string, maxBytes int64) ([]byte, error) {
	packed, err := tabular.ReadFile(ctx, path, maxBytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	b, _, err := tabular.Unpack(ctx, packed, maxBytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// sameNumbers returns the labels of two files so that equal numbers mean equal classes: each file counts its own classes.
func sameNumbers(train, test *tabular.Labels) (y, z []float64, err error) {
	if (train.Classes == nil) != (test.Classes == nil) {
		return nil, nil, fmt.Errorf("the labels of one file are numbers, those of the other names (%q); give both in one way", append(train.Classes, test.Classes...)[0])
	}
	if train.Classes == nil {
		return train.Values, test.Values, nil
	}
	names := slices.Clone(train.Classes)
	number := make([]float64, len(test.Classes))
	for k, name := range test.Classes {
		at := slices.Index(names, name)
		if at < 0 {
			at, names = len(names), append(names, name)
		}
		number[k] = float64(at)
	}
	z = make([]float64, len(test.Values))
	for i, v := range test.Values {
		z[i] = number[int(v)]
	}
	return train.Values, z, nil
}
