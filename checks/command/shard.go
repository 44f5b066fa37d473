package command

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"convergo/checks"

	"github.com/spf13/cobra"
)

// shardFromEnvironment reads the place of this process in an array job of
// Slurm, or in an indexed job of Kubernetes with its number of completions in
// JOB_COMPLETIONS.
func shardFromEnvironment(getenv func(string) string) (*checks.Shard, error) {
	switch {
	case getenv("SLURM_ARRAY_TASK_ID") != "":
		return slurmShard(getenv)
	case getenv("JOB_COMPLETION_INDEX") != "":
		return indexedShard(getenv)
	}
	return nil, errors.New("--shard auto: neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set: run it in an array job, or give --shard i/k")
}

// slurmShard numbers the tasks of an array such as 10-40:5 from 0. An array with
// holes, as when single tasks are submitted again, has no such numbering.
func slurmShard(getenv func(string) string) (*checks.Shard, error) {
	n := numbers{getenv: getenv}
	id, count := n.read("SLURM_ARRAY_TASK_ID", ""), n.read("SLURM_ARRAY_TASK_COUNT", "")
	first, step := n.read("SLURM_ARRAY_TASK_MIN", "0"), n.read("SLURM_ARRAY_TASK_STEP", "1")
	last := n.read("SLURM_ARRAY_TASK_MAX", strconv.Itoa(first+(count-1)*step))
	if n.err != nil {
		return nil, n.err
	}
	if count < 1 || step < 1 || id < first || id > last || (id-first)%step != 0 || (last-first)/step+1 != count {
		return nil, fmt.Errorf("the Slurm array of %d tasks from %d to %d in steps of %d does not number task %d without holes: give --shard i/k", count, first, last, step, id)
	}
	return &checks.Shard{Index: (id - first) / step, Count: count}, nil
}

func indexedShard(getenv func(string) string) (*checks.Shard, error) {
	n := numbers{getenv: getenv}
	index, count := n.read("JOB_COMPLETION_INDEX", ""), n.read("JOB_COMPLETIONS", "")
	if n.err != nil {
		return nil, n.err
	}
	if index < 0 || index >= count {
		return nil, fmt.Errorf("JOB_COMPLETION_INDEX=%d is no part of JOB_COMPLETIONS=%d: set that to the job's spec.completions, or give --shard i/k", index, count)
	}
	return &checks.Shard{Index: index, Count: count}, nil
}

// numbers reads variables and keeps the first error.
type numbers struct {
	getenv func(string) string
	err    error
}

func (n *numbers) read(name, otherwise string) int {
	text := n.getenv(name)
	if text == "" {
		text = otherwise
	}
	v, err := strconv.Atoi(text)
	if err != nil && n.err == nil {
		n.err = fmt.Errorf("%s is %q, not a number: set it, or give --shard i/k", name, text)
	}
	return v
}

// arrayNote says what a task of an array does that its user may not have meant:
// all of the run where a part of it was meant, or a part where all of it was, as
// in an array over seeds. It is empty outside of arrays, and where all is well.
func arrayNote(getenv func(string) string, shard string, seed uint64, seedGiven bool) string {
	task := getenv("SLURM_ARRAY_TASK_ID")
	if task == "" {
		task = getenv("JOB_COMPLETION_INDEX")
	}
	switch {
	case task == "":
		return ""
	case shard == "":
		return fmt.Sprintf("NOTE: task %s of an array runs all claims, as the other tasks do. That is right for an array over seeds; in an array over the parts of one run give --shard auto.", task)
	case shard == "auto" && seedGiven && strconv.FormatUint(seed, 10) == task:
		return fmt.Sprintf("WARNING: --seed %d is the number of this task, and --shard auto runs a part only. If the seeds follow the tasks, each seed loses all other parts, and the parts never merge: leave out --shard for an array over seeds, or give all parts one seed.", seed)
	}
	return ""
}

func (a *app) mergeCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "merge --out DIR SHARD-DIR...",
		Short: "Join the run folders of shards into one",
		Long: `Merge joins the run folders of shards into one. Their order does not matter and
one may be named twice; records that disagree are refused, and gaps are
reported. What DIR already holds of the run is kept, so that shards can be merged
as they come. All parts merged, the result is byte-identical to a single run.`,
		Example: `  convergo merge --out runs/all runs/shard0 runs/shard1`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return fmt.Errorf("say where to put the merged run: --out DIR")
			}
			rec, err := checks.Merge(out, args)
			if err != nil {
				return failed(err)
			}
			for _, note := range rec.Notes {
				fmt.Fprintln(cmd.ErrOrStderr(), note)
			}
			s, err := checks.Summarize(rec)
			if err != nil {
				return failed(err)
			}
			if err := printOverview(cmd.OutOrStdout(), s, terminalOptions(cmd.OutOrStdout())); err != nil {
				return failed(err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s\nRecords: %s\n", tally(s), out)
			if len(s.Gaps) > 0 {
				for _, g := range s.Gaps {
					fmt.Fprintln(cmd.ErrOrStderr(), "gap:", g)
				}
				return status{exitFailed, fmt.Errorf("%d gaps: run the missing shards and merge again", len(s.Gaps))}
			}
			return verdictStatus(s)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "folder of the merged run")
	return cmd
}

// ParseShard reads the value of a flag --shard: "i/k" with 0 <= i < k; "auto" for
// the part that an array job of Slurm or Kubernetes gives this process; nothing
// (nil) for the whole.
func ParseShard(s string) (*checks.Shard, error) {
	switch s {
	case "":
		return nil, nil
	case "auto":
		return shardFromEnvironment(os.Getenv)
	}
	i, k, ok := strings.Cut(s, "/")
	index, err1 := strconv.Atoi(i)
	count, err2 := strconv.Atoi(k)
	if !ok || err1 != nil || err2 != nil || count < 1 || index < 0 || index >= count {
		return nil, fmt.Errorf("--shard %q: write i/k with 0 <= i < k, such as 2/8, or auto in an array job", s)
	}
	return &checks.Shard{Index: index, Count: count}, nil
}
