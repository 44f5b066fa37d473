package checks

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"

	"pgregory.net/rapid"
)

// Version names the engine's rules for streams, forms and records. Records of
// another version are refused rather than misread.
const Version = "2"

// Basis says where the constant of a claim comes from.
type Basis string

const (
	Stated   Basis = "stated"   // in the source
	Derived  Basis = "derived"  // by us, with a proof sketch in the claim's doc comment
	Fitted   Basis = "fitted"   // to the runs at hand
	Recalled Basis = "recalled" // from memory of the source; never refuted
)

// refutable reports whether a violated claim of this basis may be called
// refuted: a constant that we fitted or only recall says nothing about the
// source.
func (b Basis) refutable() bool { return b == Stated || b == Derived }

// A Claim is one checkable statement of a source. P holds the parameters that
// "for all" ranges over; it must be a plain struct that survives a round trip
// through JSON, because witnesses and records store it so.
type Claim[P any] struct {
	ID         string // stable, "source/name": lower-case letters, digits and hyphens
	Title      string // a few words for tables
	Reference  string // where it is stated, such as "Lemma 3.1"
	Formula    string // the conclusion in LaTeX, without dollar signs
	Statement  string // the whole statement: setting, hypotheses, conclusion, constants
	Convention string // normalisation: scaling, loss, initialisation
	Basis      Basis
	Form       Form
	Along      string // Scaling and Bounded: what the ladder climbs, with LaTeX between dollar signs, such as "width $m$"
	Version    int    // raise it when the statement, its constants or its grid change

	// Space draws parameters for the search; nil means the claim is checked on
	// its grid alone.
	Space *rapid.Generator[P]
	// Grid lists representative parameters for tables, cheapest first.
	Grid []P
	// OnData returns further parameters for a user's own data set, or is nil
	// when the data of the claim cannot be the user's.
	OnData func(DataFile) []P
	// Cost states what an instance costs before it is built; nil means little.
	Cost func(P) Cost
	// Setup computes what one instance needs once: data, limit kernel,
	// hypotheses, predictions.
	Setup func(P) (Instance, error)
	// Controls are sabotaged variants that must be refuted.
	Controls []Control[P]
	// Constants are those that act before the trial, see [Constant].
	Constants []Constant[P]
	// Detects declares, by the name of a part or constant, how small an error
	// the claim finds, where that is more than the default: 1.25 for a bound,
	// 1.01 for an identity on every draw, 2 for a Constant, a shift of 0.1 for an
	// exponent. The statement says why, in a paragraph that begins with "Loose:".
	// A claim that finds less than it declares is unfit.
	Detects map[string]float64
	// Near returns parameters close to p, for the local search around the
	// instance where the claim is tightest; nil means no local search.
	Near func(p P, r *rand.Rand) P
	file string // where the claim is written, see Documented
	line int

	// Outside asks for trials on instances that fail their hypotheses too. They
	// never count towards the verdict; the report shows them apart.
	Outside bool
}

// A Control is a sabotaged variant of a claim: a broken hypothesis or a
// strengthened bound. It must be refuted at every one of its parameters.
type Control[P any] struct {
	Name string // lower-case letters, digits and hyphens
	Why  string // what is sabotaged, and why that must show
	At   []P    // where it fails with near certainty
	// Setup is the sabotaged setup; nil means the claim's own, so that the
	// sabotage lies in the parameters.
	Setup func(P) (Instance, error)
	// Printed is set where the sabotaged claim is what the source itself says,
	// read there and found false: the place and the statement, in a line, with
	// LaTeX mathematics between dollar signs. The claim then is what holds in its place, and both are in the table of errata.
	Printed string
}

// An Instance is one value of a claim's parameters with all that its trials
// share.
type Instance struct {
	Hypotheses []Hypothesis // of the theorem, on this instance
	Facts      []Fact       // numbers worth a row in the report
	Terms      Terms        // what the form needs to know
	Trivial    string       // non-empty: why the bound says nothing here
	Trial      Trial
}

// A Trial is one draw from the theorem's law. It must take all its randomness
// from the stream and be safe for concurrent use.
type Trial func(*rand.Rand) Measurement

// Terms are the numbers that a form needs beside the measurements. Each form
// documents which of them it reads.
type Terms struct {
	Trials     int       `json:"trials,omitempty"`     // wanted number of trials; 0 leaves it to the profile
	Delta      Float     `json:"delta,omitempty"`      // Probably: allowed probability of a violation
	Range      *[2]Float `json:"range,omitempty"`      // Mean: known bounds of the variable
	Deviation  Float     `json:"deviation,omitempty"`  // Mean: known bound on the standard deviation of the variable
	Resolution Float     `json:"resolution,omitempty"` // Mean (relative), Scaling and Bounded (exponent), Threshold (factor)
	Exponent   Float     `json:"exponent,omitempty"`   // Scaling: predicted slope
	Relation   Relation  `json:"relation,omitempty"`   // Scaling, Threshold: of observation to prediction
	Location   Float     `json:"location,omitempty"`   // Threshold: predicted crossing
	Decreasing bool      `json:"decreasing,omitempty"` // Threshold: success gets rarer as the quantity grows
	Level      Float     `json:"level,omitempty"`      // Threshold: success probability at the crossing
	Response   string    `json:"response,omitempty"`   // Scaling, Bounded: "geometric" (default), "mean" or "median" over trials
	FitRungs   int       `json:"fit_rungs,omitempty"`  // Bounded: rungs that the constant is fitted on
	Along      string    `json:"along,omitempty"`      // Scaling, Bounded: what this ladder climbs, where the claim has several
}

// A Fact is a named number of an instance, such as λ₀ or a required width.
type Fact struct {
	Name  string `json:"name"`
	Value Float  `json:"value"`
}

// NewFact names a number of an instance.
func NewFact(name string, value float64) Fact { return Fact{Name: name, Value: Float(value)} }

// Cost is the price of an instance. Work counts floating-point operations, not
// seconds, so that what a profile leaves out is the same on any machine.
type Cost struct {
	Setup float64 // operations of Setup
	Trial float64 // operations of one trial
	Bytes float64 // memory of one trial
	Size  string  // what makes it dear, such as "m=21000000"
}

// Info is a claim without its parameters' type: what a listing shows.
type Info struct {
	ID         string           `json:"id"`
	Title      string           `json:"title"`
	Reference  string           `json:"reference"`
	Formula    string           `json:"formula,omitempty"`
	Along      string           `json:"along,omitempty"`
	Statement  string           `json:"statement,omitempty"`
	Convention string           `json:"convention,omitempty"`
	Form       string           `json:"form"`
	Basis      Basis            `json:"basis"`
	Version    int              `json:"version"`
	Source     string           `json:"source"`
	File       string           `json:"file,omitempty"` // where the claim is written
	Line       int              `json:"line,omitempty"`
	OnData     bool             `json:"on_data,omitempty"`
	Searched   bool             `json:"searched"`
	Controls   []ControlInfo    `json:"controls"`
	Constants  []ConstantInfo   `json:"constants,omitempty"`
	Detects    map[string]Float `json:"detects,omitempty"` // declared, where not the default
	Loose      string           `json:"loose,omitempty"`   // why an error must be larger to be found
}

// ControlInfo describes a control in a listing.
type ControlInfo struct {
	Name    string `json:"name"`
	Why     string `json:"why"`
	Printed string `json:"printed,omitempty"` // see [Control]
}

// Checkable is a [Claim] of any parameter type.
type Checkable interface {
	Info() Info
	// Validate reports what is missing from or malformed in the claim.
	Validate() error
	// Documented returns the claim with its statement and the place in the
	// source where it is written; both serve reports alone.
	Documented(statement, file string, line int) Checkable

	units(files []DataFile) ([]unit, error)
	searcher() searcher
	rebuild(control string, params json.RawMessage) (Instance, error)
}

// Info describes the claim.
func (c Claim[P]) Info() Info {
	info := Info{
		ID: c.ID, Title: c.Title, Reference: c.Reference, Formula: c.Formula, Along: c.Along,
		Statement: c.Statement, Convention: c.Convention, Basis: c.Basis,
		File: c.file, Line: c.line,
		Version: c.Version, Source: sourceOf(c.ID), OnData: c.OnData != nil, Searched: c.Space != nil,
	}
	if c.Form != nil {
		info.Form = c.Form.Name()
	}
	for _, k := range c.Controls {
		info.Controls = append(info.Controls, ControlInfo{Name: k.Name, Why: k.Why, Printed: k.Printed})
	}
	for _, k := range c.Constants {
		info.Constants = append(info.Constants, ConstantInfo{Name: k.Name, Why: k.Why, Factors: k.Factors})
	}
	for name, v := range c.Detects {
		if info.Detects == nil {
			info.Detects = map[string]Float{}
		}
		info.Detects[name] = Float(v)
	}
	info.Loose = looseness(c.Statement)
	return info
}

// Documented returns the claim with its statement and the place where it is
// written.
func (c Claim[P]) Documented(statement, file string, line int) Checkable {
	if c.Statement == "" {
		c.Statement = statement
	}
	c.file, c.line = file, line
	return c
}

var (
	claimID   = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*/[a-z0-9]+(-[a-z0-9]+)*$`)
	plainName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
)

// Validate reports what is missing from or malformed in the claim.
func (c Claim[P]) Validate() error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("claim %q: %s", c.ID, fmt.Sprintf(format, args...))
	}
	switch {
	case !claimID.MatchString(c.ID):
		return fail("the ID must read source/name in lower-case letters, digits and hyphens")
	case c.Form == nil:
		return fail("no form: set Form, for instance checks.Always{}")
	case c.Basis == "":
		return fail("no basis: say whether the constant is stated, derived or fitted")
	case c.Setup == nil:
		return fail("no Setup")
	case len(c.Grid) == 0 && c.Space == nil:
		return fail("neither Grid nor Space: there is nothing to check it on")
	case c.Along == "" && growing(c.Form):
		return fail("no Along: name what its ladder climbs, for instance \"width $m$\"")
	case len(c.Controls) == 0:
		return fail("no control: a check that cannot fail is no check")
	}
	names := map[string]bool{}
	for _, k := range c.Controls {
		switch {
		case !plainName.MatchString(k.Name):
			return fail("control %q: the name must be lower-case letters, digits and hyphens", k.Name)
		case names[k.Name]:
			return fail("two controls are named %q", k.Name)
		case len(k.At) == 0:
			return fail("control %q: no parameters in At", k.Name)
		}
		names[k.Name] = true
	}
	if err := c.validateParams(); err != nil {
		return fail("%v", err)
	}
	for _, k := range c.Constants {
		if err := k.validate(names); err != nil {
			return fail("%v", err)
		}
	}
	for name, v := range c.Detects {
		if !(v > 0) || math.IsInf(v, 0) {
			return fail("Detects[%q] is %v: declare a factor above 1, or a positive shift of an exponent", name, v)
		}
	}
	if len(c.Detects) > 0 && c.Statement != "" && looseness(c.Statement) == "" {
		return fail("it declares what it detects, but its statement has no paragraph \"Loose:\" that says why")
	}
	return nil
}

func sourceOf(id string) string {
	for i, r := range id {
		if r == '/' {
			return id[:i]
		}
	}
	return id
}

// A unit is one instance of a claim, or of one of its controls, to be run.
type unit struct {
	claim   Info
	form    Form
	control string // empty for the claim itself
	params  json.RawMessage
	cost    Cost
	outside bool
	file    string // digest of the user's file that it is on, if it is on one
	setup   func() (Instance, error)
}

// label names the law of the unit for its streams.
func (u unit) label() string { return lawLabel(u.claim.ID, u.control) }

func lawLabel(claim, control string) string {
	if control == "" {
		return claim
	}
	return claim + "!" + control
}

func (c Claim[P]) units(files []DataFile) ([]unit, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	grid, digests := c.Grid, make([]string, len(c.Grid))
	if c.OnData != nil {
		for _, f := range files {
			own := c.OnData(f)
			grid = append(grid[:len(grid):len(grid)], own...)
			digests = append(digests, slices.Repeat([]string{f.SHA256}, len(own))...)
		}
	}
	var us []unit
	add := func(control string, p P, cost func(P) Cost, setup func(P) (Instance, error)) error {
		params, err := json.Marshal(p)
		if err != nil {
			return fmt.Errorf("claim %s: parameters do not fit JSON: %w", c.ID, err)
		}
		u := unit{claim: c.Info(), form: c.Form, control: control, params: params, outside: c.Outside}
		if cost != nil {
			u.cost = cost(p)
		}
		u.setup = func() (Instance, error) { return guardSetup(setup, p) }
		us = append(us, u)
		return nil
	}
	for i, p := range grid {
		if err := add("", p, c.Cost, c.Setup); err != nil {
			return nil, err
		}
		us[i].file = digests[i]
	}
	for _, k := range c.Controls {
		for _, p := range k.At {
			if err := add(k.Name, p, c.Cost, k.setupOr(c.Setup)); err != nil {
				return nil, err
			}
		}
	}
	for _, k := range c.Constants {
		for _, p := range k.At {
			for _, f := range k.Factors {
				if err := add(constantMark+k.Name, p, k.costOr(c.Cost, f), k.scaledBy(f)); err != nil {
					return nil, err
				}
			}
		}
	}
	return us, nil
}

func (k Control[P]) setupOr(setup func(P) (Instance, error)) func(P) (Instance, error) {
	if k.Setup != nil {
		return k.Setup
	}
	return setup
}

// rebuild sets an instance up again from its stored parameters.
func (c Claim[P]) rebuild(control string, params json.RawMessage) (Instance, error) {
	var p P
	if err := json.Unmarshal(params, &p); err != nil {
		return Instance{}, fmt.Errorf("parameters of %s: %w", c.ID, err)
	}
	if control == "" {
		return guardSetup(c.Setup, p)
	}
	for _, k := range c.Controls {
		if k.Name == control {
			return guardSetup(k.setupOr(c.Setup), p)
		}
	}
	return Instance{}, fmt.Errorf("claim %s has no control %q; it has %v", c.ID, control, c.controlNames())
}

func (c Claim[P]) controlNames() []string {
	var names []string
	for _, k := range c.Controls {
		names = append(names, k.Name)
	}
	return names
}

var errPanic = errors.New("panicked")

// guardSetup turns a panic in Setup into an error: one broken claim must not
// take down a run of two hundred.
func guardSetup[P any](setup func(P) (Instance, error), p P) (inst Instance, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("setup %w: %v", errPanic, r)
		}
	}()
	inst, err = setup(p)
	if err == nil && inst.Trial == nil && inst.Trivial == "" && met(inst.Hypotheses) {
		err = errors.New("setup returned no Trial")
	}
	if err == nil {
		err = inst.senseless()
	}
	return inst, err
}

// draw runs one trial of a form on its stream. It turns a panic into a failed
// measurement and notes whether the trial was random at all.
func draw(form Form, t Trial, seed uint64, law string, params []byte, trial int) (m Measurement) {
	source := streamSource(seed, law, params, trial)
	defer func() {
		if p := recover(); p != nil {
			m = Measurement{Err: fmt.Errorf("trial %w: %v", errPanic, p)}
		}
		m.fixed = !source.used
		if trial > 0 {
			m.Series = nil // records keep the first trial's; the curves of all would fill the memory
		}
	}()
	if t == nil {
		return Measurement{Err: errors.New("the instance has no Trial")}
	}
	m = t(rand.New(source))
	if err := m.senseless(); err != nil && m.Err == nil {
		m.Err = err
	}
	if len(m.Ladder) > 0 && !climbs(form) {
		m = Failed(fmt.Errorf("the trial measures a ladder, which the form %s does not read: use scaling, bounded or threshold, or give Observed and Predicted", form.Name()))
	}
	return m
}

// A Source is a paper with its claims, in the order of the paper.
type Source struct {
	Key     string // also the first half of its claims' IDs
	Title   string
	Authors string
	Year    int
	BibTeX  string
	About   string // what the source claims, in a paragraph or two; by Document from the package's comment
	Claims  []Checkable
	// Files are the Go files that state the claims, commonly an embed.FS of
	// *.go beside them, for Document. Without them a claim states itself in
	// Statement, and records do not tell whether its code has changed.
	Files  fs.FS
	Digest string // of the code, by Document
	Tables []SourceTable
}
