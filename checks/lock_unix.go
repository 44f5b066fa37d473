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
		return nil, fmt.Errorf("%w; choose a folder that can be written", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = errors.New("another process is writing to it: wait for it to end, or use another folder")
		} else if errors.Is(err, syscall.ENOLCK) || errors.Is(err, syscall.ENOTSUP) {
			err = fmt.Errorf("%w: the file system has no locks; use a folder on another one", err)
		}
		return nil, errors.Join(fmt.Errorf("locking: %w", err), f.Close())
	}
	return f.Close, nil
}

// syncDir makes the names in a folder survive a loss of power.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil // some network file systems sync names by themselves
	}
	return errors.Join(err, d.Close())
}
