package checks

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
)

const (
	manifestFile = "manifest.json"
	recordsFile  = "records.jsonl"
	lockFile     = "lock"
	doneFile     = "done"
)

// A Manifest says what a run folder is a run of. Its Plan is a digest of all
// that decides the records: resuming or merging needs equal plans.
type Manifest struct {
	Format  string       `json:"format"` // "convergo run"
	Version string       `json:"version"`
	Arch    string       `json:"arch"`
	Seed    uint64       `json:"seed"`
	Alpha   Float        `json:"alpha"`
	Profile Profile      `json:"profile"`
	Code    string       `json:"code,omitempty"` // digest of the claims' source, if the caller gave one
	Plan    string       `json:"plan"`
	Units   int          `json:"units"`
	Shard   *Shard       `json:"shard,omitempty"`
	Data    []DataFile   `json:"data,omitempty"`
	Sources []SourceInfo `json:"sources"`
	Claims  []Info       `json:"claims"`
}

// SourceInfo is a source without its claims.
type SourceInfo struct {
	Key     string `json:"key"`
	Title   string `json:"title"`
	Authors string `json:"authors,omitempty"`
	Year    int    `json:"year,omitempty"`
	BibTeX  string `json:"bibtex,omitempty"`
}

// A Shard is part Index of Count, counted from 0.
type Shard struct {
	Index int `json:"index"`
	Count int `json:"count"`
}

func (s *Shard) holds(i int) bool { return s == nil || i%s.Count == s.Index }

func (s *Shard) String() string {
	if s == nil {
		return "the whole run"
	}
	return fmt.Sprintf("shard %d/%d", s.Index, s.Count)
}

const manifestFormat = "convergo run"

func (m Manifest) planDigest(us []unit) string {
	h := sha256.New()
	fmt.Fprintln(h, m.Version, m.Seed, m.Alpha, len(us))
	if err := json.NewEncoder(h).Encode(m.Profile); err != nil {
		panic(err) // a profile is plain numbers
	}
	for _, c := range m.Claims {
		fmt.Fprintln(h, c.ID, c.Version, c.Form, c.Basis, c.Searched)
	}
	for _, u := range us {
		fmt.Fprintln(h, u.label(), string(u.params))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// conflict explains how two manifests differ in what decides the records.
func (m Manifest) conflict(o Manifest) error {
	var diffs []string
	differ := func(name string, a, b any) {
		if fmt.Sprint(a) != fmt.Sprint(b) {
			diffs = append(diffs, fmt.Sprintf("%s %v against %v", name, a, b))
		}
	}
	differ("version", m.Version, o.Version)
	differ("seed", m.Seed, o.Seed)
	differ("alpha", m.Alpha, o.Alpha)
	differ("profile", m.Profile.Name, o.Profile.Name)
	differ("architecture", m.Arch, o.Arch)
	differ("code of the claims", m.Code, o.Code)
	if len(diffs) == 0 && m.Plan != o.Plan {
		diffs = append(diffs, "another set of claims, claim versions, parameters or data")
	}
	if len(diffs) == 0 {
		return nil
	}
	return errors.New(strings.Join(diffs, "; "))
}

// rank orders the lines of a run: claims as in the manifest, the claim's own
// instances before those of its controls, blocks by trial, the search last.
func (m Manifest) rank(l line) ([5]int, error) {
	claim := func(id string) (int, error) {
		for i, c := range m.Claims {
			if c.ID == id {
				return i, nil
			}
		}
		return 0, fmt.Errorf("claim %s is not in the manifest", id)
	}
	unitRank := func(k UnitKey, kind, from int) ([5]int, error) {
		c, err := claim(k.Claim)
		if err != nil {
			return [5]int{}, err
		}
		control := 0
		if k.Control != "" {
			control = -1
			for i, ci := range m.Claims[c].Controls {
				if ci.Name == k.Control {
					control = i + 1
				}
			}
			if control < 0 {
				return [5]int{}, fmt.Errorf("control %s of %s is not in the manifest", k.Control, k.Claim)
			}
		}
		return [5]int{c, control, k.Index, kind, from}, nil
	}
	switch {
	case l.Unit != nil:
		return unitRank(l.Unit.UnitKey, 0, 0)
	case l.Block != nil:
		return unitRank(l.Block.UnitKey, 1, l.Block.From)
	}
	c, err := claim(l.Search.Claim)
	const afterAllUnits = 1 << 30
	return [5]int{c, afterAllUnits}, err
}

func less(a, b [5]int) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

// A Folder is a run folder open for writing. It holds a lock until Close.
type Folder struct {
	dir      string
	manifest Manifest
	mu       sync.Mutex
	file     *os.File
	size     int64 // bytes known to be whole lines
	unlock   func() error
	repair   string // what opening had to mend, for the user
}

// createFolder opens dir for a run, creating or resuming it.
func createFolder(dir string, m Manifest) (*Folder, *Records, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, nil, fmt.Errorf("run folder: %w", err)
	}
	unlock, err := lock(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, nil, fmt.Errorf("run folder %s: %w", dir, err)
	}
	f := &Folder{dir: dir, manifest: m, unlock: unlock}
	rec, err := f.openLocked()
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, rec, nil
}

func (f *Folder) openLocked() (*Records, error) {
	path := filepath.Join(f.dir, manifestFile)
	old, err := readManifest(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := f.mustBeFresh(); err != nil {
			return nil, err
		}
		if err := writeManifest(path, f.manifest); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	default:
		if old.Shard.String() != f.manifest.Shard.String() {
			return nil, fmt.Errorf("run folder %s holds %v, not %v: use another folder", f.dir, old.Shard, f.manifest.Shard)
		}
		if err := old.conflict(f.manifest); err != nil {
			return nil, fmt.Errorf("run folder %s holds another run (%w): use another folder, or the same settings", f.dir, err)
		}
		f.manifest = old
	}
	rec := newRecords(f.dir, f.manifest)
	name := filepath.Join(f.dir, recordsFile)
	if f.size, f.repair, err = readRecords(name, rec, true); err != nil {
		return nil, err
	}
	if f.file, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return nil, fmt.Errorf("records: %w", err)
	}
	if err := f.file.Truncate(f.size); err != nil {
		return nil, fmt.Errorf("records: dropping the unfinished last line: %w", err)
	}
	_, err = f.file.Seek(f.size, io.SeekStart)
	return rec, err
}

// mustBeFresh refuses a folder that holds something but no manifest.
func (f *Folder) mustBeFresh() error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return fmt.Errorf("run folder: %w", err)
	}
	for _, e := range entries {
		if e.Name() != lockFile && !strings.HasSuffix(e.Name(), ".tmp") {
			return fmt.Errorf("run folder %s holds %s but no %s: it is no run folder; choose an empty or new one", f.dir, e.Name(), manifestFile)
		}
	}
	return nil
}

// append writes one record as a whole line. A failed write is cut off again,
// so that what was stored before stays readable.
func (f *Folder) append(l line) error {
	b, err := l.encode()
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.file.Write(b); err != nil {
		cut := f.file.Truncate(f.size)
		_, seek := f.file.Seek(f.size, io.SeekStart)
		return fmt.Errorf("run folder %s: %w; all %d bytes of finished records are safe: free some space and run the same command again to resume",
			f.dir, errors.Join(err, cut, seek), f.size)
	}
	f.size += int64(len(b))
	return nil
}

// finish rewrites the records in canonical order, so that the finished folder
// does not show in which order, or in how many attempts, it was made.
func (f *Folder) finish() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	name := filepath.Join(f.dir, recordsFile)
	b, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("records: %w", err)
	}
	sorted, err := canonical(name, f.manifest, b)
	if err != nil {
		return err
	}
	if err := writeFile(name, sorted); err != nil {
		return err
	}
	return writeFile(filepath.Join(f.dir, doneFile), []byte(f.manifest.Plan+"\n"))
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
		l, err := decodeLine(bytes.TrimSuffix(text, []byte("\n")))
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

// writeFile replaces a file by a whole new one, or leaves the old one.
func writeFile(name string, b []byte) error {
	tmp := name + ".tmp"
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
	return nil
}

func writeManifest(path string, m Manifest) error {
	b, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return fmt.Errorf("encoding the manifest: %w", err)
	}
	return writeFile(path, append(b, '\n'))
}

func readManifest(path string) (Manifest, error) {
	var m Manifest
	b, err := os.ReadFile(path)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return m, fmt.Errorf("%s: not a manifest of convergo, or damaged: %w", path, err)
	}
	if m.Format != manifestFormat {
		return m, fmt.Errorf("%s: not a manifest of convergo: its format is %q", path, m.Format)
	}
	if m.Version != Version {
		return m, fmt.Errorf("%s: written by record version %s, this program reads version %s: use the convergo that wrote it", path, m.Version, Version)
	}
	return m, nil
}

// Records are what a run folder holds.
type Records struct {
	Dir      string
	Manifest Manifest
	Finished bool
	Units    map[UnitKey]*Unit
	Searches map[string]*SearchRecord
}

func newRecords(dir string, m Manifest) *Records {
	return &Records{Dir: dir, Manifest: m, Units: map[UnitKey]*Unit{}, Searches: map[string]*SearchRecord{}}
}

// Open reads a run folder without changing it. An unfinished last line, left
// by a killed run, is passed over.
func Open(dir string) (*Records, error) {
	m, err := readManifest(filepath.Join(dir, manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is no run folder: it has no %s; run verify --out %s first", dir, manifestFile, dir)
	}
	if err != nil {
		return nil, err
	}
	rec := newRecords(dir, m)
	if _, _, err := readRecords(filepath.Join(dir, recordsFile), rec, true); err != nil {
		return nil, err
	}
	done, err := os.ReadFile(filepath.Join(dir, doneFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("run folder: %w", err)
	}
	rec.Finished = strings.TrimSpace(string(done)) == m.Plan
	return rec, nil
}

// readRecords reads whole lines into rec and returns their size. A torn last
// line is reported as repaired when the caller allows it; damage anywhere else
// is an error that names the line.
func readRecords(name string, rec *Records, tornTail bool) (size int64, repair string, err error) {
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, "", nil
	}
	if err != nil {
		return 0, "", fmt.Errorf("records: %w", err)
	}
	for n := 1; len(b) > 0; n++ {
		text, rest, whole := bytes.Cut(b, []byte("\n"))
		if !whole {
			if !tornTail {
				return size, "", fmt.Errorf("%s:%d: the last line is cut off", name, n)
			}
			return size, fmt.Sprintf("%s:%d: dropped an unfinished last line of %d bytes, left by an interrupted run", name, n, len(text)), nil
		}
		l, err := decodeLine(text)
		if err == nil {
			err = rec.add(l)
		}
		if err != nil {
			return size, "", fmt.Errorf("%s:%d: %w; nothing was changed: restore the file from a copy, or delete this line and all after it and resume", name, n, err)
		}
		size += int64(len(text)) + 1
		b = rest
	}
	return size, "", nil
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
