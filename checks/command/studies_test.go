package command_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"convergo/checks/command"
	"convergo/report/study"
	"convergo/report/venue"
)

// TestReportStudy prints the table of a study for every page, its page and its figures.
func TestReportStudy(t *testing.T) {
	dir := t.TempDir()
	s := &study.Study{Height: 7, Width: 7, Draws: 1}
	for _, n := range []int{20, 40} {
		for _, width := range []int{0, 16} {
			s.Points = append(s.Points, study.Point{Images: "mnist", Depth: 3, N: n, Kernel: "cntk", Width: width, Right: n, Test: 100})
		}
	}
	if err := s.Write(dir); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (int, string) {
		var out bytes.Buffer
		code := command.Suite{Name: "test"}.Run(context.Background(), args, &out, &out)
		return code, out.String()
	}
	for _, v := range venue.All() {
		code, text := run("report", dir, "--format", "latex", "--venue", v.Name, "--label", "tab:mine")
		if code != 0 || !strings.Contains(text, `\label{tab:mine}`) || !strings.Contains(text, "40.0") {
			t.Errorf("%s: status %d\n%s", v.Name, code, text)
		}
	}
	if code, text := run("report", dir, "--table", "study", "--where", "n=40", "--format", "csv"); code != 0 || strings.Count(text, "\n") != 2 {
		t.Errorf("status %d\n%s", code, text)
	}
	page := filepath.Join(dir, "page.html")
	if code, text := run("report", dir, "--html", page); code != 0 {
		t.Errorf("status %d\n%s", code, text)
	}
	if text, err := os.ReadFile(page); err != nil || !bytes.Contains(text, []byte("<svg")) || !bytes.Contains(text, []byte("cntk")) {
		t.Errorf("the page has no figure or no table (%v)", err)
	}
	if code, text := run("figures", dir, "--out", filepath.Join(dir, "f"), "--format", "pdf,svg"); code != 0 || !strings.Contains(text, "1 figures") {
		t.Errorf("status %d\n%s", code, text)
	}
	for want, args := range map[string][]string{
		"whose table is study": {"report", dir, "--table", "errata"},
		"no claims":            {"report", dir, "--macros"},
		"has no claims":        {"figures", dir, "--claim", "a/b"},
	} {
		if code, text := run(args...); code != 2 || !strings.Contains(text, want) {
			t.Errorf("%v: status %d\n%s", args, code, text)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, study.FileName), []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	if code, text := run("report", dir); code != 3 || !strings.Contains(text, study.FileName) {
		t.Errorf("a damaged study: status %d\n%s", code, text)
	}
}
