package theorems

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"convergo/checks"
	"convergo/checks/command"
	"convergo/report"
	"convergo/report/table"

	"github.com/spf13/cobra"
)

// The requirements shown beside the measured width, instance by instance.
const (
	derivedRequirement = "derived/descent"
	literalRequirement = "du2019/descent"
)

func widthFacts() report.WidthFacts {
	return report.WidthFacts{
		Samples: FactSamples, Lambda0: FactLambda0, Spectral: FactSpectral,
		Requirement: FactRequirement,
		SuffixN:     SuffixN, SuffixLambda0: SuffixLambda0, SuffixDelta: SuffixDelta,
	}
}

type widthFlags struct {
	plan        StudyPlan
	seed        uint64
	alpha       float64
	out, format string
	workers     int
	dry         bool
	data        string
	reading     command.DataFlags
}

func widthCommand(session *command.Session) *cobra.Command {
	f := widthFlags{plan: DefaultStudy()}
	cmd := &cobra.Command{
		Use:   "width",
		Short: "Measure how wide is wide enough, and how far the theorems are from it",
		Long: `Width finds, for families of data sets and n on a geometric ladder, the smallest
width at which gradient descent keeps the rate of Theorem 4.1 of Du et al. (2019)
with probability at least 1-delta. The bracket of every such width is exact, at
alpha for the whole study. It fits the exponents of n and 1/lambda_0 and prints
them beside every requirement of the sources that applies. The study states
its cost before it starts and resumes from its run folder.`,
		Example: `  convergo width
  convergo width --sizes 4,8,16 --seeds 1 --out runs/width
  convergo width --dry
  convergo width --data features.npy --label last --sizes 4,8,16
  convergo width --out runs/width --format latex > width.tex`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return width(cmd.Context(), session, cmd, f) },
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
	fl.StringVar(&f.data, "data", "", "study samples of this data file alone, or of standard input (-)")
	f.reading.Register(fl)
	f.reading.Complete(cmd)
	fl.BoolVar(&f.dry, "dry", false, "state the cost and stop")
	return cmd
}

// studyProfile lets every instance of a study run: its plan is its budget.
func studyProfile() checks.Profile {
	return checks.Profile{Name: "width", Budget: checks.Budget{Work: 1e18, Trials: 1 << 20, AlwaysTrials: 1, LadderTrials: 64}}
}

func width(ctx context.Context, session *command.Session, cmd *cobra.Command, f widthFlags) error {
	format, err := table.ParseFormat(f.format)
	if err != nil {
		return err
	}
	if !(f.alpha > 0 && f.alpha < 1) {
		return fmt.Errorf("alpha is %v: it must lie between 0 and 1", f.alpha)
	}
	stop, err := f.open(ctx, cmd)
	if err != nil {
		return err
	}
	defer stop()
	if f.plan.Data != nil {
		if err := f.affordable(cmd.ErrOrStderr(), cmd.Flags().Changed("sizes")); err != nil {
			return err
		}
	}
	source, err := WidthStudy(f.plan)
	if err != nil {
		return err
	}
	work, instances := StudyWork(f.plan)
	fmt.Fprintf(cmd.ErrOrStderr(), "Width study: %d instances, about %.2g operations, some %s on 2 cores.\n", instances, work, studyTime(work))
	if f.dry {
		return nil
	}
	o := checks.Options{Seed: f.seed, Alpha: f.alpha, Profile: studyProfile(), Workers: f.workers, Dir: f.out}
	if f.plan.Data != nil {
		o.Data = []checks.DataFile{*f.plan.Data}
	}
	s, dir, err := session.Run(ctx, cmd, []checks.Source{source}, o, "width-")
	if err != nil {
		return err
	}
	for i, build := range []func(*checks.Summary) (*table.Table, error){widthTable, exponentTable} {
		t, err := build(s)
		if err != nil {
			return err
		}
		if i > 0 {
			fmt.Fprintln(cmd.OutOrStdout())
		}
		if err := session.Render(cmd.OutOrStdout(), t, format, true); err != nil { // small in LaTeX: both are wide
			return err
		}
	}
	return session.Verdict(cmd.ErrOrStderr(), s, dir)
}

// open opens the user's file, if there is one, until stop is called.
func (f *widthFlags) open(ctx context.Context, cmd *cobra.Command) (stop func(), err error) {
	var paths []string
	if f.data != "" {
		paths = []string{f.data}
	}
	files, stop, err := f.reading.Open(ctx, cmd.InOrStdin(), paths)
	if err == nil && len(files) > 0 {
		f.plan.Data = &files[0]
		fmt.Fprintf(cmd.ErrOrStderr(), "Read %s.\n", files[0].Reading)
	}
	return stop, err
}

// studyTime is how long the work takes on two cores of a common machine. The guess of the width that suffices, which the
// work rests on, is the larger uncertainty.
func studyTime(work float64) time.Duration {
	const rate = 4e9
	return time.Duration(min(work/rate/2*float64(time.Second), 1<<62)).Round(time.Second)
}

// mostStudied are the operations on a size of a user's file that nobody asked for by name: ten minutes.
const mostStudied = 600 * 2 * 4e9

// affordable says what each size of the user's file takes and, unless the sizes were asked for, leaves the dear ones out.
func (f *widthFlags) affordable(w io.Writer, asked bool) error {
	costs, err := f.plan.FileCosts()
	if err != nil {
		return err
	}
	for _, c := range costs {
		if !math.IsNaN(c.Lambda0) {
			fmt.Fprintf(w, "n = %d: lambda_0 = %.3g, %d steps of training, some %s on 2 cores.\n", c.N, c.Lambda0, c.Steps, studyTime(c.Work))
		}
	}
	if asked {
		return nil
	}
	plan, dear := f.plan.Without(costs, mostStudied)
	if len(dear) > 0 {
		fmt.Fprintf(w, "Left out, since lambda_0 is so small: %s; name sizes (--sizes) to run them all the same.\n", sizesOf(dear))
	}
	if len(dear) == len(costs) {
		return fmt.Errorf("width study: lambda_0 = %.3g makes every size take more than %s; give smaller ones, or the same ones by name (--sizes)", dear[0].Lambda0, studyTime(mostStudied))
	}
	f.plan = plan
	return nil
}

func sizesOf(costs []SizeCost) string {
	var names []string
	for _, c := range costs {
		names = append(names, fmt.Sprintf("n = %d", c.N))
	}
	return strings.Join(names, ", ")
}

func widthTable(s *checks.Summary) (*table.Table, error) {
	return report.Width(s, widthFacts(), derivedRequirement, literalRequirement)
}

func widthDrawings(s *checks.Summary) []report.Drawing {
	if d := report.WidthDrawing(s, widthFacts(), derivedRequirement); d != nil {
		return []report.Drawing{*d}
	}
	return nil
}

func exponentTable(s *checks.Summary) (*table.Table, error) {
	return report.Exponents(s, widthFacts())
}
