package data

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"
)

// Values of Options.Label and Options.Header.
const (
	LabelNone  = ""      // there is no label column
	LabelFirst = "first" // the first column
	LabelLast  = "last"  // the last column

	HeaderAuto = ""    // a first line without any number is a header
	HeaderYes  = "yes" // the first line is a header
	HeaderNo   = "no"  // there is no header
)

// DefaultMaxBytes is the largest file, packed or unpacked, that Load reads
// unless told otherwise: 1 GiB.
const DefaultMaxBytes = 1 << 30

// Options says how to read a file. The zero value reads all rows, takes no
// column for the labels, leaves the rows as they are and refuses equal rows.
type Options struct {
	Label  string `json:"label,omitempty"`  // CSV, NPY, NPZ: the label column of the matrix
	Header string `json:"header,omitempty"` // CSV
	// LabelsPath is a second file with one label a row (IDX or NPY vector).
	LabelsPath string `json:"labels_path,omitempty"`
	// ArrayX and ArrayY name the arrays of an NPZ archive. Defaults: X or x (or the
	// only array), and y or Y if there is one.
	ArrayX string `json:"array_x,omitempty"`
	ArrayY string `json:"array_y,omitempty"`
	// Rows keeps the first so many rows (0: all).
	Rows int `json:"rows,omitempty"`
	// Normalize scales every row to unit norm, which most theorems assume.
	Normalize bool `json:"normalize,omitempty"`
	// AllowDuplicates accepts equal rows.
	AllowDuplicates bool `json:"allow_duplicates,omitempty"`
	// MaxBytes bounds the size of the file, packed and unpacked (0: DefaultMaxBytes).
	MaxBytes int64 `json:"max_bytes,omitempty"`
}

func (o Options) check() error {
	switch {
	case !slices.Contains([]string{LabelNone, LabelFirst, LabelLast}, o.Label):
		return specErr("label column %q; give first, last or nothing", o.Label)
	case !slices.Contains([]string{HeaderAuto, HeaderYes, HeaderNo}, o.Header):
		return specErr("header %q; give yes, no or nothing", o.Header)
	case o.Rows < 0 || o.MaxBytes < 0:
		return specErr("rows=%d max_bytes=%d; they cannot be negative", o.Rows, o.MaxBytes)
	case o.Label != LabelNone && o.LabelsPath != "":
		return specErr("label column %q and labels path %q; give one of them", o.Label, o.LabelsPath)
	}
	return nil
}

func (o Options) maxBytes() int64 {
	if o.MaxBytes == 0 {
		return DefaultMaxBytes
	}
	return o.MaxBytes
}

// Load reads a data set from a file. The format follows from the first bytes
// (NPY, NPZ) or the suffix: .csv or .txt, .bin (CIFAR-10), .idx or -ubyte. A
// .gz of any of them is unpacked. Axes after the first are flattened into one
// row a sample. Entries that are not finite, zero rows and equal rows are
// refused. Every error names the file, where possible the line or row, and the
// remedy; it wraps one of the sentinels of this package or the error of the
// file system.
func Load(path string, opts Options) (*Set, error) {
	content, err := readFiles(path, opts)
	if err != nil {
		return nil, err
	}
	return content.set(opts)
}

// content is what Load reads from disk: the data and, if asked for, the labels.
type content struct {
	path         string
	data, labels []byte
}

func readFiles(path string, opts Options) (*content, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	c := &content{path: path}
	var err error
	if c.data, err = readFile(path, opts.maxBytes()); err != nil {
		return nil, err
	}
	if opts.LabelsPath != "" {
		if c.labels, err = readFile(opts.LabelsPath, opts.maxBytes()); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("data: %s: %w: it is a directory; name a file in it", path, ErrFormat)
	}
	b, err := readLimited(f, limit)
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", path, err)
	}
	return b, nil
}

// sum is the digest of the data followed by the labels.
func (c *content) sum() string {
	h := sha256.New()
	h.Write(c.data)
	h.Write(c.labels)
	return hex.EncodeToString(h.Sum(nil))
}

func (c *content) set(opts Options) (*Set, error) {
	s, err := decode(c.path, c.data, opts)
	if err == nil && opts.LabelsPath != "" {
		s.Y, err = c.labelVector(opts)
	}
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", c.path, err)
	}
	if s.Y != nil && len(s.Y) != s.N() {
		return nil, fmt.Errorf("data: %s: %w: %d labels for %d rows; give one label a row", c.path, ErrLabels, len(s.Y), s.N())
	}
	s = s.head(opts.Rows)
	if err := s.finish(opts); err != nil {
		return nil, fmt.Errorf("%s: %w", c.path, err)
	}
	s.Name = filepath.Base(c.path)
	return s, nil
}

// finish validates the rows and scales them if asked to.
func (s *Set) finish(opts Options) error {
	if err := validateRows(s.X); err != nil {
		return err
	}
	if s.Y != nil {
		if err := validateLabels(s.Y); err != nil {
			return err
		}
	}
	if opts.Normalize {
		u, err := NormalizeRows(s.X)
		if err != nil {
			return err
		}
		s.X = u
	}
	if opts.AllowDuplicates {
		return nil
	}
	return validateDistinct(s.X)
}

func validateLabels(y []float64) error {
	for i, v := range y {
		if v-v != 0 {
			return fmt.Errorf("data: %w", &RowError{Row: i, Col: -1, Err: ErrNotFinite,
				Detail: fmt.Sprintf("its label is %v; drop the row or impute the label", v)})
		}
	}
	return nil
}

func (c *content) labelVector(opts Options) ([]float64, error) {
	b, err := unpack(c.labels, opts)
	if err != nil {
		return nil, fmt.Errorf("labels %s: %w", opts.LabelsPath, err)
	}
	var a *Array
	if bytes.HasPrefix(b, []byte(npyMagic)) {
		a, err = DecodeNPY(b)
	} else {
		a, err = DecodeIDX(b)
	}
	if err != nil {
		return nil, fmt.Errorf("labels %s: %w", opts.LabelsPath, err)
	}
	if len(a.Data) != a.Shape[0] {
		return nil, fmt.Errorf("labels %s: %w: shape %v; give a vector", opts.LabelsPath, ErrLabels, a.Shape)
	}
	return a.Data, nil
}

func decode(path string, b []byte, opts Options) (*Set, error) {
	b, err := unpack(b, opts)
	if err != nil {
		return nil, err
	}
	suffix := strings.ToLower(strings.TrimSuffix(strings.ToLower(path), ".gz"))
	has := func(ends ...string) bool {
		return slices.ContainsFunc(ends, func(e string) bool { return strings.HasSuffix(suffix, e) })
	}
	switch {
	case bytes.HasPrefix(b, []byte(npyMagic)) || has(".npy"):
		return fromArray(opts.Label)(DecodeNPY(b))
	case bytes.HasPrefix(b, []byte("PK\x03\x04")) || has(".npz"):
		return fromNPZ(b, opts)
	case has(".csv", ".txt"):
		if opts.LabelsPath != "" {
			opts.Rows = 0 // all rows are needed to see that the labels fit
		}
		return DecodeCSV(b, opts)
	case has(".bin"):
		return DecodeCIFAR10(b)
	case has(".idx", "-ubyte", ".ubyte") || bytes.HasPrefix(b, []byte{0, 0}):
		return fromArray(LabelNone)(DecodeIDX(b))
	}
	return nil, fmt.Errorf("%w: the format is not known by the first bytes nor by the suffix; name it .csv, .npy, .npz, .idx or .bin (CIFAR-10), each with an optional .gz", ErrFormat)
}

// fromArray turns a decoded array, if there is one, into a set.
func fromArray(label string) func(*Array, error) (*Set, error) {
	return func(a *Array, err error) (*Set, error) {
		if err != nil {
			return nil, err
		}
		return splitLabels(a.matrix(), label)
	}
}

func fromNPZ(b []byte, opts Options) (*Set, error) {
	names := npzNames(b)
	nameX := firstOf(names, opts.ArrayX, "X", "x")
	if nameX == "" && opts.ArrayX == "" && len(names) == 1 {
		nameX = names[0]
	}
	nameY := firstOf(names, opts.ArrayY, "y", "Y")
	want := make([]string, 0, 2)
	for _, w := range []string{nameX, nameY} {
		if w != "" {
			want = append(want, w)
		}
	}
	if len(names) > 0 && (nameX == "" || (nameY == "" && opts.ArrayY != "")) {
		return nil, fmt.Errorf("%w: NPZ: no array %q beside %q; the arrays are %q; name them by Options.ArrayX and ArrayY",
			ErrFormat, or(opts.ArrayX, "X"), or(opts.ArrayY, "y"), names)
	}
	arrays, err := DecodeNPZ(b, opts.maxBytes(), want...)
	if err != nil {
		return nil, err
	}
	if len(arrays) == 0 {
		return nil, fmt.Errorf("%w: NPZ: the archive holds no array", ErrEmpty)
	}
	y := arrays[nameY]
	if y == nil || nameX == nameY {
		return splitLabels(arrays[nameX].matrix(), opts.Label)
	}
	if opts.Label != LabelNone || len(y.Data) != y.Shape[0] {
		return nil, fmt.Errorf("%w: NPZ: array %q has shape %v (and the label column is %q); give a vector of labels or a label column, not both", ErrLabels, nameY, y.Shape, opts.Label)
	}
	return &Set{X: arrays[nameX].matrix(), Y: y.Data}, nil
}

// firstOf returns the wanted name if it is given and there, else the first of
// the defaults that is there, else "".
func firstOf(names []string, want string, defaults ...string) string {
	if want != "" {
		defaults = []string{want}
	}
	for _, d := range defaults {
		if slices.Contains(names, d) {
			return d
		}
	}
	return ""
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// splitLabels takes the label column out of m.
func splitLabels(m *mat.Dense, label string) (*Set, error) {
	if label == LabelNone {
		return &Set{X: m}, nil
	}
	n, d := m.Dims()
	if d < 2 {
		return nil, fmt.Errorf("%w: one column cannot hold both samples and labels; leave Options.Label empty", ErrLabels)
	}
	from, col := 0, d-1
	if label == LabelFirst {
		from, col = 1, 0
	}
	return &Set{X: mat.DenseCopyOf(m.Slice(0, n, from, from+d-1)), Y: mat.Col(nil, col, m)}, nil
}

func unpack(b []byte, opts Options) ([]byte, error) {
	if !bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		return b, nil
	}
	return gunzip(b, opts.maxBytes())
}

func gunzip(b []byte, limit int64) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("%w: gzip: %v; copy the file again", ErrTruncated, err)
	}
	return readLimited(z, limit)
}

// file reads the rows of a Spec of kind File and the labels that the file has.
func (s Spec) file() (*mat.Dense, []float64, error) {
	if s.Path == "" {
		return nil, nil, specErr("file without a path; give path")
	}
	if s.N < 0 {
		return nil, nil, specErr("file with n=%d; give n >= 1, or 0 for all rows", s.N)
	}
	opts := s.Load
	opts.Normalize = !s.Raw
	content, err := readFiles(s.Path, opts)
	if err != nil {
		return nil, nil, err
	}
	if got := content.sum(); s.SHA256 != "" && !strings.EqualFold(got, s.SHA256) {
		return nil, nil, fmt.Errorf("data: %s: %w: SHA-256 is %s, expected %s; restore the file, or drop sha256 to use the new content", s.Path, ErrChanged, got, s.SHA256)
	}
	set, err := content.set(opts)
	if err != nil {
		return nil, nil, err
	}
	if s.D != 0 && s.D != set.D() {
		return nil, nil, specErr("%s has d=%d, not %d; leave d out", s.Path, set.D(), s.D)
	}
	if s.Classes != [2]int{} {
		if set.Y == nil {
			return nil, nil, fmt.Errorf("data: %s: %w: classes %v need labels; give load.label or load.labels_path", s.Path, ErrLabels, s.Classes)
		}
		if set = set.pick(s.Classes); set.Y == nil {
			return nil, nil, fmt.Errorf("data: %s: %w: no row has label %d or %d", s.Path, ErrLabels, s.Classes[0], s.Classes[1])
		}
	}
	if s.N > set.N() {
		return nil, nil, specErr("%s has n=%d rows, not %d; make n smaller", s.Path, set.N(), s.N)
	}
	set = set.head(s.N)
	return set.X, set.Y, nil
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
	content, err := readFiles(s.Path, s.Load)
	if err != nil {
		return s, err
	}
	s.SHA256 = content.sum()
	return s, nil
}
