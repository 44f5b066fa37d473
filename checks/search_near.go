package checks

import (
	"encoding/json"
	"fmt"
	"math"
)

// tighten notes the instance if the search has found no smaller error with
// another.
func (r *SearchRecord) tighten(params json.RawMessage, found []Detect) {
	for _, d := range found {
		if math.IsNaN(float64(d.Size)) || math.IsInf(float64(d.Size), 1) {
			continue
		}
		d.Params = params
		known := false
		for i, old := range r.Tightest {
			if old.Name == d.Name {
				known = true
				if d.sharper(old) {
					r.Tightest[i] = d
				}
			}
		}
		if !known {
			r.Tightest = append(r.Tightest, d)
		}
	}
}

// climb tries neighbours of the instance that is tightest for each constant, as
// often as the search drew, and moves to each that is tighter still.
func (c Claim[P]) climb(o searchOptions, rec *SearchRecord) {
	if len(rec.Tightest) == 0 || !c.Info().Basis.refutable() {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			rec.Error = fmt.Sprintf("Near or Cost panicked: %v", p)
		}
	}()
	for i := range rec.Planned {
		if o.ctx.Err() != nil {
			return
		}
		from := rec.Tightest[i%len(rec.Tightest)]
		var p P
		if err := json.Unmarshal(from.Params, &p); err != nil {
			rec.Error = "parameters do not survive JSON: " + err.Error()
			return
		}
		q := c.Near(p, Stream(o.seed, c.ID+"~near", nil, i))
		if c.Cost != nil && !o.budget.affords(c.Cost(q), 1) {
			continue
		}
		w, _, err := c.try(q, o)
		if err != nil {
			continue // a neighbour may lie outside the parameters' domain
		}
		if w != nil {
			rec.Witness = w
			return
		}
	}
}
