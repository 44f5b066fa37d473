package command

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"convergo/checks"
	"convergo/report"
	"convergo/report/figure"
	"convergo/report/outfile"

	"github.com/spf13/cobra"
)

type figureFlags struct {
	out, claim, width string
	formats           []string
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

Widths are those of the text of venues: icml (a column), icml2 (both columns),
neurips (also iclr), jmlr, or a number of inches.`,
		Example: `  convergo figures runs/x --out figures
  convergo figures runs/x --out figures --claim du2019/experiment --format pdf,tex --width neurips`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return drawFigures(cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0], f)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.out, "out", "figures", "folder for the files, made when missing")
	fl.StringSliceVar(&f.formats, "format", []string{"svg"}, "svg, pdf, png, tex; several with commas")
	fl.StringVar(&f.claim, "claim", "", "only the figures of this claim")
	fl.StringVar(&f.width, "width", "icml", "icml, icml2, neurips, iclr, jmlr or inches")
	return cmd
}

// parseWidth reads the width of a venue's text, or inches.
func parseWidth(s string) (figure.Inch, error) {
	switch strings.ToLower(s) {
	case "icml":
		return figure.ICMLColumn, nil
	case "icml2":
		return figure.ICMLText, nil
	case "neurips", "iclr":
		return figure.NeurIPS, nil
	case "jmlr":
		return figure.JMLR, nil
	}
	var w float64
	if _, err := fmt.Sscanf(s, "%g", &w); err != nil || !(w >= 1 && w <= 40) {
		return 0, fmt.Errorf("width %q: write icml, icml2, neurips, iclr, jmlr or inches between 1 and 40", s)
	}
	return figure.Inch(w), nil
}

func drawFigures(w, warn io.Writer, dir string, f figureFlags) error {
	width, err := parseWidth(f.width)
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
	rec, s, err := openRun(dir, warn)
	if err != nil {
		return err
	}
	ds, err := drawings(rec, s, f.claim)
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
