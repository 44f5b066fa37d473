package report

import (
	"fmt"
	"io"
	"strings"

	"convergo/checks"
	"convergo/report/mathml"
	"convergo/report/table"
)

// List returns the table of claims of the sources.
func List(sources []checks.Source) *table.Table {
	t := table.New(
		table.Column{Key: "claim", Head: "claim"},
		table.Column{Key: "title", Head: "title"},
		table.Column{Key: "form", Head: "form"},
		table.Column{Key: "basis", Head: "basis"},
		table.Column{Key: "reference", Head: "where stated"},
		table.Column{Key: "source", Head: "source"},
	)
	t.Title, t.Label = "Claims", "tab:claims"
	for _, s := range sources {
		for _, c := range s.Claims {
			i := c.Info()
			t.Add(table.Text(i.ID), table.Text(i.Title), table.Text(i.Form), table.Text(i.Basis), table.Text(i.Reference), table.Text(Cite(s)))
		}
	}
	return t
}

// Statement writes all that is known of a claim before any run.
func Statement(w io.Writer, info checks.Info, source checks.Source) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\n", info.ID, info.Title)
	if info.Formula != "" {
		fmt.Fprintf(&b, "    %s\n\n", mathml.ToText(info.Formula))
	}
	if info.Statement != "" {
		fmt.Fprintf(&b, "%s\n\n", strings.TrimSpace(info.Statement))
	}
	if info.Along != "" {
		fmt.Fprintf(&b, "Along:       %s\n", table.Inline(info.Along).Plain())
	}
	fmt.Fprintf(&b, "Form:        %s\nBasis:       %s\nConvention:  %s\nStated in:   %s, %s\n", info.Form, info.Basis, info.Convention, info.Reference, Cite(source))
	if info.File != "" {
		fmt.Fprintf(&b, "Written in:  %s:%d (version %d)\n", info.File, info.Line, info.Version)
	}
	fmt.Fprintf(&b, "Own data:    %s\n", yes(info.OnData))
	fmt.Fprintf(&b, "Searched:    %s\n", yes(info.Searched))
	for _, k := range info.Controls {
		fmt.Fprintf(&b, "Control:     %s: %s\n", k.Name, k.Why)
	}
	if source.BibTeX != "" {
		fmt.Fprintf(&b, "\n%s\n", strings.TrimSpace(source.BibTeX))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// Cite names a source in a few words.
func Cite(s checks.Source) string {
	if s.Year == 0 {
		return s.Title
	}
	authors := strings.Split(s.Authors, ",")
	name := strings.TrimSpace(authors[0])
	if i := strings.LastIndex(name, " "); i >= 0 {
		name = name[i+1:]
	}
	if len(authors) > 1 {
		name += " et al."
	}
	return fmt.Sprintf("%s (%d)", name, s.Year)
}
