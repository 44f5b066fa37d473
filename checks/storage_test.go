package checks

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// storedRun is a small finished run and its options.
func storedRun(t *testing.T) (string, Options) {
	t.Helper()
	o := Options{Seed: 3, Alpha: 0.01, Profile: testProfile(500), Dir: filepath.Join(t.TempDir(), "run"), Workers: 2}
	mustRun(t, mixedSources(), o)
	return o.Dir, o
}

// halfRun is the same run with its first half of records, as if it was killed.
func halfRun(t *testing.T) (dir string, o Options, want string) {
	t.Helper()
	dir, o = storedRun(t)
	want = readFolder(t, dir)
	name := filepath.Join(dir, recordsFile)
	lines := bytes.SplitAfter(mustRead(t, name), []byte("\n"))
	mustWrite(t, name, bytes.Join(lines[:len(lines)/2], nil))
	if err := os.Remove(filepath.Join(dir, doneFile)); err != nil {
		t.Fatal(err)
	}
	return dir, o, want
}

func mustRead(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustWrite(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(name, b, 0o666); err != nil {
		t.Fatal(err)
	}
}

// snapshot returns the files of a folder, less its lock and those that tell of
// time and machine.
func snapshot(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, e := range entries {
		if e.Name() != lockFile && e.Name() != sessionsFile {
			fmt.Fprintf(&all, "%s: %q\n", e.Name(), mustRead(t, filepath.Join(dir, e.Name())))
		}
	}
	return all.String()
}

// notesOf runs and returns what the user was told.
func notesOf(t *testing.T, o Options) string {
	t.Helper()
	var notes []string
	o.Workers = 1
	o.Progress = func(e Event) {
		if e.Note != "" {
			notes = append(notes, e.Note)
		}
	}
	mustRun(t, mixedSources(), o)
	return strings.Join(notes, "\n")
}

// TestSafeRepairs damages a folder in ways that lose nothing that cannot be run
// again: each time the repair is told and the end is that of an undisturbed run.
func TestSafeRepairs(t *testing.T) {
	cutTail := func(n int) func([]byte) []byte {
		return func(b []byte) []byte { return b[:len(b)-n] }
	}
	tests := []struct {
		name    string
		finish  bool // damage a finished folder
		records func([]byte) []byte
		other   string // a file that is there too
		note    string // what the user reads; empty for nothing
	}{
		{name: "killed between two records", records: cutTail(0)},
		{name: "torn last line", records: cutTail(5), note: "records.jsonl:%d: dropped an unfinished last line"},
		{name: "only the line end is missing", records: cutTail(1), note: "records.jsonl:%d: dropped an unfinished last line"},
		{name: "torn in its checksum", records: func(b []byte) []byte { return append(b, "12ab"...) }, note: "unfinished last line of 4 bytes"},
		{name: "zeros after a loss of power", records: func(b []byte) []byte { return append(b, make([]byte, 4096)...) }, note: "unfinished last line of 4096 bytes"},
		{name: "torn and then zeros", records: func(b []byte) []byte { return append(b, "12ab3456 {\"un\x00\x00"...) }, note: "unfinished last line of 15 bytes"},
		{name: "empty records", records: func([]byte) []byte { return nil }},
		{name: "finished, then last line torn", finish: true, records: cutTail(7), note: "was finished but now lacks records"},
		{name: "finished, then last lines deleted", finish: true, records: func(b []byte) []byte { return b[:bytes.LastIndexByte(b[:len(b)-1], '\n')+1] }, note: "was finished but now lacks records"},
		{name: "finished, then records deleted", finish: true, records: func([]byte) []byte { return nil }, note: "was finished but now lacks records"},
		{name: "killed while writing the sorted records", records: cutTail(0), other: recordsFile + temporary},
		{name: "killed while marking it as done", finish: true, records: cutTail(0), other: doneFile + temporary},
		{name: "killed while writing the manifest anew", records: cutTail(0), other: manifestFile + temporary},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, o, want := halfRun(t)
			if tt.finish {
				mustRun(t, mixedSources(), o)
			}
			name := filepath.Join(dir, recordsFile)
			b := tt.records(mustRead(t, name))
			mustWrite(t, name, b)
			if tt.other != "" {
				mustWrite(t, filepath.Join(dir, tt.other), []byte("half a fi"))
			}
			before := snapshot(t, dir)
			rec, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Summarize(rec)
			if err != nil {
				t.Fatal(err)
			}
			if complete := tt.finish && tt.note == ""; rec.Finished != complete || (len(s.Gaps) == 0) != complete {
				t.Errorf("read as finished: %v, gaps: %q", rec.Finished, s.Gaps)
			}
			if snapshot(t, dir) != before {
				t.Error("reading changed the folder")
			}
			note := strings.ReplaceAll(tt.note, "%d", fmt.Sprint(bytes.Count(b, []byte("\n"))+1))
			if got := notesOf(t, o); !strings.Contains(got, note) || (got == "") != (note == "") {
				t.Errorf("told %q, want %q", got, note)
			}
			if got := readFolder(t, dir); got != want {
				t.Error("the repaired run differs from an undisturbed one")
			}
			if _, err := os.Stat(filepath.Join(dir, tt.other)); tt.other != "" && !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s is still there: %v", tt.other, err)
			}
		})
	}
}

// TestDamageIsRefused damages a folder beyond repair: opening, resuming and
// merging all name the place and the remedy, and change nothing.
func TestDamageIsRefused(t *testing.T) {
	inLine := func(n int, change func([]byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			name := filepath.Join(dir, recordsFile)
			lines := bytes.SplitAfter(mustRead(t, name), []byte("\n"))
			lines[n-1] = change(lines[n-1])
			mustWrite(t, name, bytes.Join(lines, nil))
		}
	}
	file := func(name string, change func([]byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			mustWrite(t, filepath.Join(dir, name), change(b))
		}
	}
	replace := func(old, new string) func([]byte) []byte {
		return func(b []byte) []byte {
			if !bytes.Contains(b, []byte(old)) {
				panic("no " + old)
			}
			return bytes.Replace(b, []byte(old), []byte(new), 1)
		}
	}
	fresh := func(l line) func([]byte) []byte { // a good line of this run in the place of another
		return func([]byte) []byte {
			p, err := newPlan(mixedSources(), Options{Seed: 3, Alpha: 0.01, Profile: testProfile(500)})
			if err != nil {
				panic(err)
			}
			b, err := l.encode(p.manifest.Plan)
			if err != nil {
				panic(err)
			}
			return b
		}
	}
	key := UnitKey{Claim: "test/probably"}
	tests := []struct {
		name   string
		damage func(*testing.T, string)
		want   []string
	}{
		{"bit flipped in a value", inLine(3, func(b []byte) []byte { b[len(b)/2] ^= 1; return b }), []string{"records.jsonl:3: the checksum", "delete this line and all after it"}},
		{"bit flipped in a checksum", inLine(2, func(b []byte) []byte { b[0] ^= 1; return b }), []string{"records.jsonl:2: ", "nothing was changed"}},
		{"bit flipped in a line end", inLine(2, func(b []byte) []byte { b[len(b)-1] ^= 1; return b }), []string{"records.jsonl:2: the checksum"}},
		{"line end in a line", inLine(2, func(b []byte) []byte { b[40] = '\n'; return b }), []string{"records.jsonl:2: the checksum"}},
		{"line cut in the middle", inLine(3, func(b []byte) []byte { return append(b[:20], '\n') }), []string{"records.jsonl:3: the checksum"}},
		{"empty line", inLine(2, func(b []byte) []byte { return append(b, '\n') }), []string{"records.jsonl:3: not a convergo record"}},
		{"line doubled", inLine(1, func(b []byte) []byte { return append(b, b...) }), []string{"records.jsonl:2: ", "opened twice"}},
		{"line missing", inLine(2, func([]byte) []byte { return nil }), []string{"records.jsonl:2: ", "where 0 was expected"}},
		{"foreign text", inLine(2, func(b []byte) []byte { return append(b, "hello, world\n"...) }), []string{"records.jsonl:3: not a convergo record"}},
		{"foreign last line without an end", file(recordsFile, func(b []byte) []byte { return append(b, "my notes"...) }), []string{"not a convergo record"}},
		{"a foreign file as the records", file(recordsFile, func([]byte) []byte { return []byte(`{"id": 7, "text": "all in one line"}`) }), []string{"records.jsonl:1: not a convergo record"}},
		{"zeros in the middle", inLine(2, func(b []byte) []byte { return append(make([]byte, 512), b...) }), []string{"records.jsonl:2: "}},
		{"DOS line ends", file(recordsFile, func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")) }), []string{"records.jsonl:1: the checksum"}},
		{"a newer kind of record", inLine(2, fresh(line0())), []string{"records.jsonl:2: a record of another version"}},
		{"unknown claim", inLine(2, fresh(line1(UnitKey{Claim: "test/unknown"}))), []string{"records.jsonl:2: claim test/unknown is not in the manifest"}},
		{"unknown control", inLine(2, fresh(line1(UnitKey{Claim: "test/probably", Control: "none"}))), []string{"records.jsonl:2: control none"}},
		{"columns that do not fit", inLine(2, fresh(lineBlock(&BlockRecord{UnitKey: key, Status: "hhh", Observed: []Float{1, 2}}))), []string{"records.jsonl:2: ", "2 values for 3 trials"}},
		{"an unknown status", inLine(2, fresh(lineBlock(&BlockRecord{UnitKey: key, Status: "h?h"}))), []string{"records.jsonl:2: ", "trial 1 has the unknown status"}},
		{"ladders that do not fit", inLine(2, fresh(lineBlock(&BlockRecord{UnitKey: key, Status: "e", Error: "x", Values: [][]Float{{1}}}))), []string{"records.jsonl:2: ", "1 rungs, the ladder 0"}},
		{"records are a folder", func(t *testing.T, dir string) {
			name := filepath.Join(dir, recordsFile)
			if err := errors.Join(os.Rename(name, name+".old"), os.Mkdir(name, 0o777)); err != nil {
				t.Fatal(err)
			}
		}, []string{"is a directory"}},
		{"lost manifest", func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, manifestFile)); err != nil {
				t.Fatal(err)
			}
		}, []string{"has lost its manifest.json", "restore it from a copy"}},
		{"empty manifest", file(manifestFile, func([]byte) []byte { return nil }), []string{"manifest.json: not a manifest of convergo, or damaged", "restore the file"}},
		{"cut manifest", file(manifestFile, func(b []byte) []byte { return b[:len(b)/2] }), []string{"manifest.json: not a manifest of convergo, or damaged"}},
		{"foreign manifest", file(manifestFile, func([]byte) []byte { return []byte(`{"manifest_version": 3, "name": "browser extension"}`) }), []string{`manifest.json: not a manifest of convergo: its format is ""`}},
		{"manifest of a newer version", file(manifestFile, replace(`"version": "`+Version+`"`, `"version": "99", "seed": {"high": 0, "low": 3}, "old"`+`: "1"`)), []string{"record version 99", "use the convergo that wrote it"}},
		{"manifest with another basis", file(manifestFile, replace(`"basis": "derived"`, `"basis": "fitted"`)), []string{"manifest.json: the manifest was altered"}},
		{"manifest with another alpha", file(manifestFile, replace(`"alpha": 0.01`, `"alpha": 0.02`)), []string{"manifest.json: the manifest was altered"}},
		{"manifest without its digest", file(manifestFile, replace(`"sum"`, `"SUM_"`)), []string{"manifest.json: the manifest was altered"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, o, _ := halfRun(t)
			tt.damage(t, dir)
			before := ""
			if info, err := os.Stat(filepath.Join(dir, recordsFile)); err == nil && !info.IsDir() {
				before = snapshot(t, dir)
			}
			_, openErr := Open(dir)
			_, runErr := Run(context.Background(), mixedSources(), o)
			_, mergeErr := Merge(filepath.Join(t.TempDir(), "merged"), []string{dir})
			for what, err := range map[string]error{"Open": openErr, "Run": runErr, "Merge": mergeErr} {
				for _, want := range tt.want {
					if err == nil || !strings.Contains(err.Error(), want) {
						t.Errorf("%s: %v\nwant %q", what, err, want)
					}
				}
			}
			if before != "" && snapshot(t, dir) != before {
				t.Error("the folder was changed")
			}
		})
	}
}

func line0() line                   { return line{} }
func line1(k UnitKey) line          { return line{Unit: &UnitRecord{UnitKey: k}} }
func lineBlock(b *BlockRecord) line { return line{Block: b} }

// TestEveryBitCounts flips each bit of a small folder's manifest and records in
// turn: the flip is refused, or is a torn end that the next run mends, or
// changes nothing that is read.
func TestEveryBitCounts(t *testing.T) {
	c := Claim[int]{
		ID: "test/bit", Basis: Derived, Form: Always{}, Grid: []int{0},
		Setup: func(int) (Instance, error) {
			return Instance{Trial: func(*rand.Rand) Measurement { return Measurement{Observed: 1, Predicted: 2} }}, nil
		},
		Controls: []Control[int]{{Name: "false", Why: "2 <= 1", At: []int{0}, Setup: func(int) (Instance, error) {
			return Instance{Trial: func(*rand.Rand) Measurement { return Measurement{Observed: 2, Predicted: 1} }}, nil
		}}},
	}
	dir := filepath.Join(t.TempDir(), "run")
	mustRun(t, source(c), Options{Seed: 1, Alpha: 0.01, Profile: testProfile(10), Dir: dir})
	good, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(mustSummarize(t, good))
	if err != nil {
		t.Fatal(err)
	}
	flips, refused, torn := 0, 0, 0
	for _, name := range []string{manifestFile, recordsFile} {
		b := mustRead(t, filepath.Join(dir, name))
		for i := range len(b) * 8 {
			damaged := bytes.Clone(b)
			damaged[i/8] ^= 1 << (i % 8)
			flips++
			rec, err := openBytes(good, name, damaged)
			if err != nil {
				refused++
				continue
			}
			if len(rec.Notes) > 0 && !rec.complete() {
				torn++
				continue
			}
			got, err := json.Marshal(mustSummarize(t, rec))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, bytes.Replace(want, []byte(`"finished":true`), []byte(`"finished":false`), 1)) {
				t.Fatalf("%s: bit %d of byte %d (%q) flips unseen", name, i%8, i/8, b[max(0, i/8-20):min(len(b), i/8+20)])
			}
		}
	}
	if refused+torn < flips*9/10 {
		t.Errorf("of %d flips %d are refused and %d mended", flips, refused, torn)
	}
	t.Logf("of %d flipped bits %d are refused, %d mended and %d change nothing that is read", flips, refused, torn, flips-refused-torn)
}

// openBytes reads the run as if one file held b.
func openBytes(good *Records, name string, b []byte) (*Records, error) {
	m := good.Manifest
	var err error
	if name == manifestFile {
		if m, err = parseManifest(b); err != nil {
			return nil, err
		}
		if b, err = os.ReadFile(filepath.Join(good.Dir, recordsFile)); err != nil {
			return nil, err
		}
	}
	rec := newRecords(good.Dir, m)
	_, err = rec.read(recordsFile, b)
	return rec, err
}

func mustSummarize(t *testing.T, rec *Records) *Summary {
	t.Helper()
	s, err := Summarize(rec)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOtherRunsAreRefused(t *testing.T) {
	dir, o, want := halfRun(t)
	before := snapshot(t, dir)
	foreign := filepath.Join(t.TempDir(), "foreign")
	if err := os.Mkdir(foreign, 0o777); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, filepath.Join(foreign, "thesis.tex"), []byte("x"))
	mustWrite(t, filepath.Join(foreign, "notes.tmp"), []byte("y"))
	tests := []struct {
		name   string
		change func(*Options)
		want   string
	}{
		{"seed", func(o *Options) { o.Seed = 4 }, "seed 3 against 4"},
		{"alpha", func(o *Options) { o.Alpha = 0.05 }, "alpha 0.01 against 0.05"},
		{"profile", func(o *Options) { o.Profile.Budget.Trials = 3 }, "another set of claims"},
		{"shard", func(o *Options) { o.Shard = &Shard{0, 2} }, "holds the whole run, not shard 0/2"},
		{"a folder of other things", func(o *Options) { o.Dir = foreign }, "but no manifest.json: it is no run folder"},
		{"a file", func(o *Options) { o.Dir = filepath.Join(foreign, "thesis.tex") }, "thesis.tex"},
	}
	for _, tt := range tests {
		changed := o
		tt.change(&changed)
		if _, err := Run(context.Background(), mixedSources(), changed); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	if snapshot(t, dir) != before {
		t.Error("a refused run changed the folder")
	}
	if got := snapshot(t, foreign); got != "notes.tmp: \"y\"\nthesis.tex: \"x\"\n" {
		t.Errorf("a refused run changed the foreign folder: %s", got)
	}
	// A file of another kind in a run folder is left alone.
	mustWrite(t, filepath.Join(dir, "README"), []byte("mine"))
	mustRun(t, mixedSources(), o)
	if readFolder(t, dir) != want || string(mustRead(t, filepath.Join(dir, "README"))) != "mine" {
		t.Error("a foreign file in a run folder disturbs the run, or is disturbed")
	}
}

// TestLinesOfAnotherRunAreRefused copies records of another seed into a folder:
// each line is sound by itself.
func TestLinesOfAnotherRunAreRefused(t *testing.T) {
	dir, o, _ := halfRun(t)
	other := o
	other.Seed, other.Dir = 4, filepath.Join(t.TempDir(), "other")
	mustRun(t, mixedSources(), other)
	name := filepath.Join(dir, recordsFile)
	mine := bytes.Count(mustRead(t, name), []byte("\n"))
	lines := bytes.SplitAfter(mustRead(t, filepath.Join(other.Dir, recordsFile)), []byte("\n"))
	mustWrite(t, name, append(mustRead(t, name), bytes.Join(lines[mine:], nil)...))
	_, err := Run(context.Background(), mixedSources(), o)
	if want := fmt.Sprintf("records.jsonl:%d: the checksum", mine+1); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "another run") {
		t.Errorf("%v, want %q", err, want)
	}
}

func TestLockRefusesASecondRun(t *testing.T) {
	dir, o, want := halfRun(t)
	p, err := newPlan(mixedSources(), o)
	if err != nil {
		t.Fatal(err)
	}
	first, _, err := createFolder(dir, p.manifest)
	if err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, dir)
	_, runErr := Run(context.Background(), mixedSources(), o)
	_, mergeErr := Merge(dir, []string{dir})
	for what, err := range map[string]error{"Run": runErr, "Merge": mergeErr} {
		if err == nil || !strings.Contains(err.Error(), "another process is writing to it: wait") || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := Open(dir); err != nil {
		t.Errorf("reading needs no lock: %v", err)
	}
	if snapshot(t, dir) != before {
		t.Error("a refused run changed the folder")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	mustRun(t, mixedSources(), o)
	if readFolder(t, dir) != want {
		t.Error("after the lock is gone the run differs")
	}
}

// TestFinishedRunIsLeftAlone runs a finished folder again: no file is written.
func TestFinishedRunIsLeftAlone(t *testing.T) {
	dir, o := storedRun(t)
	times := func() string {
		var all strings.Builder
		for _, name := range []string{manifestFile, recordsFile, doneFile} {
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&all, name, info.ModTime().UnixNano())
		}
		return all.String()
	}
	before := times()
	if notes := notesOf(t, o); notes != "" {
		t.Errorf("told %q", notes)
	}
	if times() != before {
		t.Error("a finished folder was written again")
	}
}

// TestManifestSurvivesBrokenText stores claims whose texts JSON cannot hold.
func TestManifestSurvivesBrokenText(t *testing.T) {
	c := syntheticClaim("test/text", synthetic{Q: 0.01, Delta: 0.3})
	c.Title = "broken \xff text <&> \u2028 and \ufffd"
	o := Options{Seed: 1, Alpha: 0.01, Profile: testProfile(100), Dir: t.TempDir()}
	mustRun(t, source(c), o)
	mustRun(t, source(c), o) // resumes
}
