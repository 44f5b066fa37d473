package data

import (
	"fmt"
	"slices"

	"convergo/nets/data/tabular"
)

// Values of Options.Label, beside the name of a column and its number from 1.
const (
	LabelAuto  = tabular.LabelAuto  // the labels that the format itself names, if any
	LabelNone  = tabular.LabelAuto  // the former name of LabelAuto
	LabelFirst = tabular.LabelFirst // the first column
	LabelLast  = tabular.LabelLast  // the last column
	Unlabelled = tabular.LabelNone  // no labels, not even those that the format names

	HeaderAuto = tabular.HeaderAuto // decided by the first lines
	HeaderYes  = tabular.HeaderYes  // the first line is a header
	HeaderNo   = tabular.HeaderNo   // there is no header
)

// Values of Options.Duplicates: what to do with a row that an earlier one repeats.
const (
	DuplicatesDrop   = "drop" // leave it out (default)
	DuplicatesKeep   = "keep"
	DuplicatesRefuse = "refuse" // ErrDuplicateRow or ErrParallelRow
)

// Values of Options.Sample: which rows are used when fewer are wanted than there are.
const (
	SampleStratified = ""      // seeded, every class in its share
	SampleFirst      = "first" // the first ones
)

// Values of Options.LabelCoding. Classes are labels that are text, of two values,
// or few whole numbers; all others are numbers.
const (
	CodeStandard = ""        // classes: +1 and -1, numbers: as they are; then mean 0 and mean square 1
	CodeNumbers  = "numbers" // the same, and labels that look like classes are numbers too
	CodeSign     = "sign"    // exactly +1 and -1: classes, or numbers above their median and not
	CodeRaw      = "raw"     // as they are in the file; text classes count from 0
)

// DefaultMaxBytes is the largest file, packed or unpacked, that is read
// unless told otherwise: 1 GiB.
const DefaultMaxBytes = tabular.DefaultMaxBytes

// Options says how to read a file. The zero value decides by the content what the
// format is, uses all rows but leaves out repeated ones, takes the labels that the
// format names, and codes them.
type Options struct {
	Label     string   `json:"label,omitempty"`     // label column: first, last, a name, a number from 1, or none
	Header    string   `json:"header,omitempty"`    // CSV: yes or no
	Separator string   `json:"separator,omitempty"` // CSV: comma, semicolon, tab or space
	Missing   string   `json:"missing,omitempty"`   // drop: leave out rows with a missing value; else they are refused
	Drop      []string `json:"drop,omitempty"`      // columns to leave out, by name or number from 1
	// LabelsPath is a second file with one label a row (IDX, NPY, or text with one label a line).
	LabelsPath string `json:"labels_path,omitempty"`
	// ArrayX and ArrayY name the arrays of an NPZ archive; usual names are found alone.
	ArrayX string `json:"array_x,omitempty"`
	ArrayY string `json:"array_y,omitempty"`

	// Rows is how many rows to use at most (0: all), chosen by Sample and Seed.
	Rows   int    `json:"rows,omitempty"`
	Sample string `json:"sample,omitempty"`
	Seed   uint64 `json:"seed,omitempty"`

	// Standardize brings every column to mean 0 and variance 1 over the rows of the
	// file, before anything else; constant columns become zero.
	Standardize bool `json:"standardize,omitempty"`
	// Normalize scales every row to unit norm, which most theorems assume.
	Normalize bool `json:"normalize,omitempty"`

	ZeroRows   string `json:"zero_rows,omitempty"`  // drop: leave out rows of zeros; else they are refused
	Duplicates string `json:"duplicates,omitempty"` // drop (default), keep or refuse
	// AllowDuplicates is Duplicates: keep, under its former name.
	AllowDuplicates bool `json:"allow_duplicates,omitempty"`

	LabelCoding string `json:"label_coding,omitempty"` // numbers, sign, raw, or the default
	Class       string `json:"class,omitempty"`        // the class that is +1; default: the second of two, the first of more

	// MaxBytes bounds the size of the file, packed and unpacked (0: DefaultMaxBytes).
	MaxBytes int64 `json:"max_bytes,omitempty"`
}

func (o Options) check() error {
	oneOf := func(name, v string, allowed ...string) error {
		if v == "" || slices.Contains(allowed, v) {
			return nil
		}
		return fmt.Errorf("data: %w: %s %q; give one of %q, or leave it out", ErrOption, name, v, allowed)
	}
	for _, err := range []error{
		oneOf("sample", o.Sample, SampleFirst),
		oneOf("missing", o.Missing, tabular.MissingDrop),
		oneOf("zero_rows", o.ZeroRows, "drop"),
		oneOf("duplicates", o.Duplicates, DuplicatesDrop, DuplicatesKeep, DuplicatesRefuse),
		oneOf("label_coding", o.LabelCoding, CodeNumbers, CodeSign, CodeRaw),
	} {
		if err != nil {
			return err
		}
	}
	switch {
	case o.Rows < 0 || o.MaxBytes < 0:
		return fmt.Errorf("data: %w: rows=%d max_bytes=%d; they cannot be negative", ErrOption, o.Rows, o.MaxBytes)
	case o.Label != LabelAuto && o.Label != Unlabelled && o.LabelsPath != "":
		return fmt.Errorf("data: %w: label column %q and labels path %q; give one of them", ErrOption, o.Label, o.LabelsPath)
	case o.AllowDuplicates && o.Duplicates != "" && o.Duplicates != DuplicatesKeep:
		return fmt.Errorf("data: %w: allow_duplicates and duplicates %q contradict each other; give one of them", ErrOption, o.Duplicates)
	}
	return nil
}

func (o Options) duplicates() string {
	switch {
	case o.AllowDuplicates:
		return DuplicatesKeep
	case o.Duplicates == "":
		return DuplicatesDrop
	}
	return o.Duplicates
}

// reading are the options of the reader.
func (o Options) reading() tabular.Options {
	return tabular.Options{
		Label: o.Label, Header: o.Header, Separator: o.Separator, Missing: o.Missing, Drop: o.Drop,
		ArrayX: o.ArrayX, ArrayY: o.ArrayY, MaxBytes: o.MaxBytes,
	}
}

// indexing are the options on which the index of a file depends, but not the choice
// of rows nor the coding of labels.
func (o Options) indexing() Options {
	o.Rows, o.Sample, o.Seed = 0, "", 0
	o.LabelCoding, o.Class = "", ""
	o.LabelsPath, o.MaxBytes = "", 0
	o.Duplicates, o.AllowDuplicates = o.duplicates(), false
	return o
}
