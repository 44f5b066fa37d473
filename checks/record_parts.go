package checks

import (
	"fmt"
	"math"
)

// termColumn is the column of terms, or nil when all are the whole prediction.
func termColumn(ms []Measurement) []Float {
	col := column(ms, func(m Measurement) Float { return Float(m.Term) })
	if len(col) == 1 && col[0] == 0 {
		return nil
	}
	return col
}

// A partKey tells the conclusions of a trial apart: by name, and where a trial
// has several of one name, by their order.
type partKey struct {
	name       string
	occurrence int
}

func keyed(parts []Measurement) map[partKey]Measurement {
	out := make(map[partKey]Measurement, len(parts))
	seen := map[string]int{}
	for _, m := range parts {
		out[partKey{m.Part, seen[m.Part]}] = m
		seen[m.Part]++
	}
	return out
}

// partKeys lists the conclusions of the trials in the order in which they first
// appear.
func partKeys(ms []Measurement) []partKey {
	var keys []partKey
	known := map[partKey]bool{}
	for _, m := range ms {
		seen := map[string]int{}
		for _, p := range m.parts {
			k := partKey{p.Part, seen[p.Part]}
			seen[p.Part]++
			if !known[k] {
				known[k] = true
				keys = append(keys, k)
			}
		}
	}
	return keys
}

// packParts stores the conclusions of trials that All joined.
func (b *BlockRecord) packParts(ms []Measurement) {
	keys := partKeys(ms)
	if len(keys) == 0 {
		return
	}
	byTrial := make([]map[partKey]Measurement, len(ms))
	for i, m := range ms {
		byTrial[i] = keyed(m.parts)
	}
	for _, k := range keys {
		col := make([]Measurement, len(ms))
		for i := range ms {
			m, ok := byTrial[i][k]
			if !ok || m.Err != nil {
				m = Measurement{Observed: math.NaN(), Predicted: math.NaN()}
			}
			col[i] = m
		}
		b.Parts = append(b.Parts, PartRecord{
			Name:      k.name,
			Observed:  column(col, func(m Measurement) Float { return Float(m.Observed) }),
			Predicted: column(col, func(m Measurement) Float { return Float(m.Predicted) }),
			Term:      termColumn(col),
			Tolerance: column(col, func(m Measurement) Float { return Float(m.Tolerance + m.Error) }),
			Relation:  column(col, func(m Measurement) string { return string(m.Relation.orDefault()) }),
		})
	}
}

// unpackParts gives the trials their conclusions back.
func (b *BlockRecord) unpackParts(ms []Measurement) error {
	n := len(ms)
	for _, p := range b.Parts {
		for _, c := range []int{len(p.Observed), len(p.Predicted), len(p.Term), len(p.Tolerance), len(p.Relation)} {
			if c > 1 && c != n {
				return fmt.Errorf("block %v from trial %d: part %q has a column of %d values for %d trials", b.UnitKey, b.From, p.Name, c, n)
			}
		}
		for i := range ms {
			m := Measurement{
				Part: p.Name, Observed: float64(at(p.Observed, i)), Predicted: float64(at(p.Predicted, i)), Term: float64(at(p.Term, i)),
				Tolerance: float64(at(p.Tolerance, i)), Relation: Relation(at(p.Relation, i)),
			}
			if !math.IsNaN(m.Observed) {
				ms[i].parts = append(ms[i].parts, m)
			}
		}
	}
	return nil
}
