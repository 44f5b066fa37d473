package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// spec is what a folder remembers of its matrix.
type spec struct {
	Name      string `json:"name"`
	Rows      int    `json:"rows"`
	Cols      int    `json:"cols"`
	Symmetric bool   `json:"symmetric"`
	Side      int    `json:"side"` // of a tile
}

// Folder holds the tiles of one matrix.
type Folder struct {
	path   string
	spec   spec
	matrix Matrix
	tiles  []tile
}

// tile is a rectangle of the matrix, by its number in the order of rows of tiles.
type tile struct {
	number     int
	rows, cols Span
}

const specName = "matrix.json"

// Create opens the folder of a matrix, and makes it if there is none. side is the side of the tiles in entries; a folder
// keeps the one that it was made with. It fails on the folder of another matrix, and changes nothing in it.
func Create(path string, m Matrix, side int) (*Folder, error) {
	if side < 1 || m.Rows < 1 || m.Cols < 1 || m.Symmetric && m.Rows != m.Cols {
		return nil, fmt.Errorf("job: a matrix of %d x %d in tiles of %d; all must be positive, and a symmetric matrix square", m.Rows, m.Cols, side)
	}
	want := spec{m.Name, m.Rows, m.Cols, m.Symmetric, side}
	have, err := readSpec(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(path, 0o777); err != nil {
			return nil, fmt.Errorf("job: %w", err)
		}
		text, err := json.MarshalIndent(want, "", "\t")
		if err != nil {
			return nil, fmt.Errorf("job: %w", err)
		}
		if err := writeDurably(filepath.Join(path, specName), append(text, '\n')); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	default:
		want.Side = have.Side
		if have != want {
			return nil, fmt.Errorf("job: %s holds another matrix (%d x %d, %s), not %d x %d, %s; choose another folder",
				path, have.Rows, have.Cols, have.Name, want.Rows, want.Cols, want.Name)
		}
	}
	return &Folder{path, want, m, want.tiles()}, nil
}

func readSpec(path string) (spec, error) {
	var s spec
	name := filepath.Join(path, specName)
	text, err := os.ReadFile(name)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(text, &s); err != nil || s.Side < 1 || s.Rows < 1 || s.Cols < 1 {
		return s, fmt.Errorf("job: %s does not describe a matrix (%v); remove the folder, or restore the file", name, err)
	}
	return s, nil
}

// Side is the side of the tiles of a folder, which folders that are merged share.
func Side(path string) (int, error) {
	s, err := readSpec(path)
	if err != nil {
		return 0, fmt.Errorf("job: %s is no folder of tiles: %w", path, err)
	}
	return s.Side, nil
}

// tiles lists the tiles that are computed, row of tiles by row of tiles.
func (s spec) tiles() []tile {
	var list []tile
	for top := 0; top < s.Rows; top += s.Side {
		left := 0
		if s.Symmetric {
			left = top
		}
		for ; left < s.Cols; left += s.Side {
			list = append(list, tile{len(list), Span{top, min(top+s.Side, s.Rows)}, Span{left, min(left+s.Side, s.Cols)}})
		}
	}
	return list
}

// Shard is one of Count equal shares of a matrix, from 0. The zero value is all of it.
type Shard struct{ Index, Count int }

func (s Shard) valid() error {
	if s == (Shard{}) || s.Count > 0 && s.Index >= 0 && s.Index < s.Count {
		return nil
	}
	return fmt.Errorf("job: shard %d of %d; shards are numbered from 0 to one less than their count", s.Index, s.Count)
}

func (s Shard) has(number int) bool { return s.Count == 0 || number%s.Count == s.Index }

// Progress is how far a run is: tiles done of those of the shard, and the time left at the pace of this run (0 before
// its first tile).
type Progress struct {
	Done, Total int
	Left        time.Duration
}

// Run computes the tiles of the shard that the folder lacks. Each is on disk before the next begins. report, which may be
// nil, is called at the start and after each tile. When ctx is done, Run returns its error and can be called again.
func (f *Folder) Run(ctx context.Context, s Shard, report func(Progress)) error {
	if err := s.valid(); err != nil {
		return err
	}
	var missing []tile
	p := Progress{}
	for _, t := range f.tiles {
		if !s.has(t.number) {
			continue
		}
		p.Total++
		switch _, err := f.read(t); {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, t)
		case err != nil:
			return err
		default:
			p.Done++
		}
	}
	if report == nil {
		report = func(Progress) {}
	}
	report(p)
	start := time.Now()
	for k, t := range missing {
		if err := f.compute(ctx, t); err != nil {
			return err
		}
		p.Done++
		p.Left = time.Since(start) / time.Duration(k+1) * time.Duration(len(missing)-k-1)
		report(p)
	}
	return nil
}

func (f *Folder) compute(ctx context.Context, t tile) error {
	values := make([]float64, t.rows.Len()*t.cols.Len())
	err := f.matrix.Block(ctx, t.rows, t.cols, func(i, j int, v float64) {
		values[(i-t.rows.From)*t.cols.Len()+j-t.cols.From] = v
		if f.spec.Symmetric && t.rows == t.cols {
			values[(j-t.cols.From)*t.cols.Len()+i-t.rows.From] = v
		}
	})
	if err != nil {
		return err
	}
	return f.write(t, values)
}

// Tiles is the number of tiles of the matrix.
func (f *Folder) Tiles() int { return len(f.tiles) }

// Missing is the number of tiles that the folder lacks.
func (f *Folder) Missing() (int, error) {
	n := 0
	for _, t := range f.tiles {
		switch _, err := f.read(t); {
		case errors.Is(err, fs.ErrNotExist):
			n++
		case err != nil:
			return 0, err
		}
	}
	return n, nil
}

// Merge copies the tiles that the folder lacks from folders of the same matrix with tiles of the same side. It fails on
// a folder of another matrix and on tiles that differ, and then overwrites nothing.
func (f *Folder) Merge(paths ...string) error {
	for _, path := range paths {
		other, err := readSpec(path)
		if err != nil {
			return fmt.Errorf("job: merge %s: %w", path, err)
		}
		if other != f.spec {
			return fmt.Errorf("job: %s holds another matrix or other tiles than %s; merge the shards of one matrix", path, f.path)
		}
		from := &Folder{path, other, Matrix{}, f.tiles}
		for _, t := range f.tiles {
			if err := f.take(from, t); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *Folder) take(from *Folder, t tile) error {
	theirs, err := from.read(t)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	ours, err := f.read(t)
	if errors.Is(err, fs.ErrNotExist) {
		return f.write(t, theirs)
	}
	if err != nil {
		return err
	}
	for k, v := range ours {
		if v != theirs[k] {
			return fmt.Errorf("job: %s and %s differ in tile %d: %v and %v; were they computed by one version on one kind of machine?",
				f.path, from.path, t.number, v, theirs[k])
		}
	}
	return nil
}
