package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"convergo/checks"

	"pgregory.net/rapid"
)

const killedDir = "CONVERGO_KILLED_DIR"

// sleepy is a claim of many cheap trials; pause makes a run long enough to be
// killed often without working the machine.
func sleepy(id string, pause time.Duration, instances int) checks.Claim[float64] {
	return checks.Claim[float64]{
		ID: id, Basis: checks.Derived, Form: checks.Probably{},
		Grid:      make([]float64, instances),
		Statement: "Loose: the draws are uniform.", Detects: map[string]float64{"": 10},
		Cost: func(float64) checks.Cost { return checks.Cost{Trial: 2e7} }, // blocks of ten trials
		Space: rapid.Custom(func(t *rapid.T) float64 {
			return rapid.Float64Range(0, 0.01).Draw(t, "q")
		}),
		Setup: func(q float64) (checks.Instance, error) {
			return checks.Instance{
				Terms: checks.Terms{Delta: 0.3},
				Trial: func(r *rand.Rand) checks.Measurement {
					time.Sleep(pause)
					m := checks.Measurement{Observed: r.Float64(), Predicted: 1}
					if r.Float64() < q {
						m.Observed = 2
					}
					return m
				},
			}, nil
		},
		Controls: []checks.Control[float64]{{Name: "often", Why: "violates nine times in ten", At: []float64{0.9, 0.95}}},
	}
}

func sleepySources(pause time.Duration) []checks.Source {
	s := checks.Source{Key: "test"}
	for i := range 20 {
		c := sleepy(fmt.Sprintf("test/claim%d", i), pause, 10)
		if i%5 > 0 {
			c.Space = nil // a search writes one record only
		}
		s.Claims = append(s.Claims, c)
	}
	return []checks.Source{s}
}

func sleepyRun(dir string, pause time.Duration) error {
	_, err := checks.Run(context.Background(), sleepySources(pause), checks.Options{
		Seed: 5, Alpha: 0.01, Dir: dir, Workers: 8,
		Profile: checks.Profile{
			Name: "test", Budget: checks.Budget{Work: 1e12, Trials: 200}, SearchChecks: 2, Search: checks.Budget{Work: 1e12, Trials: 20},
		},
	})
	return err
}

// TestKilledChild is the process that TestKilledRunResumes kills.
func TestKilledChild(t *testing.T) {
	dir := os.Getenv(killedDir)
	if dir == "" {
		t.Skip("a part of TestKilledRunResumes")
	}
	fmt.Println("ready")
	if err := sleepyRun(dir, pause); err != nil {
		t.Fatal(err)
	}
}

const pause = 150 * time.Microsecond

// killedAfter starts the child and kills it (SIGKILL) after a delay, unless it
// has ended by then.
func killedAfter(t *testing.T, dir string, delay time.Duration) (killed bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledChild$")
	cmd.Env = append(os.Environ(), killedDir+"="+dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, len("ready\n"))
	if _, err := stdout.Read(said); err != nil {
		t.Fatalf("the child does not start: %v\n%s", err, stderr.String())
	}
	kill := time.AfterFunc(delay, func() { _ = cmd.Process.Kill() }) // it may just have ended
	defer kill.Stop()
	var rest bytes.Buffer
	_, readErr := rest.ReadFrom(stdout)
	err = cmd.Wait()
	var exit *exec.ExitError
	switch {
	case err == nil && readErr == nil:
		return false
	case errors.As(err, &exit) && exit.ExitCode() == -1: // by a signal
		return true
	}
	t.Fatalf("the child failed: %v %v\n%s%s", err, readErr, rest.String(), stderr.String())
	return false
}

// files returns what a finished run leaves, less what tells of time and machine.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range entries {
		if e.Name() == "sessions.jsonl" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(b)
	}
	return out
}

// stored adds the report in every format.
func stored(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := files(t, dir)
	for _, format := range []string{"terminal", "markdown", "csv", "json", "html", "latex"} {
		for _, more := range [][]string{nil, {"--claim", "test/claim0"}} {
			cmd := toyApp().rootCommand()
			var text, warn bytes.Buffer
			cmd.SetOut(&text)
			cmd.SetErr(&warn)
			cmd.SetArgs(append([]string{"report", dir, "--format", format}, more...))
			if err := cmd.Execute(); err != nil {
				t.Fatal(err)
			}
			if warn.Len() > 0 {
				t.Errorf("report of %s warns: %s", dir, warn.String())
			}
			out[fmt.Sprint("report ", format, more)] = text.String()
		}
	}
	return out
}

func compareStored(t *testing.T, got, want map[string]string) (size int) {
	t.Helper()
	for name, text := range want {
		size += len(text)
		if got[name] != text {
			t.Errorf("%s differs from that of an undisturbed run", name)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is not there after an undisturbed run", name)
		}
	}
	return size
}

// TestKilledRunResumes kills a run at random moments spread over all of it, a
// hundred times, and compares what it leaves in the end with an undisturbed run.
func TestKilledRunResumes(t *testing.T) {
	kills := 100
	if testing.Short() {
		kills = 10
	}
	undisturbed, dir := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "run")
	start := time.Now()
	if err := sleepyRun(undisturbed, pause); err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	want := stored(t, undisturbed)
	total := float64(len(want["records.jsonl"]))
	r := rand.New(rand.NewPCG(1, uint64(start.UnixNano())))
	killed, torn, partial := 0, 0, 0
	for killed < kills {
		b, err := os.ReadFile(filepath.Join(dir, "records.jsonl"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if len(b) > 0 && b[len(b)-1] != '\n' {
			torn++
		}
		if n := float64(len(b)); n > 0 && n < total {
			partial++
		}
		// Twice the mean delay that would spread the kills evenly over what is
		// left; at the end, moments within opening and finishing remain.
		left := max(0, 1-float64(len(b))/total) * float64(took) / float64(kills-killed)
		delay := time.Duration(r.Float64() * (2*left + float64(2*time.Millisecond)))
		if killedAfter(t, dir, delay) {
			killed++
		}
	}
	resumedFrom := len(want["records.jsonl"])
	if info, err := os.Stat(filepath.Join(dir, "records.jsonl")); err == nil {
		resumedFrom = int(info.Size())
	}
	if err := sleepyRun(dir, pause); err != nil {
		t.Fatal(err)
	}
	size := compareStored(t, stored(t, dir), want)
	if partial < kills/2 {
		t.Errorf("only %d of %d kills left a part of the records: the run is over too soon", partial, kills)
	}
	t.Logf("%d kills (%d resumed a part, %d found a torn line) over a run of %v; after the last, %d of %.0f bytes of records were there; %d bytes compared",
		killed, partial, torn, took.Round(time.Millisecond), resumedFrom, total, size)
}

// TestKilledAtTheEnd kills a run while it puts its records in order and marks
// them as done.
func TestKilledAtTheEnd(t *testing.T) {
	kills := 8
	if testing.Short() {
		kills = 3
	}
	base := t.TempDir()
	undisturbed := filepath.Join(base, "undisturbed")
	if err := sleepyRun(undisturbed, 0); err != nil {
		t.Fatal(err)
	}
	want := files(t, undisturbed)
	r := rand.New(rand.NewPCG(2, uint64(time.Now().UnixNano())))
	whole := filepath.Join(base, "whole")
	allButSorted(t, whole, want)
	start := time.Now()
	if killedAfter(t, whole, time.Minute) {
		t.Fatal("the child takes more than a minute")
	}
	took := time.Since(start)
	states := map[string]int{}
	for i := range kills {
		dir := filepath.Join(base, fmt.Sprint(i))
		allButSorted(t, dir, want)
		// Sorting and marking lie in the second half of such a run.
		for !killedAfter(t, dir, time.Duration((0.4+0.5*r.Float64())*float64(took))) {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			allButSorted(t, dir, want)
		}
		b, err := os.ReadFile(filepath.Join(dir, "records.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		_, doneErr := os.Stat(filepath.Join(dir, "done"))
		sorted := string(b) == want["records.jsonl"]
		states[fmt.Sprintf("sorted %v, done %v", sorted, doneErr == nil)]++
		if doneErr == nil && !sorted {
			t.Error("a folder is marked as done before its records are in order")
		}
		if err := sleepyRun(dir, 0); err != nil {
			t.Fatal(err)
		}
		compareStored(t, files(t, dir), want)
	}
	t.Logf("%d kills left: %v", kills, states)
}

// allButSorted writes a folder with all records in the order of two interleaved
// claims, as a run leaves them before it finishes.
func allButSorted(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	lines := bytes.SplitAfter([]byte(want["records.jsonl"]), []byte("\n"))
	half := len(lines) / 2
	for lines[half] != nil && !bytes.Contains(lines[half], []byte(`{"unit":`)) {
		half++
	}
	swapped := append(append([][]byte{}, lines[half:]...), lines[:half]...)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"manifest.json": []byte(want["manifest.json"]), "records.jsonl": bytes.Join(swapped, nil)} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}
