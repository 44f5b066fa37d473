package report

import (
	"encoding/json"
	"fmt"
	"math"

	"convergo/checks"
	"convergo/report/table"
)

// Claims that the table of masked training is read from. The first estimates
// <v, e_K>/<v, e_0>, the others the mean of ||e||^2 at the end of a run.
const (
	maskedRate   = "liao2022/rate"
	maskedRegion = "liao2022/error-region"
	maskedVanish = "liao2022/partition-floor"
)

// Masked returns the table of training through masked sub-networks: a
// row a scheme, with the rate of the mean error per round and the floor of the
// squared error, predicted and measured. It fails when the run holds no trial of
// the claims that it is read from.
func Masked(s *checks.Summary) (*table.Table, error) {
	rows, err := maskedRows(s)
	if err != nil {
		return nil, err
	}
	t := table.New(
		table.Column{Key: "scheme", Head: "scheme"},
		table.Column{Key: "xi", Head: `$\xi$`, Yield: 6},
		table.Column{Key: "theta", Head: `$\theta$`, Yield: 3},
		table.Column{Key: "p", Head: "$p$", Yield: 2},
		table.Column{Key: "tau", Head: `$\tau$`, Yield: 1},
		table.Column{Key: "rate_predicted", Head: "predicted", Group: "rate per round", Yield: 5},
		table.Column{Key: "rate_fitted", Head: "fitted", Group: "rate per round"},
		table.Column{Key: "floor_predicted", Head: "predicted", Group: "floor", Yield: 4},
		table.Column{Key: "floor_measured", Head: "measured", Group: "floor", Yield: 7},
	)
	t.Title, t.Label = "Training masked sub-networks", "tab:masked"
	t.Caption = `Rate: factor per round on the mean error $\mathrm{E}\langle v, e\rangle$ of orthonormal inputs. ` +
		`Floor: $\mathrm{E}\|e\|^2$ over the last rounds of a run. ` +
		`Predictions are those of the width and rounds that were run. ` +
		`Intervals are those on which the verdicts rest.`
	n := &notes{table: t}
	for _, r := range rows {
		t.Add(r.cells(n)...)
	}
	renumber(t) // rows on the same data share a note
	return t, nil
}

// maskedParams are the parameters that the claims have in common.
type maskedParams struct {
	Data   json.RawMessage `json:"data"`
	Scheme string          `json:"scheme"`
	Xi     float64         `json:"xi"`
	P      int             `json:"p"`
	Tau    int             `json:"tau"`
	Eta    float64         `json:"eta"`
	Kappa  float64         `json:"kappa"`
	Rounds int             `json:"rounds"`
}

// setting names the data without its labels, and the step size: rate and floor
// are measured under different labels, which change neither.
func (p maskedParams) setting() (table.Inline, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(p.Data, &fields); err != nil {
		return "", fmt.Errorf("data %s: %w", p.Data, err)
	}
	delete(fields, "labels")
	delete(fields, "label_scale")
	plain, err := json.Marshal(fields)
	if err != nil {
		return "", err
	}
	words, err := flatten(plain)
	if err != nil {
		return "", err
	}
	s := inWords(words) + table.Literal(fmt.Sprintf("; step size %.3g over the largest eigenvalue of the limit kernel", p.Eta))
	if p.Kappa != 0 && p.Kappa != 1 {
		s += table.Literal(fmt.Sprintf("; weights of scale %.3g", p.Kappa))
	}
	return s, nil
}

// A maskedRow joins the instances of one scheme under one setting.
type maskedRow struct {
	params      maskedParams
	setting     table.Inline
	rate, floor *checks.InstanceOutcome
	rounds      int // of the rate
}

func maskedRows(s *checks.Summary) ([]*maskedRow, error) {
	var rows []*maskedRow
	index := map[string]*maskedRow{}
	for _, id := range []string{maskedRate, maskedRegion, maskedVanish} {
		for i := range s.Claims {
			if s.Claims[i].Info.ID != id {
				continue
			}
			for k := range s.Claims[i].Instances {
				o := &s.Claims[i].Instances[k]
				if o.Result.Trials == 0 {
					continue
				}
				r := &maskedRow{}
				if err := json.Unmarshal(o.Params, &r.params); err != nil {
					return nil, fmt.Errorf("%s, instance %d: parameters: %w", id, o.Key.Index, err)
				}
				var err error
				if r.setting, err = r.params.setting(); err != nil {
					return nil, fmt.Errorf("%s, instance %d: %w", id, o.Key.Index, err)
				}
				p := r.params
				key := fmt.Sprint(r.setting, p.Scheme, p.Xi, p.P, p.Tau)
				if index[key] == nil {
					index[key] = r
					rows = append(rows, r)
				}
				if id == maskedRate {
					index[key].rate, index[key].rounds = o, p.Rounds
				} else {
					index[key].floor = o
				}
			}
		}
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("the run holds no trials of %s, %s or %s: verify the source liao2022 first", maskedRate, maskedRegion, maskedVanish)
	}
	return rows, nil
}

func (r *maskedRow) cells(n *notes) []table.Cell {
	p := r.params
	return []table.Cell{
		n.say(table.Text(p.Scheme), "Data: "+r.setting+"."),
		table.Exact(rounded(p.Xi)), number(checks.Float(factOf("theta", r.rate, r.floor))), table.Count(p.P), table.Count(p.Tau),
		number(checks.Float(factOf("predicted rate", r.rate, r.floor))), unsure(fitted(r.rate, r.rounds), r.rate, n),
		number(checks.Float(factOf("predicted floor", r.floor, r.rate))), unsure(fitted(r.floor, 1), r.floor, n),
	}
}

// rounded drops the last bits of a ratio such as 1/3, which no reader needs.
func rounded(v float64) float64 { return math.Round(v*1e6) / 1e6 }

// factOf looks a fact up in instances of a row, first in the one that stands
// beside it: others ran at other widths. NaN when none has it.
func factOf(name string, instances ...*checks.InstanceOutcome) float64 {
	for _, o := range instances {
		if o == nil {
			continue
		}
		if v := fact(*o, name); !math.IsNaN(v) {
			return v
		}
	}
	return math.NaN()
}

// fitted is the estimate of an instance and its interval, both to the power of
// 1/rounds, which is increasing on positive numbers; an end below zero becomes
// zero. Empty when there is no positive estimate.
func fitted(o *checks.InstanceOutcome, rounds int) table.Cell {
	if o == nil {
		return table.Empty{}
	}
	root := func(f checks.Float) float64 { return math.Pow(math.Max(0, float64(f)), 1/float64(rounds)) }
	v := float64(o.Result.Estimate)
	if !(v > 0) || rounds < 1 {
		return table.Empty{}
	}
	lo, hi := root(o.Result.Interval[0]), root(o.Result.Interval[1])
	switch v = root(o.Result.Estimate); {
	case math.IsNaN(lo) || math.IsNaN(hi) || math.IsInf(hi, 1):
		return table.Number(v)
	default:
		return table.Interval(v, lo, hi)
	}
}

// unsure marks a cell whose instance does not hold with the reason.
func unsure(c table.Cell, o *checks.InstanceOutcome, n *notes) table.Cell {
	if o == nil || o.Result.Verdict == checks.Holds {
		return c
	}
	if _, empty := c.(table.Empty); empty {
		c = table.Text("?")
	}
	return n.on(c, string(o.Result.Verdict)+": "+o.Result.Reason)
}
