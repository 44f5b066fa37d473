package checks

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// A Manifest says what a run folder is a run of. Its Plan is a digest of all
// that decides the records: resuming or merging needs equal plans.
type Manifest struct {
	Format  string `json:"format"` // "convergo run"
	Version string `json:"version"`
	Arch    string `json:"arch"`
	Go      string `json:"go"`
	// Arithmetic is what else decides how sums are rounded, such as
	// "GOAMD64=v1, FMA"; empty in folders from before it was recorded.
	Arithmetic string       `json:"arithmetic,omitempty"`
	Seed       uint64       `json:"seed"`
	Alpha      Float        `json:"alpha"`
	Profile    Profile      `json:"profile"`
	Code       string       `json:"code,omitempty"`    // digest of the digests of the sources, if any has one
	Command    []string     `json:"command,omitempty"` // that makes the run again, the program first
	Plan       string       `json:"plan"`
	Units      int          `json:"units"`
	Shard      *Shard       `json:"shard,omitempty"`
	Data       []DataFile   `json:"data,omitempty"`
	Sources    []SourceInfo `json:"sources"`
	Claims     []Info       `json:"claims"`
}

// SourceInfo is a source without its claims.
type SourceInfo struct {
	Key     string `json:"key"`
	Title   string `json:"title"`
	Authors string `json:"authors,omitempty"`
	Year    int    `json:"year,omitempty"`
	BibTeX  string `json:"bibtex,omitempty"`
	About   string `json:"about,omitempty"` // what it claims
	Code    string `json:"code,omitempty"`  // digest of the code of its claims; a folder made by other code is not resumed
	// Tables are what reports print of it. Manifests of before have none.
	Tables []SourceTable `json:"tables,omitempty"`
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
	if a, b := m.Arithmetic, o.Arithmetic; a != "" && b != "" && a != b {
		diffs = append(diffs, fmt.Sprintf("arithmetic %s against %s, which may round otherwise: make all parts with one build, on processors of one kind", a, b))
	}
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
	return sumOfBody(string(b))
}

func writeManifest(path string, m Manifest) error {
	b, err := m.encode()
	if err != nil {
		return fmt.Errorf("encoding the manifest: %w", err)
	}
	return writeFile(path, b)
}

// unplaced is the manifest without what depends on where its data lay: shards may
// have staged them in different places.
func (m Manifest) unplaced() Manifest {
	if len(m.Data) == 0 {
		return m
	}
	m.Data = slices.Clone(m.Data)
	for i, f := range m.Data {
		m.Data[i] = f.anonymous()
	}
	m.Command = nil
	return m
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
	if !sumHolds(b, m.Sum) {
		return Manifest{}, errors.New("the manifest was altered after it was written; nothing was changed: restore the file from a copy")
	}
	if s := m.Shard; m.Units < 0 || s != nil && (s.Count < 1 || s.Index < 0 || s.Index >= s.Count) {
		return Manifest{}, fmt.Errorf("not a manifest of convergo: %v of %d instances", m.Shard, m.Units)
	}
	return m.Manifest, nil
}

// sumHolds says whether the sum is that of what was written, whatever of it this
// program reads: fields come and go between releases.
func sumHolds(written []byte, sum string) bool {
	var b bytes.Buffer
	if json.Compact(&b, written) != nil {
		return false
	}
	body, ok := bytes.CutSuffix(b.Bytes(), fmt.Appendf(nil, `,"sum":%q}`, sum))
	return ok && sumOfBody(string(body)+"}") == sum
}

// sumOfBody is the sum of compact JSON.
func sumOfBody(body string) string {
	h := sha256.Sum256([]byte(body))
	return hex.EncodeToString(h[:16])
}
