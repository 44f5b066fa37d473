package job

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
)

// A tile file holds the SHA-256 of the matrix and the number of the tile, the values as little-endian float64, row by
// row, and the SHA-256 of all that.

func (f *Folder) name(t tile) string {
	return filepath.Join(f.path, fmt.Sprintf("tile-%06d", t.number))
}

func (f *Folder) header(t tile) []byte {
	text, err := json.Marshal(f.spec)
	if err != nil {
		panic(err) // strings, numbers and a bool
	}
	sum := sha256.Sum256(fmt.Appendf(text, " %d", t.number))
	return sum[:]
}

func (f *Folder) write(t tile, values []float64) error {
	b := f.header(t)
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	sum := sha256.Sum256(b)
	return writeDurably(f.name(t), append(b, sum[:]...))
}

// read returns the values of a tile. Its error wraps fs.ErrNotExist when the tile is missing.
func (f *Folder) read(t tile) ([]float64, error) {
	name := f.name(t)
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("job: %w", err)
	}
	n := t.rows.Len() * t.cols.Len()
	if len(b) != 2*sha256.Size+8*n {
		return nil, fmt.Errorf("job: %s has %d bytes, not the %d of its tile; remove it and run again", name, len(b), 2*sha256.Size+8*n)
	}
	body, sum := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if want := sha256.Sum256(body); !bytes.Equal(sum, want[:]) {
		return nil, fmt.Errorf("job: %s is damaged: its checksum does not fit; remove it and run again", name)
	}
	if !bytes.Equal(body[:sha256.Size], f.header(t)) {
		return nil, fmt.Errorf("job: %s is a tile of another matrix; remove it and run again", name)
	}
	values := make([]float64, n)
	for k := range values {
		values[k] = math.Float64frombits(binary.LittleEndian.Uint64(body[sha256.Size+8*k:]))
	}
	return values, nil
}

// writeDurably puts a file in place at once or not at all: after a crash, either it is complete or it is not there.
func writeDurably(name string, content []byte) error {
	return replace(name, func(file *os.File) error {
		_, err := file.Write(content)
		return err
	})
}

func replace(name string, fill func(*os.File) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return fmt.Errorf("job: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("job: %s: %w", name, errors.Join(err, os.Remove(file.Name())))
		}
	}()
	if err := errors.Join(fill(file), file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), name); err != nil {
		return err
	}
	// The new name must be on disk as well, where folders can be synced.
	if dir, err := os.Open(filepath.Dir(name)); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
	return nil
}
