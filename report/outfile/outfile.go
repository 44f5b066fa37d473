// Package outfile writes what a report or a gate makes into a file: whole, or
// not at all.
package outfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Write fills the file at path. A regular file is replaced at once, keeping its
// permissions, so that the old one stays when writing fails. What is no regular
// file, such as a device, a FIFO or a link, is written to and never replaced;
// that too begins only when write has succeeded.
func Write(path string, write func(io.Writer) error) error {
	info, err := os.Lstat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = through(path, write)
	} else {
		err = replace(path, info, write)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// replace renames a whole new file to path; old is what stands there, or nil.
func replace(path string, old fs.FileInfo, write func(io.Writer) error) error {
	tmp, err := createBeside(path)
	if err != nil {
		return err
	}
	if old != nil {
		err = tmp.Chmod(old.Mode().Perm())
	}
	err = errors.Join(err, write(tmp), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
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

// through writes to what is there.
func through(path string, write func(io.Writer) error) error {
	var whole bytes.Buffer
	if err := write(&whole); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = whole.WriteTo(file)
	return errors.Join(err, file.Close())
}
