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
	"time"
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
	Go      string       `json:"go"`
	Seed    uint64       `json:"seed"`
	Alpha   Float        `json:"alpha"`
	Profile Profile      `json:"profile"`
	Code    string       `json:"code,omitempty"`    // digest of the digests of the sources, if any has one
	Command []string     `json:"command,omitempty"` // that makes the run again, the program first
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
	Code    string `json:"code,omitempty"` // digest of the code of its claims; a folder made by other code is not resumed
}

// A Shard is part Index of Count, counted from 0.
type Shard struct {
	Index int `json:"index"`
	Count int `json:"count"`
}

func (s *Shard) holds(i int) bool { return s == nil || i%s.Count == s.Index }

// size returns how many of the tasks [from, to) the shard holds.
func (s *Shard) size(from, to int) int {
	if s == nil {
		return to - from
	}
	below := func(n int) int { return (n + s.Count - 1 - s.Index) / s.Count }
	return below(to) - below(from)
}

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
	differ("Go version", m.Go, o.Go) // normal deviates are not promised to stay the same
	m.conflictOfCode(o, differ)
	if len(diffs) == 0 && m.Plan != o.Plan {
		diffs = append(diffs, "another set of claims, claim versions, parameters or data")
	}
	if len(diffs) == 0 {
		return nil
	}
	return errors.New(strings.Join(diffs, "; "))
}

// conflictOfCode names the sources whose code differs. Folders from before there
// was a digest a source hold one of all of them.
func (m Manifest) conflictOfCode(o Manifest, differ func(name string, a, b any)) {
	if m.Code == o.Code {
		return
	}
	mine, named := map[string]string{}, false
	for _, s := range m.Sources {
		mine[s.Key] = s.Code
	}
	for _, s := range o.Sources {
		if c := mine[s.Key]; c != "" && s.Code != "" && c != s.Code {
			differ("code of the claims of "+s.Key, c, s.Code)
			named = true
		}
	}
	if !named {
		differ("code of the claims", orDash(m.Code), orDash(o.Code))
	}
}

// codeOf joins the digests of the sources; it is empty when none has one.
func codeOf(sources []Source) string {
	h, known := sha256.New(), false
	for _, s := range sources {
		fmt.Fprintln(h, s.Key, s.Digest)
		known = known || s.Digest != ""
	}
	if !known {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
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
			for i, ci := range m.Claims[c].Constants {
				if constantMark+ci.Name == k.Control {
					control = len(m.Claims[c].Controls) + i + 1
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
	for _, name := range []string{manifestFile, recordsFile, doneFile} {
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

// A storedManifest carries its own digest: the verdicts hang on the manifest
// too, so that damage to it must not pass unseen.
type storedManifest struct {
	Manifest
	Sum string `json:"sum"`
}

func (m Manifest) sum() string {
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings and numbers
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:16])
}

func writeManifest(path string, m Manifest) error {
	b, err := m.encode()
	if err != nil {
		return fmt.Errorf("encoding the manifest: %w", err)
	}
	return writeFile(path, b)
}

func (m Manifest) encode() ([]byte, error) {
	b, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	// The digest is of what a reader gets: JSON replaces broken UTF-8.
	var read Manifest
	if err := json.Unmarshal(b, &read); err != nil {
		return nil, err
	}
	b, err = json.MarshalIndent(storedManifest{read, read.sum()}, "", " ")
	return append(b, '\n'), err
}

func readManifest(path string) (Manifest, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Manifest{}, err
	}
	m, err := parseManifest(b)
	if err != nil {
		return m, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

func parseManifest(b []byte) (Manifest, error) {
	// The version comes first: a newer manifest may not decode as this one.
	var head struct{ Format, Version string }
	if err := json.Unmarshal(b, &head); err != nil {
		return Manifest{}, fmt.Errorf("not a manifest of convergo, or damaged: %w; nothing was changed: restore the file from a copy", err)
	}
	if head.Format != manifestFormat {
		return Manifest{}, fmt.Errorf("not a manifest of convergo: its format is %q, not %q", head.Format, manifestFormat)
	}
	if head.Version != Version {
		return Manifest{}, fmt.Errorf("written by record version %s, this program reads version %s: use the convergo that wrote it", head.Version, Version)
	}
	var m storedManifest
	if err := json.Unmarshal(b, &m); err != nil {
		return Manifest{}, fmt.Errorf("the manifest is damaged: %w; nothing was changed: restore the file from a copy", err)
	}
	if m.Sum != m.sum() {
		return Manifest{}, errors.New("the manifest was altered after it was written; nothing was changed: restore the file from a copy")
	}
	if s := m.Shard; m.Units < 0 || s != nil && (s.Count < 1 || s.Index < 0 || s.Index >= s.Count) {
		return Manifest{}, fmt.Errorf("not a manifest of convergo: %v of %d instances", m.Shard, m.Units)
	}
	return m.Manifest, nil
}

// Records are what a run folder holds.
type Records struct {
	Dir      string
	Manifest Manifest
	Finished bool
	Units    map[UnitKey]*Unit
	Searches map[string]*SearchRecord
	Notes    []string // what reading passed over, for the user
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
	return rec, nil
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
