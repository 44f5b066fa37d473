//go:build !unix

package checks

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// lock creates the file and refuses one that is there.
func lock(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("another process is writing to it; if none is (after a crash), delete %s", path)
	}
	if err != nil {
		return nil, fmt.Errorf("%w; choose a folder that can be written", err)
	}
	return func() error { return errors.Join(f.Close(), os.Remove(path)) }, nil
}

// syncDir does nothing where folders cannot be synced.
func syncDir(string) error { return nil }
