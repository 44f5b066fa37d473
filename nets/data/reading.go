package data

import (
	"fmt"
	"strconv"
	"strings"
)

// A Reading says what was read of a file and what was done to it, in a line by
// String. Rows and columns are counted from 1.
type Reading struct {
	File    string `json:"file"` // base name
	SHA256  string `json:"sha256"`
	Format  string `json:"format"` // such as "CSV"
	Packing string `json:"packing,omitempty"`

	Rows           int      `json:"rows"`    // samples in the file
	Columns        int      `json:"columns"` // features used
	Shape          []int    `json:"shape,omitempty"`
	Notes          []string `json:"notes,omitempty"` // decided without being told
	ColumnsLeftOut []string `json:"columns_left_out,omitempty"`

	Label   string       `json:"label,omitempty"`   // the column or array of labels
	Classes []ClassCount `json:"classes,omitempty"` // among the used rows; none for numbers
	Coding  string       `json:"coding,omitempty"`
	Drawn   string       `json:"drawn,omitempty"` // kind of labels that were drawn in place of the file's

	MissingDropped int    `json:"missing_dropped,omitempty"` // rows with a missing value, left out
	ZeroDropped    int    `json:"zero_dropped,omitempty"`    // rows of zeros, left out
	Duplicates     string `json:"duplicates"`                // drop or keep
	Equal          int    `json:"equal,omitempty"`           // rows equal to an earlier one
	Parallel       int    `json:"parallel,omitempty"`        // positive multiples of an earlier row
	Contradicting  int    `json:"contradicting,omitempty"`   // of both: with another label than the earlier one

	Scaled []string `json:"scaled,omitempty"`

	Usable int    `json:"usable"` // rows to choose from
	Used   []int  `json:"used"`   // the rows of the file that are used, in order
	Asked  int    `json:"asked,omitempty"`
	Sample string `json:"sample,omitempty"`
	Seed   uint64 `json:"seed,omitempty"`
}

// A ClassCount is a class and how many of the used rows are of it.
type ClassCount struct {
	Name string `json:"name"`
	Rows int    `json:"rows"`
}

// String is one line, such as
// "iris.csv: CSV (separator comma), 150 rows of 4 columns; label species: ...".
func (r *Reading) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", r.File, join3(r.Format, r.Packing, r.Notes))
	fmt.Fprintf(&b, ", %s of %s", plural(r.Rows, "row"), plural(r.Columns, "column"))
	for _, part := range []string{r.columnsText(), r.labelText(), r.rowsLeftOut(), strings.Join(r.Scaled, ", "), r.usedText()} {
		if part != "" {
			b.WriteString("; " + part)
		}
	}
	return b.String()
}

func join3(format, packing string, notes []string) string {
	if packing != "" {
		notes = append([]string{"packed by " + packing}, notes...)
	}
	if len(notes) == 0 {
		return format
	}
	return format + " (" + strings.Join(notes, ", ") + ")"
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

func (r *Reading) columnsText() string {
	if len(r.ColumnsLeftOut) == 0 {
		return ""
	}
	return "left out: " + some(r.ColumnsLeftOut)
}

// some lists the first of many names.
func some(names []string) string {
	const most = 8
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

func (r *Reading) labelText() string {
	switch {
	case r.Drawn != "" && r.Label != "":
		return fmt.Sprintf("label %s not used, labels drawn (%s)", r.Label, r.Drawn)
	case r.Drawn != "":
		return fmt.Sprintf("no label, labels drawn (%s)", r.Drawn)
	case r.Label == "":
		return "no label"
	}
	text := "label " + r.Label + ": numbers"
	if r.Classes != nil {
		names := make([]string, len(r.Classes))
		for k, c := range r.Classes {
			names[k] = fmt.Sprintf("%s: %d", c.Name, c.Rows)
		}
		text = fmt.Sprintf("label %s: %d classes (%s)", r.Label, len(names), some(names))
	}
	if r.Coding != "" {
		text += ", " + r.Coding
	}
	return text
}

func (r *Reading) rowsLeftOut() string {
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", plural(n, "row"), what))
		}
	}
	done := map[string]string{DuplicatesDrop: "left out", DuplicatesKeep: "kept"}[r.Duplicates]
	add(r.MissingDropped, "with a missing value left out")
	add(r.ZeroDropped, "of zeros left out")
	add(r.Equal, "equal to an earlier one "+done)
	add(r.Parallel, "parallel to an earlier one "+done)
	add(r.Contradicting, "of these with another label than the earlier one")
	return strings.Join(parts, ", ")
}

func (r *Reading) usedText() string {
	switch {
	case len(r.Used) == r.Usable && r.Asked > r.Usable:
		return fmt.Sprintf("all %d used (%d were asked for)", r.Usable, r.Asked)
	case len(r.Used) == r.Usable:
		return fmt.Sprintf("all %d used", r.Usable)
	}
	rows := make([]string, len(r.Used))
	for k, v := range r.Used {
		rows[k] = strconv.Itoa(v)
	}
	how := fmt.Sprintf("a stratified sample, seed %d", r.Seed)
	switch {
	case r.Sample == SampleFirst:
		how = "the first ones"
	case r.Classes == nil:
		how = fmt.Sprintf("a sample, seed %d", r.Seed)
	}
	return fmt.Sprintf("%d of %d used (%s): %s", len(r.Used), r.Usable, how, some(rows))
}
