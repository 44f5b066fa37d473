package checks

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// A Baseline is the state of the claims that a maintainer has accepted: a
// small text file, sorted by claim, that lives in the repository and is reviewed
// like code.
type Baseline struct {
	Alpha   float64 // of the gate: chance of any false regression in one comparison
	Seed    uint64
	Profile string
	Engine  string  // record version
	Share   float64 // of the run's alpha, for one instance; 0 when unknown
	Code    string  // digest of the claims' source, for information
	Lines   []BaselineLine
	// Name is the file that it was read from, if it was.
	Name string
	// Bad says what is wrong in the run that it was taken of: claims that are
	// refuted, or unfit as checks. It is not stored; who writes a baseline must
	// want it.
	Bad []string
}

// A BaselineLine is one claim of a baseline.
type BaselineLine struct {
	Claim    string
	Version  int
	Verdict  Verdict
	Caught   int // instances of controls that were refuted
	Controls int // of all
	Trials   int
	// Slack is the least median slack over the claim's instances; Lo and Hi
	// enclose it at the baseline's alpha, split over claims and instances.
	Slack, Lo, Hi float64
	// Failure encloses the largest violation probability over the instances of
	// a probabilistic claim; NaN elsewhere.
	FailLo, FailHi float64
	// Inside and Instances count the instances inside their hypotheses, and all.
	Inside, Instances int
	Detects           []Detect // name, kind and size of each
	// Row is the number of the line in the file, from 1; 0 for a line that was not read.
	Row int
}

const baselineHeader = "# convergo baseline 2"

// NewBaseline takes the state of a run. The intervals are computed from the
// run's records at the level that makes a later comparison honest.
func NewBaseline(rec *Records, alpha float64) (*Baseline, error) {
	s, err := Summarize(rec)
	if err != nil {
		return nil, err
	}
	return newBaseline(rec, s, alpha)
}

// newBaseline is NewBaseline for a run that is judged already.
func newBaseline(rec *Records, s *Summary, alpha float64) (*Baseline, error) {
	if !(alpha > 0 && alpha < 1) {
		return nil, fmt.Errorf("alpha is %v: it must lie between 0 and 1", alpha)
	}
	if len(s.Gaps) > 0 {
		return nil, fmt.Errorf("%s is unfinished (%s): resume it before it becomes a baseline", rec.Dir, s.Gaps[0])
	}
	b := &Baseline{Alpha: alpha, Seed: rec.Manifest.Seed, Profile: rec.Manifest.Profile.Name, Engine: rec.Manifest.Version, Code: rec.Manifest.Code,
		Share: float64(rec.Manifest.Alpha) / 2 / float64(max(rec.Manifest.Units, 1))}
	for _, c := range s.Claims {
		form, err := formByName(c.Info.Form)
		if err != nil {
			return nil, fmt.Errorf("claim %s: %w", c.Info.ID, err)
		}
		b.Lines = append(b.Lines, baselineLine(rec, c, form, alpha/float64(len(s.Claims))))
		if c.Bad() {
			b.Bad = append(b.Bad, fmt.Sprintf("%s: %s", c.Info.ID, strings.Join(badReasons(c), "; ")))
		}
	}
	sort.Slice(b.Lines, func(i, j int) bool { return b.Lines[i].Claim < b.Lines[j].Claim })
	return b, nil
}

// baselineLine summarises a claim at the level alpha of one comparison. The
// least of several medians is enclosed when each of them is.
func baselineLine(rec *Records, c ClaimOutcome, form Form, alpha float64) BaselineLine {
	l := BaselineLine{
		Claim: c.Info.ID, Version: c.Info.Version, Verdict: c.Verdict,
		Slack: math.NaN(), Lo: math.NaN(), Hi: math.NaN(), FailLo: math.NaN(), FailHi: math.NaN(),
	}
	for _, k := range c.Controls {
		l.Controls += len(k.Instances)
		for _, o := range k.Instances {
			if o.Result.Caught {
				l.Caught++
			}
		}
	}
	l.Instances, l.Detects = len(c.Instances), c.Detects
	for _, o := range c.Instances {
		if o.Inside {
			l.Inside++
		}
	}
	inside := l.Inside
	for _, o := range c.Instances {
		r := o.Result
		l.Trials += r.Trials
		if !o.Inside || math.IsNaN(float64(r.SlackMedian)) {
			continue
		}
		// A false alarm needs one of the two runs' intervals to miss.
		lo, hi := slackAt(rec.Units[o.Key], form, r, alpha/2/float64(inside))
		l.Slack, l.Lo, l.Hi = minNaN(l.Slack, float64(r.SlackMedian)), minNaN(l.Lo, lo), minNaN(l.Hi, hi)
		if !math.IsNaN(float64(r.Estimate)) && !form.pooled() {
			flo, fhi := failureInterval(r, alpha/2/float64(inside))
			l.FailLo, l.FailHi = maxNaN(l.FailLo, flo), maxNaN(l.FailHi, fhi)
		}
	}
	return l
}

// slackAt encloses an instance's slack at confidence 1-alpha. Forms that judge
// all trials together have done so at the run's own level, which is stricter.
func slackAt(u *Unit, form Form, r Result, alpha float64) (lo, hi float64) {
	if form.pooled() {
		return float64(r.SlackInterval[0]), float64(r.SlackInterval[1])
	}
	var slacks []float64
	fixed := true
	for i, m := range u.Trials {
		if u.Status[i].heard() {
			slacks = append(slacks, m.Slack())
			fixed = fixed && m.fixed
		}
	}
	i := slackInterval(slacks, fixed, alpha)
	return float64(i[0]), float64(i[1])
}

func minNaN(a, b float64) float64 {
	if math.IsNaN(a) || b < a {
		return b
	}
	return a
}

func maxNaN(a, b float64) float64 {
	if math.IsNaN(a) || b > a {
		return b
	}
	return a
}

// Write writes the baseline in its text form.
func (b *Baseline) Write(w io.Writer) error {
	var out bytes.Buffer
	fmt.Fprintln(&out, baselineHeader)
	fmt.Fprintf(&out, "# alpha=%v seed=%d profile=%s engine=%s code=%s share=%v\n", b.Alpha, b.Seed, b.Profile, b.Engine, orDash(b.Code), b.Share)
	fmt.Fprintln(&out, "# claim version verdict controls inside trials slack [low,high] failures [low,high] detects")
	for _, l := range b.Lines {
		fmt.Fprintf(&out, "%s v%d %s %d/%d %d/%d %d %s [%s,%s] [%s,%s] %s\n", l.Claim, l.Version, l.Verdict, l.Caught, l.Controls, l.Inside, l.Instances, l.Trials,
			six(l.Slack, 0), six(l.Lo, -1), six(l.Hi, 1), six(l.FailLo, -1), six(l.FailHi, 1), formatDetects(l.Detects))
	}
	_, err := w.Write(out.Bytes())
	return err
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// six prints six digits, rounded towards the given side so that an interval
// stays one.
func six(v float64, side int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) || v == 0 || side == 0 {
		return strconv.FormatFloat(v, 'g', 6, 64)
	}
	s := strconv.FormatFloat(v, 'g', 6, 64)
	back, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	if side < 0 && back > v || side > 0 && back < v {
		ulp := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-5)
		s = strconv.FormatFloat(back+float64(side)*ulp, 'g', 6, 64)
	}
	return s
}

// ParseBaseline reads a baseline; name is for its errors.
func ParseBaseline(name string, r io.Reader) (*Baseline, error) {
	b := &Baseline{Name: name}
	sc := bufio.NewScanner(r)
	for n := 1; sc.Scan(); n++ {
		text := strings.TrimSpace(sc.Text())
		err := b.parseLine(n, text)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(b.Lines) == 0 {
		return nil, fmt.Errorf("%s: no claims in it: write one with 'convergo baseline write'", name)
	}
	return b, nil
}

func (b *Baseline) parseLine(n int, text string) error {
	switch {
	case n == 1 && text != baselineHeader:
		return fmt.Errorf("not a baseline: the first line must read %q", baselineHeader)
	case n == 2:
		return b.parseSettings(text)
	case text == "" || strings.HasPrefix(text, "#"):
		return nil
	}
	l, err := parseBaselineLine(text)
	if err != nil {
		return err
	}
	if k := len(b.Lines); k > 0 && b.Lines[k-1].Claim >= l.Claim {
		return fmt.Errorf("claim %s follows %s: the lines must be sorted, each claim once", l.Claim, b.Lines[k-1].Claim)
	}
	l.Row = n
	b.Lines = append(b.Lines, l)
	return nil
}

// Restrict leaves only the claims that [Select] chooses by the patterns, so that
// a run of them alone misses none; no pattern leaves all.
func (b *Baseline) Restrict(patterns []string) {
	if len(patterns) == 0 {
		return
	}
	b.Lines = slices.DeleteFunc(b.Lines, func(l BaselineLine) bool {
		info := Info{ID: l.Claim, Source: sourceOf(l.Claim)}
		return !slices.ContainsFunc(patterns, func(p string) bool { return matches(p, info) })
	})
}

func (b *Baseline) parseSettings(text string) error {
	got := map[string]string{}
	for _, f := range strings.Fields(strings.TrimPrefix(text, "#")) {
		k, v, _ := strings.Cut(f, "=")
		got[k] = v
	}
	var err1, err2 error
	b.Alpha, err1 = strconv.ParseFloat(got["alpha"], 64)
	b.Seed, err2 = strconv.ParseUint(got["seed"], 10, 64)
	b.Profile, b.Engine, b.Code = got["profile"], got["engine"], got["code"]
	if share, ok := got["share"]; ok {
		var err error
		if b.Share, err = strconv.ParseFloat(share, 64); err != nil || !(b.Share >= 0 && b.Share < 1) {
			return fmt.Errorf("share %q must be a level of one instance", share)
		}
	}
	if err1 != nil || err2 != nil || b.Profile == "" || b.Engine == "" || !(b.Alpha > 0 && b.Alpha < 1) {
		return errors.New("the second line must give alpha, seed, profile, engine and code, as key=value")
	}
	return nil
}

func parseBaselineLine(text string) (BaselineLine, error) {
	var l BaselineLine
	f := strings.Fields(text)
	if len(f) != 10 {
		return l, fmt.Errorf("%d fields where 10 are expected: claim version verdict controls inside trials slack [low,high] [low,high] detects", len(f))
	}
	l.Claim, l.Verdict = f[0], Verdict(f[2])
	if !claimID.MatchString(l.Claim) {
		return l, fmt.Errorf("%q is no claim ID", l.Claim)
	}
	if l.Verdict.badness() == 0 && l.Verdict != Vacuous {
		return l, fmt.Errorf("%q is no verdict", f[2])
	}
	caught, controls, _ := strings.Cut(f[3], "/")
	inside, instances, _ := strings.Cut(f[4], "/")
	var errs [10]error
	l.Version, errs[0] = strconv.Atoi(strings.TrimPrefix(f[1], "v"))
	l.Caught, errs[1] = strconv.Atoi(caught)
	l.Controls, errs[2] = strconv.Atoi(controls)
	l.Inside, errs[3] = strconv.Atoi(inside)
	l.Instances, errs[4] = strconv.Atoi(instances)
	l.Trials, errs[5] = strconv.Atoi(f[5])
	l.Slack, errs[6] = strconv.ParseFloat(f[6], 64)
	l.Lo, l.Hi, errs[7] = parseInterval(f[7])
	l.FailLo, l.FailHi, errs[8] = parseInterval(f[8])
	l.Detects, errs[9] = parseDetects(f[9])
	if err := errors.Join(errs[:]...); err != nil {
		return l, err
	}
	if l.Caught < 0 || l.Caught > l.Controls || l.Inside < 0 || l.Inside > l.Instances || l.Trials < 0 {
		return l, fmt.Errorf("controls %s, instances %s and trials %s cannot be", f[3], f[4], f[5])
	}
	return l, nil
}

func parseInterval(s string) (lo, hi float64, err error) {
	inner, ok := strings.CutPrefix(s, "[")
	inner, ok2 := strings.CutSuffix(inner, "]")
	a, b, ok3 := strings.Cut(inner, ",")
	if !ok || !ok2 || !ok3 {
		return 0, 0, fmt.Errorf("%q is no interval: write [low,high]", s)
	}
	lo, err1 := strconv.ParseFloat(a, 64)
	hi, err2 := strconv.ParseFloat(b, 64)
	if err := errors.Join(err1, err2); err != nil {
		return 0, 0, err
	}
	if lo > hi {
		return 0, 0, fmt.Errorf("%q is no interval: its ends are exchanged", s)
	}
	return lo, hi, nil
}
