package command

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// writeTo writes a whole file, or to stdout for "-". A regular file is replaced
// at once, so that the old one stays when writing fails; what is no regular
// file, such as a device, a FIFO or a link, is written to, never replaced.
func writeTo(path string, stdout io.Writer, write func(io.Writer) error) error {
	if path == "-" {
		return write(stdout)
	}
	info, err := os.Lstat(path)
	if err == nil && !info.Mode().IsRegular() {
		return writeThrough(path, write)
	}
	tmp, err := createBeside(path)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if info != nil {
		err = tmp.Chmod(info.Mode().Perm())
	}
	err = errors.Join(err, write(tmp), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, errors.Join(err, os.Remove(tmp.Name())))
	}
	return nil
}

// createBeside makes a new file beside path, never one that is there already,
// with the permissions that the user's mask leaves.
func createBeside(path string) (*os.File, error) {
	for i := os.Getpid(); ; i++ {
		file, err := os.OpenFile(fmt.Sprintf("%s.%d.tmp", path, i), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return file, err
		}
	}
}

// writeThrough writes to what is there.
func writeThrough(path string, write func(io.Writer) error) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := errors.Join(write(file), file.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
