package checks

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Merge joins the run folders of shards into one at out. It does not matter in
// which order they are given, or whether one is given twice; records of the
// same trials must agree to the byte. Records that out already holds are kept
// and take part like those of a shard. Shards that are missing or unfinished
// leave gaps, which Summarize lists: resume those shards and merge again. All
// shards merged, the result is byte-identical to the folder of one run.
func Merge(out string, dirs []string) (*Records, error) {
	if len(dirs) == 0 {
		return nil, errors.New("nothing to merge: name the run folders of the shards")
	}
	var j *joint
	for _, dir := range dirs {
		rec, err := Open(dir)
		if err != nil {
			return nil, err
		}
		if j == nil {
			j = newJoint(rec)
		}
		if err := j.take(rec); err != nil {
			return nil, err
		}
	}
	if _, _, err := j.records(out); err != nil {
		return nil, err // before anything is created
	}
	folder, _, err := createFolder(out, j.manifest)
	if err != nil {
		return nil, err
	}
	j.notes = append(j.notes, folder.repairs...)
	if err := errors.Join(j.store(folder), addSessions(out, j.sessions), folder.Close()); err != nil {
		return nil, err
	}
	rec, err := Open(out)
	if err != nil {
		return nil, err
	}
	rec.Notes = append(j.notes, rec.Notes...)
	return rec, nil
}

// A joint is a run put together from the folders of its shards.
type joint struct {
	dir      string // of the first folder
	manifest Manifest
	lines    map[string][]byte // by what they record
	owner    map[string]string
	sessions []Session
	notes    []string
}

func newJoint(first *Records) *joint {
	j := &joint{dir: first.Dir, manifest: first.Manifest, lines: map[string][]byte{}, owner: map[string]string{}}
	j.manifest.Shard = nil
	return j
}

// take adds the records of a folder.
func (j *joint) take(rec *Records) error {
	j.sessions = append(j.sessions, rec.Sessions...)
	if err := j.manifest.conflict(rec.Manifest); err != nil {
		return fmt.Errorf("%s and %s hold different runs (%w): merge shards of one run only", j.dir, rec.Dir, err)
	}
	whole := rec.Manifest
	whole.Shard = nil
	if whole.unplaced().sum() != j.manifest.unplaced().sum() {
		return fmt.Errorf("%s and %s describe the same run differently (titles, references or statements of claims): make all shards with one program", j.dir, rec.Dir)
	}
	if whole.sum() < j.manifest.sum() {
		j.manifest = whole // one and the same of them, whatever the order
	}
	j.notes = append(j.notes, rec.Notes...)
	return j.collect(rec)
}

// collect files the lines of a folder by what they record. A line longer than
// another of the same key never occurs: blocks are cut by the plan.
func (j *joint) collect(rec *Records) error {
	name := filepath.Join(rec.Dir, recordsFile)
	b, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("records: %w", err)
	}
	for n := 1; len(b) > 0; n++ {
		text, rest, whole := bytes.Cut(b, []byte("\n"))
		if !whole {
			break // Open has passed over it too
		}
		l, err := decodeLine(text, rec.Manifest.Plan)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
		key := l.key()
		if old, ok := j.lines[key]; ok && !bytes.Equal(old, b[:len(text)+1]) {
			return fmt.Errorf("%s:%d: %s disagrees with the record of the same in %s: one of them was made by other code or altered; nothing was written",
				name, n, key, j.owner[key])
		}
		j.lines[key], j.owner[key] = b[:len(text)+1], name
		b = rest
	}
	return nil
}

// key names what a line records.
func (l line) key() string {
	switch {
	case l.Unit != nil:
		return fmt.Sprintf("instance %v", l.Unit.UnitKey)
	case l.Block != nil:
		return fmt.Sprintf("trials of %v from %d", l.Block.UnitKey, l.Block.From)
	}
	return "search of " + l.Search.Claim
}

// records returns the joined lines in canonical order, and read back.
func (j *joint) records(dir string) ([]byte, *Records, error) {
	var all bytes.Buffer
	for _, key := range sortedKeys(j.lines) {
		all.Write(j.lines[key])
	}
	name := filepath.Join(dir, recordsFile)
	sorted, err := canonical(name, j.manifest, all.Bytes())
	if err != nil {
		return nil, nil, err
	}
	rec := newRecords(dir, j.manifest)
	if _, err := rec.read(name, sorted); err != nil {
		return nil, nil, fmt.Errorf("the shards do not fit together: %w", err)
	}
	return sorted, rec, nil
}

// store writes the joined run, together with what the folder already holds.
func (j *joint) store(f *Folder) error {
	held := newRecords(f.dir, f.manifest)
	if err := j.take(held); err != nil {
		return err
	}
	sorted, rec, err := j.records(f.dir)
	if err != nil {
		return err
	}
	old, err := os.ReadFile(f.path(recordsFile))
	if err != nil {
		return fmt.Errorf("records: %w", err)
	}
	return f.replace(old, sorted, rec.complete())
}
