package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"convergo/checks"
	"convergo/report/table"
)

// SourceKinds lists the tables that the sources declare, as "report --table"
// knows them.
func SourceKinds(sources []checks.SourceInfo) []Kind {
	var kinds []Kind
	for _, source := range sources {
		for _, d := range source.Tables {
			kinds = append(kinds, Kind{Name: source.Key + "/" + d.Name, About: d.Title, build: sourceTable{source, d}.build})
		}
	}
	return kinds
}

// Declared lists the tables of sources with their claims, as SourceKinds does
// those of a run.
func Declared(sources []checks.Source) []Kind {
	infos := make([]checks.SourceInfo, len(sources))
	for i, s := range sources {
		infos[i] = checks.SourceInfo{Key: s.Key, Tables: s.Tables}
	}
	return SourceKinds(infos)
}

// A sourceTable is a declared table.
type sourceTable struct {
	source checks.SourceInfo
	checks.SourceTable
}

func (d sourceTable) id() string { return d.source.Key + "/" + d.Name }

// A sourceRow is what each of the joined claims knows of a row.
type sourceRow []valued

// valued are the values of an instance, by the names that columns use.
type valued struct {
	claim   string
	values  map[string]table.Cell
	outside bool
}

func (d sourceTable) build(s *checks.Summary, _ string, v *View) (built, error) {
	if len(d.Columns) == 0 {
		return built{}, fmt.Errorf("the manifest declares the table %s without columns: it was made by other code", d.id())
	}
	t := table.New()
	for _, c := range d.Columns {
		t.Columns = append(t.Columns, table.Column{Key: c.ColumnKey(), Head: table.Inline(c.Head), Group: table.Inline(c.Group), Yield: c.Yield})
	}
	t.Title, t.Label, t.Caption = table.Inline(d.Title), "tab:"+strings.ReplaceAll(d.id(), "/", "-"), table.Inline(d.Caption)
	rows, err := d.rows(s, v.LaTeX != nil)
	if err != nil {
		return built{}, err
	}
	if d.oneTrial() {
		t.Caption += " Curves and their ends are those of the first trial."
	}
	n := &notes{table: t}
	for _, r := range rows {
		t.Add(d.cells(r, n)...)
	}
	if err := d.missing(rows); err != nil {
		return built{}, err
	}
	renumber(t)
	wrapWords(t)
	caption := t.Caption
	return built{t, columnKeys(t), func(rows, shown *table.Table) table.Inline {
		return counted(caption, len(rows.Rows)) + d.about(shown) + ofRun(s)
	}}, nil
}

// about are the sentences of the caption on the columns that are shown.
func (d sourceTable) about(shown *table.Table) table.Inline {
	text := ""
	for _, c := range d.Columns {
		if _, err := column(shown, c.ColumnKey()); err == nil && c.About != "" && !strings.Contains(text, c.About) {
			text += " " + c.About
		}
	}
	return table.Inline(text)
}

// oneTrial reports whether the table shows series that trials record: the curve
// "observed" is that of the form, over all trials.
func (d sourceTable) oneTrial() bool {
	return d.Curve != "" && d.Curve != "observed" || slices.ContainsFunc(d.Columns, func(c checks.TableColumn) bool {
		return strings.HasPrefix(c.Value, "first:") || strings.HasPrefix(c.Value, "last:")
	})
}

// rows are the instances that were run, joined as the table says.
func (d sourceTable) rows(s *checks.Summary, words bool) ([]sourceRow, error) {
	var rows []sourceRow
	at := map[string][]int{}
	for _, name := range d.Claims {
		for _, c := range s.Claims {
			if c.Info.ID != d.source.Key+"/"+name {
				continue
			}
			for _, v := range d.instances(c, words) {
				if len(d.Join) == 0 {
					rows = append(rows, sourceRow{v})
					continue
				}
				key := d.joinKey(v)
				// A second instance of the same claim is a row of its own.
				i := slices.IndexFunc(at[key], func(i int) bool {
					return !slices.ContainsFunc(rows[i], func(o valued) bool { return o.claim == name })
				})
				if i >= 0 {
					rows[at[key][i]] = append(rows[at[key][i]], v)
					continue
				}
				at[key] = append(at[key], len(rows))
				rows = append(rows, sourceRow{v})
			}
		}
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("the run holds no trial that the table %s shows: verify %s first", d.id(), d.source.Key+"/"+strings.Join(d.Claims, " "+d.source.Key+"/"))
	}
	return rows, nil
}

func (d sourceTable) joinKey(v valued) string {
	var parts []string
	for _, name := range d.Join {
		parts = append(parts, joinText(v.values[name]))
	}
	return strings.Join(parts, "\x00")
}

func joinText(c table.Cell) string {
	if c == nil {
		return ""
	}
	return cellText(c)
}

// instances lists what the claim knows of each instance that was run, or of each
// point of its curve.
func (d sourceTable) instances(c checks.ClaimOutcome, words bool) []valued {
	common := commonParams(c.Instances)
	var all []valued
	for _, o := range c.Instances {
		if o.Result.Trials == 0 {
			continue
		}
		v := valued{strings.TrimPrefix(c.Info.ID, d.source.Key+"/"), instanceValues(c, o, common, words), !o.Inside}
		if d.Curve == "" {
			all = append(all, v)
			continue
		}
		all = append(all, points(v, o.Series, d.Curve)...)
	}
	return all
}

// cells looks the columns up in a row.
func (d sourceTable) cells(r sourceRow, n *notes) []table.Cell {
	cells := make([]table.Cell, len(d.Columns))
	for j, col := range d.Columns {
		for _, v := range r {
			if (col.Claim == "" || col.Claim == v.claim) && cells[j] == nil {
				cells[j] = v.values[col.Value]
			}
		}
	}
	if slices.ContainsFunc(r, func(v valued) bool { return v.outside }) {
		if cells[0] == nil {
			cells[0] = table.Empty{}
		}
		cells[0] = n.on(cells[0], "Outside the hypotheses of the theorem: no evidence for or against it.")
	}
	return cells
}

// missing reports a column that no row has: its name is wrong, and it says what
// there is.
func (d sourceTable) missing(rows []sourceRow) error {
	for _, col := range d.Columns {
		known := false
		var names []string
		for _, r := range rows {
			for _, v := range r {
				if col.Claim != "" && col.Claim != v.claim {
					continue
				}
				for name := range v.values {
					known = known || name == col.Value
					names = append(names, name)
				}
			}
		}
		if known || len(names) == 0 { // a joined claim may not be in the run
			continue
		}
		slices.Sort(names)
		names = slices.Compact(names)
		const few = 5
		return fmt.Errorf("table %s: no instance has %q: did you mean %s?", d.id(), col.Value, strings.Join(checks.Nearest(col.Value, names, few), ", "))
	}
	return nil
}

// wrapWords sets long columns of words in paragraphs.
func wrapWords(t *table.Table) {
	const share, long = 0.26, 26
	for j := range t.Columns {
		for _, row := range t.Rows {
			if math.IsNaN(cellNumber(row[j])) && len([]rune(cellText(row[j]))) > long {
				t.Columns[j].Wrap = share
			}
		}
	}
}
