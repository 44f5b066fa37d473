package checks

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// A Witness is the smallest instance and trial found to violate a claim. Its
// JSON is one line, and all that [Replay] needs.
type Witness struct {
	Claim     string          `json:"claim"`
	Control   string          `json:"control,omitempty"`
	Params    json.RawMessage `json:"params"`
	Seed      uint64          `json:"seed"`
	Trial     int             `json:"trial"`
	Trials    int             `json:"trials,omitempty"` // that the judgement took, for a statistical form
	Level     Float           `json:"level,omitempty"`  // at which a statistical form refuted it
	Version   string          `json:"version"`
	Relation  Relation        `json:"relation,omitempty"`
	Observed  Float           `json:"observed"`
	Predicted Float           `json:"predicted"`
	Part      string          `json:"part,omitempty"`
	Reason    string          `json:"reason,omitempty"`
}

// newWitness names the first trial that violates, with its own numbers; a form
// that judges trials together gives those of its judgement.
func newWitness(claim string, params json.RawMessage, seed uint64, level Float, r Result) *Witness {
	w := &Witness{
		Claim: claim, Params: params, Seed: seed, Trial: max(r.FirstViolation, 0), Trials: r.Trials, Level: level, Version: Version,
		Relation: r.Relation, Observed: r.ObservedWorst, Predicted: r.Predicted, Part: r.Part, Reason: r.Reason,
	}
	if m := r.violation; m != nil && r.FirstViolation >= 0 {
		w.Relation, w.Observed, w.Predicted, w.Part = m.Relation.orDefault(), Float(m.Observed), Float(m.Predicted), m.Part
	}
	return w
}

// Witness is what shows that the instance breaks its claim or its control, nil
// where it does not; seed is that of the run.
func (o *InstanceOutcome) Witness(seed uint64) *Witness {
	if o.Result.Verdict != Refuted {
		return nil
	}
	w := newWitness(o.Key.Claim, o.Params, seed, o.refutedAt(), o.Result)
	w.Control = o.Key.Control
	return w
}

// String returns the witness as one line of JSON.
func (w *Witness) String() string {
	b, err := json.Marshal(w)
	if err != nil {
		return fmt.Sprintf("witness of %s: %v", w.Claim, err)
	}
	return string(b)
}

// ParseWitness reads a witness from its line of JSON.
func ParseWitness(line []byte) (*Witness, error) {
	w := &Witness{}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(w); err != nil {
		return nil, fmt.Errorf("not a witness: %w; give the line of JSON that verify or go test printed", err)
	}
	switch {
	case w.Claim == "" || len(w.Params) == 0:
		return nil, fmt.Errorf("not a witness: it lacks the claim or its parameters")
	case w.Trial < 0 || w.Trials < 0:
		return nil, fmt.Errorf("not a witness: trial %d of %d", w.Trial, w.Trials)
	case w.Version != Version:
		return nil, fmt.Errorf("the witness is of record version %q, this program replays version %s: streams may differ", w.Version, Version)
	}
	return w, nil
}

// level is that of the decision; a control is replayed without one, and any
// small level does.
func (w *Witness) level() float64 {
	if w.Level > 0 && w.Level < 1 {
		return float64(w.Level)
	}
	return 1e-6
}

// A Rerun is what Replay saw.
type Rerun struct {
	Instance    Instance
	Measurement Measurement // of the witness's trial
	Result      Result      // of all its trials, when the witness needed several
	Reproduced  bool
}

// Replay runs a witness again: its one trial, and for a statistical form all
// the trials that its judgement took.
func Replay(c Checkable, w *Witness) (*Rerun, error) {
	form, err := formByName(c.Info().Form)
	if err != nil {
		return nil, err
	}
	inst, err := c.rebuild(w.Control, w.Params)
	if err != nil {
		return nil, err
	}
	if inst.Trial == nil {
		return nil, fmt.Errorf("claim %s at %s has nothing to run: %s", w.Claim, w.Params, inst.Trivial)
	}
	// The stream hangs on the bytes of the parameters; spaces must not matter.
	var params bytes.Buffer
	if err := json.Compact(&params, w.Params); err != nil {
		return nil, fmt.Errorf("parameters of the witness: %w", err)
	}
	trial := func(i int) Measurement {
		return draw(form, inst.Trial, w.Seed, lawLabel(w.Claim, w.Control), params.Bytes(), i)
	}
	re := &Rerun{Instance: inst, Measurement: trial(w.Trial)}
	if re.Measurement.Err != nil {
		return re, re.Measurement.Err
	}
	status := (&UnitRecord{Hypotheses: inst.Hypotheses}).status(unit{form: form, control: w.Control})
	n := max(w.Trials, w.Trial+1)
	j := form.judge(inst.Terms, w.level())
	for i := 0; i < n && !j.done(); i++ {
		m := trial(i)
		j.add(m, status(m))
	}
	re.Result = j.result()
	re.Reproduced = status(re.Measurement) == Violated || re.Result.Caught
	if form.pooled() {
		re.Reproduced = re.Result.Caught
	}
	return re, nil
}
