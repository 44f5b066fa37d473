package theorems

import (
	"context"
	"fmt"
	"io"
	"time"

	"convergo/checks/command"
	"convergo/nets/data"
	"convergo/report/outfile"
	"convergo/report/table"

	"github.com/spf13/cobra"
)

type askFlags struct {
	reading      command.DataFlags
	format, html string
	train        bool
	seed         uint64
}

// mostAsked is how many rows are used unless told otherwise: a thousand take seconds.
const mostAsked = 1000

func askCommand(session *command.Session) *cobra.Command {
	var f askFlags
	cmd := &cobra.Command{
		Use:   "ask FILE",
		Short: "Say what the theorems predict on a data set of your own",
		Long: `Ask reads a data set (CSV, NPY, NPZ, IDX, CIFAR-10, libsvm; packed or not; - for
standard input) and prints the facts on which convergence theory depends: the
separation of the samples, certified smallest eigenvalues of limit kernels, how the
labels lie in their spectrum. Then it evaluates every theorem of the sources that
says something computable about a data set: the width that it asks for, the step
size that it allows, the steps to 1% of the squared error, its bound on the error on new
samples, in published and in derived constants; whether its hypotheses hold
here; and whether its number is vacuous. The tightest come first.

At most 1000 rows are used unless --rows says otherwise, a seeded sample with all
classes; of more, the time and the memory are said first. With --train, networks of
the widths that fit are trained, and their loss is shown beside every bound on it.`,
		Example: `  convergo ask iris.csv
  convergo ask features.npz --x embeddings --y target --rows 500
  convergo ask data.csv --label last --format markdown
  convergo ask data.csv --label last --train --html answer.html`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("name one data file, or - for standard input; %d were given", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return ask(cmd.Context(), session, cmd, args[0], f) },
	}
	fl := cmd.Flags()
	f.reading.Register(fl)
	fl.StringVar(&f.format, "format", "terminal", "terminal, markdown, csv, json, html or latex")
	fl.StringVar(&f.html, "html", "", "write a self-contained page into this file too")
	fl.BoolVar(&f.train, "train", false, "train networks of the widths that fit beside the predictions")
	fl.Uint64Var(&f.seed, "seed", 1, "of the weights of trained networks")
	f.reading.Complete(cmd)
	return cmd
}

func ask(ctx context.Context, session *command.Session, cmd *cobra.Command, path string, f askFlags) error {
	format, err := table.ParseFormat(f.format)
	if err != nil {
		return err
	}
	set, err := f.read(ctx, cmd, path)
	if err != nil {
		return err
	}
	if n, _ := set.X.Dims(); n > mostAsked {
		c, err := EstimateAsk(ctx, set)
		if err != nil {
			return session.Fail(ctx, err)
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "%d rows: about %s and %.1f GB of memory\n", n, roughly(c.Time), float64(c.Memory)/1e9)
	}
	progress, done := session.Progress(cmd.ErrOrStderr())
	a, err := Ask(ctx, set, AskOptions{Progress: progress, Train: f.train, Seed: f.seed})
	done()
	if err != nil {
		return session.Fail(ctx, err)
	}
	if err := session.Write(cmd.OutOrStdout(), func(w io.Writer, o table.Options) error {
		o.Small = true // the tables are wide
		return a.Write(w, format, o)
	}); err != nil {
		return err
	}
	if f.html == "" {
		return nil
	}
	err = outfile.Write(f.html, func(w io.Writer) error { return a.Write(w, table.HTML, table.Options{}) })
	if err != nil {
		return session.Fail(ctx, err)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "Page: %s\n", f.html)
	return nil
}

// roughly is a time to about a tenth.
func roughly(t time.Duration) time.Duration {
	unit := time.Second
	for t > 100*unit {
		unit *= 10
	}
	return t.Round(unit)
}

// read reads the rows that the flags ask for, scaled to unit norm.
func (f askFlags) read(ctx context.Context, cmd *cobra.Command, path string) (*data.Set, error) {
	o := f.reading.Options
	o.Normalize = true
	file, err := (&data.Loader{Stdin: cmd.InOrStdin()}).Open(ctx, path, o)
	if err != nil {
		return nil, command.InFlags(err)
	}
	if o.Rows == 0 && file.N() > mostAsked {
		o.Rows = mostAsked
	}
	set, err := file.Set(o)
	return set, command.InFlags(err)
}
