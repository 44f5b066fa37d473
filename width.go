package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"convergo/checks"
	"convergo/report"
	"convergo/report/table"
	"convergo/theorems"

	"github.com/spf13/cobra"
)

// The requirements shown beside the measured width, instance by instance.
const (
	derivedRequirement = "derived/descent"
	literalRequirement = "du2019/descent"
)

func widthFacts() report.WidthFacts {
	return report.WidthFacts{
		Samples: theorems.FactSamples, Lambda0: theorems.FactLambda0, Spectral: theorems.FactSpectral,
		Requirement: theorems.FactRequirement,
		SuffixN:     theorems.SuffixN, SuffixLambda0: theorems.SuffixLambda0, SuffixDelta: theorems.SuffixDelta,
	}
}

type widthFlags struct {
	plan        theorems.StudyPlan
	seed        uint64
	alpha       float64
	out, format string
	workers     int
	dry         bool
}

func widthCommand() *cobra.Command {
	f := widthFlags{plan: theorems.DefaultStudy()}
	cmd := &cobra.Command{
		Use:   "width",
		Short: "Measure how wide is wide enough, and how far the theorems are from it",
		Long: `Width finds, for families of data sets and n on a geometric ladder, the smallest
width at which gradient descent keeps the rate of Theorem 4.1 of Du et al. (2019)
with probability at least 1-delta. The bracket of every such width is exact, at
alpha for the whole study. It fits the exponents of n and 1/lambda_0 and prints
them beside every requirement of the catalogue that applies. The study states
its cost before it starts and resumes from its run folder.`,
		Example: `  convergo width
  convergo width --sizes 4,8,16 --seeds 1 --out runs/width
  convergo width --dry
  convergo width --out runs/width --format latex > width.tex`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return width(cmd.Context(), cmd, f) },
	}
	fl := cmd.Flags()
	fl.IntSliceVar(&f.plan.Sizes, "sizes", f.plan.Sizes, "ladder of n")
	fl.IntVar(&f.plan.Images, "images", f.plan.Images, "largest n for images, whose lambda_0 is small; 0 leaves them out")
	fl.Float64SliceVar(&f.plan.Seps, "seps", f.plan.Seps, "distances of the closest pair, at n = 8, which drive lambda_0")
	fl.Float64Var(&f.plan.Delta, "delta", f.plan.Delta, "allowed failure probability of training")
	fl.IntVar(&f.plan.Trials, "trials", f.plan.Trials, "networks trained at each width")
	fl.IntVar(&f.plan.Seeds, "seeds", f.plan.Seeds, "data sets per point")
	fl.Uint64Var(&f.seed, "seed", 1, "root seed of all random streams")
	fl.Float64Var(&f.alpha, "alpha", 0.05, "chance that any bracket of the study misses")
	fl.StringVar(&f.out, "out", "", "run folder (default: a new one under runs/); an interrupted study resumes from it")
	fl.StringVar(&f.format, "format", "terminal", "terminal, markdown, csv, json, html or latex")
	fl.IntVar(&f.workers, "workers", 0, "networks trained in parallel (default: one per core)")
	fl.BoolVar(&f.dry, "dry", false, "state the cost and stop")
	return cmd
}

// studyProfile lets every instance of a study run: its plan is its budget.
func studyProfile() checks.Profile {
	return checks.Profile{Name: "width", Budget: checks.Budget{Work: 1e18, Trials: 1 << 20, AlwaysTrials: 1, LadderTrials: 64}}
}

func width(ctx context.Context, cmd *cobra.Command, f widthFlags) error {
	format, err := table.ParseFormat(f.format)
	if err != nil {
		return err
	}
	if !(f.alpha > 0 && f.alpha < 1) {
		return fmt.Errorf("alpha is %v: it must lie between 0 and 1", f.alpha)
	}
	source, err := theorems.WidthStudy(f.plan)
	if err != nil {
		return err
	}
	work, instances := theorems.StudyWork(f.plan)
	// The rate is that of one core of a common machine; the guess of the width
	// that suffices, which the work rests on, is the larger uncertainty.
	const rate = 4e9
	fmt.Fprintf(cmd.ErrOrStderr(), "Width study: %d instances, about %.2g operations, some %s on 2 cores.\n",
		instances, work, time.Duration(work/rate/2*float64(time.Second)).Round(time.Second))
	if f.dry {
		return nil
	}
	o := checks.Options{Seed: f.seed, Alpha: f.alpha, Profile: studyProfile(), Workers: f.workers, Dir: f.out}
	if o.Dir == "" {
		o.Dir = filepath.Join("runs", "width-"+time.Now().UTC().Format("2006-01-02T15-04-05"))
	}
	progress := newProgress(cmd.ErrOrStderr())
	o.Progress = progress.event
	rec, err := checks.Run(ctx, []checks.Source{source}, o)
	progress.finish()
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return status{exitInterrupted, fmt.Errorf("interrupted; run the same command with --out %s to resume", o.Dir)}
		}
		return failed(err)
	}
	s, err := checks.Summarize(rec)
	if err != nil {
		return failed(err)
	}
	if err := printWidth(cmd.OutOrStdout(), s, format); err != nil {
		return failed(err)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "\n%s\nRecords: %s\n", tally(s), o.Dir)
	return verdictStatus(s)
}

// printWidth prints both tables of a study.
func printWidth(w io.Writer, s *checks.Summary, format table.Format) error {
	widths, err := report.Width(s, widthFacts(), derivedRequirement, literalRequirement)
	if err != nil {
		return err
	}
	exponents, err := report.Exponents(s, widthFacts())
	if err != nil {
		return err
	}
	for i, t := range []*table.Table{widths, exponents} {
		if i > 0 {
			fmt.Fprintln(w)
		}
		o := terminalOptions(w)
		o.Small = true // in LaTeX; both are wide
		if err := table.Render(w, t, format, o); err != nil {
			return err
		}
	}
	return nil
}
