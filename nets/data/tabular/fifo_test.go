//go:build unix

package tabular_test

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"convergo/nets/data/tabular"
)

// Opening a FIFO that nobody writes to would wait for ever.
func TestFIFOIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	if _, err := tabular.ReadFile(t0, path, 0); !errors.Is(err, tabular.ErrNotRegular) || !strings.Contains(err.Error(), "FIFO") {
		t.Errorf("got %v", err)
	}
}
