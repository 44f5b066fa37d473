package main

import (
	"fmt"
	"strconv"

	"convergo/checks"
	"convergo/report"
	"convergo/report/table"

	"github.com/spf13/cobra"
)

// shardFromEnvironment reads the place of this process in an array job of
// Slurm, or in an indexed job of Kubernetes with its parallelism in
// JOB_COMPLETIONS. No such variable means the whole run.
func shardFromEnvironment(getenv func(string) string) (*checks.Shard, error) {
	if id := getenv("SLURM_ARRAY_TASK_ID"); id != "" {
		return shardOf("SLURM_ARRAY_TASK_ID", id, getenv("SLURM_ARRAY_TASK_MIN"), "SLURM_ARRAY_TASK_COUNT", getenv("SLURM_ARRAY_TASK_COUNT"))
	}
	if id := getenv("JOB_COMPLETION_INDEX"); id != "" {
		count := getenv("JOB_COMPLETIONS")
		if count == "" {
			return nil, fmt.Errorf("JOB_COMPLETION_INDEX is %s but JOB_COMPLETIONS is not set: set it to the number of completions, or give --shard i/k", id)
		}
		return shardOf("JOB_COMPLETION_INDEX", id, "", "JOB_COMPLETIONS", count)
	}
	return nil, nil
}

// shardOf makes a shard of an index that counts from first.
func shardOf(idName, id, first, countName, count string) (*checks.Shard, error) {
	index, err := strconv.Atoi(id)
	if err != nil {
		return nil, fmt.Errorf("%s is %q, not a number: give --shard i/k", idName, id)
	}
	k, err := strconv.Atoi(count)
	if err != nil {
		return nil, fmt.Errorf("%s is %q, not a number: give --shard i/k", countName, count)
	}
	if first != "" {
		from, err := strconv.Atoi(first)
		if err != nil {
			return nil, fmt.Errorf("the array's first index is %q, not a number: give --shard i/k", first)
		}
		index -= from
	}
	if index < 0 || index >= k {
		return nil, fmt.Errorf("%s=%s is no part of %s=%s: number the array 0-%d", idName, id, countName, count, k-1)
	}
	return &checks.Shard{Index: index, Count: k}, nil
}

func mergeCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "merge --out DIR SHARD-DIR...",
		Short: "Join the run folders of shards into one",
		Long: `Merge joins the run folders of shards into one. Their order does not matter and
one may be named twice; records that disagree are refused, and gaps are
reported. All parts merged, the result is byte-identical to a single run.`,
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
			s, err := checks.Summarize(rec)
			if err != nil {
				return failed(err)
			}
			if err := table.Render(cmd.OutOrStdout(), report.Overview(s), table.Terminal, terminalOptions(cmd.OutOrStdout())); err != nil {
				return failed(err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "\n%s\nRecords: %s\n", tally(s), out)
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
