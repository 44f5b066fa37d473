package data

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"
)

// Kinds of data set. The seeded ones depend on Seed, the others do not.
const (
	Sphere         = "sphere"         // seeded: uniform on the unit sphere of R^D
	Gaussian       = "gaussian"       // seeded: N(0, I_D) rows, then normalised (with Raw: left as drawn)
	Orthonormal    = "orthonormal"    // seeded: N <= D orthonormal rows, Haar distributed
	Basis          = "basis"          // the first N <= D vectors of the standard basis
	Cluster        = "cluster"        // seeded: c + Spread*g, g ~ N(0, I_D), normalised; Sep > 0: two centres at that distance, in turn
	Circle         = "circle"         // angles 2 pi i/N (antipodal pairs when N is even); D >= 2, padded with zeros
	HalfCircle     = "halfcircle"     // angles pi i/N: the N lines through 0 of the plane that are farthest apart
	Angles         = "angles"         // the given Angles (radians) on the unit circle
	Simplex        = "simplex"        // N <= D+1 vertices of a regular simplex: inner products -1/(N-1)
	Equicorrelated = "equicorrelated" // N <= D rows with all inner products Rho
	Antipodal      = "antipodal"      // seeded: pairs x, x' with |x + x'| = Sep (0: x' = -x); an odd last row has no partner
	Duplicate      = "duplicate"      // seeded: sphere, but the last row is at distance Sep from the first (0: equal)
	Lattice        = "lattice"        // the integer Points
	Explicit       = "explicit"       // the given Rows
	MNIST          = "mnist"          // images of digits; D = 784 (28x28), 196 (14x14) or 49 (7x7), by average pooling
	Fashion        = "fashion"        // images of clothes; as MNIST
	File           = "file"           // a file of the user: that with the digest SHA256, else the one at Path
)

// Kinds of labels. All are multiplied by LabelScale.
const (
	Sign          = "sign"           // seeded: +-1, fair
	Normal        = "gaussian"       // seeded: N(0, 1)
	Planted       = "planted"        // seeded: <b, x>, b uniform on the unit sphere
	PlantedSquare = "planted-square" // seeded: <b, x>^2
	PlantedReLU   = "planted-relu"   // seeded: sum of three a_r max(<w_r, x>, 0), |w_r| = 1, a_r = +-1
	Const         = "const"          // 1
	Alternate     = "alternate"      // +1, -1, +1, ...
	Class         = "class"          // the data's own: +1 and -1 for the two Classes or clusters; of a file as Options.LabelCoding says
	RandomClass   = "random-class"   // seeded: Class, in random order
	ClassSign     = "class-sign"     // Class, but exactly +1 and -1 for a file too (numbers: above the median or not)
	OwnOrSign     = "own-or-sign"    // Class where the data has labels of its own, else Sign
)

// Spec describes a labelled data set. It is plain data: it survives JSON
// unchanged, reflect.DeepEqual compares it, and equal Specs build equal sets
// (for a file: as long as its content is the same, which SHA256 makes sure of).
// The zero value of a field means its default.
type Spec struct {
	Kind   string      `json:"kind"`
	N      int         `json:"n,omitempty"`      // rows; file: exactly N of them (0: Load.Rows at most)
	D      int         `json:"d,omitempty"`      // columns
	Seed   uint64      `json:"seed,omitempty"`   // of the points and, on other streams, of the labels and the rows of a file
	Spread float64     `json:"spread,omitempty"` // cluster
	Sep    float64     `json:"sep,omitempty"`    // cluster, antipodal, duplicate; in [0, 2]
	Rho    float64     `json:"rho,omitempty"`    // equicorrelated; in [-1/(N-1), 1]
	Angles []float64   `json:"angles,omitempty"` // angles
	Points [][]int     `json:"points,omitempty"` // lattice
	Rows   [][]float64 `json:"rows,omitempty"`   // explicit

	// Raw leaves the rows as they are; without it every row is scaled to
	// norm RowNorm (default 1; theorems in NTK scaling take sqrt(D)).
	Raw     bool    `json:"raw,omitempty"`
	RowNorm float64 `json:"row_norm,omitempty"`

	Labels     string  `json:"labels,omitempty"`      // default: Class for images and files, else Sign
	LabelScale float64 `json:"label_scale,omitempty"` // default 1
	// Classes are the two classes to keep, the first labelled +1 and the second -1.
	// Default: all rows; images are then labelled +1 for an even class and -1 for
	// an odd one, and the labels of a file are coded as Load.LabelCoding says.
	Classes [2]int `json:"classes,omitzero"`

	// A file is its content. SHA256 is the hex digest by which a Loader finds it,
	// wherever it lies; Path is where it lies, for a Loader that has not opened it.
	Path   string  `json:"path,omitempty"`
	SHA256 string  `json:"sha256,omitempty"`
	Load   Options `json:"load,omitzero"` // file: how to read it; Raw decides on Normalize
}

// Set is a data set: X is n x d, one sample a row, and Y its n labels (nil
// when a file has none). Reading says what was read of a file and is nil for
// other kinds.
type Set struct {
	Name    string
	X       *mat.Dense
	Y       []float64
	Reading *Reading
}

// N returns the number of samples.
func (s *Set) N() int { n, _ := s.X.Dims(); return n }

// D returns the dimension of a sample.
func (s *Set) D() int { _, d := s.X.Dims(); return d }

// MaxEntries bounds n*d of a Spec, so that a mistyped size is an error and not
// an exhausted memory (2^27 entries are 1 GiB).
const MaxEntries = 1 << 27

// The streams of one seed. Points and labels must not share one, or changing
// the labels would change the points.
const (
	pointStream = 1
	labelStream = 2
)

// Build makes the data set. Errors wrap ErrSpec for a Spec that describes none
// and those of Loader.Build for a file: one with a digest is taken from a Loader that
// serves it (Loader.Serve), all others are read anew on every call.
func (s Spec) Build() (*Set, error) {
	if s.Kind == File {
		return server(s.SHA256).Build(context.Background(), s)
	}
	if err := s.checkNumbers(); err != nil {
		return nil, err
	}
	x, class, err := s.points(rand.New(rand.NewPCG(s.Seed, pointStream)))
	if err != nil {
		return nil, err
	}
	if x, err = s.scaleRows(x); err != nil {
		return nil, fmt.Errorf("data: %s: %w", s.Kind, err)
	}
	y, err := s.labels(x, class, s.labelSource())
	if err != nil {
		return nil, err
	}
	return &Set{Name: s.String(), X: x, Y: y}, nil
}

func (s Spec) labelSource() *rand.Rand { return rand.New(rand.NewPCG(s.Seed, labelStream)) }

// points returns the rows before scaling, and the data's own labels if any.
func (s Spec) points(rng *rand.Rand) (*mat.Dense, []float64, error) {
	switch s.Kind {
	case MNIST, Fashion:
		return s.images()
	}
	maker, ok := makers[s.Kind]
	if !ok {
		return nil, nil, specErr("unknown kind %q; the kinds are %s", s.Kind, strings.Join(Kinds(), ", "))
	}
	s, err := s.sizes()
	if err != nil {
		return nil, nil, err
	}
	return maker(s, rng)
}

// Kinds lists the kinds of data set, sorted.
func Kinds() []string {
	kinds := []string{MNIST, Fashion, File}
	for k := range makers {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	return kinds
}

// String is a short name for tables, such as "sphere n=8 d=3 seed=1".
func (s Spec) String() string {
	var b strings.Builder
	b.WriteString(s.Kind)
	put := func(name string, v any, set bool) {
		if set {
			fmt.Fprintf(&b, " %s=%v", name, v)
		}
	}
	put("sha256", s.SHA256[:min(8, len(s.SHA256))], s.SHA256 != "")
	put("path", filepath.Base(s.Path), s.Path != "" && s.SHA256 == "")
	n, d := max(s.N, s.Load.Rows), s.D
	if sized, err := s.sizes(); err == nil {
		n, d = sized.N, sized.D
	}
	put("n", n, n != 0)
	put("d", d, d != 0)
	put("classes", s.Classes, s.Classes != [2]int{})
	put("spread", s.Spread, s.Spread != 0)
	put("sep", s.Sep, s.Sep != 0)
	put("rho", s.Rho, s.Rho != 0)
	put("row_norm", s.RowNorm, s.RowNorm != 0)
	put("raw", s.Raw, s.Raw)
	put("labels", s.Labels, s.Labels != "")
	put("label_scale", s.LabelScale, s.LabelScale != 0)
	put("seed", s.Seed, s.Seed != 0)
	return b.String()
}

// GoString is s as a Go literal without its zero fields, so that a
// counterexample printed by %#v stays readable.
func (s Spec) GoString() string {
	var fields []string
	v := reflect.ValueOf(s)
	for i := range v.NumField() {
		if f := v.Field(i); !f.IsZero() {
			fields = append(fields, fmt.Sprintf("%s:%#v", v.Type().Field(i).Name, f))
		}
	}
	return "data.Spec{" + strings.Join(fields, ", ") + "}"
}

func (s Spec) checkNumbers() error {
	for _, f := range []struct {
		name   string
		v      float64
		lo, hi float64
	}{
		{"spread", s.Spread, 0, math.MaxFloat64},
		{"sep", s.Sep, 0, 2},
		{"rho", s.Rho, -1, 1},
		{"row_norm", s.RowNorm, 0, 1e100},
		{"label_scale", s.LabelScale, -1e100, 1e100},
	} {
		if !(f.v >= f.lo && f.v <= f.hi) {
			return specErr("%s is %v; give a number from %g to %g", f.name, f.v, f.lo, f.hi)
		}
	}
	if s.Raw && s.RowNorm != 0 {
		return specErr("raw and row_norm %g contradict each other; give one of them", s.RowNorm)
	}
	return nil
}

// sizes fills in N and D where the points imply them and checks their range.
func (s Spec) sizes() (Spec, error) {
	switch s.Kind {
	case MNIST, Fashion, File:
		return s, nil
	case Lattice:
		return s.implied(len(s.Points), rowLen(s.Points), "points")
	case Explicit:
		return s.implied(len(s.Rows), rowLen(s.Rows), "rows")
	case Angles:
		if s.D == 0 {
			s.D = 2
		}
		return s.implied(len(s.Angles), s.D, "angles")
	case Circle, HalfCircle:
		if s.D == 0 {
			s.D = 2
		}
	}
	return s, s.checkSizes()
}

func (s Spec) implied(n, d int, field string) (Spec, error) {
	if n == 0 || d == 0 {
		return s, specErr("%s needs %s", s.Kind, field)
	}
	if (s.N != 0 && s.N != n) || (s.D != 0 && s.D != d) {
		return s, specErr("n=%d d=%d, but %s describe n=%d d=%d; leave n and d out", s.N, s.D, field, n, d)
	}
	s.N, s.D = n, d
	return s, s.checkSizes()
}

func (s Spec) checkSizes() error {
	if s.N < 1 || s.D < 1 {
		return specErr("%s with n=%d d=%d; give n >= 1 and d >= 1", s.Kind, s.N, s.D)
	}
	if s.N > MaxEntries/s.D {
		return specErr("n=%d d=%d is more than %d entries; make n or d smaller", s.N, s.D, MaxEntries)
	}
	return nil
}

func rowLen[T any](rows [][]T) int {
	if len(rows) == 0 {
		return 0
	}
	return len(rows[0])
}

func (s Spec) scaleRows(x *mat.Dense) (*mat.Dense, error) {
	if s.Raw {
		return x, nil
	}
	u, err := NormalizeRows(x)
	if err != nil {
		return nil, err
	}
	if s.RowNorm != 0 {
		u.Scale(s.RowNorm, u)
	}
	return u, nil
}
