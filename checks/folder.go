package checks

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"sync"
	"time"
)

const (
	manifestFile = "manifest.json"
	recordsFile  = "records.jsonl"
	lockFile     = "lock"
	doneFile     = "done"
)

// A Folder is a run folder open for writing. It holds a lock until Close.
type Folder struct {
	dir      string
	manifest Manifest
	mu       sync.Mutex
	file     *os.File
	size     int64     // bytes known to be whole lines
	synced   time.Time // when the disk last confirmed them
	failed   error     // of the first append that failed; none follows it
	unlock   func() error
	repairs  []string // what opening had to mend, for the user
}

// syncEvery bounds what a loss of power can take. A killed process needs no
// sync: what it wrote is with the system.
const syncEvery = 5 * time.Second

// createFolder opens dir for a run, creating or resuming it.
func createFolder(dir string, m Manifest) (*Folder, *Records, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, nil, fmt.Errorf("run folder: %w; choose a folder that can be written", err)
	}
	unlock, err := lock(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, nil, fmt.Errorf("run folder %s: %w", dir, err)
	}
	f := &Folder{dir: dir, manifest: m, unlock: unlock, synced: time.Now()}
	rec, err := f.openLocked()
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, rec, nil
}

func (f *Folder) openLocked() (*Records, error) {
	if err := f.openManifest(); err != nil {
		return nil, err
	}
	if err := f.removeLeftovers(); err != nil {
		return nil, err
	}
	rec := newRecords(f.dir, f.manifest)
	name := f.path(recordsFile)
	var err error
	if f.size, err = rec.readFile(name); err != nil {
		return nil, err
	}
	f.repairs = append(f.repairs, rec.Notes...)
	if err := f.reopenDone(rec); err != nil {
		return nil, err
	}
	if f.file, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return nil, fmt.Errorf("records: %w", err)
	}
	end, err := f.file.Seek(0, io.SeekEnd)
	if err == nil && end > f.size {
		err = f.file.Truncate(f.size)
	}
	if err == nil {
		_, err = f.file.Seek(f.size, io.SeekStart)
	}
	if err != nil {
		return nil, fmt.Errorf("records: dropping the unfinished last line: %w", err)
	}
	return rec, nil
}

// openManifest takes over the manifest of a folder of the same run, or writes
// one into an empty folder.
func (f *Folder) openManifest() error {
	old, err := readManifest(f.path(manifestFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := f.mustBeFresh(); err != nil {
			return err
		}
		if err := writeManifest(f.path(manifestFile), f.manifest); err != nil {
			return fmt.Errorf("run folder %s: %w; choose a folder with space that can be written", f.dir, err)
		}
		return nil
	case err != nil:
		return err
	case old.Shard.String() != f.manifest.Shard.String():
		return fmt.Errorf("run folder %s holds %v, not %v: use another folder", f.dir, old.Shard, f.manifest.Shard)
	}
	if err := old.conflict(f.manifest); err != nil {
		return fmt.Errorf("run folder %s holds another run (%w): use another folder, or the same settings", f.dir, err)
	}
	f.manifest = old
	return nil
}

// mustBeFresh refuses a folder that holds something but no manifest.
func (f *Folder) mustBeFresh() error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return fmt.Errorf("run folder: %w", err)
	}
	for _, e := range entries {
		switch e.Name() {
		case lockFile, manifestFile + temporary: // of a run killed as it began
		case recordsFile:
			return lostManifest(f.dir)
		default:
			return fmt.Errorf("run folder %s holds %s but no %s: it is no run folder; choose an empty or new one", f.dir, e.Name(), manifestFile)
		}
	}
	return nil
}

func lostManifest(dir string) error {
	return fmt.Errorf("run folder %s has lost its %s, which says what its records are of: restore it from a copy, or choose another folder; nothing was changed", dir, manifestFile)
}

// removeLeftovers removes the unfinished new files of a killed run.
func (f *Folder) removeLeftovers() error {
	for _, name := range []string{manifestFile, recordsFile, doneFile, sessionsFile} {
		if err := os.Remove(f.path(name + temporary)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("run folder: %w", err)
		}
	}
	return nil
}

// reopenDone withdraws the mark of a finished run whose records have since
// become fewer.
func (f *Folder) reopenDone(rec *Records) error {
	if rec.complete() {
		return nil
	}
	err := os.Remove(f.path(doneFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("run folder: %w", err)
	}
	f.repairs = append(f.repairs, fmt.Sprintf("run folder %s was finished but now lacks records: what is missing is run again", f.dir))
	return nil
}

func (f *Folder) path(name string) string { return filepath.Join(f.dir, name) }

// append writes one record as a whole line. A failed write is cut off again,
// so that what was stored before stays readable.
func (f *Folder) append(l line) error {
	b, err := l.encode(f.manifest.Plan)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed != nil {
		return f.failed // a record behind half a line would be lost with it
	}
	if _, err := f.file.Write(b); err != nil {
		f.failed = f.safe(errors.Join(err, f.file.Truncate(f.size)))
		return f.failed
	}
	f.size += int64(len(b))
	if time.Since(f.synced) < syncEvery {
		return nil
	}
	if err := f.file.Sync(); err != nil {
		f.failed = f.safe(err)
		return f.failed
	}
	f.synced = time.Now()
	return nil
}

// safe tells the user of a failed write what became of the rest.
func (f *Folder) safe(err error) error {
	return fmt.Errorf("run folder %s: %w; all %d bytes of finished records are safe: free some space and run the same command again to resume",
		f.dir, err, f.size)
}

// finish rewrites the records in canonical order, so that the finished folder
// does not show in which order, or in how many attempts, it was made.
func (f *Folder) finish() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, err := os.ReadFile(f.path(recordsFile))
	if err != nil {
		return fmt.Errorf("records: %w", err)
	}
	sorted, err := canonical(f.path(recordsFile), f.manifest, b)
	if err != nil {
		return err
	}
	return f.replace(b, sorted, true)
}

// replace stores new records in place of the old ones and marks the folder as
// done if they are all. A process killed at any moment leaves either the old
// records or the new ones, and the mark only behind the new ones.
func (f *Folder) replace(old, records []byte, done bool) error {
	if !bytes.Equal(old, records) {
		if err := writeFile(f.path(recordsFile), records); err != nil {
			return f.safe(err)
		}
	}
	mark := []byte(f.manifest.Plan + "\n")
	if have, err := os.ReadFile(f.path(doneFile)); !done || err == nil && bytes.Equal(have, mark) {
		return nil
	}
	if err := writeFile(f.path(doneFile), mark); err != nil {
		return f.safe(err)
	}
	return nil
}

// canonical sorts whole lines by the manifest's order.
func canonical(name string, m Manifest, b []byte) ([]byte, error) {
	type ranked struct {
		rank [5]int
		text []byte
	}
	var rs []ranked
	for n, text := range bytes.SplitAfter(b, []byte("\n")) {
		if len(text) == 0 {
			continue
		}
		l, err := decodeLine(bytes.TrimSuffix(text, []byte("\n")), m.Plan)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n+1, err)
		}
		rank, err := m.rank(l)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n+1, err)
		}
		rs = append(rs, ranked{rank, text})
	}
	sort.SliceStable(rs, func(i, j int) bool { return less(rs[i].rank, rs[j].rank) })
	var out bytes.Buffer
	for _, r := range rs {
		out.Write(r.text)
	}
	return out.Bytes(), nil
}

// Close releases the folder.
func (f *Folder) Close() error {
	var err error
	if f.file != nil {
		err = errors.Join(f.file.Sync(), f.file.Close())
		f.file = nil
	}
	if f.unlock != nil {
		err = errors.Join(err, f.unlock())
		f.unlock = nil
	}
	return err
}

// temporary ends the name of a new file until it is whole.
const temporary = ".tmp"

// writeFile replaces a file by a whole new one, or leaves the old one, also
// when the power fails.
func writeFile(name string, b []byte) error {
	tmp := name + temporary
	file, err := os.Create(tmp)
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	_, err = file.Write(b)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(tmp, name)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, errors.Join(err, os.Remove(tmp)))
	}
	return syncDir(filepath.Dir(name))
}
