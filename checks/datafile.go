package checks

import (
	"context"

	"convergo/nets/data"
)

// A DataFile is a data set of the user: its content, and how it is read. Where
// it lies is no part of a run.
type DataFile struct {
	Path   string `json:"path"`            // as the user named it, for readers of a report
	SHA256 string `json:"sha256"`          // hexadecimal digest of the content
	Label  string `json:"label,omitempty"` // the column or array of its labels; empty without any

	Options data.Options `json:"options,omitzero"`
	Rows    int          `json:"rows,omitempty"` // that may be used
	Columns int          `json:"columns,omitempty"`
	Reading string       `json:"reading,omitempty"` // what was read, in a line
}

// OpenData opens a file of the user for claims. The loader holds its content, and
// must serve it ([data.Loader.Serve]) while claims are run on it or replayed.
func OpenData(ctx context.Context, loader *data.Loader, path string, o data.Options) (DataFile, error) {
	o.Normalize = true // as nearly all theorems assume
	f, err := loader.Open(ctx, path, o)
	if err != nil {
		return DataFile{}, err
	}
	reading, err := f.Reading(o)
	if err != nil {
		return DataFile{}, err
	}
	o.LabelsPath, o.MaxBytes = "", 0
	return DataFile{
		Path: path, SHA256: f.Digest(), Label: reading.Label, Options: o,
		Rows: len(reading.Used), Columns: f.D(), Reading: reading.String(),
	}, nil
}

// Spec describes rows of the file, or all where it has fewer or rows is 0, scaled to
// unit norm, with its labels, if it has any, coded as the user wishes. The rows are a seeded sample,
// in which every class has its share. It holds no path: a loader that serves the file builds it.
func (f DataFile) Spec(rows int) data.Spec {
	o := f.Options
	o.Rows, o.Normalize = 0, false // N and Raw say it
	if rows <= 0 || rows > f.Rows {
		rows = f.Rows
	}
	return data.Spec{Kind: data.File, N: rows, D: f.Columns, SHA256: f.SHA256, Load: o}
}

// anonymous is the file without where it lay when it was read.
func (f DataFile) anonymous() DataFile {
	f.Path, f.Reading = "", ""
	return f
}
