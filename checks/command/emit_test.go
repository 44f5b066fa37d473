package command

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// emit runs a command of emit and returns its output.
func emit(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := toyApp().rootCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(append([]string{"emit"}, args...))
	err := cmd.Execute()
	return out.String(), err
}

func TestEmitSlurmGolden(t *testing.T) {
	got, err := emit(t, "slurm", "--shards", "8", "--profile", "quick", "--out", "runs/50% 'off'", "--program", "/opt/con vergo", "--cpus", "4",
		"--sbatch=--time=02:00:00", "--sbatch=--comment=$(touch hacked)", "--", "*", "--seed", "7", "--data", "my data;rm -rf.npy")
	if err != nil {
		t.Fatal(err)
	}
	compareGolden(t, "slurm.sh", got)
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	golden := filepath.Join("testdata", "emit", name)
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got\n%s", golden, got)
	}
}

// TestEmitSlurmRuns runs the script in each shell at hand, with an sbatch that
// runs the jobs at once, and a convergo that writes its arguments down.
func TestEmitSlurmRuns(t *testing.T) {
	ran := false
	for _, shell := range []string{"bash", "dash", "sh"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			continue
		}
		ran = true
		t.Run(shell, func(t *testing.T) { runSlurmScript(t, path) })
	}
	if !ran {
		t.Skip("no shell here")
	}
}

const fakeSbatch = `#!/bin/sh
printf 'sbatch' >>"$LOG"; printf ' [%s]' "$@" >>"$LOG"; echo >>"$LOG"
cat >"$LOG.job"
case "$*" in
*--array=0-2*) for i in 0 1 2; do SLURM_CPUS_PER_TASK=4 SLURM_ARRAY_TASK_ID=$i sh "$LOG.job" || exit 9; done; echo '17;cluster' ;;
*) sh "$LOG.job" >/dev/null; echo "merge exits $?" >>"$LOG"; echo 18 ;;
esac
`

const fakeConvergo = `#!/bin/sh
printf 'convergo' >>"$LOG"; printf ' [%s]' "$@" >>"$LOG"; echo >>"$LOG"
exit 1
`

func runSlurmScript(t *testing.T, shell string) {
	dir := t.TempDir()
	program := filepath.Join(dir, "con 'vergo'")
	for name, text := range map[string]string{filepath.Join(dir, "sbatch"): fakeSbatch, program: fakeConvergo} {
		if err := os.WriteFile(name, []byte(text), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	script := filepath.Join(dir, "submit.sh")
	out := filepath.Join(dir, `a "b" 5%`)
	if _, err := emit(t, "slurm", "--shards=3", "--out", out, "--program", program, "--output", script, "--sbatch=--comment=$HOME `x`", "--", "*", "--label", "it's $HOME"); err != nil {
		t.Fatal(err)
	}
	if text, err := exec.Command(shell, "-n", script).CombinedOutput(); err != nil || len(text) > 0 {
		t.Fatalf("%s -n: %v\n%s", shell, err, text)
	}
	log := filepath.Join(dir, "log")
	cmd := exec.Command(shell, script)
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "LOG="+log)
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if !strings.Contains(string(text), "job 17 and their merge as job 18.") {
		t.Errorf("the script says %q", text)
	}
	got, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	logs := strings.ReplaceAll(out, "%", "%%")
	var want strings.Builder
	want.WriteString("sbatch [--parsable] [--job-name=convergo] [--array=0-2] [--cpus-per-task=1] [--requeue] [--open-mode=append] [--output=" + logs + "/shard%a.log] [--comment=$HOME `x`]\n")
	for _, i := range []string{"0", "1", "2"} {
		want.WriteString("convergo [verify] [--profile=standard] [--workers=4] [--shard=" + i + "/3] [--out=" + out + "/shard" + i + "] [*] [--label] [it's $HOME]\n")
	}
	want.WriteString("sbatch [--parsable] [--job-name=convergo-merge] [--dependency=afterok:17] [--kill-on-invalid-dep=yes] [--open-mode=append] [--output=" + logs + "/merge.log] [--comment=$HOME `x`]\n")
	want.WriteString("convergo [merge] [--out=" + out + "/merged] [" + out + "/shard0] [" + out + "/shard1] [" + out + "/shard2]\n")
	want.WriteString("merge exits 1\n")
	if string(got) != want.String() {
		t.Errorf("ran\n%s\nwant\n%s", got, want.String())
	}
}

func TestEmitSlurmRefuses(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"--shards", "0"}, "at least 1"},
		{[]string{"--cpus", "0"}, "at least 1"},
		{[]string{"--out", ""}, "--out DIR"},
		{[]string{"--out", `a\b`}, "backslash"},
		{[]string{"--out", "a\nb"}, "line break"},
		{[]string{"--sbatch", "partition=long"}, "--sbatch=--partition=long"},
		{[]string{"--profile", "lavish"}, "lavish"},
		{[]string{"--", "*", "--shard", "1/2"}, "--shard is set by the script"},
		{[]string{"--", "--out", "x"}, "--out is set by the script"},
		{[]string{"--", "--workers", "2"}, "--workers is set by the script"},
		{[]string{"--", "--profile", "deep"}, "before the --"},
		{[]string{"--", "--sead", "7"}, "unknown flag"},
		{[]string{"--", "*", "--seed", "$SLURM_ARRAY_TASK_ID"}, "over the parts of ONE run"},
		{[]string{"--", "no/such-claim"}, "no/such-claim"},
		{[]string{"--", "a\nEND_OF_JOB\nb"}, "line break"},
	} {
		if out, err := emit(t, append([]string{"slurm"}, tt.args...)...); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: error %v with output %q, want %q", tt.args, err, out, tt.want)
		}
	}
}
