package table

import (
	"fmt"
	"strings"
)

// settings are the lengths that let the layout come true, and the captions of
// narrow columns stretch.
func (l *latex) settings() string {
	if l.opts.Page == nil {
		return ""
	}
	return fmt.Sprintf("\\setlength{\\tabcolsep}{%gpt}\\setlength{\\emergencystretch}{4em}\n", l.gap/2)
}

// size is the command for the type of the table.
func (l *latex) size() string {
	switch {
	case !l.opts.Small:
		return ""
	case l.tiny:
		return "\\scriptsize\n"
	}
	return "\\footnotesize\n"
}

// printLong writes a longtable, which two columns of text have no room for.
func (l *latex) printLong(b *strings.Builder) error {
	columns := l.opts.Page != nil && l.opts.Page.Columns
	if columns {
		b.WriteString("\\makeatletter\\if@twocolumn\\onecolumn\\let\\convergoback\\twocolumn\\else\\let\\convergoback\\relax\\fi\\makeatother\n")
	}
	b.WriteString("{\n")
	if l.opts.Page != nil {
		b.WriteString(l.settings() + "\\setlength{\\LTcapwidth}{\\linewidth}\n")
	}
	b.WriteString(l.size())
	if err := l.body(b); err != nil {
		return err
	}
	b.WriteString("}\n")
	if columns {
		b.WriteString("\\convergoback\n")
	}
	return l.err
}

// body writes the tabular and its notes.
func (l *latex) body(b *strings.Builder) error {
	head, body, err := l.grid()
	if err != nil {
		return err
	}
	if err := l.tabular(b, head, body); err != nil {
		return err
	}
	b.WriteString(l.notes())
	return l.err
}

// printFrames cuts the rows into frames of a talk that hold them.
func (l *latex) printFrames(b *strings.Builder) error {
	l.frames = false
	var parts []*Table
	for rows := l.table.Rows; len(rows) > 0; {
		part := *l.table
		part.Rows = nil
		if len(parts) > 0 {
			part.Caption, part.Label = "", ""
		}
		for _, row := range rows {
			grown := append(part.Rows, row)
			of := *l
			of.table = &part
			if len(part.Rows) > 0 && of.height(l.sizes, grown, notesOf(l.table.Notes, grown)) > shareTop*l.opts.Page.Height {
				break
			}
			part.Rows = grown
		}
		rows = rows[len(part.Rows):]
		part.Notes = notesOf(l.table.Notes, part.Rows)
		parts = append(parts, &part)
	}
	title := l.inline(l.table.Title)
	for i, part := range parts {
		of := *l
		of.table = part
		fmt.Fprintf(b, "\\begin{frame}{%s (%d/%d)}\n", title, i+1, len(parts))
		if err := of.print(b); err != nil {
			return err
		}
		b.WriteString("\\end{frame}\n")
	}
	return l.err
}

// notesOf keeps the notes that cells of the rows refer to.
func notesOf(notes []Note, rows [][]Cell) []Note {
	marks := map[string]bool{}
	for _, row := range rows {
		for _, c := range row {
			for n, ok := c.(Noted); ok; n, ok = n.Cell.(Noted) {
				marks[n.Mark] = true
			}
		}
	}
	var kept []Note
	for _, n := range notes {
		if marks[n.Mark] {
			kept = append(kept, n)
		}
	}
	return kept
}
