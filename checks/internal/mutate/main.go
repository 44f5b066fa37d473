// Command mutate counts the numeric results that no test holds.
//
// It scales every floating-point result of every function of the named packages by a factor, one result
// at a time, runs the tests of the function's package, and prints the mutants under which all tests still pass:
//
//	go run ./checks/internal/mutate ./bounds/...
//	go run ./checks/internal/mutate -factors 2,0.5 -match 'Gram' ./bounds
//	go run ./checks/internal/mutate -then 'go test ./theorems/...' ./bounds
//
//	go run ./checks/internal/mutate -edits checks/internal/mutate/engine.txt
//
// The last form is for what no factor on a result shows, such as a share of an error probability that is not taken: it puts one
// text of a file in place of another, as the file says, and runs the tests of that file's package.
//
// A result is a float64, each float field of a struct by itself, and all entries of a slice, an array, a
// map or a gonum matrix together; results of function literals count too. The tests are compiled once per
// package, with all mutants in them, and a mutant is chosen by an environment variable.
//
// A test runs for a mutant only where it calls the mutant's function; which do is recorded first.
//
// A function whose doc comment has a line "//mutate:ignore reason" is left out and listed with its reason.
// The mutants that survive are printed one a line, "file:line function[result] xfactor", and totals last. Those
// that survivors.txt knows have its reason behind them, and so have those that no test calls, or that are zero, infinite, not a
// number or empty in all their tests. The first and the last are counted apart, so that new ones stand out.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

type options struct {
	factors []float64
	match   *regexp.Regexp
	then    string
	jobs    int
	known   survivors
	run     string // names of the tests that edits are shown to
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	factors := flags.String("factors", "2,0.5,1.2,0.83,1.02", "comma-separated `factors`")
	match := flags.String("match", "", "only mutants whose \"file:line function[result]\" matches this `expression`")
	then := flags.String("then", "", "a shell `command` that survivors are shown to as well, in instrumented packages; it kills by failing")
	edits := flags.String("edits", "", "a `file` of mutants made by hand, instead of packages")
	run := flags.String("run", "", "show edits only to the tests whose names match this `expression`, which is faster and kills fewer")
	jobs := flags.Int("j", runtime.NumCPU(), "test processes at a time")
	if err := flags.Parse(args); err != nil {
		return err
	}
	o := options{then: *then, jobs: *jobs, run: *run}
	for _, s := range strings.Split(*factors, ",") {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return fmt.Errorf("factor %q is not a number", s)
		}
		o.factors = append(o.factors, f)
	}
	var err error
	if o.known, err = readSurvivors(survivorsText); err != nil {
		return err
	}
	if o.match, err = regexp.Compile(*match); err != nil {
		return err
	}
	if *edits != "" {
		return mutateByHand(ctx, o, *edits, out)
	}
	if flags.NArg() == 0 {
		return errors.New("no package named; try ./bounds/... for all below bounds")
	}
	return mutate(ctx, o, flags.Args(), out)
}

// mutate instruments the packages, tests every mutant at every factor and prints the survivors.
func mutate(ctx context.Context, o options, patterns []string, out io.Writer) error {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	all, err := load(ctx, patterns)
	if err != nil {
		return err
	}
	mutants, ignored, err := instrument(all, dir)
	if err != nil {
		return err
	}
	suites, err := compile(ctx, all, dir, out)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d results in %d packages\n", len(mutants), len(all))

	type job struct {
		mutant mutant
		factor int // index
	}
	jobs := make(chan job)
	tested, survived, known := make([]int, len(o.factors)), make([]int, len(o.factors)), make([]int, len(o.factors))
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range max(1, o.jobs) {
		wg.Go(func() {
			for j := range jobs {
				factor := o.factors[j.factor]
				killed, why := suites[j.mutant.pkg].kills(ctx, j.mutant, factor)
				killed = killed || o.then != "" && shellKills(ctx, o.then, dir, j.mutant, factor)
				if ctx.Err() != nil {
					continue
				}
				mu.Lock()
				tested[j.factor]++
				if !killed {
					survived[j.factor]++
					reason := o.known.reason(j.mutant, factor)
					if reason != "" || why == unchanged {
						known[j.factor]++
					}
					if reason == "" {
						reason = string(why)
					}
					fmt.Fprintf(out, "%s x%v%s\n", j.mutant, factor, colon(reason))
				}
				mu.Unlock()
			}
		})
	}
	for _, m := range mutants {
		for f := range o.factors {
			if o.match.MatchString(m.String()) && ctx.Err() == nil {
				jobs <- job{m, f}
			}
		}
	}
	close(jobs)
	wg.Wait()
	for _, line := range ignored {
		fmt.Fprintln(out, "ignored:", line)
	}
	for f, factor := range o.factors {
		fmt.Fprintf(out, "x%v: %d of %d survive (%.1f %%), %d with a known reason\n",
			factor, survived[f], tested[f], 100*float64(survived[f])/float64(max(1, tested[f])), known[f])
	}
	return ctx.Err()
}

func colon(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

// environment is that of a process in which the mutant acts.
func environment(m mutant, factor float64) []string {
	return append(os.Environ(), "MUTATE="+strconv.Itoa(m.id), "MUTATE_FACTOR="+strconv.FormatFloat(factor, 'g', -1, 64))
}

// patience is how long the tests of a mutant may run, given how long they take without one.
func patience(plain time.Duration) time.Duration { return 5*plain + 10*time.Second }
