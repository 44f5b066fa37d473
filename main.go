// Command convergo checks published convergence theorems about
// over-parameterised neural networks against runs, and says how loose they are.
//
// "convergo verify" is the main job; "convergo help" lists the rest. The exit
// status is 0 when nothing is refuted, 1 when a claim is refuted, a control is
// not, or a gate closes, 2 when the command was used wrongly, 3 when the work
// could not be finished (a full disk, a damaged run folder), and 130 when it was
// interrupted and can be resumed.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit statuses.
const (
	exitOK          = 0
	exitRefuted     = 1
	exitUsage       = 2
	exitFailed      = 3
	exitInterrupted = 130
)

// A status is an error that decides the exit status. The message is printed
// unless it is empty.
type status struct {
	code int
	err  error
}

func (s status) Error() string {
	if s.err == nil {
		return ""
	}
	return s.err.Error()
}

func (s status) Unwrap() error { return s.err }

// failed marks an error that is not the user's use of the command.
func failed(err error) error {
	if err == nil {
		return nil
	}
	return status{exitFailed, err}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(run(ctx, os.Args[1:]))
}

// run executes the command line and returns the exit status.
func run(ctx context.Context, args []string) int {
	cmd := rootCommand()
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(cmd.ErrOrStderr(), "convergo:", text)
	}
	var s status
	if errors.As(err, &s) {
		return s.code
	}
	fmt.Fprintln(cmd.ErrOrStderr(), "Run 'convergo help' for usage.")
	return exitUsage
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "convergo",
		Short: "Check published convergence theorems against runs",
		Long: `Convergo turns published convergence theorems about over-parameterised neural
networks into programs that can fail. It answers three questions: does this
claim hold? how loose is it? what does it say about my data?`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(listCommand(), showCommand(), verifyCommand(), replayCommand(), reportCommand(), mergeCommand(), emitCommand(), baselineCommand(), regressCommand(), figuresCommand(), widthCommand())
	return root
}
