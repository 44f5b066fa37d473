package checks

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// mergeOptions is a run with searches, so that shards share those out too.
func mergeOptions() Options {
	o := Options{Seed: 3, Alpha: 0.01, Profile: testProfile(300), Workers: 2}
	o.Profile.SearchChecks, o.Profile.Search = 5, Budget{Work: 1e9, Trials: 50}
	return o
}

// wholeRun is the run of mergeOptions in one piece.
func wholeRun(t *testing.T) (dir, want string) {
	t.Helper()
	o := mergeOptions()
	o.Dir = filepath.Join(t.TempDir(), "whole")
	mustRun(t, mixedSources(), o)
	return o.Dir, readFolder(t, o.Dir)
}

// shardsOf is the same run in k pieces.
func shardsOf(t *testing.T, k int) []string {
	t.Helper()
	var dirs []string
	base := t.TempDir()
	for i := range k {
		o := mergeOptions()
		o.Shard, o.Dir = &Shard{i, k}, filepath.Join(base, fmt.Sprint("shard", i))
		if s := mustRun(t, mixedSources(), o); !s.Finished {
			t.Errorf("%v is not finished", o.Shard)
		}
		dirs = append(dirs, o.Dir)
	}
	return dirs
}

func mustMerge(t *testing.T, out string, dirs ...string) *Records {
	t.Helper()
	rec, err := Merge(out, dirs)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func permutations(dirs []string) [][]string {
	if len(dirs) == 0 {
		return [][]string{nil}
	}
	var all [][]string
	for i := range dirs {
		rest := append(append([]string{}, dirs[:i]...), dirs[i+1:]...)
		for _, p := range permutations(rest) {
			all = append(all, append([]string{dirs[i]}, p...))
		}
	}
	return all
}

func TestShardsMergeToOneRun(t *testing.T) {
	_, want := wholeRun(t)
	merges := 0
	for _, k := range []int{1, 2, 3, 11} { // 11: more shards than instances
		dirs := shardsOf(t, k)
		orders := [][]string{dirs}
		if k <= 3 {
			orders = permutations(append([]string{dirs[0]}, dirs...)) // one of them twice
		}
		for _, order := range orders {
			out := filepath.Join(t.TempDir(), "merged")
			rec := mustMerge(t, out, order...)
			merges++
			if !rec.Finished || len(mustSummarize(t, rec).Gaps) > 0 {
				t.Errorf("%v: finished %v, gaps %q", order, rec.Finished, mustSummarize(t, rec).Gaps)
			}
			if readFolder(t, out) != want {
				t.Fatalf("%v merge to something else than one run", order)
			}
			mustMerge(t, out, order...)
			if readFolder(t, out) != want {
				t.Fatalf("merging %v twice changes the outcome", order)
			}
		}
	}
	t.Logf("%d merges of %d bytes each", merges, len(want))
}

// TestPartialMergesComplete merges shards as they come, in any order and
// grouping, also of different splits of the run, and finally all of them.
func TestPartialMergesComplete(t *testing.T) {
	whole, want := wholeRun(t)
	three, two := shardsOf(t, 3), shardsOf(t, 2)
	folders := append(append([]string{whole}, three...), two...)
	wantUnits := len(mustOpen(t, whole).Units)
	base := t.TempDir()
	r := rand.New(rand.NewPCG(7, 7))
	group := func() (dirs []string) {
		for range 1 + r.IntN(3) {
			dirs = append(dirs, folders[r.IntN(len(folders))])
		}
		return dirs
	}
	incomplete := 0
	for n := range 8 {
		out := filepath.Join(base, fmt.Sprint(n))
		first := group()
		for _, dirs := range [][]string{first, group(), group()}[:1+n%3] {
			rec := mustMerge(t, out, dirs...)
			complete := len(rec.Units) == wantUnits && len(rec.Searches) == 1
			if gaps := mustSummarize(t, rec).Gaps; rec.Finished != complete || rec.Finished != (len(gaps) == 0) {
				t.Fatalf("%v: %d of %d instances, finished: %v, gaps: %q", dirs, len(rec.Units), wantUnits, rec.Finished, gaps)
			}
			if !complete {
				incomplete++
			}
		}
		// A merged folder is as good as the shards in it.
		again := out + "-again"
		mustMerge(t, again, three[2], out, three[0])
		mustMerge(t, again, append(first, three[1])...)
		if readFolder(t, again) != want {
			t.Fatalf("after %v, the completed merge differs from one run", first)
		}
	}
	if incomplete == 0 {
		t.Error("no merge had gaps")
	}
}

func mustOpen(t *testing.T, dir string) *Records {
	t.Helper()
	rec, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// TestInterruptedShardLeavesGaps merges a shard that was cut short, says what
// lacks, and completes once it is resumed, or once the merged run itself is.
func TestInterruptedShardLeavesGaps(t *testing.T) {
	_, want := wholeRun(t)
	dirs := shardsOf(t, 2)
	name := filepath.Join(dirs[1], recordsFile)
	full := mustRead(t, name)
	lines := bytes.SplitAfter(full, []byte("\n"))
	mustWrite(t, name, bytes.Join(lines[:3], nil)[:len(bytes.Join(lines[:3], nil))-4]) // the third is torn
	before := snapshot(t, dirs[1])
	out := filepath.Join(t.TempDir(), "merged")
	rec := mustMerge(t, out, dirs...)
	if len(rec.Notes) != 1 || !strings.Contains(rec.Notes[0], name+":3: dropped an unfinished last line") {
		t.Errorf("notes %q", rec.Notes)
	}
	s := mustSummarize(t, rec)
	gaps := strings.Join(s.Gaps, "\n")
	if rec.Finished || !strings.Contains(gaps, "stops after trial") && !strings.Contains(gaps, "never started") {
		t.Errorf("finished %v, gaps %q", rec.Finished, gaps)
	}
	if snapshot(t, dirs[1]) != before {
		t.Error("merging changed a shard")
	}
	resumedWhole := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(resumedWhole, os.DirFS(out)); err != nil {
		t.Fatal(err)
	}
	o := mergeOptions()
	o.Dir = resumedWhole
	mustRun(t, mixedSources(), o)
	if readFolder(t, resumedWhole) != want {
		t.Error("a merged run with gaps does not resume to one run")
	}
	o.Shard, o.Dir = &Shard{1, 2}, dirs[1]
	mustRun(t, mixedSources(), o)
	if !bytes.Equal(mustRead(t, name), full) {
		t.Error("the shard does not resume to what it was")
	}
	if rec := mustMerge(t, out, dirs[1]); !rec.Finished || readFolder(t, out) != want {
		t.Error("the completed merge differs from one run")
	}
}

// rewrite changes one line of a folder's records, checksum included.
func rewrite(t *testing.T, dir, old, new string) {
	t.Helper()
	m := mustOpen(t, dir).Manifest
	name := filepath.Join(dir, recordsFile)
	var out bytes.Buffer
	changed := 0
	for text := range bytes.Lines(mustRead(t, name)) {
		if changed > 0 || !bytes.Contains(text, []byte(old)) {
			out.Write(text)
			continue
		}
		changed++
		_, body, _ := bytes.Cut(bytes.TrimSuffix(text, []byte("\n")), []byte(" "))
		body = bytes.Replace(body, []byte(old), []byte(new), 1)
		fmt.Fprintf(&out, "%s %s\n", checksum(m.Plan, body), body)
	}
	if changed == 0 {
		t.Fatalf("%s holds no %s", name, old)
	}
	mustWrite(t, name, out.Bytes())
}

func TestMergeRefuses(t *testing.T) {
	whole, _ := wholeRun(t)
	dirs := shardsOf(t, 2)
	other := func(change func(*Options), sources []Source) string {
		o := mergeOptions()
		o.Dir, o.Shard = filepath.Join(t.TempDir(), "other"), &Shard{1, 2}
		change(&o)
		mustRun(t, sources, o)
		return o.Dir
	}
	retold := mixedSources()
	mean := retold[0].Claims[1].(Claim[synthetic])
	mean.Title = "another title"
	retold[0].Claims[1] = mean
	recoded := mixedSources()
	recoded[0].Digest = "beef"
	// The same trials with another outcome, as another machine might give.
	disagreeing := filepath.Join(t.TempDir(), "disagreeing")
	if err := os.CopyFS(disagreeing, os.DirFS(dirs[0])); err != nil {
		t.Fatal(err)
	}
	rewrite(t, disagreeing, `"pred":[1]`, `"pred":[1.0000000000000002]`)
	tests := []struct {
		name  string
		out   string // empty: a new folder
		dirs  []string
		wants []string
	}{
		{"nothing", "", nil, []string{"nothing to merge"}},
		{"no folder", "", []string{filepath.Join(t.TempDir(), "none")}, []string{"is no run folder"}},
		{"disagreement", "", []string{dirs[0], dirs[1], disagreeing}, []string{disagreeing, "disagrees with the record of the same in " + dirs[0], "nothing was written"}},
		{"disagreement the other way round", "", []string{disagreeing, dirs[0]}, []string{"disagrees"}},
		{"disagreement with what is there", whole, []string{disagreeing}, []string{"disagrees", disagreeing}},
		{"another seed", "", []string{dirs[0], other(func(o *Options) { o.Seed = 4 }, mixedSources())}, []string{"hold different runs", "seed 3 against 4"}},
		{"another code", "", []string{dirs[0], other(func(*Options) {}, recoded)}, []string{"hold different runs", "code of the claims"}},
		{"another description", "", []string{dirs[0], other(func(*Options) {}, retold)}, []string{"describe the same run differently"}},
		{"another seed than what is there", whole, []string{other(func(o *Options) { o.Seed = 4 }, mixedSources())}, []string{"holds another run", "seed 3 against 4"}},
		{"another description than what is there", whole, []string{other(func(*Options) {}, retold)}, []string{"describe the same run differently"}},
		{"into a shard", dirs[1], []string{dirs[0]}, []string{"holds shard 1/2, not the whole run"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, before := tt.out, ""
			if out == "" {
				out = filepath.Join(t.TempDir(), "merged")
			} else {
				before = snapshot(t, out)
			}
			_, err := Merge(out, tt.dirs)
			for _, want := range tt.wants {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %q", err, want)
				}
			}
			if before == "" {
				if _, err := os.Stat(out); err == nil {
					t.Error("a refused merge left a folder")
				}
			} else if snapshot(t, out) != before {
				t.Error("a refused merge changed the folder")
			}
		})
	}
	// Swapping the parts of a refused merge refuses it as well.
	if _, err := Merge(filepath.Join(t.TempDir(), "m"), []string{disagreeing, dirs[1], dirs[0]}); err == nil {
		t.Error("disagreement depends on the order")
	}
}

// TestShardsAreAPartition: every instance and search is in exactly one shard.
func TestShardsAreAPartition(t *testing.T) {
	p, err := newPlan(mixedSources(), mergeOptions())
	if err != nil {
		t.Fatal(err)
	}
	for k := 1; k <= 12; k++ {
		seen := map[string]int{}
		for i := range k {
			r := &runner{plan: p, options: Options{Shard: &Shard{i, k}}}
			for _, task := range r.tasks() {
				seen[task.name]++
			}
		}
		if len(seen) != len(p.units)+len(p.searchers) {
			t.Errorf("%d shards: %d tasks of %d", k, len(seen), len(p.units)+len(p.searchers))
		}
		for name, n := range seen {
			if n != 1 {
				t.Errorf("%d shards: %s is in %d of them", k, name, n)
			}
		}
	}
}

// TestInterruptedMergeIsRepeated leaves a merge as a kill would between its two
// renames, and merges again.
func TestInterruptedMergeIsRepeated(t *testing.T) {
	_, want := wholeRun(t)
	dirs := shardsOf(t, 2)
	out := filepath.Join(t.TempDir(), "merged")
	mustMerge(t, out, dirs...)
	for name, stop := range map[string]func() error{
		"before the records": func() error { return os.Remove(filepath.Join(out, recordsFile)) },
		"before the mark":    func() error { return os.Remove(filepath.Join(out, doneFile)) },
		"while writing":      func() error { return os.WriteFile(filepath.Join(out, recordsFile+temporary), []byte("half"), 0o666) },
	} {
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		mustMerge(t, out, dirs...)
		if readFolder(t, out) != want {
			t.Errorf("interrupted %s, the merge differs", name)
		}
	}
	if _, err := Run(context.Background(), mixedSources(), func() Options { o := mergeOptions(); o.Dir = out; return o }()); err != nil {
		t.Errorf("a merged folder is a run of its own: %v", err)
	}
	if readFolder(t, out) != want {
		t.Error("verify on a merged folder changes it")
	}
}
