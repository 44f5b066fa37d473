package report

import (
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"slices"
	"strings"
	"unicode"

	"convergo/checks"
	"convergo/report/table"
)

// Macros writes a LaTeX file that defines a macro for every number of the claims
// of the run, and with instances also for those of single instances, so that prose
// which uses them does not go stale.
//
// A name is \cv, the claim's ID in capitalised words, and what the number is:
// the slack of du2019/gram-chernoff is \cvDuTwoZeroOneNineGramChernoffSlack,
// digits being spelt out since TeX names have letters alone. Of single instances
// it is \cv, the claim, At, letters that are a digest of the instance's parameters
// alone, and the quantity: a name stays what it is when other instances come and
// go. Two claims whose names would be the same both get letters of a digest of
// their IDs.
func Macros(w io.Writer, s *checks.Summary, instances bool) error {
	m := &macros{seen: map[string]bool{}, instances: instances}
	m.comment("Numbers of a run; made by '" + Program(s.Manifest) + " report --macros'. Put \\input of this file in the preamble.")
	m.comment("Names: \\cv<Claim><Quantity>. Quantities of a claim are those of the instance with the least slack.")
	if instances {
		m.comment("Of single instances: \\cv<Claim>At<Letters><Quantity>; a comment says whose parameters the letters stand for.")
	}
	m.run(s)
	names := MacroNames(s)
	for _, c := range s.Claims {
		m.claim(names[c.Info.ID], c)
	}
	if m.err != nil {
		return m.err
	}
	_, err := io.WriteString(w, m.out.String())
	return err
}

// MacroNames returns the stem of the macros of each claim, by its ID.
func MacroNames(s *checks.Summary) map[string]string {
	byStem := map[string][]string{}
	take := func(id string) {
		if stem := macroWords(id); !slices.Contains(byStem[stem], id) {
			byStem[stem] = append(byStem[stem], id)
		}
	}
	for _, i := range s.Manifest.Claims { // all of the run, also where few are chosen
		take(i.ID)
	}
	for _, c := range s.Claims {
		take(c.Info.ID)
	}
	names := map[string]string{}
	for stem, ids := range byStem {
		for _, id := range ids {
			names[id] = "cv" + stem
			if len(ids) > 1 {
				names[id] += digestLetters(id)
			}
		}
	}
	return names
}

var digitWords = [...]string{"Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"}

// macroWords writes a name in capitalised words of letters.
func macroWords(s string) string {
	var b strings.Builder
	capital := true
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			b.WriteString(digitWords[r-'0'])
			capital = true
		case r < unicode.MaxASCII && unicode.IsLetter(r):
			if capital {
				r = unicode.ToUpper(r)
			}
			b.WriteRune(r)
			capital = false
		default:
			capital = true
		}
	}
	return b.String()
}

// digestLetters are a name for a text: a capital and lower case letters, more than
// a run has instances by far.
func digestLetters(text string) string {
	h := fnv.New64a()
	h.Write([]byte(text))
	sum := h.Sum64()
	const letters = 6
	b := make([]byte, letters)
	for i := range b {
		b[i] = 'a' + byte(sum%26)
		sum /= 26
	}
	b[0] -= 'a' - 'A'
	return string(b)
}

type macros struct {
	out  strings.Builder
	seen map[string]bool
	err  error

	instances bool // those of single instances too
}

func (m *macros) comment(s string) {
	fmt.Fprintf(&m.out, "%% %s\n", strings.Join(strings.Fields(s), " "))
}

// define writes one macro. A name already taken is left out: that of the first
// quantity of two with equal letters stays.
func (m *macros) define(name string, c table.Cell) {
	if c == nil || kindOf(c) == 2 || m.seen[name] {
		return
	}
	tex, err := table.InTeX(c)
	if err != nil && m.err == nil {
		m.err = fmt.Errorf("macro \\%s: %w", name, err)
	}
	m.seen[name] = true
	// Formulas stand in text and in mathematics alike.
	if strings.HasPrefix(tex, "$") && strings.HasSuffix(tex, "$") && strings.Count(tex, "$") == 2 {
		tex = `\ensuremath{` + strings.Trim(tex, "$") + "}"
	}
	fmt.Fprintf(&m.out, "\\newcommand{\\%s}{%s}\n", name, tex)
}

func (m *macros) run(s *checks.Summary) {
	counts := map[checks.Verdict]int{}
	instances, trials := 0, 0
	for _, c := range s.Claims {
		counts[c.Verdict]++
		instances += len(c.Instances)
		trials += claimTrials(c)
	}
	m.define("cvRunAlpha", table.Exact(float64(s.Manifest.Alpha)))
	m.define("cvRunSeed", table.Text(fmt.Sprint(s.Manifest.Seed)))
	m.define("cvRunProfile", table.Text(s.Manifest.Profile.Name))
	m.define("cvRunClaims", table.Count(len(s.Claims)))
	m.define("cvRunInstances", table.Count(instances))
	m.define("cvRunTrials", table.Count(trials))
	for _, v := range []checks.Verdict{checks.Holds, checks.Refuted, checks.Undecided, checks.Vacuous} {
		m.define("cvRun"+macroWords(strings.ToLower(string(v))), table.Count(counts[v]))
	}
}

func (m *macros) claim(name string, c checks.ClaimOutcome) {
	m.comment(c.Info.ID + ": " + c.Info.Title)
	m.define(name+"Verdict", table.Text(c.Verdict))
	inside, _ := counts(c)
	m.define(name+"Inside", table.Count(inside))
	m.define(name+"Instances", table.Count(len(c.Instances)))
	m.define(name+"Trials", table.Count(claimTrials(c)))
	if tight := Tightest(c); tight != nil {
		m.numbers(name, tight.Result)
	}
	_, violated, _ := violations(c)
	m.define(name+"Violations", violated)
	required, derived, run, ratio := widths(c)
	m.define(name+"RequiredWidth", required)
	m.define(name+"DerivedWidth", derived)
	m.define(name+"WidthRun", run)
	m.define(name+"WidthRatio", ratio)
	if !m.instances {
		return
	}
	for _, o := range c.Instances {
		m.instance(name, o)
	}
	for _, k := range c.Controls {
		for _, o := range k.Instances {
			m.instance(name+"Control"+macroWords(k.Name), o)
		}
	}
}

func (m *macros) numbers(name string, r checks.Result) {
	m.define(name+"Slack", slackCell(r.SlackWorst))
	m.define(name+"MedianSlack", medianSlack(r))
	m.define(name+"Predicted", number(r.Predicted))
	m.define(name+"Observed", number(r.ObservedWorst))
	m.define(name+"MedianObserved", number(r.ObservedMedian))
	if math.IsNaN(float64(r.Estimate)) {
		return
	}
	m.define(name+"Estimate", number(r.Estimate))
	m.define(name+"EstimateLow", number(r.Interval[0]))
	m.define(name+"EstimateHigh", number(r.Interval[1]))
	m.define(name+"EstimateInterval", estimate(r))
}

func (m *macros) instance(name string, o checks.InstanceOutcome) {
	letters := digestLetters(string(o.Params))
	name += "At" + letters
	m.comment(letters + ": " + Compact(o.Params))
	m.define(name+"Parameters", table.Text(Compact(o.Params)))
	for _, f := range o.Facts {
		m.define(name+macroWords(f.Name), whole(float64(f.Value)))
	}
	for _, h := range o.Hypotheses {
		m.define(name+macroWords(h.Name)+"Have", number(h.Have))
		m.define(name+macroWords(h.Name)+"Need", number(h.Need))
	}
	if o.Result.Trials == 0 {
		return
	}
	m.define(name+"Verdict", table.Text(o.Result.Verdict))
	m.define(name+"Trials", table.Count(o.Result.Trials))
	m.define(name+"Violated", table.Count(o.Result.Violated))
	m.numbers(name, o.Result)
}
