package command

import (
	"context"
	"errors"

	"convergo/checks"
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

// Unfinished marks the error of a further command (see Suite.Commands) whose work could not be finished: its exit status is
// 3, after Ctrl-C 130. Other errors are wrong use, 2.
func Unfinished(err error) error {
	if errors.Is(err, context.Canceled) {
		return status{exitInterrupted, err}
	}
	return failed(err)
}

// verdictStatus turns a bad run into exit status 1.
func verdictStatus(s *checks.Summary) error {
	if len(s.Bad()) > 0 {
		return status{code: exitRefuted}
	}
	return nil
}
