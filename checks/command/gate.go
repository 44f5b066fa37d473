package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"convergo/checks"
	"convergo/report/gate"
	"convergo/report/table"

	"github.com/spf13/cobra"
)

// gateFlags say where a comparison with the baseline is told.
type gateFlags struct {
	junit, sarif, summary, quality, annotations string
	all                                         bool
}

func (f *gateFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.junit, "junit", "", "write JUnit XML to this file")
	fl.StringVar(&f.sarif, "sarif", "", "write SARIF 2.1.0 to this file")
	fl.StringVar(&f.quality, "code-quality", "", "write GitLab's code quality JSON to this file")
	fl.StringVar(&f.summary, "summary", "", "append a Markdown summary to this file")
	fl.StringVar(&f.annotations, "annotations", "", "github: print the commands that GitHub shows beside the code; gitlab: write the code quality JSON to "+gate.CodeQualityFile+" unless --code-quality names a file")
	fl.BoolVar(&f.all, "all", false, "show unchanged claims too")
}

// services are the values of --annotations.
var services = []string{"github", "gitlab"}

// check refuses an unknown service, and chooses the file that GitLab reads.
func (f *gateFlags) check() error {
	switch {
	case f.annotations == "" || f.annotations == "github":
		return nil
	case f.annotations != "gitlab":
		return fmt.Errorf("--annotations %q: it must be %s", f.annotations, strings.Join(services, " or "))
	case f.quality == "":
		f.quality = gate.CodeQualityFile
	}
	return nil
}

// asked reports whether any report is wanted.
func (f *gateFlags) asked() bool {
	return f.junit != "" || f.sarif != "" || f.quality != "" || f.summary != "" || f.annotations != "" || f.all
}

// hold compares the run of a folder with the baseline and tells it everywhere.
func (f *gateFlags) hold(cmd *cobra.Command, b *checks.Baseline, dir string) error {
	rec, err := checks.Open(dir)
	if err != nil {
		return failed(err)
	}
	c, err := checks.Compare(b, rec)
	if err != nil {
		return failed(err)
	}
	w := cmd.OutOrStdout()
	if err := table.Render(w, gate.Table(c, !f.all), table.Terminal, terminalOptions(w)); err != nil {
		return failed(err)
	}
	fmt.Fprintln(w, "\n"+gate.Line(c))
	if err := f.write(w, c); err != nil {
		return failed(err)
	}
	if len(c.Regressions()) > 0 {
		return status{code: exitRefuted}
	}
	return nil
}

// write writes every report, also after one that cannot be written.
func (f *gateFlags) write(stdout io.Writer, c *checks.Comparison) error {
	var errs []error
	for _, out := range []struct {
		path  string
		write func(io.Writer, *checks.Comparison) error
	}{{f.junit, gate.JUnit}, {f.sarif, gate.SARIF}, {f.quality, gate.CodeQuality}} {
		if out.path != "" {
			errs = append(errs, writeTo(out.path, stdout, func(w io.Writer) error { return out.write(w, c) }))
		}
	}
	if f.annotations == "github" {
		errs = append(errs, gate.GitHub(stdout, c))
	}
	if f.summary != "" {
		errs = append(errs, f.summarize(c))
	}
	return errors.Join(errs...)
}

func (f *gateFlags) summarize(c *checks.Comparison) error {
	file, err := os.OpenFile(f.summary, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return fmt.Errorf("summary: %w", err)
	}
	return errors.Join(gate.Summary(file, c), file.Close())
}
