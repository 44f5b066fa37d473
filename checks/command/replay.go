package command

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"convergo/checks"
	"convergo/report"

	"github.com/spf13/cobra"
)

func (a *app) replayCommand() *cobra.Command {
	var files []string
	var reading DataFlags
	cmd := &cobra.Command{
		Use:   "replay WITNESS",
		Short: "Run a witness again from its line of JSON",
		Long: `Replay runs the instance and trial of a witness again and shows what it measures.
The witness is the line of JSON that verify or go test printed, or - to read it
from standard input. The exit status is 1 when it violates its claim again and
0 when it does not. A witness on a file of your own names the file by the digest of
its content: give the file by --data, wherever it lies now, and its file of labels
by --labels.`,
		Example: `  convergo replay '{"claim":"du2019/...","params":{...},"seed":1,"trial":0,"version":"1"}'
  convergo report runs/x --witnesses | convergo replay -
  convergo replay "$WITNESS" --data features.npy`,
		Args: exactlyOne("one witness"),
		RunE: func(cmd *cobra.Command, args []string) error {
			text := args[0]
			if text == "-" {
				line, err := bufio.NewReader(io.LimitReader(os.Stdin, 1<<24)).ReadString('\n')
				if err != nil && err != io.EOF {
					return failed(err)
				}
				text = line
			}
			stop, err := reading.Hold(cmd.Context(), files)
			if err != nil {
				return err
			}
			defer stop()
			return a.replay(cmd.OutOrStdout(), strings.TrimSpace(text))
		},
	}
	cmd.Flags().StringArrayVar(&files, "data", nil, "the data file of a witness on one; repeatable")
	cmd.Flags().StringVar(&reading.Options.LabelsPath, "labels", "", "its file of labels")
	cmd.Flags().Int64Var(&reading.Options.MaxBytes, "max-bytes", 0, "largest file that is read, as for verify")
	return cmd
}

func (a *app) replay(w io.Writer, text string) error {
	witness, err := checks.ParseWitness([]byte(text))
	if err != nil {
		return err
	}
	all, err := a.sources()
	if err != nil {
		return failed(err)
	}
	c, err := checks.Find(all, witness.Claim)
	if err != nil {
		return err
	}
	re, err := checks.Replay(c, witness)
	if err != nil {
		return failed(err)
	}
	fmt.Fprintf(w, "%s at %s, seed %d, trial %d\n", witness.Claim, report.Compact(witness.Params), witness.Seed, witness.Trial)
	for _, h := range slices.Concat(re.Instance.Hypotheses, re.Measurement.Hypotheses) {
		fmt.Fprintf(w, "  hypothesis %s: %.6g %s %.6g, margin %.3g\n", h.Name, float64(h.Have), h.Relation, float64(h.Need), h.Margin())
	}
	for _, f := range re.Instance.Facts {
		fmt.Fprintf(w, "  %s = %.6g\n", f.Name, float64(f.Value))
	}
	m := re.Measurement
	if len(m.Ladder) == 0 {
		part := ""
		if m.Part != "" {
			part = " (" + m.Part + ")"
		}
		fmt.Fprintf(w, "  observed %.10g, claimed %s %.10g%s, tolerance %.3g, slack %.6g\n", m.Observed, relation(m), m.Predicted, part, m.Tolerance+m.Error, m.Slack())
	}
	fmt.Fprintf(w, "  over %d trials: %s %s\n", re.Result.Trials, re.Result.Verdict, re.Result.Reason)
	if re.Reproduced {
		fmt.Fprintln(w, "The violation is reproduced.")
		return status{code: exitRefuted}
	}
	fmt.Fprintln(w, "The violation is not reproduced.")
	return nil
}

func relation(m checks.Measurement) checks.Relation {
	if m.Relation == "" {
		return checks.AtMost
	}
	return m.Relation
}
