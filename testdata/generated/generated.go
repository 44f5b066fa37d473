// Package generated tests that assembly in the repository is what its generator
// writes. The generators are modules of their own, in internal/gen of the
// package that has the assembly, so that the assembler is no dependency of the
// library.
package generated

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// An Assembly is what internal/gen of the package under test writes.
type Assembly struct {
	Package string
	Sources []string // of the generator, beside go.mod and go.sum
	Code    string   // the assembly; the declarations are in stubs
}

const (
	generator = "internal/gen"
	record    = generator + "/digest"
	stubs     = "stubs_amd64.go"
)

// Digest says when the generator or the assembly was changed without the other,
// on any machine.
func (a Assembly) Digest(t *testing.T) {
	t.Helper()
	var files []string
	for _, name := range append([]string{"go.mod", "go.sum"}, a.Sources...) {
		files = append(files, generator+"/"+name)
	}
	h := sha256.New()
	for _, name := range append(files, a.Code, stubs) {
		fmt.Fprintf(h, "%s %x\n", name, sha256.Sum256(read(t, name)))
	}
	if got := fmt.Sprintf("%x", h.Sum(nil)); got != strings.TrimSpace(string(read(t, record))) {
		t.Errorf("the generator or its output has changed; run go generate here, see TestAssembly pass, and put %s into %s", got, record)
	}
}

// Run runs the generator, where its module is at hand, and compares.
func (a Assembly) Run(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("compiles the generator")
	}
	if out, err := tool("list", "-C", generator, "-deps", "."); err != nil {
		t.Skipf("the module of the generator (github.com/mmcloughlin/avo) cannot be loaded without the network: %v\n%s", err, out)
	}
	dir := t.TempDir()
	code, declarations := filepath.Join(dir, a.Code), filepath.Join(dir, stubs)
	if out, err := tool("run", "-C", generator, ".", "-out", code, "-stubs", declarations, "-pkg", a.Package); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for here, written := range map[string]string{a.Code: code, stubs: declarations} {
		if !bytes.Equal(body(read(t, here)), body(read(t, written))) {
			t.Errorf("%s is not what %s generates; run go generate here", here, generator)
		}
	}
}

func tool(args ...string) (string, error) {
	c := exec.Command("go", args...)
	c.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off", "GOFLAGS=-mod=readonly")
	out, err := c.CombinedOutput()
	return string(out), err
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// body is a generated file without its first line, which holds the command.
func body(b []byte) []byte {
	_, rest, _ := bytes.Cut(b, []byte("\n"))
	return rest
}
