package neuron_test

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

// body is a generated file without its first line, which holds the command.
func body(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(b, []byte("\n"))
	return rest
}

// TestAssemblyDigest says when the generator or the assembly was changed without the other, on any machine.
func TestAssemblyDigest(t *testing.T) {
	const record = "internal/gen/digest"
	h := sha256.New()
	for _, name := range []string{"internal/gen/go.mod", "internal/gen/go.sum", "internal/gen/main.go", "neuron_amd64.s", "stubs_amd64.go"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(h, "%s %x\n", name, sha256.Sum256(b))
	}
	want, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%x", h.Sum(nil)); got != strings.TrimSpace(string(want)) {
		t.Errorf("the generator or its output has changed; run go generate here, see TestAssembly pass, and put %s into %s", got, record)
	}
}

// TestAssembly runs the generator, where its module is at hand, and compares.
func TestAssembly(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the generator")
	}
	tool := func(args ...string) (string, error) {
		c := exec.Command("go", args...)
		c.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off", "GOFLAGS=-mod=readonly")
		out, err := c.CombinedOutput()
		return string(out), err
	}
	if out, err := tool("list", "-C", "internal/gen", "-deps", "."); err != nil {
		t.Skipf("the module of the generator (github.com/mmcloughlin/avo) cannot be loaded without the network: %v\n%s", err, out)
	}
	dir := t.TempDir()
	names := []string{"neuron_amd64.s", "stubs_amd64.go"}
	if out, err := tool("run", "-C", "internal/gen", ".", "-out", filepath.Join(dir, names[0]), "-stubs", filepath.Join(dir, names[1]), "-pkg", "neuron"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range names {
		if !bytes.Equal(body(t, name), body(t, filepath.Join(dir, name))) {
			t.Errorf("%s is not what internal/gen generates; run go generate here", name)
		}
	}
}
