package checks

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

func TestArithmetic(t *testing.T) {
	for _, tt := range []struct {
		settings []debug.BuildSetting
		fma      bool
		want     string
	}{
		{nil, false, ""},
		{[]debug.BuildSetting{{Key: "GOARCH", Value: "amd64"}, {Key: "GOAMD64", Value: "v1"}}, true, "GOAMD64=v1, FMA"},
		{[]debug.BuildSetting{{Key: "GOAMD64", Value: "v3"}}, false, "GOAMD64=v3"},
		{[]debug.BuildSetting{{Key: "-tags", Value: "x,noasm"}, {Key: "GOAMD64", Value: "v1"}}, true, "GOAMD64=v1, noasm"},
		{[]debug.BuildSetting{{Key: "-tags", Value: "noasmx"}, {Key: "GOARM64", Value: "v8.0"}}, false, "GOARM64=v8.0"},
	} {
		if got := arithmeticOf(tt.settings, tt.fma); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.settings, got, tt.want)
		}
	}
}

// roundedElsewhere is a copy of a run folder as a program for another level of the
// instruction set would have made it.
func roundedElsewhere(t *testing.T, dir string) string {
	t.Helper()
	other := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.CopyFS(other, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(other, manifestFile)
	m, err := readManifest(name)
	if err != nil {
		t.Fatal(err)
	}
	if m.Arithmetic == "" || m.Arithmetic != arithmetic() {
		t.Errorf("a run records the arithmetic %q, not %q", m.Arithmetic, arithmetic())
	}
	m.Arithmetic = "GOAMD64=v9"
	if err := writeManifest(name, m); err != nil {
		t.Fatal(err)
	}
	return other
}

// TestAnotherArithmeticIsNeitherMergedNorResumed: such records differ in their
// last digits, and nothing else tells.
func TestAnotherArithmeticIsNeitherMergedNorResumed(t *testing.T) {
	dirs := shardsOf(t, 2)
	other := roundedElsewhere(t, dirs[1])
	out := filepath.Join(t.TempDir(), "merged")
	if _, err := Merge(out, []string{dirs[0], other}); err == nil || !strings.Contains(err.Error(), "GOAMD64=v9") || !strings.Contains(err.Error(), arithmetic()) {
		t.Errorf("merged: %v", err)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a refused merge left a folder")
	}
	o := mergeOptions()
	o.Dir, o.Shard = other, &Shard{1, 2}
	before := snapshot(t, other)
	if _, err := Run(t.Context(), mixedSources(), o); err == nil || !strings.Contains(err.Error(), "GOAMD64=v9") {
		t.Errorf("resumed: %v", err)
	}
	if snapshot(t, other) != before {
		t.Error("a refused resumption changed the folder")
	}
}
