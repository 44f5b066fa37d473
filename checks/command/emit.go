package command

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"convergo/report"

	"github.com/spf13/cobra"
)

func (a *app) emitCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "emit",
		Short: "Write scripts and manifests that run the claims elsewhere",
		Example: `  convergo emit slurm --shards 8 --out runs/du -- du2019 --seed 7 > submit.sh
  sh submit.sh
  convergo emit kubernetes --image registry.example/claims --shards 8 -- du2019 > job.yaml
  kubectl apply -f job.yaml`,
	}
	return group(cmd, a.emitSlurmCommand(), a.emitKubernetesCommand())
}

// An emitted is what all scripts and manifests hold: a run in parts.
type emitted struct {
	Shards   int
	Cpus     int
	Profile  string
	Out      string
	Program  string
	Name     string   // of the suite, for the jobs
	Verify   []string // further arguments of verify
	filename string   // of the text, or empty for standard output
}

func (e *emitted) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.IntVar(&e.Shards, "shards", 8, "parts of the run, each a task of the array")
	fl.IntVar(&e.Cpus, "cpus", 1, "cores of a task")
	fl.StringVar(&e.Profile, "profile", "standard", "what to spend: quick, standard or deep")
	fl.StringVarP(&e.filename, "output", "o", "", "file of the text (default: standard output)")
}

// validate finds now what would otherwise fail once the jobs have waited in the
// queue.
func (e *emitted) validate(a *app) error {
	switch {
	case e.Shards < 1:
		return fmt.Errorf("--shards %d: at least 1 is needed", e.Shards)
	case e.Cpus < 1:
		return fmt.Errorf("--cpus %d: at least 1 is needed", e.Cpus)
	case e.Out == "":
		return errors.New("say where to put the records: --out DIR")
	}
	for _, arg := range append([]string{e.Program}, e.Verify...) {
		if strings.ContainsAny(arg, "\n\r\x00") {
			return fmt.Errorf("argument %q: a script takes no line break in it", arg)
		}
	}
	return e.validateVerify(a)
}

func (e *emitted) validateVerify(a *app) error {
	verify := a.verifyCommand()
	if err := verify.ParseFlags(e.Verify); err != nil {
		if words := strings.Join(e.Verify, " "); strings.Contains(words, "ARRAY_TASK_ID") || strings.Contains(words, "COMPLETION_INDEX") {
			return fmt.Errorf("arguments of verify: %w; the array is over the parts of ONE run, and all of them have one seed: for several seeds write a text for each, with an --out of its own", err)
		}
		return fmt.Errorf("arguments of verify: %w", err)
	}
	for _, name := range []string{"shard", "out", "workers"} {
		if verify.Flags().Changed(name) {
			return fmt.Errorf("arguments of verify: --%s is set by the script itself; leave it out", name)
		}
	}
	if verify.Flags().Changed("profile") {
		return errors.New("arguments of verify: give --profile before the --")
	}
	f := verifyFlags{profile: e.Profile, shard: "0/1"}
	if _, err := f.options(); err != nil {
		return err
	}
	_, err := a.selected(verify.Flags().Args())
	return err
}

// write prints the text, or writes it to the file and says how to use it.
func (e *emitted) write(cmd *cobra.Command, text []byte, mode os.FileMode, use string) error {
	if e.filename == "" {
		_, err := cmd.OutOrStdout().Write(text)
		return failed(err)
	}
	if err := os.WriteFile(e.filename, text, mode); err != nil {
		return failed(err)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "Wrote %s. Next:\n  %s %s\n", e.filename, use, report.ShellQuote(e.filename))
	return nil
}
