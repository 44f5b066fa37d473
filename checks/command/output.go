package command

import (
	"errors"
	"fmt"
	"io"
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
	tmp, err := os.OpenFile(path+".tmp", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o666)
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
