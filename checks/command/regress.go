package command

import (
	"errors"
	"fmt"
	"os"

	"convergo/checks"

	"github.com/spf13/cobra"
)

const defaultBaseline = "testdata/baseline.txt"

func (a *app) baselineCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "baseline", Short: "Keep the accepted state of the claims in a file",
		Example: "  convergo baseline write runs/x"}
	var out string
	var alpha float64
	var bad bool
	write := &cobra.Command{
		Use:   "write RUN-DIR",
		Short: "Write the state of a finished run as the baseline",
		Long: `Write records verdicts, controls and slack with intervals of a finished run in a
small sorted text file, to be reviewed and committed. A later 'convergo regress'
holds a run against it; alpha is the chance of any false alarm in one comparison.`,
		Example: `  convergo verify --out runs/x && convergo baseline write runs/x
  convergo baseline write runs/x --file ci/claims.txt --alpha 0.001`,
		Args: exactlyOne("one run folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			rec, err := checks.Open(args[0])
			if err != nil {
				return failed(err)
			}
			b, err := checks.NewBaseline(rec, alpha)
			if err != nil {
				return failed(err)
			}
			if len(b.Bad) > 0 && !bad {
				return fmt.Errorf("%d claims are refuted or unfit as checks, the first is %s; mend them, or accept them with --accept-bad", len(b.Bad), b.Bad[0])
			}
			if err := writeTo(out, cmd.OutOrStdout(), b.Write); err != nil {
				return failed(err)
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%d claims written to %s: review and commit it\n", len(b.Lines), out)
			return nil
		},
	}
	write.Flags().StringVar(&out, "file", defaultBaseline, "the baseline file; - for standard output")
	write.Flags().Float64Var(&alpha, "alpha", 0.01, "chance of any false alarm in one comparison")
	write.Flags().BoolVar(&bad, "accept-bad", false, "write it although claims are refuted or unfit as checks")
	return group(cmd, write)
}

type regressFlags struct {
	baseline string
	gateFlags
}

func (a *app) regressCommand() *cobra.Command {
	var f regressFlags
	cmd := &cobra.Command{
		Use:   "regress RUN-DIR",
		Short: "Hold a run against the baseline; a CI gate",
		Long: `Regress holds a finished run against the baseline and exits with status 1 when a
claim regressed: its verdict or a control got worse, or its slack did beyond what
chance explains. It reads records only. Improvements are reported, never accepted
silently. With another seed numbers are compared within their intervals; with
another profile only verdicts and controls; another version of a claim is told.

'convergo verify --gate' runs the claims and holds them against the baseline at
once.`,
		Example: `  convergo verify --out runs/x; convergo regress runs/x
  convergo regress runs/x --junit gate.xml --sarif gate.sarif --summary "$GITHUB_STEP_SUMMARY"`,
		Args: exactlyOne("one run folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			b, err := a.readBaseline(f.baseline)
			if err != nil {
				return failed(err)
			}
			return f.hold(cmd, b, args[0])
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.baseline, "baseline", defaultBaseline, "the baseline file")
	f.register(cmd)
	return cmd
}

func (a *app) readBaseline(name string) (*checks.Baseline, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("baseline: %w; write one with '%s baseline write'", err, a.suite.Name)
	}
	b, err := checks.ParseBaseline(name, file)
	return b, errors.Join(err, file.Close())
}
