package checks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sort"
)

// Records are the lines of a run folder. A unit record opens an instance, block
// records carry its trials in order, and the last block ends it. A search
// record tells what the search over all parameters did. Each line holds its own
// checksum, so that a damaged file is noticed, not misread.

// UnitKey identifies one instance of a claim or of a control within a run.
type UnitKey struct {
	Claim   string `json:"claim"`
	Control string `json:"control,omitempty"`
	Index   int    `json:"index"` // position in the grid, or among the control's parameters
}

func (k UnitKey) String() string {
	return fmt.Sprintf("%s[%d]", lawLabel(k.Claim, k.Control), k.Index)
}

// A UnitRecord opens an instance.
type UnitRecord struct {
	UnitKey
	Params     json.RawMessage `json:"params"`
	Alpha      Float           `json:"alpha"`
	Terms      Terms           `json:"terms"`
	Hypotheses []Hypothesis    `json:"hypotheses,omitempty"`
	Facts      []Fact          `json:"facts,omitempty"`
	Work       Float           `json:"work,omitempty"` // stated cost of Setup and the planned trials
	Size       string          `json:"size,omitempty"`
	Planned    int             `json:"planned"`        // most trials it may take
	File       string          `json:"file,omitempty"` // digest of the user's file, for an instance on one
	// Skip says why no trial is run: "cost", "hypotheses", "trivial", "error", or
	// "data" where the user's file is not what the claim can use.
	Skip   string `json:"skip,omitempty"`
	Detail string `json:"detail,omitempty"`
}

// A BlockRecord carries the trials [From, From+len(Status)) of an instance, a
// column for each measured quantity. A column whose values are all the same is
// stored once.
type BlockRecord struct {
	UnitKey
	From      int      `json:"from"`
	Status    string   `json:"status"`
	Observed  []Float  `json:"obs,omitempty"`
	Predicted []Float  `json:"pred,omitempty"`
	Tolerance []Float  `json:"tol,omitempty"`
	Relation  []string `json:"rel,omitempty"`
	Term      []Float  `json:"term,omitempty"`
	Part      []string `json:"part,omitempty"`
	// Parts has each conclusion of trials with several; the columns above have
	// the one least in the claim's favour.
	Parts  []PartRecord `json:"parts,omitempty"`
	Sizes  []Float      `json:"sizes,omitempty"`  // rungs of the ladder
	Values [][]Float    `json:"values,omitempty"` // one row a trial
	Error  string       `json:"error,omitempty"`  // of the first broken trial
	Fixed  bool         `json:"fixed,omitempty"`  // no trial drew anything: they are all the same
	Series []Series     `json:"series,omitempty"` // of trial 0
	End    bool         `json:"end,omitempty"`    // no block follows
}

// A PartRecord carries one conclusion of the trials of a block, a column for
// each quantity. A trial without it has NaN for the observation.
type PartRecord struct {
	Name      string   `json:"name"`
	Observed  []Float  `json:"obs"`
	Predicted []Float  `json:"pred"`
	Term      []Float  `json:"term,omitempty"`
	Tolerance []Float  `json:"tol"`
	Relation  []string `json:"rel"`
}

// A SearchRecord tells what the search over a claim's parameters did.
type SearchRecord struct {
	Claim   string `json:"claim"`
	Planned int    `json:"planned"`
	Drawn   int    `json:"drawn"` // parameters drawn until the end or the first failure
	Met     int    `json:"met"`   // that met their hypotheses
	TooDear int    `json:"too_dear,omitempty"`
	Alpha   Float  `json:"alpha"`
	// Tightest is, constant by constant, the drawn instance at which the smallest
	// error would have been found.
	Tightest []Detect `json:"tightest,omitempty"`
	Witness  *Witness `json:"witness,omitempty"`
	Error    string   `json:"error,omitempty"`
}

// line is the envelope of a record: exactly one pointer is set.
type line struct {
	Unit   *UnitRecord   `json:"unit,omitempty"`
	Block  *BlockRecord  `json:"block,omitempty"`
	Search *SearchRecord `json:"search,omitempty"`
}

// encode writes "crc json\n". The checksum begins with the run's plan, so that a
// line of another run is noticed too.
func (l line) encode(plan string) ([]byte, error) {
	body, err := json.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("encoding a record: %w", err)
	}
	return fmt.Appendf(nil, "%s %s\n", checksum(plan, body), body), nil
}

func checksum(plan string, body []byte) string {
	return fmt.Sprintf("%08x", crc32.Update(crc32.ChecksumIEEE([]byte(plan)), crc32.IEEETable, body))
}

var errChecksum = errors.New("the checksum does not match: the line was altered after it was written, or is of another run")

// decodeLine reads a line, without its end, of a run with this plan.
func decodeLine(b []byte, plan string) (line, error) {
	var l line
	sum, body, ok := bytes.Cut(b, []byte(" "))
	if !ok || len(sum) != 8 {
		return l, errors.New("not a convergo record: it does not start with a checksum")
	}
	if checksum(plan, body) != string(sum) {
		return l, errChecksum
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil {
		return l, fmt.Errorf("a record of another version of convergo, or not a record: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return l, errors.New("not a convergo record: something follows it on its line")
	}
	n := 0
	for _, set := range []bool{l.Unit != nil, l.Block != nil, l.Search != nil} {
		if set {
			n++
		}
	}
	if n != 1 {
		return l, errors.New("a record of another version of convergo: its kind is unknown")
	}
	return l, nil
}

// newBlock packs measurements into columns.
func newBlock(key UnitKey, from int, ms []Measurement, statusOf func(Measurement) Status) *BlockRecord {
	b := &BlockRecord{UnitKey: key, From: from}
	status := make([]byte, len(ms))
	ladder := false
	b.Fixed = len(ms) > 0
	for i, m := range ms {
		b.Fixed = b.Fixed && m.fixed
		status[i] = byte(statusOf(m))
		ladder = ladder || len(m.Ladder) > 0
		if Status(status[i]) == Broken && b.Error == "" {
			b.Error = m.err().Error()
		}
	}
	b.Status = string(status)
	if ladder {
		b.packLadder(ms)
	} else {
		b.Observed = column(ms, func(m Measurement) Float { return Float(m.Observed) })
		b.Predicted = column(ms, func(m Measurement) Float { return Float(m.Predicted) })
		b.Tolerance = column(ms, func(m Measurement) Float { return Float(m.Tolerance + m.Error) })
		b.Relation = column(ms, func(m Measurement) string { return string(m.Relation.orDefault()) })
		b.Part = column(ms, func(m Measurement) string { return m.Part })
		if len(b.Part) == 1 && b.Part[0] == "" {
			b.Part = nil
		}
		b.Term = termColumn(ms)
		b.packParts(ms)
	}
	if from == 0 && len(ms) > 0 {
		b.Series = ms[0].Series
	}
	return b
}

func (b *BlockRecord) packLadder(ms []Measurement) {
	for _, m := range ms {
		row := make([]Float, len(m.Ladder))
		for j, r := range m.Ladder {
			row[j] = Float(r.Value)
		}
		if b.Sizes == nil {
			for _, r := range m.Ladder {
				b.Sizes = append(b.Sizes, Float(r.Size))
			}
		}
		b.Values = append(b.Values, row)
	}
}

// column collects one quantity; equal values collapse to one.
func column[T comparable](ms []Measurement, get func(Measurement) T) []T {
	out := make([]T, len(ms))
	same := true
	for i, m := range ms {
		out[i] = get(m)
		same = same && out[i] == out[0]
	}
	if same && len(out) > 0 {
		return out[:1]
	}
	return out
}

func at[T any](col []T, i int) (v T) {
	switch {
	case len(col) == 0:
		return v
	case len(col) == 1:
		return col[0]
	}
	return col[i]
}

// measurements unpacks a block.
func (b *BlockRecord) measurements() ([]Measurement, error) {
	n := len(b.Status)
	for i := range n {
		switch Status(b.Status[i]) {
		case Held, Violated, Unresolved, Skipped, Broken:
		default:
			return nil, fmt.Errorf("block %v: trial %d has the unknown status %q", b.UnitKey, b.From+i, b.Status[i])
		}
	}
	for _, c := range []int{len(b.Observed), len(b.Predicted), len(b.Tolerance), len(b.Relation), len(b.Part), len(b.Term)} {
		if c > 1 && c != n {
			return nil, fmt.Errorf("block %v from trial %d: a column of %d values for %d trials", b.UnitKey, b.From, c, n)
		}
	}
	if len(b.Values) > 0 && len(b.Values) != n {
		return nil, fmt.Errorf("block %v from trial %d: %d ladders for %d trials", b.UnitKey, b.From, len(b.Values), n)
	}
	ms := make([]Measurement, n)
	for i := range ms {
		m := &ms[i]
		m.fixed = b.Fixed
		m.Observed, m.Predicted = float64(at(b.Observed, i)), float64(at(b.Predicted, i))
		m.Tolerance, m.Term = float64(at(b.Tolerance, i)), float64(at(b.Term, i))
		m.Relation, m.Part = Relation(at(b.Relation, i)), at(b.Part, i)
		if len(b.Values) > 0 {
			if n := len(b.Values[i]); n > len(b.Sizes) || n < len(b.Sizes) && Status(b.Status[i]) != Broken {
				return nil, fmt.Errorf("block %v: trial %d has %d rungs, the ladder %d", b.UnitKey, b.From+i, len(b.Values[i]), len(b.Sizes))
			}
			for j, v := range b.Values[i] {
				m.Ladder = append(m.Ladder, Rung{Size: float64(b.Sizes[j]), Value: float64(v)})
			}
		}
		if Status(b.Status[i]) == Broken {
			m.Err = errors.New(b.Error)
		}
	}
	return ms, b.unpackParts(ms)
}

// A Unit is one instance of a run with its trials, read back from records.
type Unit struct {
	UnitRecord
	Status []Status
	Trials []Measurement // in order; hypotheses of single draws are in Status
	Series []Series
	Ended  bool
}

// append adds a block; blocks must follow each other without a gap.
func (u *Unit) append(b *BlockRecord) error {
	if b.From != len(u.Trials) {
		return fmt.Errorf("%v: a block starts at trial %d where %d was expected", b.UnitKey, b.From, len(u.Trials))
	}
	if u.Ended {
		return fmt.Errorf("%v: a block follows the last one", b.UnitKey)
	}
	ms, err := b.measurements()
	if err != nil {
		return err
	}
	for i := range ms {
		u.Status = append(u.Status, Status(b.Status[i]))
	}
	u.Trials = append(u.Trials, ms...)
	u.Series = append(u.Series, b.Series...)
	u.Ended = b.End
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
