package theorems

import (
	"embed"
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/train"
	"convergo/theorems/internal/twolayer"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

//go:embed width.go
var study embed.FS

// Names of the facts that the width study records, for the reports that read
// them. A requirement's width is under FactRequirement + its name, the
// exponents of n, 1/λ₀ and 1/δ under that and one of the suffixes.
const (
	FactSamples     = "n"
	FactLambda0     = "lambda_0"
	FactSpectral    = "S"
	FactSteps       = "steps"
	FactRequirement = "required width: "
	SuffixN         = " (exponent of n)"
	SuffixLambda0   = " (exponent of 1/lambda_0)"
	SuffixDelta     = " (exponent of 1/delta)"
)

// A Study is one instance of the width study: data, failure probability and
// horizon.
type Study struct {
	Data data.Spec `json:"data"`
	// Delta is the allowed failure probability: the width sought is where
	// training succeeds with probability 1-Delta.
	Delta float64 `json:"delta"`
	// Shrink ends a run once the squared error has fallen to this share of its
	// initial value.
	Shrink float64 `json:"shrink"`
	Trials int     `json:"trials"`
}

// studyShrink lets the claimed rate act over three decades of the squared error.
const studyShrink = 1e-3

// StudyPlan says what a width study covers.
type StudyPlan struct {
	Sizes  []int // ladder of n on the sphere
	Images int   // largest n of the ladder for images, whose λ₀ is small
	Seps   []float64
	Delta  float64
	Trials int
	Seeds  int // data sets per point
	// Data, if not nil, is a file of the user: its samples alone are studied, at the sizes that it has.
	Data *checks.DataFile
}

func (p StudyPlan) point(d data.Spec) Study {
	return Study{Data: d, Delta: p.Delta, Shrink: studyShrink, Trials: p.Trials}
}

// DefaultStudy is what "convergo width" runs unless told otherwise. Its closest
// pairs stay at distances where few neurons suffice. Closer pairs with opposite
// labels make weights move farther than the pair is apart: training leaves the
// lazy regime, and the claimed rate needs a thousand times the width or more,
// as --seps 0.125 shows at some length.
func DefaultStudy() StudyPlan {
	return StudyPlan{Sizes: []int{4, 8, 16, 32, 64}, Images: 16, Seps: []float64{1, 0.5, 0.35, 0.25}, Delta: 0.2, Trials: 256, Seeds: 2}
}

// WidthStudy returns the claims of the width study, one a family of data: how
// wide is wide enough, and how far are the theorems from that? It is not among
// the sources of All, since it answers a question of its own.
func WidthStudy(p StudyPlan) (checks.Source, error) {
	if len(p.Sizes) == 0 || p.Trials < 2 || p.Seeds < 1 || !(p.Delta > 0 && p.Delta < 1) {
		return checks.Source{}, fmt.Errorf("width study: it needs sizes, 0 < delta < 1 (have %v), two trials or more and a seed", p.Delta)
	}
	s := checks.Source{Key: "width-study", Title: "How wide is wide enough?", Files: study}
	if p.Data != nil {
		return p.ofFile(s)
	}
	point := p.point
	families := map[string][]Study{}
	for _, n := range p.Sizes {
		if n < 2 {
			return s, fmt.Errorf("width study: n = %d, but it takes two samples or more", n)
		}
		for seed := range uint64(p.Seeds) {
			families["sphere"] = append(families["sphere"], point(data.Spec{
				Kind: data.Sphere, N: n, D: 2 * n, Seed: seed + 1, Labels: data.Alternate, LabelScale: 1}))
		}
		for _, kind := range []string{data.MNIST, data.Fashion} {
			if n > p.Images {
				continue
			}
			families[kind] = append(families[kind], point(data.Spec{
				Kind: kind, N: n, D: 784, Classes: [2]int{3, 8}, Labels: data.Class, LabelScale: 1}))
		}
	}
	for _, sep := range p.Seps {
		for seed := range uint64(p.Seeds) {
			families["near-pair"] = append(families["near-pair"], point(data.Spec{
				Kind: data.Duplicate, N: 8, D: 16, Sep: sep, Seed: seed + 1, Labels: data.Alternate, LabelScale: 1}))
		}
	}
	for _, name := range []string{"sphere", "near-pair", data.MNIST, data.Fashion} {
		if len(families[name]) > 0 {
			s.Claims = append(s.Claims, sufficientWidth("width-study/"+name, families[name]))
		}
	}
	return checks.Document(s, "theorems", internal)
}

// studyStatement is what the claims of the study, one a family of data, say.
const studyStatement = `At the derived width gradient descent keeps the rate of Theorem 4.1 of Du et al. (2019) with probability at least 1-delta; the smallest width that does is measured.

Loose: how loose the width of the theorem is, is what the study measures.`

// sufficientWidth claims that the derived width suffices, and so
// measures the width that does.
//
// Setting: unit inputs; two-layer ReLU network with NTK scaling, first layer
// trained by gradient descent on the sum loss with step η = 0.55/S², S = ‖X‖₂.
//
// Hypotheses: λ₀ = λ_min(H^∞) > 0, certified.
//
// Conclusion: with probability at least 1-δ over the initialisation,
// ‖u(k)-y‖² <= (1-ηλ₀/2)^k ‖u(0)-y‖² at every step k until the squared error has
// fallen to 1e-3 of its start, at every width m >= m*(δ), and m* is at most the
// derived width of [bounds.ImprovedWidth]. m* is the crossing of the level 1-δ on a
// geometric ladder of widths, which a pilot on streams of its own has centred.
// The statement supposes that success is monotone in the width.
//
// Constants: derived, see [bounds.ImprovedWidth].
//
// Convention: NTK scaling, sum loss, w ~ N(0, I), a = ±1.
//
// Reference: derived here; Theorem 4.1 of Du et al. (2019) with other constants.
//
// Control: a required width of a quarter of the lowest rung of the ladder is
// claimed to suffice; the bracket of the crossing must lie above it.
func sufficientWidth(id string, grid []Study) checks.Claim[Study] {
	return checks.Claim[Study]{
		ID: id, Title: "sufficient width against the derived one", Reference: "derived here, after Theorem 4.1",
		Statement: studyStatement, Detects: map[string]float64{"": 1e30},
		Formula:    `m^*(\delta) \le \max\left(237.6\, \frac{S^2 \ln(3n/\delta)}{\lambda_0},\ 63880\, \frac{S^6 B^2}{\lambda_0^4}\right)`,
		Convention: "NTK scaling, sum loss, w ~ N(0,I), a = ±1", Basis: checks.Derived, Form: checks.Threshold{}, Version: 1,
		Grid: grid, Cost: studyCost,
		Setup: func(p Study) (checks.Instance, error) { return studySetup(p, false) },
		Controls: []checks.Control[Study]{{
			Name: "below-the-ladder", Why: "claims that a quarter of the smallest width tried suffices", At: grid[:1],
			Setup: func(p Study) (checks.Instance, error) { return studySetup(p, true) },
		}},
	}
}

// studyCost follows from the spectrum of the data and from one guess: that about
// 16 neurons suffice, whatever the data. The ladder around m0 widths adds up to
// about 29 m0, and the error falls about four times as fast as is claimed.
func studyCost(p Study) checks.Cost {
	cost := checks.Cost{Size: fmt.Sprintf("n=%d", p.Data.N)}
	run, err := newStudyRun(p)
	if err != nil || run == nil {
		return cost // Setup will say what is wrong
	}
	const width = 16
	n := float64(p.Data.N)
	training := float64(run.steps) / 4 * 4 * n * n // operations per neuron
	cost.Setup = training * 2 * width * pilotTrials
	cost.Trial = training * 29 * width
	return cost
}

// A studyRun is all that the runs of one instance share.
type studyRun struct {
	x        *mat.Dense // in coordinates of its span
	y        []float64
	lambda   float64 // λ₀
	spectral float64 // ‖X‖₂
	step     float64
	rate     float64 // of the squared error per step, as claimed
	shrink   float64
	steps    int // that the claimed rate takes to shrink the squared error so far
}

const pilotTrials = 16

// newStudyRun builds the data of an instance; nil when its λ₀ is not certified
// to be positive.
func newStudyRun(p Study) (*studyRun, error) {
	in, err := twolayer.Build(p.Data)
	if err != nil {
		return nil, err
	}
	set := in.Set
	lambda, err := kernel.ReLU().Lambda0(set.X)
	if err != nil || !lambda.OK {
		return nil, err
	}
	run := &studyRun{x: in.Span, y: set.Y, lambda: lambda.Value, spectral: data.SpectralNorm(set.X), shrink: p.Shrink}
	run.step = 0.55 / (run.spectral * run.spectral)
	run.rate = 1 - run.step*run.lambda/2
	run.steps = int(math.Ceil(math.Log(p.Shrink) / math.Log(run.rate)))
	return run, nil
}

func studySetup(p Study, sabotage bool) (checks.Instance, error) {
	run, err := newStudyRun(p)
	if err != nil {
		return checks.Instance{}, err
	}
	inst := checks.Instance{Hypotheses: []checks.Hypothesis{checks.RequireThat("λ₀ > 0 is certified", run != nil)}}
	if run == nil {
		return inst, nil
	}
	problem := bounds.Problem{
		N: len(run.y), Lambda0: run.lambda, S: run.spectral, Delta: p.Delta, LabelBound: floats.Norm(run.y, math.Inf(1)), LabelNorm: floats.Norm(run.y, 2),
	}
	inst.Facts = append([]checks.Fact{
		checks.NewFact(FactSamples, float64(problem.N)),
		checks.NewFact(FactLambda0, run.lambda),
		checks.NewFact(FactSpectral, run.spectral),
		checks.NewFact(FactSteps, float64(run.steps)),
	}, requirementFacts(problem)...)
	rungs := studyLadder(run.pilot(p))
	inst.Terms = checks.Terms{
		Trials: p.Trials, Level: checks.Float(1 - p.Delta), Relation: checks.AtMost, Location: checks.Float(bounds.ImprovedWidth(problem)),
	}
	if sabotage {
		inst.Terms.Location = checks.Float(float64(rungs[0]) / 4)
	}
	inst.Trial = func(r *rand.Rand) checks.Measurement { return run.climb(rungs, r) }
	return inst, nil
}

// climb trains one network at each width.
func (s *studyRun) climb(rungs []int, r *rand.Rand) checks.Measurement {
	var m checks.Measurement
	for _, width := range rungs {
		ok, err := s.succeeds(width, r)
		if err != nil {
			return checks.Failed(err)
		}
		rung := checks.Rung{Size: float64(width)}
		if ok {
			rung.Value = 1
		}
		m.Ladder = append(m.Ladder, rung)
	}
	return m
}

// requirementFacts records every requirement of the sources that applies to
// the problem, with its exponents.
func requirementFacts(p bounds.Problem) []checks.Fact {
	var facts []checks.Fact
	for _, r := range bounds.Requirements() {
		w := r.Width(p)
		if math.IsNaN(w) || r.Initialisation {
			continue
		}
		name := FactRequirement + r.Name
		facts = append(facts,
			checks.Fact{Name: name, Value: checks.Float(w)},
			checks.Fact{Name: name + SuffixN, Value: checks.Float(r.N)},
			checks.Fact{Name: name + SuffixLambda0, Value: checks.Float(r.InvLambda0)},
			checks.Fact{Name: name + SuffixDelta, Value: checks.Float(r.InvDelta)})
	}
	return facts
}

// pilot finds about where training begins to succeed. It draws from a stream
// of its own, so that the ladder does not depend on the trials.
func (s *studyRun) pilot(p Study) int {
	r := checks.Stream(0, "width-study/pilot", []byte(p.Data.String()), 0)
	const widest = 1 << 14
	for m := 2; m < widest; m *= 2 {
		good := 0
		for range pilotTrials {
			if ok, err := s.succeeds(m, r); err == nil && ok {
				good++
			}
		}
		if float64(good) >= (1-p.Delta)*pilotTrials {
			return m
		}
	}
	return widest
}

// studyLadder spreads widths over two octaves on either side of m0, four rungs
// an octave where whole numbers allow.
func studyLadder(m0 int) []int {
	var rungs []int
	for j := -8; j <= 8; j++ {
		m := int(math.Round(float64(m0) * math.Exp2(float64(j)/4)))
		if m >= 1 && (len(rungs) == 0 || m > rungs[len(rungs)-1]) {
			rungs = append(rungs, m)
		}
	}
	return rungs
}

// succeeds trains one network until its squared error has shrunk and reports
// whether the claimed rate held at every step.
func (s *studyRun) succeeds(width int, r *rand.Rand) (bool, error) {
	_, d := s.x.Dims()
	descent, err := train.NewDescent(nets.NTK(width, d).Draw(r), s.x, s.y, train.Options{Step: s.step})
	if err != nil {
		return false, err
	}
	const slack = 1 + 1e-9 // rounding of thousands of steps, far below one step's share of the rate
	state := descent.State()
	bound := state.Norm * state.Norm
	end := bound * s.shrink
	for range s.steps {
		descent.Step()
		bound *= s.rate
		switch now := state.Norm * state.Norm; {
		case !(now <= bound*slack): // also NaN
			return false, nil
		case now <= end:
			return true, nil
		}
	}
	return true, nil
}

// StudyWork returns the operations that a study is expected to take, and the
// number of its instances.
func StudyWork(p StudyPlan) (work float64, instances int) {
	s, err := WidthStudy(p)
	if err != nil {
		return math.NaN(), 0
	}
	for _, c := range s.Claims {
		for _, st := range c.(checks.Claim[Study]).Grid {
			cost := studyCost(st)
			work += cost.Setup + float64(st.Trials)*cost.Trial
			instances++
		}
	}
	return work, instances
}
