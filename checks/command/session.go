package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"convergo/checks"
	"convergo/report/table"

	"github.com/spf13/cobra"
)

// A Session is what the commands that a suite adds may use: it runs claims and
// prints tables as the commands of this package do.
type Session struct{ app *app }

// Run checks the sources, with progress on a terminal, and judges the run. With
// an empty folder in the options it takes a new one under runs/, whose name
// begins with prefix. Errors carry the exit status.
func (s *Session) Run(ctx context.Context, cmd *cobra.Command, sources []checks.Source, o checks.Options, prefix string) (*checks.Summary, string, error) {
	return run(ctx, cmd, sources, o, prefix)
}

// Render prints a table, fitted to the terminal when w is one.
func (s *Session) Render(w io.Writer, t *table.Table, f table.Format, small bool) error {
	o := terminalOptions(w)
	o.Small = small
	return failed(table.Render(w, t, f, o))
}

// Verdict prints the tally of a run to w and returns the error that carries
// its exit status, or nil.
func (s *Session) Verdict(w io.Writer, sum *checks.Summary, dir string) error {
	fmt.Fprintf(w, "\n%s\nRecords: %s\n", tally(sum), dir)
	return verdictStatus(sum)
}

// Progress returns what shows done of steps on a terminal, and what ends it.
func (s *Session) Progress(w io.Writer) (show func(done, steps int), end func()) {
	p := newProgress(w)
	return func(done, steps int) { p.event(checks.Event{Done: done, Total: steps}) }, p.finish
}

// Write lets write print to w, with the options that fit it when it is a terminal.
func (s *Session) Write(w io.Writer, write func(io.Writer, table.Options) error) error {
	return failed(write(w, terminalOptions(w)))
}

// Fail is the error with the exit status of work that could not be finished or, when ctx
// has ended, was interrupted.
func (s *Session) Fail(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return status{exitInterrupted, errors.New("interrupted")}
	}
	return failed(err)
}

// run checks the sources into the folder of the options, or a new one.
func run(ctx context.Context, cmd *cobra.Command, sources []checks.Source, o checks.Options, prefix string) (*checks.Summary, string, error) {
	var err error
	if o.Dir == "" {
		name := prefix + time.Now().UTC().Format("2006-01-02T15-04-05")
		if o.Shard != nil {
			name += fmt.Sprintf("-shard%d", o.Shard.Index)
		}
		if o.Dir, err = newRunFolder("runs", name); err != nil {
			return nil, "", failed(err)
		}
	}
	progress := newProgress(cmd.ErrOrStderr())
	o.Progress = progress.event
	rec, err := checks.Run(ctx, sources, o)
	progress.finish()
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return nil, o.Dir, status{exitInterrupted, fmt.Errorf("interrupted; finished records are in %s: run the same command with --out %s to resume", o.Dir, o.Dir)}
		}
		return nil, o.Dir, failed(err)
	}
	s, err := checks.Summarize(rec)
	return s, o.Dir, failed(err)
}

// newRunFolder makes a folder that no other run has, even one that started in
// the same second.
func newRunFolder(parent, name string) (string, error) {
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return "", fmt.Errorf("run folder: %w; give --out", err)
	}
	for i := 1; ; i++ {
		dir := filepath.Join(parent, name)
		if i > 1 {
			dir += fmt.Sprintf("-%d", i)
		}
		err := os.Mkdir(dir, 0o777)
		if err == nil || !errors.Is(err, os.ErrExist) {
			return dir, err
		}
	}
}
