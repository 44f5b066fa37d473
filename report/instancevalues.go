package report

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"convergo/checks"
	"convergo/report/table"
)

// instanceValues are what columns of a declared table may show of an instance,
// by name: of equal names those of the table of the claim come first, then
// parameters, facts and hypotheses.
func instanceValues(c checks.ClaimOutcome, o checks.InstanceOutcome, common []param, words bool) map[string]table.Cell {
	values := map[string]table.Cell{}
	for _, h := range o.Hypotheses {
		values["hypothesis:"+h.Name] = whole(float64(h.Have))
	}
	for _, f := range o.Facts {
		values["fact:"+f.Name] = whole(float64(f.Value))
	}
	paramValues(o.Params, values)
	for _, prefix := range []string{"hypothesis:", "fact:", "parameter:"} {
		for name, cell := range values {
			if plain, ok := strings.CutPrefix(name, prefix); ok {
				values[plain] = cell
			}
		}
	}
	for _, s := range o.Series {
		if len(s.Y) > 0 {
			values["first:"+s.Name], values["last:"+s.Name] = number(s.Y[0]), number(s.Y[len(s.Y)-1])
		}
	}
	hold := &table.Table{Columns: fixedColumns(c.Info.Form)}
	for j, cell := range gridRow(c, o, "", common, &notes{table: hold, words: words}) {
		values[hold.Columns[j].Key] = bareOrEmpty(cell)
	}
	values["observed"] = values["worst"]
	values["inside"] = table.Text(map[bool]string{true: "yes", false: "no"}[o.Inside])
	values["detects"] = bluntest(o)
	values["claim"], values["title"] = table.Text(c.Info.ID), mathematics(c.Info.Title)
	if data := dataWordsOf(o.Params); data != "" {
		values["data"] = data
	}
	return values
}

// bareOrEmpty drops notes, which belong to the table of the claim.
func bareOrEmpty(c table.Cell) table.Cell {
	if c == nil {
		return table.Empty{}
	}
	return bareCell(c)
}

// bluntest is the bluntest of what the trials of the instance would have found.
func bluntest(o checks.InstanceOutcome) table.Cell {
	var worst *checks.Detect
	for i, d := range o.Detects {
		if worst == nil || float64(d.Size) > float64(worst.Size) {
			worst = &o.Detects[i]
		}
	}
	if worst == nil || math.IsNaN(float64(worst.Size)) {
		return table.Empty{}
	}
	return table.Text(detectText(*worst, false))
}

// dataWordsOf says the set of inputs in words; empty when no parameter describes
// it.
func dataWordsOf(params json.RawMessage) table.Inline {
	var p map[string]json.RawMessage
	if json.Unmarshal(params, &p) != nil {
		return ""
	}
	if run, ok := p["run"]; ok && p["data"] == nil {
		return dataWordsOf(run)
	}
	ps, err := flatten(p["data"])
	if err != nil {
		return ""
	}
	ps = slices.DeleteFunc(ps, func(p param) bool {
		return !slices.Contains([]string{"kind", "n", "d", "classes", "rho"}, p.name)
	})
	return inWords(ps)
}

// paramValues adds the parameters by their paths and, unless an outer one has
// it, their last names.
func paramValues(params json.RawMessage, values map[string]table.Cell) {
	type parameter struct {
		path string
		cell table.Cell
	}
	var all []parameter
	var visit func(path string, raw json.RawMessage)
	visit = func(path string, raw json.RawMessage) {
		var fields map[string]json.RawMessage
		if json.Unmarshal(raw, &fields) != nil {
			all = append(all, parameter{path, paramCell(raw)})
			var list []json.RawMessage
			if json.Unmarshal(raw, &list) == nil {
				values["count:"+path] = table.Count(len(list))
			}
			return
		}
		names := make([]string, 0, len(fields))
		for name := range fields {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			visit(strings.TrimPrefix(path+"."+strings.ToLower(name), "."), fields[name])
		}
	}
	visit("", params)
	slices.SortStableFunc(all, func(a, b parameter) int {
		return strings.Count(a.path, ".") - strings.Count(b.path, ".")
	})
	for _, p := range all {
		values["parameter:"+p.path] = p.cell
		if last := "parameter:" + p.path[strings.LastIndex(p.path, ".")+1:]; values[last] == nil {
			values[last] = p.cell
		}
	}
}

// paramCell shows one parameter.
func paramCell(raw json.RawMessage) table.Cell {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return table.Empty{}
	}
	switch v := v.(type) {
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1e7 {
			return table.Count(int64(v))
		}
		return coordinate(v)
	case bool:
		return table.Text(map[bool]string{true: "yes", false: "no"}[v])
	case string:
		return text(v)
	case []any:
		return table.Text(strings.ReplaceAll(strings.Trim(string(raw), "[]"), ",", ", "))
	}
	return table.Empty{}
}

// points are those of the curve of an instance, each with what else is known at
// its place.
func points(v valued, series []checks.Series, curve string) []valued {
	i := slices.IndexFunc(series, func(s checks.Series) bool { return s.Name == curve })
	if i < 0 {
		return nil
	}
	var all []valued
	for k, x := range series[i].X {
		at := valued{v.claim, map[string]table.Cell{}, v.outside}
		for name, cell := range v.values {
			at.values[name] = cell
		}
		at.values["x"], at.values["y"] = coordinate(float64(x)), number(series[i].Y[k])
		for _, s := range series {
			name := "curve:" + s.Name
			if at.values[name] == nil {
				at.values[name] = table.Empty{}
			}
			for j := range s.X {
				if s.X[j] == x && j < len(s.Y) {
					at.values[name] = number(s.Y[j])
				}
			}
		}
		all = append(all, at)
	}
	return all
}

// coordinate prints a size along a curve: an integer in full, such as a width.
func coordinate(x float64) table.Cell {
	if x == math.Trunc(x) && math.Abs(x) < 1e9 {
		return table.Count(int64(x))
	}
	v, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 4, 64), 64)
	if err != nil {
		return number(checks.Float(x))
	}
	return table.Exact(v)
}
