// Package command is the command line over a suite of claims, ours or anybody's:
// list, show, verify, replay, report, figures, baseline, regress, merge, emit and
// completion. A program of ten lines has them all:
//
//	package main
//
//	import (
//		"convergo/checks"
//		"convergo/checks/command"
//	)
//
//	func main() {
//		command.Main(command.Suite{Name: "mine", Sources: func() ([]checks.Source, error) {
//			return []checks.Source{{Key: "me2026", Title: "My theorem", Claims: []checks.Checkable{mine()}}}, nil
//		}})
//	}
//
// The exit status is 0 when nothing is refuted, 1 when a claim is refuted, a
// control is not, or a gate closes, 2 when the command was used wrongly, 3 when
// the work could not be finished (a full disk, a damaged run folder), and 130
// when it was interrupted and can be resumed.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"convergo/checks"
	"convergo/nets/fmablas"
	"convergo/report"
	"convergo/report/table"

	"github.com/spf13/cobra"
	"gonum.org/v1/gonum/blas/blas64"
)

// A Suite is what a command line is made for.
type Suite struct {
	Name    string // of the program, as its user types it
	Version string // for --version; empty takes that of the module from the build
	About   string // what the program is for, a paragraph; empty says it of any suite
	// Sources returns the claims. It is called once, when a command first needs
	// them.
	Sources func() ([]checks.Source, error)
	// Licences are those of the real data that the claims name as the kind of
	// their data, for the reproducibility checklist.
	Licences map[string]report.Licence
	// Tables are further tables for report --table.
	Tables []Table
	// Drawings are further figures of a run for figures; nil for none.
	Drawings func(*checks.Summary) []report.Drawing
	// Commands are further commands. They run claims by [Session.Run].
	Commands func(*Session) []*cobra.Command
}

// A Table is a table of a run that a suite adds to those of package report.
type Table struct {
	report.Kind
	Build func(*checks.Summary) (*table.Table, error)
}

// Main runs the command line of the process and exits. It puts the BLAS of package fmablas under gonum's mat and lapack: that
// switch is one for the whole process, so it is turned here and by no library. What the packages of Convergo multiply
// themselves does not depend on it.
func Main(s Suite) {
	blas64.Use(fmablas.Implementation{Workers: runtime.GOMAXPROCS(0)})
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(s.Run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// Run executes a command line, without the name of the program, and returns the
// exit status.
func (s Suite) Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newApp(s).rootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if text := err.Error(); text != "" {
		fmt.Fprintf(stderr, "%s: %s\n", root.Name(), text)
	}
	var st status
	if errors.As(err, &st) {
		return st.code
	}
	fmt.Fprintf(stderr, "Run '%s help' for usage.\n", root.Name())
	return exitUsage
}

// An app is the command line of one suite.
type app struct {
	suite Suite
	// sources are the claims of the suite, documented; read once.
	sources func() ([]checks.Source, error)
}

func newApp(s Suite) *app {
	if s.Name == "" {
		s.Name = "claims"
	}
	return &app{suite: s, sources: sync.OnceValues(func() ([]checks.Source, error) {
		if s.Sources == nil {
			return nil, errors.New("the suite has no Sources")
		}
		sources, err := s.Sources()
		for _, source := range sources {
			for i, c := range source.Claims {
				if c == nil {
					return nil, fmt.Errorf("claim %d of the source %s is nil: leave it out", i+1, source.Key)
				}
			}
			err = errors.Join(err, source.ValidateTables())
		}
		return sources, err
	})}
}

// group makes a command of others, which by itself does nothing: a wrong name
// below it is an error, and not a call for help.
func group(cmd *cobra.Command, commands ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(commands...)
	cmd.SuggestionsMinimumDistance = 2
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		hint := ""
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			hint = fmt.Sprintf("; did you mean %s?", strings.Join(near, " or "))
		}
		return fmt.Errorf("unknown command %q for %q%s", args[0], cmd.CommandPath(), hint)
	}
	return cmd
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           a.suite.Name,
		Short:         "Check claims against runs",
		Long:          a.suite.About,
		Version:       a.version(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	if root.Long == "" {
		root.Long = "Checks claims against runs, and says how loose they are."
	}
	root.AddCommand(a.listCommand(), a.showCommand(), a.verifyCommand(), a.replayCommand(), a.reportCommand(), a.mergeCommand(),
		a.emitCommand(), a.baselineCommand(), a.regressCommand(), a.figuresCommand())
	if a.suite.Commands != nil {
		root.AddCommand(a.suite.Commands(&Session{a})...)
	}
	a.localise(root)
	a.completeValues(root)
	return root
}
