package command_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"convergo/checks/command"
	"convergo/checks/command/internal/toys"
)

// A suite runs a command line and returns its exit status; Main does so for the
// command line of the process.
func ExampleSuite_Run() {
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	suite := command.Suite{Name: "toys", Sources: toys.Sources}
	var out, errs strings.Builder
	status := suite.Run(context.Background(), []string{"verify", "--out", dir}, &out, &errs)
	for line := range strings.Lines(out.String()) {
		if strings.Contains(line, "claims: ") {
			fmt.Print(line)
		}
	}
	fmt.Println("status", status)
	status = suite.Run(context.Background(), []string{"show", "toys/coin"}, &out, &errs)
	fmt.Print(errs.String())
	fmt.Println("status", status)
	// Output:
	// 2 claims: 2 HOLDS, 0 REFUTED, 0 UNDECIDED, 0 VACUOUS
	// status 0
	// toys: no claim matches "toys/coin"; did you mean toys/coins? (list shows them all)
	// Run 'toys help' for usage.
	// status 2
}
