// Command outside is a program of somebody else with claims of its own.
package main

import (
	"convergo/checks"
	"convergo/checks/command"
)

func main() {
	command.Main(command.Suite{Name: "outside", Version: "0.1", Sources: func() ([]checks.Source, error) {
		s, err := checks.Document(source(), "testdata/outside")
		return []checks.Source{s}, err
	}})
}
