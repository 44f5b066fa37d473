package data

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"convergo/nets/data/tabular"
)

// A target holds the labels of the rows that may be used.
type target struct {
	values []float64 // by position
	names  []string  // of text classes
	kinds  []float64 // the sorted classes; nil for numbers
}

// maxClasses is up to how many different whole numbers are taken for classes.
const maxClasses = 20

func newTarget(y *tabular.Labels, keep []int) *target {
	t := &target{values: make([]float64, len(keep)), names: y.Classes}
	distinct := map[float64]bool{}
	whole := true
	for p, row := range keep {
		v := y.Values[row] + 0 // no -0
		t.values[p] = v
		whole = whole && v == math.Trunc(v)
		if len(distinct) <= maxClasses || t.names != nil {
			distinct[v] = true
		}
	}
	few := whole && len(distinct) <= maxClasses && 3*len(distinct) <= len(keep)
	if t.names != nil || len(distinct) == 2 || few {
		for v := range distinct {
			t.kinds = append(t.kinds, v)
		}
		slices.Sort(t.kinds)
	}
	return t
}

func (t *target) name(v float64) string {
	if t.names != nil {
		return t.names[int(v)]
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// ofClasses returns the positions of two classes.
func (t *target) ofClasses(classes [2]int) []int {
	var of []int
	for p, v := range t.values {
		if v == float64(classes[0]) || v == float64(classes[1]) {
			of = append(of, p)
		}
	}
	return of
}

// maxLabel bounds labels that are used as they are: the square of a larger one is
// close to overflow.
const maxLabel = 1e150

// code returns the labels of the used positions, coded as the options say, and
// writes into reading what was done. Labels that are all equal are an error unless
// they are left as they are: nothing can be learnt from them.
func (t *target) code(used []int, opts Options, reading *Reading) ([]float64, error) {
	y := make([]float64, len(used))
	for k, p := range used {
		y[k] = t.values[p]
	}
	classes := t.kinds != nil && opts.LabelCoding != CodeNumbers
	if classes {
		reading.Classes = t.count(y)
	}
	if opts.LabelCoding == CodeRaw {
		reading.Coding = "as they are"
		return y, checkRaw(y, reading)
	}
	if slices.Min(y) == slices.Max(y) {
		return nil, fmt.Errorf("%w: every one of the %d used labels is %s, so that there is nothing to learn; choose another label column, use more rows, or leave the labels as they are (label_coding raw)",
			ErrLabels, len(y), t.name(y[0]))
	}
	switch {
	case classes:
		if err := t.signs(y, opts.Class, reading); err != nil {
			return nil, err
		}
	case opts.LabelCoding == CodeSign:
		aboveMedian(y)
		reading.Coding = "+1 above the median, -1 elsewhere"
		return y, nil
	}
	if opts.LabelCoding != CodeSign {
		reading.Coding = join2(reading.Coding, standardise(y))
	}
	return y, nil
}

func checkRaw(y []float64, reading *Reading) error {
	for k, v := range y {
		if math.Abs(v) > maxLabel {
			return fmt.Errorf("row %d: %w: the label is %g, and the square of labels beyond %g overflows; leave label_coding out, which standardises them", reading.Used[k], ErrLabels, v, maxLabel)
		}
	}
	return nil
}

// count counts the classes of y.
func (t *target) count(y []float64) []ClassCount {
	counts := make([]ClassCount, len(t.kinds))
	for k, v := range t.kinds {
		counts[k].Name = t.name(v)
	}
	for _, v := range y {
		at, _ := slices.BinarySearch(t.kinds, v)
		counts[at].Rows++
	}
	return slices.DeleteFunc(counts, func(c ClassCount) bool { return c.Rows == 0 })
}

// signs turns classes into +1, for one of them, and -1.
func (t *target) signs(y []float64, class string, reading *Reading) error {
	plus, err := t.positive(class, y)
	if err != nil {
		return err
	}
	for k, v := range y {
		y[k] = -1
		if v == plus {
			y[k] = 1
		}
	}
	reading.Coding = fmt.Sprintf("%s as +1, the rest as -1", t.name(plus))
	if len(t.kinds) == 2 {
		other := t.kinds[0]
		if other == plus {
			other = t.kinds[1]
		}
		reading.Coding = fmt.Sprintf("%s as +1, %s as -1", t.name(plus), t.name(other))
	}
	return nil
}

// positive is the class that becomes +1: the one asked for, else the second of two
// and the first, among those that are used, of more.
func (t *target) positive(class string, y []float64) (float64, error) {
	if class == "" {
		if len(t.kinds) == 2 {
			return t.kinds[1], nil
		}
		return slices.Min(y), nil
	}
	for _, v := range t.kinds {
		if t.name(v) == class || sameNumber(t.names, class, v) {
			if !slices.Contains(y, v) {
				return 0, fmt.Errorf("%w: none of the used rows is of class %q; use more rows", ErrLabels, class)
			}
			return v, nil
		}
	}
	var names []string
	for _, v := range t.kinds[:min(len(t.kinds), maxClasses)] {
		names = append(names, t.name(v))
	}
	return 0, fmt.Errorf("%w: no class %q; the classes are %q", ErrOption, class, names)
}

func sameNumber(names []string, class string, v float64) bool {
	got, err := strconv.ParseFloat(class, 64)
	return names == nil && err == nil && got == v
}

// standardise brings y, whose entries are not all equal, to mean 0 and mean square 1 and
// says what it did. It divides by the largest entry first, so that no square
// overflows, and leaves labels of +1 and -1 in equal parts exactly as they are.
func standardise(y []float64) string {
	big := max(math.Abs(slices.Min(y)), math.Abs(slices.Max(y)))
	n := float64(len(y))
	var mean, square float64
	for k := range y {
		y[k] /= big
		mean += y[k]
	}
	if mean = exactMean(y, mean/n); mean != 0 {
		for k := range y {
			y[k] -= mean
		}
	}
	for _, v := range y {
		square += v * v
	}
	rms := math.Sqrt(square / n)
	for k := range y {
		y[k] /= rms
	}
	if mean == 0 && rms == 1 {
		return ""
	}
	return "centred and scaled to mean square 1"
}

// exactMean corrects the rounding of a mean.
func exactMean(y []float64, mean float64) float64 {
	var rest float64
	for _, v := range y {
		rest += v - mean
	}
	return mean + rest/float64(len(y))
}

// aboveMedian turns numbers, not all equal, into +1 above their median and -1
// elsewhere; where the median is the largest, +1 is the largest alone.
func aboveMedian(y []float64) {
	sorted := slices.Sorted(slices.Values(y))
	cut := sorted[(len(sorted)-1)/2]
	if cut == sorted[len(sorted)-1] {
		at, _ := slices.BinarySearch(sorted, cut)
		cut = sorted[at-1]
	}
	for k, v := range y {
		y[k] = -1
		if v > cut {
			y[k] = 1
		}
	}
}

func join2(a, b string) string {
	switch {
	case a == "":
		return b
	case b == "":
		return a
	}
	return a + "; " + b
}

// fileLabels returns the labels that s asks for: the file's own, which set holds,
// or drawn ones.
func (s Spec) fileLabels(set *Set) ([]float64, error) {
	own := s.ownLabels(set.Y != nil)
	if !own {
		set.Reading.Classes, set.Reading.Coding = nil, ""
	}
	if own && s.Classes != [2]int{} {
		for k, v := range set.Y {
			set.Y[k] = 1
			if v != float64(s.Classes[0]) {
				set.Y[k] = -1
			}
		}
		set.Reading.Coding = fmt.Sprintf("%d as +1, %d as -1", s.Classes[0], s.Classes[1])
	}
	y, err := s.labels(set.X, set.Y, s.labelSource())
	if err == nil && !own && y != nil {
		set.Reading.Drawn = s.Labels
		if s.Labels == OwnOrSign {
			set.Reading.Drawn = Sign
		}
	}
	return y, err
}
