package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"convergo/nets/data"
)

// A package whose image i of class c has one bright pixel at 100c + i, in the
// printed form of the real one.
func fakeMNIST(t *testing.T, change func(class int, pixels []float64)) string {
	t.Helper()
	dir := t.TempDir()
	digits := filepath.Join(dir, "src", "digits")
	if err := os.MkdirAll(digits, 0o755); err != nil {
		t.Fatal(err)
	}
	for c := range classes {
		all := make([]float64, perClass*pixels)
		for i := range perClass {
			at := 100*c + i
			all[i*pixels+at%pixels] = 0.996                            // 254/255
			all[i*pixels+(at+1)%pixels] = float64(at/pixels+1) * 0.004 // 1/255 or 2/255 (0.008)
		}
		if change != nil {
			change(c, all)
		}
		text, err := json.Marshal(map[string]any{"data": all})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(digits, fmt.Sprintf("%d.json", c)), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRunWritesReadableFiles(t *testing.T) {
	out := t.TempDir()
	if err := run(fakeMNIST(t, nil), "", out); err != nil {
		t.Fatal(err)
	}
	set, err := data.Load(filepath.Join(out, "mnist-images-idx3-ubyte.gz"),
		data.Options{LabelsPath: filepath.Join(out, "mnist-labels-idx1-ubyte.gz"), LabelCoding: data.CodeRaw})
	if err != nil {
		t.Fatal(err)
	}
	if set.N() != 1000 || set.D() != pixels {
		t.Fatalf("%d x %d", set.N(), set.D())
	}
	for i, c := range set.Y {
		at := 100*(i%10) + i/10
		if c != float64(i%10) || set.X.At(i, at%pixels) != 254 || set.X.At(i, (at+1)%pixels) != float64(at/pixels+1) {
			t.Fatalf("image %d of class %v is not where it belongs", i, c)
		}
	}
}

func TestRunRefusesBadImages(t *testing.T) {
	for _, tt := range []struct {
		text   string
		change func(class int, all []float64)
	}{
		{"duplicate", func(c int, all []float64) { copy(all[pixels:], all[:pixels]) }},
		{"black", func(c int, all []float64) { clear(all[:pixels]) }},
		{"multiple of 1/255", func(c int, all []float64) { all[3] = 0.002 }},
		{"multiple of 1/255", func(c int, all []float64) { all[3] = 1.004 }},
	} {
		if err := run(fakeMNIST(t, tt.change), "", t.TempDir()); err == nil || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("got %v, want %q", err, tt.text)
		}
	}
	if err := run("", "", t.TempDir()); err == nil {
		t.Error("no input was accepted")
	}
}
