package command

import (
	"fmt"
	"io"
	"strings"

	"convergo/checks"
	"convergo/report"
	"convergo/report/page"
	"convergo/report/table"

	"github.com/spf13/cobra"
)

type reportFlags struct {
	table, claim, format, out, html      string
	view                                 report.View
	siunitx, long, wide, small           bool
	witnesses, macros, checklist, bibtex bool
}

func (a *app) reportCommand() *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report RUN-DIR",
		Short: "Print the tables of a run from its records",
		Long: `Report prints the tables of a run from its records; it runs nothing. The tables:

` + a.kindsHelp() + `
A condition of --where is "key op value" with a column's key and one of
= != < <= > >= ~ (contains); several must all hold. "--columns all" shows every
column, and names their keys in CSV and JSON.

LaTeX tables need the package booktabs; --siunitx and --long need the packages
siunitx and longtable. --macros defines a macro for every number of the run.`,
		Example: `  convergo report runs/x
  convergo report runs/x --format latex --out overview.tex
  convergo report runs/x --claim du2019/gram-concentration --columns all --format csv
  convergo report runs/x --where verdict=HOLDS --where 'slack<2' --sort slack,desc
  convergo report runs/x --macros --out numbers.tex
  convergo report runs/x --html page`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.printReport(cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0], f)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.table, "table", "overview", strings.Join(a.kindNames(), ", "))
	fl.StringVar(&f.claim, "claim", "", "the table of one claim over its instances")
	fl.StringVar(&f.format, "format", "terminal", "terminal, markdown, csv, json, html or latex")
	fl.StringSliceVar(&f.view.Columns, "columns", nil, "keys of the columns to show, in order; or all")
	fl.StringArrayVar(&f.view.Where, "where", nil, "condition on a column that rows must meet; repeatable")
	fl.StringVar(&f.view.Sort, "sort", "", "key of the column to sort by; key,desc for the largest first")
	fl.StringVar(&f.out, "out", "", "write to this file instead of standard output")
	fl.BoolVar(&f.siunitx, "siunitx", false, "LaTeX: align numbers with the package siunitx")
	fl.BoolVar(&f.long, "long", false, "LaTeX: let the table break over pages")
	fl.BoolVar(&f.wide, "wide", false, "LaTeX: as wide as both columns of a two-column page")
	fl.BoolVar(&f.small, "small", true, "LaTeX: in small type")
	fl.BoolVar(&f.witnesses, "witnesses", false, "print the witnesses of refuted claims, a line of JSON each")
	fl.BoolVar(&f.macros, "macros", false, "print a LaTeX macro for every number of the run")
	fl.BoolVar(&f.checklist, "checklist", false, "print the facts that reproducibility checklists ask for")
	fl.BoolVar(&f.bibtex, "bibtex", false, "print the BibTeX entries of the sources used")
	fl.StringVar(&f.html, "html", "", "write the whole run as one self-contained page: into this file, or as index.html into this folder")
	cmd.MarkFlagsMutuallyExclusive("witnesses", "macros", "checklist", "bibtex", "html")
	return cmd
}

// allKinds lists the tables of package report and those of the suite.
func (a *app) allKinds() []report.Kind {
	kinds := report.Kinds()
	for _, t := range a.suite.Tables {
		kinds = append(kinds, t.Kind)
	}
	return kinds
}

func (a *app) kindNames() []string {
	var names []string
	for _, k := range a.allKinds() {
		names = append(names, k.Name)
	}
	return names
}

func (a *app) kindsHelp() string {
	var b strings.Builder
	for _, k := range a.allKinds() {
		fmt.Fprintf(&b, "  %-10s %s\n", k.Name, k.About)
	}
	return b.String()
}

func (a *app) printReport(w, warn io.Writer, dir string, f reportFlags) error {
	format, err := table.ParseFormat(f.format)
	if err != nil {
		return err
	}
	rec, s, err := openRun(dir, warn)
	if err != nil {
		return err
	}
	if f.html != "" {
		return failed(page.Write(f.html, rec, s))
	}
	write, err := f.writer(a, dir, s, format, terminalOptions(w))
	if err != nil {
		return err
	}
	if f.out != "" {
		return failed(writeTo(f.out, w, write))
	}
	return failed(write(w))
}

// writer chooses what is to be written.
func (f reportFlags) writer(a *app, dir string, s *checks.Summary, format table.Format, o table.Options) (func(io.Writer) error, error) {
	o.Siunitx, o.Long, o.Wide, o.Small = f.siunitx, f.long, f.wide, f.small
	if f.out != "" {
		o.Width, o.Color = 0, false
	}
	var t *table.Table
	var err error
	switch {
	case f.witnesses:
		return func(w io.Writer) error { return printWitnesses(w, s) }, nil
	case f.macros:
		if s, err = onlyClaim(s, f.claim); err != nil {
			return nil, err
		}
		return func(w io.Writer) error { return report.Macros(w, s) }, nil
	case f.bibtex:
		return func(w io.Writer) error { return report.BibTeX(w, s) }, nil
	case f.checklist:
		t = report.Checklist(s, dir, a.suite.Licences)
	default:
		t, err = f.build(a, s, format)
	}
	if err != nil {
		return nil, err
	}
	return func(w io.Writer) error { return table.Render(w, t, format, o) }, nil
}

func (f reportFlags) build(a *app, s *checks.Summary, format table.Format) (*table.Table, error) {
	kind, v := f.table, f.view
	if f.claim != "" && kind == "overview" {
		kind = "claim"
	}
	switch format {
	case table.Terminal:
		v.Room = report.Terminal
	case table.LaTeX:
		v.Room = report.Paper
	}
	for _, own := range a.suite.Tables {
		if own.Name != kind {
			continue
		}
		t, err := own.Build(s)
		if err != nil {
			return nil, err
		}
		return t, v.Apply(t)
	}
	return report.Table(s, kind, f.claim, v)
}

// onlyClaim narrows a run to one claim; an empty ID keeps all.
func onlyClaim(s *checks.Summary, id string) (*checks.Summary, error) {
	if id == "" {
		return s, nil
	}
	c, err := report.Outcome(s, id)
	if err != nil {
		return nil, err
	}
	one := *s
	one.Claims = []checks.ClaimOutcome{c}
	return &one, nil
}

func printWitnesses(w io.Writer, s *checks.Summary) error {
	for _, c := range s.Claims {
		if c.Witness == nil {
			continue
		}
		if _, err := fmt.Fprintln(w, c.Witness); err != nil {
			return err
		}
	}
	return nil
}
