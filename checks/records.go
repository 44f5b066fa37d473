package checks

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Records are what a run folder holds.
type Records struct {
	Dir      string
	Manifest Manifest
	Finished bool
	Units    map[UnitKey]*Unit
	Searches map[string]*SearchRecord
	Sessions []Session // who made them; none in folders of older programs
	Notes    []string  // what reading passed over, for the user
}

func newRecords(dir string, m Manifest) *Records {
	return &Records{Dir: dir, Manifest: m, Units: map[UnitKey]*Unit{}, Searches: map[string]*SearchRecord{}}
}

// Open reads a run folder without changing it. An unfinished last line, left
// by a killed run, is passed over with a note.
func Open(dir string) (*Records, error) {
	m, err := readManifest(filepath.Join(dir, manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(dir, recordsFile)); err == nil {
			return nil, lostManifest(dir)
		}
		return nil, fmt.Errorf("%s is no run folder: it has no %s; run verify --out %s first", dir, manifestFile, dir)
	}
	if err != nil {
		return nil, err
	}
	rec := newRecords(dir, m)
	if _, err := rec.readFile(filepath.Join(dir, recordsFile)); err != nil {
		return nil, err
	}
	done, err := os.ReadFile(filepath.Join(dir, doneFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("run folder: %w", err)
	}
	rec.Finished = strings.TrimSpace(string(done)) == m.Plan && rec.complete()
	rec.Sessions, err = readSessions(dir)
	return rec, err
}

// readFile takes in the records of a file; a file that is not there has none.
func (r *Records) readFile(name string) (size int64, err error) {
	b, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("records: %w", err)
	}
	return r.read(name, b)
}

// read takes in whole lines and returns their size. A torn last line is noted;
// damage anywhere else is an error that names the line.
func (r *Records) read(name string, b []byte) (size int64, err error) {
	for n := 1; len(b) > 0; n++ {
		text, rest, whole := bytes.Cut(b, []byte("\n"))
		if !whole && torn(text) {
			r.Notes = append(r.Notes, fmt.Sprintf("%s:%d: dropped an unfinished last line of %d bytes, left by an interrupted run", name, n, len(text)))
			return size, nil
		}
		l, err := decodeLine(text, r.Manifest.Plan)
		if err == nil {
			err = r.add(l)
		}
		if err != nil {
			return size, fmt.Errorf("%s:%d: %w; nothing was changed: restore the file from a copy, or delete this line and all after it and resume", name, n, err)
		}
		size += int64(len(text)) + 1
		b = rest
	}
	return size, nil
}

// torn reports whether a line without an end can be the beginning of a record,
// or the zeros that a loss of power leaves. Anything else is not ours to drop.
func torn(text []byte) bool {
	if len(bytes.Trim(text, "\x00")) == 0 {
		return true
	}
	const pattern = "hhhhhhhh {"
	for i := range min(len(text), len(pattern)) {
		hex := text[i] >= '0' && text[i] <= '9' || text[i] >= 'a' && text[i] <= 'f'
		if pattern[i] == 'h' && !hex || pattern[i] != 'h' && pattern[i] != text[i] {
			return len(bytes.Trim(text[i:], "\x00")) == 0
		}
	}
	return true
}

// complete reports whether every instance and search of the plan, or of its
// shard, is recorded to its end.
func (r *Records) complete() bool {
	m := r.Manifest
	searches := 0
	for _, c := range m.Claims {
		if c.Searched && m.Profile.SearchChecks > 0 {
			searches++
		}
	}
	if len(r.Units) != m.Shard.size(0, m.Units) || len(r.Searches) != m.Shard.size(m.Units, m.Units+searches) {
		return false
	}
	for _, u := range r.Units {
		if !u.Ended {
			return false
		}
	}
	return true
}

// add takes a record in; records that contradict those already there are
// refused.
func (r *Records) add(l line) error {
	if _, err := r.Manifest.rank(l); err != nil {
		return err
	}
	switch {
	case l.Unit != nil:
		if r.Units[l.Unit.UnitKey] != nil {
			return fmt.Errorf("%v is opened twice", l.Unit.UnitKey)
		}
		r.Units[l.Unit.UnitKey] = &Unit{UnitRecord: *l.Unit, Ended: l.Unit.Skip != ""}
	case l.Block != nil:
		u := r.Units[l.Block.UnitKey]
		if u == nil {
			return fmt.Errorf("%v has trials but was never opened", l.Block.UnitKey)
		}
		return u.append(l.Block)
	case l.Search != nil:
		if r.Searches[l.Search.Claim] != nil {
			return fmt.Errorf("the search of %s is recorded twice", l.Search.Claim)
		}
		r.Searches[l.Search.Claim] = l.Search
	}
	return nil
}
