package command

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"convergo/checks"
)

func TestShardFromEnvironment(t *testing.T) {
	slurm := func(id, first, last, count, step string) map[string]string {
		return map[string]string{"SLURM_ARRAY_TASK_ID": id, "SLURM_ARRAY_TASK_MIN": first, "SLURM_ARRAY_TASK_MAX": last,
			"SLURM_ARRAY_TASK_COUNT": count, "SLURM_ARRAY_TASK_STEP": step}
	}
	kubernetes := func(index, completions string) map[string]string {
		return map[string]string{"JOB_COMPLETION_INDEX": index, "JOB_COMPLETIONS": completions}
	}
	tests := []struct {
		name string
		env  map[string]string
		want string // of the shard, or part of the error
	}{
		{"no array", nil, "--shard auto"},
		{"array 0-7", slurm("3", "0", "7", "8", "1"), "shard 3/8"},
		{"array 1-8", slurm("8", "1", "8", "8", "1"), "shard 7/8"},
		{"array 10-30:10", slurm("20", "10", "30", "3", "10"), "shard 1/3"},
		{"array 0-9:4, its last", slurm("8", "0", "8", "3", "4"), "shard 2/3"},
		{"array of one", slurm("5", "5", "5", "1", "1"), "shard 0/1"},
		{"only ID and COUNT", map[string]string{"SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_COUNT": "2"}, "shard 1/2"},
		{"array 1,3,7", slurm("3", "1", "7", "3", "1"), "without holes: give --shard"},
		{"array 3,5 submitted again", slurm("3", "3", "5", "2", "1"), "without holes: give --shard"},
		{"no count", slurm("3", "0", "7", "", "1"), `SLURM_ARRAY_TASK_COUNT is ""`},
		{"no number", slurm("x", "0", "7", "8", "1"), `SLURM_ARRAY_TASK_ID is "x"`},
		{"zero step", slurm("3", "0", "7", "8", "0"), "give --shard"},
		{"Kubernetes", kubernetes("4", "5"), "shard 4/5"},
		{"Kubernetes without the count", kubernetes("4", ""), `JOB_COMPLETIONS is ""`},
		{"Kubernetes beyond the count", kubernetes("5", "5"), "no part of JOB_COMPLETIONS=5"},
		{"Kubernetes below 0", kubernetes("-1", "5"), "no part of JOB_COMPLETIONS=5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := shardFromEnvironment(func(name string) string { return tt.env[name] })
			got := s.String()
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, tt.want) || err != nil && s != nil {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestArrayOverSeedsIsTold(t *testing.T) {
	for _, tt := range []struct {
		variable, task, shard string
		seed                  uint64
		given                 bool
		want                  string
	}{
		{"", "", "", 3, true, ""},
		{"SLURM_ARRAY_TASK_ID", "3", "", 3, true, "NOTE: task 3 of an array runs all claims"},
		{"JOB_COMPLETION_INDEX", "0", "", 1, false, "NOTE: task 0"},
		{"SLURM_ARRAY_TASK_ID", "3", "auto", 3, true, "WARNING: --seed 3 is the number of this task"},
		{"SLURM_ARRAY_TASK_ID", "1", "auto", 1, false, ""}, // the default seed is nobody's choice
		{"SLURM_ARRAY_TASK_ID", "3", "auto", 7, true, ""},
		{"SLURM_ARRAY_TASK_ID", "3", "3/8", 3, true, ""},
	} {
		getenv := func(name string) string {
			if name == tt.variable {
				return tt.task
			}
			return ""
		}
		if got := arrayNote(getenv, tt.shard, tt.seed, tt.given); !strings.HasPrefix(got, tt.want) || (got == "") != (tt.want == "") {
			t.Errorf("%+v: %q", tt, got)
		}
	}
	t.Setenv("SLURM_ARRAY_TASK_ID", "2")
	t.Setenv("SLURM_ARRAY_TASK_COUNT", "4")
	var out, errs bytes.Buffer
	if code := toySuite().Run(t.Context(), []string{"verify", small, "--seed", "2", "--shard", "auto", "--out", t.TempDir() + "/run"}, &out, &errs); code != exitOK || !strings.Contains(errs.String(), "WARNING: --seed 2") {
		t.Errorf("status %d, %s", code, errs.String())
	}
}

// TestArrayIsAPartition walks whole arrays: each task is another shard.
func TestArrayIsAPartition(t *testing.T) {
	for _, a := range []struct{ first, count, step int }{{0, 4, 1}, {1, 4, 1}, {7, 5, 3}} {
		seen := map[checks.Shard]bool{}
		last := a.first + (a.count-1)*a.step
		for id := a.first; id <= last; id += a.step {
			env := map[string]int{"SLURM_ARRAY_TASK_ID": id, "SLURM_ARRAY_TASK_MIN": a.first, "SLURM_ARRAY_TASK_MAX": last,
				"SLURM_ARRAY_TASK_COUNT": a.count, "SLURM_ARRAY_TASK_STEP": a.step}
			for name, v := range env {
				t.Setenv(name, strconv.Itoa(v))
			}
			s, err := ParseShard("auto")
			if err != nil {
				t.Fatal(err)
			}
			seen[*s] = true
		}
		for i := range a.count {
			if !seen[checks.Shard{Index: i, Count: a.count}] {
				t.Errorf("array %+v: no task is shard %d: %v", a, i, seen)
			}
		}
	}
}

func TestParseShard(t *testing.T) {
	t.Setenv("SLURM_ARRAY_TASK_ID", "junk") // an array over seeds, say: it counts when asked for alone
	if s, err := ParseShard(""); s != nil || err != nil {
		t.Errorf("no flag: %v, %v", s, err)
	}
	if s, err := ParseShard("2/8"); err != nil || *s != (checks.Shard{Index: 2, Count: 8}) {
		t.Errorf("2/8: %v, %v", s, err)
	}
	for _, bad := range []string{"8/8", "-1/8", "0/0", "1", "a/b", "1/", "/2", "1/2/3", " 1/2"} {
		if s, err := ParseShard(bad); err == nil || !strings.Contains(err.Error(), "i/k") {
			t.Errorf("%q: %v, %v", bad, s, err)
		}
	}
}

func FuzzParseShard(f *testing.F) {
	f.Add("2/8")
	f.Add("0/1")
	f.Add("/")
	f.Fuzz(func(t *testing.T, text string) {
		if text == "" || text == "auto" {
			return
		}
		if s, err := ParseShard(text); err == nil && (s.Index < 0 || s.Index >= s.Count) {
			t.Errorf("%q gives %v", text, s)
		}
	})
}
