package command

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"convergo/checks"
	"convergo/report"
	"convergo/report/page"
	"convergo/report/study"
	"convergo/report/table"
	"convergo/report/venue"

	"github.com/spf13/cobra"
)

type reportFlags struct {
	table, claim, format, out, html      string
	venue, label, caption                string
	column                               bool
	claims                               []string
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
of a folder of 'kernel study' its table,
  study      accuracy of kernel regression; --html has its figures too

and those that sources declare, what a paper on the subject would print:

` + sourceTablesMark + `
--claims narrows everything to the claims of these IDs, sources or patterns. A
condition of --where is "key op value" with a column's key and one of = != < <=
> >=, in (a, b), and ~ (contains, or matches as a regular expression), joined by
and, or, not and parentheses; several --where must all hold. It chooses rows of
the table, and claims by their row in the overview for --macros, --checklist,
--bibtex and --html. "--columns all" shows every column, and names their keys in
CSV and JSON.

LaTeX tables fit the page of --venue, the width of its text or, with --column, that
of one of its columns: columns of words are wrapped, headings take several lines and
columns move together; then columns are given up in the order that the table
declares, and a comment in the LaTeX says which. Columns that --columns names are
all kept. A table longer than a page becomes a longtable, or several frames of a
talk. The packages needed are amsmath, amssymb, booktabs and longtable, with
--siunitx also siunitx.`,
		Example: `  convergo report runs/x
  convergo report runs/x --format latex --out overview.tex
  convergo report runs/x --claim du2019/gram-concentration --columns all --format csv
  convergo report runs/x --claims du2019/gram-concentration,'du2019/gram*' --format latex
  convergo report runs/x --where 'verdict=HOLDS and slack<2 or title~width' --sort slack,desc
  convergo report runs/x --macros --out numbers.tex
  convergo report runs/x --html page`,
		Args: exactlyOne("one run folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.printReport(cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0], f)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.table, "table", "overview", strings.Join(a.kindNames(), ", "))
	fl.StringVar(&f.claim, "claim", "", "the table of one claim over its instances")
	fl.StringSliceVar(&f.claims, "claims", nil, "only these claims: IDs, sources, or patterns with * and ?; repeatable")
	fl.StringVar(&f.format, "format", "terminal", "terminal, markdown, csv, json, html or latex")
	fl.StringSliceVar(&f.view.Columns, "columns", nil, "keys of the columns to show, in order; or all")
	fl.StringArrayVar(&f.view.Where, "where", nil, "condition on columns that rows must meet; repeatable")
	fl.StringVar(&f.view.Sort, "sort", "", "key of the column to sort by; key,desc for the largest first")
	fl.StringVar(&f.out, "out", "", "write to this file instead of standard output")
	fl.StringVar(&f.venue, "venue", "article", "LaTeX: fit the page of "+strings.Join(venue.Names(), ", "))
	fl.BoolVar(&f.column, "column", false, "LaTeX: fit one column of a page that has two")
	fl.StringVar(&f.label, "label", "", "LaTeX: name for cross references, instead of that of the table")
	fl.StringVar(&f.caption, "caption", "", "caption instead of the table's own; formulas between dollar signs")
	fl.BoolVar(&f.view.Cite, "cite", false, "a column of \\cite keys, those of the entries that --bibtex prints")
	fl.BoolVar(&f.siunitx, "siunitx", false, "LaTeX: align numbers with the package siunitx")
	fl.BoolVar(&f.long, "long", false, "LaTeX: let the table break over pages, which one longer than a page does anyway")
	fl.BoolVar(&f.wide, "wide", false, "LaTeX: as wide as both columns of a two-column page")
	fl.BoolVar(&f.small, "small", true, "LaTeX: in small type")
	fl.BoolVar(&f.witnesses, "witnesses", false, "print the witnesses of refuted claims, a line of JSON each")
	fl.BoolVar(&f.macros, "macros", false, "print a LaTeX macro for every number of the claims, and of their instances when --claims, --claim or --where choose them")
	fl.BoolVar(&f.checklist, "checklist", false, "print the facts that reproducibility checklists ask for")
	fl.BoolVar(&f.bibtex, "bibtex", false, "print the BibTeX entries of the sources used")
	fl.StringVar(&f.html, "html", "", "write the whole run as one self-contained page: into this file, or as index.html into this folder")
	help := cmd.HelpFunc()
	cmd.SetHelpFunc(func(cmd *cobra.Command, args []string) { // reading the sources takes its time: only for who asks
		cmd.Long = strings.Replace(cmd.Long, sourceTablesMark, a.sourceTablesHelp(), 1)
		help(cmd, args)
	})
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

// sourceTablesMark stands in the help for the list of tables that sources declare.
const sourceTablesMark = "<tables of sources>"

func (a *app) sourceTablesHelp() string {
	sources, err := a.sources()
	if err != nil {
		return ""
	}
	var b strings.Builder
	for _, k := range report.Declared(sources) {
		fmt.Fprintf(&b, "  %-28s %s\n", k.Name, k.About)
	}
	return b.String()
}

func (a *app) printReport(w, warn io.Writer, dir string, f reportFlags) error {
	format, err := table.ParseFormat(f.format)
	if err != nil {
		return err
	}
	if study.Is(dir) {
		return f.printStudy(w, dir, format)
	}
	rec, s, err := openRun(dir, warn)
	if err != nil {
		return err
	}
	if s, err = f.choose(s); err != nil {
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
	if err := f.options(&o, format); err != nil {
		return nil, err
	}
	var t *table.Table
	var err error
	switch {
	case f.witnesses:
		return func(w io.Writer) error { return printWitnesses(w, s) }, nil
	case f.macros:
		return func(w io.Writer) error {
			return report.Macros(w, s, f.claim != "" || len(f.claims) > 0 || len(f.view.Where) > 0)
		}, nil
	case f.bibtex:
		return func(w io.Writer) error { return report.BibTeX(w, s) }, nil
	case f.checklist:
		t = report.Checklist(s, dir, a.suite.Licences)
	default:
		t, err = f.build(a, s, format, o)
	}
	if err != nil {
		return nil, err
	}
	return f.render(t, format, o), nil
}

// options are how tables are printed.
func (f reportFlags) options(o *table.Options, format table.Format) error {
	o.Siunitx, o.Long, o.Wide, o.Small = f.siunitx, f.long, f.wide, f.small
	if f.out != "" {
		o.Width, o.Color = 0, false
	}
	if format == table.LaTeX {
		return f.page(o)
	}
	return nil
}

// render prints a table, with the label and the caption that were asked for.
func (f reportFlags) render(t *table.Table, format table.Format, o table.Options) func(io.Writer) error {
	if f.label != "" {
		t.Label = f.label
	}
	if f.caption != "" {
		t.Caption = table.Inline(f.caption)
	}
	return func(w io.Writer) error { return table.Render(w, t, format, o) }
}

func (f reportFlags) build(a *app, s *checks.Summary, format table.Format, o table.Options) (*table.Table, error) {
	kind, v := f.table, f.shown(format, o)
	if f.claim != "" && kind == "overview" {
		kind = "claim"
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
	if !slices.ContainsFunc(report.Kinds(), func(k report.Kind) bool { return k.Name == kind }) {
		if err := a.lendTables(s); err != nil {
			return nil, err
		}
	}
	return report.Table(s, kind, f.claim, v)
}

// shown is the view in a format.
func (f reportFlags) shown(format table.Format, o table.Options) report.View {
	v := f.view
	switch format {
	case table.Terminal:
		v.Room = report.Terminal
		if o.Width > 0 {
			v.Room = min(v.Room, o.Width)
		}
	case table.LaTeX:
		v.LaTeX = &o
	}
	return v
}

// lendTables gives a run of before there were tables of sources those of the
// suite: records of that time have all that they are filled from.
func (a *app) lendTables(s *checks.Summary) error {
	if len(report.SourceKinds(s.Manifest.Sources)) > 0 {
		return nil
	}
	sources, err := a.sources()
	if err != nil {
		return err
	}
	s.Manifest.Sources = slices.Clone(s.Manifest.Sources)
	for i, mine := range s.Manifest.Sources {
		for _, source := range sources {
			if source.Key == mine.Key {
				s.Manifest.Sources[i].Tables = source.Tables
			}
		}
	}
	return nil
}

// page sets the room of a LaTeX table.
func (f reportFlags) page(o *table.Options) error {
	v, err := venue.Parse(f.venue)
	if err != nil {
		return err
	}
	switch {
	case f.column && !v.TwoColumns():
		return fmt.Errorf("--column: the page of %s has one column, which a table fits anyway", v.Name)
	case f.column && f.wide:
		return errors.New("--column and --wide: choose one")
	case f.wide && f.long:
		return errors.New("--long and --wide: a longtable cannot span two columns; leave one out")
	}
	p := report.Page(v, f.column)
	if !f.small {
		p.Size, p.Lead = float64(v.Body), 1.2*float64(v.Body)
	}
	o.Page = &p
	o.Wide = (o.Wide || v.TwoColumns() && !f.column) && !o.Long
	return nil
}

// choose narrows the run to what is asked for. Conditions choose rows of a table
// where one is printed, and claims elsewhere.
func (f reportFlags) choose(s *checks.Summary) (*checks.Summary, error) {
	s, err := report.Choose(s, f.claims)
	if err != nil || !(f.macros || f.bibtex || f.checklist || f.witnesses || f.html != "") {
		return s, err
	}
	if f.claim != "" {
		c, err := report.Outcome(s, f.claim)
		if err != nil {
			return nil, err
		}
		one := *s
		one.Claims = []checks.ClaimOutcome{c}
		s = &one
	}
	return report.Where(s, f.view.Where)
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

// exactlyOne takes one argument, and says which where there are none or more.
func exactlyOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return fmt.Errorf("%s needs %s", cmd.Name(), what)
		case len(args) > 1:
			return fmt.Errorf("%s takes %s, not %d: %q; quote patterns, and give a switch such as --column no value", cmd.Name(), what, len(args), args)
		}
		return nil
	}
}
