package command

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDamageAtTheCommandLine shows what a user sees of a torn, a gapped and a
// damaged run folder: the words and the exit status.
func TestDamageAtTheCommandLine(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if err := sleepyRun(dir, 0); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "records.jsonl")
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	command := func(args ...string) (code int, output string) {
		t.Helper()
		cmd := toyApp().rootCommand()
		var out bytes.Buffer
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		cmd.SetArgs(args)
		if err := cmd.Execute(); err != nil {
			fmt.Fprintln(&out, err)
			code = exitUsage
			var s status
			if errors.As(err, &s) {
				code = s.code
			}
		}
		return code, out.String()
	}
	expect := func(what string, wantCode, code int, output string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if code != wantCode || !strings.Contains(output, want) {
				t.Errorf("%s: exit status %d, want %d; output\n%s\nwant %q", what, code, wantCode, output, want)
			}
		}
	}
	merged := filepath.Join(t.TempDir(), "merged")
	code, out := command("merge", "--out", merged, dir)
	expect("merge", exitOK, code, out, "20 HOLDS", merged)

	if err := os.WriteFile(name, b[:len(b)-9], 0o666); err != nil {
		t.Fatal(err)
	}
	torn := "records.jsonl:" // and the line
	code, out = command("report", dir)
	expect("report of a torn run", exitOK, code, out, torn, "unfinished last line", "unfinished: ")
	code, out = command("merge", "--out", merged+"2", dir)
	expect("merge of a torn run", exitFailed, code, out, torn, "unfinished last line", "gap: ", "run the missing shards")

	b[len(b)/2] ^= 4
	if err := os.WriteFile(name, b, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"report", dir}, {"merge", "--out", merged + "3", dir}} {
		code, out = command(args...)
		expect(args[0]+" of a damaged run", exitFailed, code, out, "records.jsonl:", "checksum", "nothing was changed")
	}
	if after, err := os.ReadFile(name); err != nil || !bytes.Equal(after, b) {
		t.Errorf("the damaged records were changed: %v", err)
	}
}
