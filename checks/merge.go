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
// same trials must agree to the byte. Shards that are missing or unfinished
// leave gaps, which Summarize lists: resume those shards and merge again. All
// shards merged, the result is byte-identical to the folder of one run.
func Merge(out string, dirs []string) (*Records, error) {
	if len(dirs) == 0 {
		return nil, errors.New("nothing to merge: name the run folders of the shards")
	}
	merged, owner := map[string][]byte{}, map[string]string{}
	var m Manifest
	for i, dir := range dirs {
		rec, err := Open(dir)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			m = rec.Manifest
		} else if err := m.conflict(rec.Manifest); err != nil {
			return nil, fmt.Errorf("%s and %s hold different runs (%w): merge shards of one run only", dirs[0], dir, err)
		}
		if err := collect(dir, merged, owner); err != nil {
			return nil, err
		}
	}
	m.Shard = nil
	var all bytes.Buffer
	for _, key := range sortedKeys(merged) {
		all.Write(merged[key])
	}
	sorted, err := canonical(out, m, all.Bytes())
	if err != nil {
		return nil, err
	}
	return store(out, m, sorted)
}

// collect files the lines of a folder by what they record. A line longer than
// another of the same key never occurs: blocks are cut by the plan.
func collect(dir string, merged map[string][]byte, owner map[string]string) error {
	name := filepath.Join(dir, recordsFile)
	b, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("records: %w", err)
	}
	for n := 1; len(b) > 0; n++ {
		text, rest, whole := bytes.Cut(b, []byte("\n"))
		if !whole {
			break // Open has passed over it too
		}
		l, err := decodeLine(text)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
		key := l.key()
		if old, ok := merged[key]; ok && !bytes.Equal(old, b[:len(text)+1]) {
			return fmt.Errorf("%s:%d: %s disagrees with the record of the same in %s: one of them was made by other code or altered; nothing was written",
				name, n, key, owner[key])
		}
		merged[key], owner[key] = b[:len(text)+1], name
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

// store writes a merged folder. An existing one is replaced only if it holds
// the same run.
func store(out string, m Manifest, records []byte) (*Records, error) {
	folder, rec, err := createFolder(out, m)
	if err != nil {
		return nil, err
	}
	err = folder.contains(records)
	if err == nil {
		err = writeFile(filepath.Join(out, recordsFile), records)
	}
	if err == nil {
		rec = newRecords(out, m)
		_, _, err = readRecords(filepath.Join(out, recordsFile), rec, false)
	}
	if err == nil && rec.complete() {
		err = writeFile(filepath.Join(out, doneFile), []byte(m.Plan+"\n"))
	}
	if err = errors.Join(err, folder.Close()); err != nil {
		return nil, err
	}
	return Open(out)
}

// contains reports an error if the folder holds a line that the new records
// lack: a merge must not lose what was stored.
func (f *Folder) contains(records []byte) error {
	old, err := os.ReadFile(filepath.Join(f.dir, recordsFile))
	if err != nil {
		return fmt.Errorf("records: %w", err)
	}
	have := map[string]bool{}
	for _, l := range bytes.SplitAfter(records, []byte("\n")) {
		have[string(l)] = true
	}
	for _, l := range bytes.SplitAfter(old, []byte("\n")) {
		if len(l) > 0 && l[len(l)-1] == '\n' && !have[string(l)] {
			return fmt.Errorf("run folder %s holds records that the folders given lack: name it among them, or merge into a new folder", f.dir)
		}
	}
	return nil
}

// complete reports whether every instance and search of the plan is recorded
// to its end.
func (r *Records) complete() bool {
	if len(r.Units) != r.Manifest.Units {
		return false
	}
	for _, u := range r.Units {
		if !u.Ended {
			return false
		}
	}
	for _, c := range r.Manifest.Claims {
		if c.Searched && r.Manifest.Profile.SearchChecks > 0 && r.Searches[c.ID] == nil {
			return false
		}
	}
	return true
}
