package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"convergo/checks"
	"convergo/report"
	"convergo/report/figure"
	"convergo/report/outfile"
	"convergo/report/study"
	"convergo/report/venue"

	"github.com/spf13/cobra"
)

type figureFlags struct {
	out, claim, width, venue string
	claims, formats          []string
	column, titles           bool
}

func (a *app) figuresCommand() *cobra.Command {
	var f figureFlags
	cmd := &cobra.Command{
		Use:   "figures RUN-DIR",
		Short: "Draw the curves that a run recorded",
		Long: `Figures draws what a run recorded, one file a figure and format, named by claim and
instance: curves along training beside their bounds, quantities against a size
with the fitted and the predicted slope, success probabilities against the
predicted threshold, and the slack of trials and claims. Equal records give equal
bytes. The format tex is pgfplots source with the data in it, to be \input.

Axes are named after the formula of the claim, and intervals are drawn: those of a
slope and of shares of successes, and the bracket of a threshold. A figure is as
wide as the text of --venue, or as one of its columns with --column, or as many inches
as --width says. Titles are left to the caption unless --titles asks for them.`,
		Example: `  convergo figures runs/x --out figures
  convergo figures runs/x --out figures --claim du2019/experiment --format pdf,tex --venue neurips
  convergo figures runs/x --claims 'du2019/gram*' --format pdf --venue icml --column`,
		Args: exactlyOne("one run folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.drawFigures(cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0], f)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.out, "out", "figures", "folder for the files, made when missing")
	fl.StringSliceVar(&f.formats, "format", []string{"svg"}, "svg, pdf, png, tex; several with commas")
	fl.StringVar(&f.claim, "claim", "", "only the figures of this claim")
	fl.StringSliceVar(&f.claims, "claims", nil, "only the figures of these claims: IDs, sources, or patterns with * and ?")
	fl.StringVar(&f.venue, "venue", "", "width of the text of "+strings.Join(venue.Names(), ", "))
	fl.BoolVar(&f.column, "column", false, "width of one column of a venue that has two")
	fl.StringVar(&f.width, "width", "", "width in inches (default: 3.25, a column of most)")
	fl.BoolVar(&f.titles, "titles", false, "draw the title of each figure")
	cmd.MarkFlagsMutuallyExclusive("venue", "width")
	return cmd
}

// inches reads the width of the figures.
func (f figureFlags) inches() (figure.Inch, error) {
	switch {
	case f.venue != "":
		v, err := venue.Parse(f.venue)
		if err != nil {
			return 0, err
		}
		if f.column {
			return figure.Inch(v.Column.Inches()), nil
		}
		return figure.Inch(v.Text.Inches()), nil
	case f.column:
		return 0, errors.New("--column is of a --venue: name it")
	case f.width == "":
		return figure.ICMLColumn, nil
	}
	w, err := strconv.ParseFloat(f.width, 64)
	if err != nil || !(w >= 1 && w <= 40) {
		return 0, fmt.Errorf("width %q: write inches between 1 and 40, or name a venue by --venue", f.width)
	}
	return figure.Inch(w), nil
}

func (a *app) drawFigures(w, warn io.Writer, dir string, f figureFlags) error {
	width, err := f.inches()
	if err != nil {
		return err
	}
	var formats []figure.Format
	for _, name := range f.formats {
		format, err := figure.ParseFormat(name)
		if err != nil {
			return err
		}
		formats = append(formats, format)
	}
	ds, err := a.chosenDrawings(warn, dir, f)
	if err != nil {
		return err
	}
	if len(ds) == 0 {
		fmt.Fprintln(w, "The run recorded no curves, and too few trials for a histogram.")
		return nil
	}
	if err := os.MkdirAll(f.out, 0o777); err != nil {
		return failed(fmt.Errorf("folder for figures: %w", err))
	}
	for _, d := range ds {
		d.Figure.Width = width
		if !f.titles {
			d.Figure.Title = ""
		}
		for _, note := range d.Figure.Notes() {
			fmt.Fprintf(warn, "%s: %s\n", d.Name, note)
		}
		for _, format := range formats {
			name := filepath.Join(f.out, d.Name+suffix(format))
			if err := outfile.Write(name, func(w io.Writer) error { return figure.Render(w, d.Figure, format, figure.Options{}) }); err != nil {
				return failed(err)
			}
		}
	}
	fmt.Fprintf(w, "%d figures in %s\n", len(ds), f.out)
	return nil
}

// chosenDrawings are the figures of a folder that the flags ask for.
func (a *app) chosenDrawings(warn io.Writer, dir string, f figureFlags) ([]report.Drawing, error) {
	if study.Is(dir) {
		if f.claim != "" || len(f.claims) > 0 {
			return nil, fmt.Errorf("%s is a study of kernels and has no claims: leave --claim and --claims out", dir)
		}
		s, err := study.Read(dir)
		if err != nil {
			return nil, failed(err)
		}
		return s.Drawings(), nil
	}
	rec, s, err := openRun(dir, warn)
	if err != nil {
		return nil, err
	}
	if s, err = report.Choose(s, f.claims); err != nil {
		return nil, err
	}
	ds, err := drawings(rec, s, f.claim)
	if err == nil && a.suite.Drawings != nil && f.claim == "" {
		ds = append(ds, a.suite.Drawings(s)...)
	}
	return ds, err
}

func suffix(f figure.Format) string {
	if f == figure.Terminal {
		return ".txt"
	}
	return "." + f.String()
}

// drawings collects the figures of one claim, or of all and of the run.
func drawings(rec *checks.Records, s *checks.Summary, claim string) ([]report.Drawing, error) {
	if claim != "" {
		c, err := report.Outcome(s, claim)
		if err != nil {
			return nil, err
		}
		return report.Drawings(rec, c), nil
	}
	var ds []report.Drawing
	for _, c := range s.Claims {
		ds = append(ds, report.Drawings(rec, c)...)
	}
	if d := report.SlackDrawing(s); d != nil {
		ds = append(ds, *d)
	}
	return ds, nil
}
