package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"time"

	"convergo/checks"
	"convergo/report"

	"github.com/spf13/cobra"
)

type verifyFlags struct {
	profile, out, shard string
	data                []string
	reading             DataFlags
	seed                uint64
	alpha               float64
	workers             int
	asJSON, strict      bool
	onlyData            bool
	gate                string // the baseline to hold the run against
	gateFlags
}

func (a *app) verifyCommand() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify [ID, source or pattern]...",
		Short: "Check claims and print a table of verdicts",
		Long: `Verify checks the named claims, or all, and prints a table of verdicts. It
appends its records to a run folder; given the same folder again (--out) it
resumes an interrupted run, and a finished one is only printed.

The profile says what to spend. quick takes about a minute: the small instances,
and enough trials to decide most of them. standard has ten times the work and
three times the trials an instance, four times the searched instances; it decides
much that quick leaves undecided or too dear, and finds smaller errors. deep has
seven times the work of standard again, three times its trials and five times its
searched instances: half an hour for all claims on two cores, or shards on many.

The chance of any false alarm in the whole run is at most alpha. The exit status
is 1 when a claim is refuted or a control is not, and 0 otherwise: UNDECIDED and
VACUOUS claims do not fail a run, they say so. With --gate it is 1 as well when a
claim regressed against that baseline, and the reports of the gate are written
whatever the verdicts are.`,
		Example: `  convergo verify
  convergo verify du2019 --profile standard --seed 7 --out runs/du
  convergo verify 'du2019/gram*' --data features.npy --label last
  convergo verify --data features.csv --label species --only-data
  convergo verify --shard 2/8 --out runs/shard2
  convergo verify --gate testdata/baseline.txt --junit gate.xml --annotations github`,
		ValidArgsFunction: a.completeClaims,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.verify(cmd.Context(), cmd, args, f)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.profile, "profile", "quick", "what to spend: quick, standard or deep")
	fl.Uint64Var(&f.seed, "seed", 1, "root seed of all random streams")
	fl.Float64Var(&f.alpha, "alpha", 0.01, "chance of any false alarm in the whole run")
	fl.StringVar(&f.out, "out", "", "run folder (default: a new one under runs/)")
	fl.StringArrayVar(&f.data, "data", nil, "data file of your own (CSV, NPY, NPZ, IDX, CIFAR-10, libsvm; .gz too), or - for standard input; repeatable")
	f.reading.Register(fl)
	fl.BoolVar(&f.onlyData, "only-data", false, "run the claims on the data files alone: no built-in instances, controls and searches")
	fl.IntVar(&f.workers, "workers", 0, "trials in parallel (default: one per core)")
	fl.StringVar(&f.shard, "shard", "", "run part i of k, as i/k with i from 0, or auto for the part of an array job's task")
	fl.BoolVar(&f.strict, "strict", false, "fail when a claim would find only larger errors than it should (WEAK)")
	fl.BoolVar(&f.asJSON, "json", false, "print the summary as JSON instead of the table")
	fl.StringVar(&f.gate, "gate", "", "hold the run against this baseline, as regress does")
	f.register(cmd)
	f.reading.Complete(cmd)
	return cmd
}

func (a *app) verify(ctx context.Context, cmd *cobra.Command, patterns []string, f verifyFlags) error {
	sources, err := a.selected(patterns)
	if err != nil {
		return err
	}
	if !(f.alpha > 0 && f.alpha < 1) {
		return fmt.Errorf("alpha is %v: it must lie between 0 and 1", f.alpha)
	}
	o, err := f.options()
	if err != nil {
		return err
	}
	var stop func()
	if o.Data, stop, err = f.reading.Open(ctx, cmd.InOrStdin(), f.data); err != nil {
		return err
	}
	defer stop()
	o.Command = f.again(a.suite.Name, patterns)
	baseline, err := f.baseline(a, patterns)
	if err != nil {
		return err
	}
	if len(o.Data) > 0 {
		if err := a.mustUseData(sources); err != nil {
			return err
		}
		printReadings(cmd.ErrOrStderr(), o.Data)
	}
	if note := arrayNote(os.Getenv, f.shard, f.seed, cmd.Flags().Changed("seed")); note != "" {
		fmt.Fprintln(cmd.ErrOrStderr(), note)
	}
	start := time.Now()
	s, dir, err := run(ctx, cmd, sources, o, "")
	if err != nil {
		return err
	}
	if f.asJSON {
		err = writeJSON(cmd.OutOrStdout(), s)
	} else {
		err = a.printVerdicts(cmd.OutOrStdout(), s, f.onlyData, dir, time.Since(start))
	}
	if err != nil {
		return failed(err)
	}
	if baseline != nil {
		if err := f.hold(cmd, baseline, dir); err != nil {
			return err
		}
	}
	if f.strict && !strong(s) {
		return status{code: exitRefuted}
	}
	return verdictStatus(s)
}

// baseline reads the baseline of the gate, if there is one, before any trial is
// run: its lines of the chosen claims.
func (f *verifyFlags) baseline(a *app, patterns []string) (*checks.Baseline, error) {
	if f.gate == "" {
		if f.asked() {
			return nil, errors.New("--junit, --sarif, --code-quality, --summary, --annotations and --all tell of a gate: give the baseline by --gate")
		}
		return nil, nil
	}
	if f.asJSON {
		return nil, errors.New("--gate prints a table of its own, which --json cannot hold: leave one of them out, or use regress")
	}
	if f.shard != "" {
		return nil, errors.New("--gate needs the whole run: merge the shards and use regress")
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	b, err := a.readBaseline(f.gate)
	if err == nil {
		b.Restrict(patterns)
	}
	return b, err
}

// strong reports that every claim finds errors as small as it declares.
func strong(s *checks.Summary) bool {
	return !slices.ContainsFunc(s.Claims, func(c checks.ClaimOutcome) bool { return len(c.Weak) > 0 })
}

func (f verifyFlags) options() (checks.Options, error) {
	o := checks.Options{Seed: f.seed, Alpha: f.alpha, Workers: f.workers, Dir: f.out, OnlyData: f.onlyData}
	var err error
	if f.onlyData && len(f.data) == 0 {
		return o, errors.New("--only-data needs data of your own: name the file with --data")
	}
	if f.profile == "test" {
		return o, errors.New(`no profile "test" here: it is what go test runs; choose quick, standard or deep`)
	}
	if o.Profile, err = checks.ProfileByName(f.profile); err != nil {
		return o, err
	}
	if o.Shard, err = ParseShard(f.shard); err != nil {
		return o, err
	}
	return o, nil
}

// again is the command line that makes the run again: what decides its records,
// and none of what does not.
func (f verifyFlags) again(program string, patterns []string) []string {
	words := append([]string{program, "verify"}, patterns...)
	words = append(words, "--profile", f.profile, "--seed", strconv.FormatUint(f.seed, 10), "--alpha", strconv.FormatFloat(f.alpha, 'g', -1, 64))
	for _, path := range f.data {
		words = append(words, "--data", path)
	}
	if f.onlyData {
		words = append(words, "--only-data")
	}
	return append(words, f.reading.words()...)
}

func (a *app) mustUseData(sources []checks.Source) error {
	for _, i := range infos(sources) {
		if i.OnData {
			return nil
		}
	}
	return fmt.Errorf("none of the chosen claims takes data of your own; '%s list --json' shows which do (on_data)", a.suite.Name)
}

// printVerdicts writes the table and says what to do next.
func (a *app) printVerdicts(w io.Writer, s *checks.Summary, onlyData bool, dir string, took time.Duration) error {
	if !onlyData {
		if err := printOverview(w, s, terminalOptions(w)); err != nil {
			return err
		}
		fmt.Fprintln(w, tally(s))
	}
	if err := printOwnData(w, s); err != nil {
		return err
	}
	if s.Manifest.Shard != nil {
		fmt.Fprintf(w, "This is %v: other parts are missing until '%s merge' joins them.\n", s.Manifest.Shard, a.suite.Name)
	}
	fmt.Fprintf(w, "Records: %s (%.1f s). Next:\n  %s report %s --format latex   # all columns, for a paper\n", dir, took.Seconds(), a.suite.Name, dir)
	for _, c := range s.Claims {
		if c.Witness != nil {
			fmt.Fprintf(w, "  %s replay %s\n", a.suite.Name, report.ShellQuote(c.Witness.String()))
		}
	}
	return nil
}
