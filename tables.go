package main

import (
	"fmt"
	"io"
	"os"

	"convergo/checks"
	"convergo/report"
	"convergo/report/table"

	"github.com/spf13/cobra"
)

type reportFlags struct {
	format, claim            string
	siunitx, long, witnesses bool
}

func reportCommand() *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report RUN-DIR",
		Short: "Print the tables of a run from its records",
		Long: `Report prints the tables of a run from its records; it runs nothing. The format is
terminal, markdown, csv, json, html or latex.`,
		Example: `  convergo report runs/x
  convergo report runs/x --format latex > overview.tex
  convergo report runs/x --claim du2019/gram-chernoff`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return printReport(cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0], f)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.format, "format", "terminal", "terminal, markdown, csv, json, html or latex")
	fl.StringVar(&f.claim, "claim", "", "the table of one claim over its instances")
	fl.BoolVar(&f.siunitx, "siunitx", false, "LaTeX: align numbers with the package siunitx")
	fl.BoolVar(&f.long, "long", false, "LaTeX: let the table break over pages")
	fl.BoolVar(&f.witnesses, "witnesses", false, "print the witnesses of refuted claims, a line of JSON each")
	return cmd
}

func printReport(w, warn io.Writer, dir string, f reportFlags) error {
	format, err := table.ParseFormat(f.format)
	if err != nil {
		return err
	}
	if _, err := os.Stat(dir); err != nil {
		return fmt.Errorf("run folder: %w", err)
	}
	rec, err := checks.Open(dir)
	if err != nil {
		return failed(err)
	}
	s, err := checks.Summarize(rec)
	if err != nil {
		return failed(err)
	}
	for _, g := range s.Gaps {
		fmt.Fprintln(warn, "unfinished:", g)
	}
	if f.witnesses {
		for _, c := range s.Claims {
			if c.Witness != nil {
				fmt.Fprintln(w, c.Witness)
			}
		}
		return nil
	}
	t := report.Overview(s)
	if f.claim != "" {
		c, err := claimOutcome(s, f.claim)
		if err != nil {
			return err
		}
		t = report.Grid(c)
	}
	o := terminalOptions(w)
	o.Siunitx, o.Long = f.siunitx, f.long
	return failed(table.Render(w, t, format, o))
}

func claimOutcome(s *checks.Summary, id string) (checks.ClaimOutcome, error) {
	for _, c := range s.Claims {
		if c.Info.ID == id {
			return c, nil
		}
	}
	return checks.ClaimOutcome{}, fmt.Errorf("the run has no claim %s; 'convergo report' without --claim lists those it has", id)
}
