package checks

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
)

// formatDetects writes what a claim detects as one field, such as
// "deviation:x1.33,rate:±0.1"; names are escaped as in a URL.
func formatDetects(ds []Detect) string {
	var out []string
	for _, d := range ds {
		mark := "x"
		if d.Kind == Shift {
			mark = "±"
		}
		out = append(out, url.QueryEscape(d.Name)+":"+mark+strconv.FormatFloat(float64(d.Size), 'g', 10, 64))
	}
	return orDash(strings.Join(out, ","))
}

func parseDetects(field string) ([]Detect, error) {
	if field == "-" {
		return nil, nil
	}
	var out []Detect
	for _, f := range strings.Split(field, ",") {
		name, size, ok := strings.Cut(f, ":")
		d := Detect{Kind: Factor}
		rest, factor := strings.CutPrefix(size, "x")
		if !factor {
			d.Kind = Shift
			rest, factor = strings.CutPrefix(size, "±")
		}
		v, err := strconv.ParseFloat(rest, 64)
		var nameErr error
		d.Name, nameErr = url.QueryUnescape(name)
		if !ok || !factor || err != nil || nameErr != nil {
			return nil, fmt.Errorf("%q is not what a claim detects: write part:x1.2 or part:±0.1", f)
		}
		d.Size = Float(v)
		out = append(out, d)
	}
	return out, nil
}

// compareDetects calls it a regression when a part or constant is gone, or when
// an error must be larger than in the baseline to be found: that is what a
// looser bound, a farther control or a shorter grid looks like. At the same seed
// the draws are the same and so are the sizes; at another one they scatter, by no
// law that is known, so that an unchanged claim is incomparable unless its slack
// has grown beyond both intervals, as that of a looser bound does.
func compareDetects(ch *Change, sameSeed bool, worse func(string, ...any)) {
	chance := !sameSeed && ch.Old.Version == ch.New.Version && !(ch.New.Lo > ch.Old.Hi)
	now := map[string]Detect{}
	for _, d := range ch.New.Detects {
		now[d.Name] = d
	}
	for _, old := range ch.Old.Detects {
		d, ok := now[old.Name]
		switch {
		case !ok || math.IsNaN(float64(d.Size)) && !math.IsNaN(float64(old.Size)):
			worse("%s is no longer detected, an error of %v was", partName(old.Name), old)
		case duller(old, d, sameSeed) && chance:
			if ch.Kind == Same {
				ch.Kind = Incomparable
			}
			ch.Reasons = append(ch.Reasons, fmt.Sprintf("%s detects %v, was %v, and chance could explain it", partName(old.Name), d, old))
		case duller(old, d, sameSeed):
			worse("%s detects %v, was %v", partName(old.Name), d, old)
		}
	}
}

// duller reports whether the new size is larger than noise explains.
func duller(old, now Detect, sameSeed bool) bool {
	a, b := float64(old.Size), float64(now.Size)
	if math.IsNaN(a) || math.IsInf(a, 1) {
		return false
	}
	factor, floor := 1.01, 0.001
	if !sameSeed {
		factor, floor = 1.5, 0.05
	}
	if now.Kind != Shift {
		a, b = math.Log(a), math.Log(b)
	}
	return b > factor*a+floor
}

// sharper reports whether some size got smaller by more than noise explains.
func sharpened(old, now []Detect, sameSeed bool) bool {
	for _, a := range old {
		for _, b := range now {
			if a.Name == b.Name && duller(b, a, sameSeed) {
				return true
			}
		}
	}
	return false
}
