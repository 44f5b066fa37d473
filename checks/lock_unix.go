//go:build unix

package checks

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock takes an advisory lock that the system drops when the process dies, so
// that a killed run never leaves a folder locked.
func lock(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = errors.New("another process is writing to it: wait for it to end, or use another folder")
		}
		return nil, errors.Join(fmt.Errorf("locking: %w", err), f.Close())
	}
	return f.Close, nil
}
