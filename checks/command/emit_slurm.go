package command

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"text/template"

	"convergo/report"

	"github.com/spf13/cobra"
)

// slurmScript is what the script for Slurm is made of.
type slurmScript struct {
	emitted
	Sbatch []string // further options of both jobs
}

func (a *app) emitSlurmCommand() *cobra.Command {
	s := slurmScript{emitted: emitted{Name: a.suite.Name}}
	cmd := &cobra.Command{
		Use:   "slurm [flags] [-- verify arguments...]",
		Short: "Write a script that submits an array job to Slurm and merges its records",
		Long: `Slurm writes a shell script that submits two jobs: an array with a task for each
shard of the run, and behind it a job that merges the shards into OUT/merged and
prints the table of verdicts. What follows -- goes to verify as it is.

The array is over the parts of one run with one seed. For several seeds write a
script for each, with an --out of its own.

The paths must mean the same on the nodes as where the script is run. A script
that is run again resumes the shards that were cut short. A refuted claim does
not fail its task, or nothing would be merged: it fails the merge job, whose exit
status is that of verify on the whole run.`,
		Example: `  convergo emit slurm --shards 8 --out runs/du -- du2019 --seed 7 > submit.sh
  sh submit.sh
  convergo emit slurm --shards 20 --profile deep --cpus 4 --sbatch=--time=04:00:00 --sbatch=--partition=long --output submit.sh
  convergo report runs/slurm/merged --format latex`,
		RunE: func(cmd *cobra.Command, args []string) error {
			s.Verify = args
			if err := s.validate(a); err != nil {
				return err
			}
			text, err := s.text()
			if err != nil {
				return err
			}
			return s.write(cmd, text, 0o777, "sh")
		},
	}
	s.register(cmd)
	fl := cmd.Flags()
	fl.StringVar(&s.Out, "out", "runs/slurm", "folder of the shards, the merged run and the logs")
	fl.StringArrayVar(&s.Sbatch, "sbatch", nil, "option of sbatch for both jobs, such as --sbatch=--time=02:00:00; repeatable")
	fl.StringVar(&s.Program, "program", "", "the program on the nodes (default: the path of this one)")
	return cmd
}

func (s *slurmScript) validate(a *app) error {
	if strings.ContainsAny(s.Out, "\\\n\r") {
		return fmt.Errorf("--out %q: Slurm does not take a backslash or a line break in the name of a log", s.Out)
	}
	if strings.HasPrefix(s.Out, "-") {
		s.Out = "./" + s.Out
	}
	for _, o := range s.Sbatch {
		if !strings.HasPrefix(o, "-") || strings.ContainsAny(o, "\n\r\x00") {
			return fmt.Errorf("--sbatch %q: give a whole option, such as --sbatch=--partition=long", o)
		}
	}
	if s.Program == "" {
		program, err := os.Executable()
		if err != nil {
			return fmt.Errorf("finding this program: %w; give --program", err)
		}
		s.Program = program
	}
	return s.emitted.validate(a)
}

// The array tasks end well when a claim is refuted (exit status 1): their
// records are whole, and the merge behind them gives the verdict.
var slurmTemplate = template.Must(template.New("slurm").Funcs(template.FuncMap{
	"quote": report.ShellQuote, "last": func(n int) int { return n - 1 },
}).Parse(`#!/bin/sh
# Submits a run of {{.Name}} in {{.Shards}} shards to Slurm, and behind it the job that
# merges their records. Run it again to resume shards that were cut short.
set -eu
out={{quote .Out}}
mkdir -p "$out"

array=$(sbatch --parsable --job-name={{quote .Name}} --array=0-{{last .Shards}} \
	--cpus-per-task={{.Cpus}} --requeue --open-mode=append --output={{quote .Logs}}/shard%a.log{{range .Sbatch}} \
	{{quote .}}{{end}} <<'END_OF_JOB'
#!/bin/sh
out={{quote .Out}}
{{quote .Program}} verify --profile={{.Profile}} --workers="${SLURM_CPUS_PER_TASK:-{{.Cpus}}}" \
	--shard="$SLURM_ARRAY_TASK_ID/{{.Shards}}" --out="$out/shard$SLURM_ARRAY_TASK_ID"{{range .Verify}} \
	{{quote .}}{{end}}
status=$?
[ $status -eq 1 ] && status=0 # refuted claims fail the merge, not the shard
exit $status
END_OF_JOB
)
array=${array%%;*}

merge=$(sbatch --parsable --job-name={{quote .Name}}-merge --dependency=afterok:"$array" --kill-on-invalid-dep=yes \
	--open-mode=append --output={{quote .Logs}}/merge.log{{range .Sbatch}} \
	{{quote .}}{{end}} <<'END_OF_JOB'
#!/bin/sh
out={{quote .Out}}
set --
i=0
while [ $i -lt {{.Shards}} ]; do
	set -- "$@" "$out/shard$i"
	i=$((i + 1))
done
exec {{quote .Program}} merge --out="$out/merged" "$@"
END_OF_JOB
)
merge=${merge%%;*}
echo "Submitted the shards as job $array and their merge as job $merge."
echo "The verdicts will be in $out/merge.log, the records in $out/merged."
`))

// Logs is the folder of the logs in the language of sbatch, where % is special.
func (s *slurmScript) Logs() string { return strings.ReplaceAll(s.Out, "%", "%%") }

func (s *slurmScript) text() ([]byte, error) {
	var b bytes.Buffer
	err := slurmTemplate.Execute(&b, s)
	return b.Bytes(), err
}
