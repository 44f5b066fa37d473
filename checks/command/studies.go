package command

import (
	"fmt"
	"io"

	"convergo/report/page"
	"convergo/report/study"
	"convergo/report/table"
)

// printStudy prints the table, or writes the page, of a folder that a study of kernels wrote.
func (f reportFlags) printStudy(w io.Writer, dir string, format table.Format) error {
	switch {
	case f.table != "overview" && f.table != "study":
		return fmt.Errorf("--table %s: %s is a study of kernels, whose table is study", f.table, dir)
	case f.claim != "" || len(f.claims) > 0 || f.witnesses || f.macros || f.checklist || f.bibtex || f.view.Cite:
		return fmt.Errorf("%s is a study of kernels and has no claims: leave out what is of claims", dir)
	}
	s, err := study.Read(dir)
	if err != nil {
		return failed(err)
	}
	if f.html != "" {
		return failed(page.WriteStudy(f.html, s))
	}
	o := terminalOptions(w)
	if err := f.options(&o, format); err != nil {
		return err
	}
	t := s.Table()
	if err := f.shown(format, o).Apply(t); err != nil {
		return err
	}
	write := f.render(t, format, o)
	if f.out != "" {
		return failed(writeTo(f.out, w, write))
	}
	return failed(write(w))
}
