package checks

import (
	"context"
	"maps"
	"strings"
	"testing"
	"testing/fstest"
)

const statedFile = `package stated

// first bounds something.
//
// Conclusion: it is small.
func first() { _ = claim{ID: "stated/first"} }

func other() { _ = claim{Name: "stated/never"} }

// second bounds more.
func second() { _ = claim{Title: "t", ID: "stated/second"} }
`

func statedSource(files map[string]string) Source {
	tree := fstest.MapFS{}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	claim := func(id, statement string) Checkable {
		return Claim[synthetic]{ID: id, Statement: statement, Form: Always{}}
	}
	return Source{Key: "stated", Files: tree, Claims: []Checkable{
		claim("stated/first", ""), claim("stated/second", "told elsewhere"), claim("stated/never", ""),
	}}
}

func TestDocument(t *testing.T) {
	plain := statedSource(map[string]string{"a.go": statedFile, "a_test.go": "not Go", "notes.txt": "nor this"})
	s, err := Document(plain, "papers/stated")
	if err != nil {
		t.Fatal(err)
	}
	type place struct {
		statement, file string
		line            int
	}
	want := []place{
		{"first bounds something.\n\nConclusion: it is small.\n", "papers/stated/a.go", 6},
		{"told elsewhere", "papers/stated/a.go", 11},
		{},
	}
	for i, c := range s.Claims {
		info := c.Info()
		if got := (place{info.Statement, info.File, info.Line}); got != want[i] {
			t.Errorf("%s: got %+v, want %+v", info.ID, got, want[i])
		}
	}
	if plain.Claims[0].Info().Statement != "" || plain.About != "" || plain.Digest != "" {
		t.Error("Document changed the source that it was given")
	}
}

func TestDocumentRefuses(t *testing.T) {
	tests := []struct {
		name, text string
		wants      []string
	}{
		{"no Go", "package stated\nfunc {", []string{"statements of stated", "a.go:2"}},
		{"an ID twice", statedFile + "func third() { _ = claim{ID: \"stated/first\"} }\n", []string{"a.go:6 and a.go:12", `"stated/first"`, "a function of its own"}},
	}
	for _, tt := range tests {
		_, err := Document(statedSource(map[string]string{"a.go": tt.text}), "")
		for _, want := range tt.wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", tt.name, err, want)
			}
		}
	}
}

// TestDigest pins what counts as the code of a source.
func TestDigest(t *testing.T) {
	base := map[string]string{"a.go": statedFile, "a_test.go": "package stated"}
	of := func(files map[string]string, shared string) string {
		t.Helper()
		s, err := Document(statedSource(files), "", fstest.MapFS{"internal/b.go": {Data: []byte(shared)}})
		if err != nil {
			t.Fatal(err)
		}
		return s.Digest
	}
	with := func(name, text string) map[string]string {
		files := maps.Clone(base)
		files[name] = text
		return files
	}
	first := of(base, "package b")
	for name, tt := range map[string]struct {
		digest string
		same   bool
	}{
		"again":              {of(base, "package b"), true},
		"another test":       {of(with("a_test.go", "package stated // more"), "package b"), true},
		"another file":       {of(with("c.go", "package stated"), "package b"), false},
		"another text":       {of(with("a.go", statedFile+"\n"), "package b"), false},
		"another shared one": {of(base, "package b // more"), false},
	} {
		if (tt.digest == first) != tt.same {
			t.Errorf("%s: digest %s beside %s", name, tt.digest, first)
		}
	}
}

// TestOtherCodeIsRefused resumes a half run with other code of a source. Folders
// that hold one digest for all sources are of other code too.
func TestOtherCodeIsRefused(t *testing.T) {
	dir, o, _ := halfRun(t)
	for _, tt := range []struct {
		name string
		was  func(*Manifest)
		want string
	}{
		{"another digest", func(m *Manifest) { m.Code, m.Sources[0].Code = "cafe", "dead" }, "code of the claims of " + mixedSources()[0].Key + " dead against beef"},
		{"one digest for all", func(m *Manifest) { m.Code, m.Sources[0].Code = "cafe", "" }, "code of the claims cafe against "},
	} {
		sources := mixedSources()
		sources[0].Digest = "beef"
		now, err := newPlan(sources, o)
		if err != nil {
			t.Fatal(err)
		}
		if now.manifest.Code == "" || now.manifest.Sources[0].Code != "beef" {
			t.Fatalf("the manifest holds no digest: %+v", now.manifest)
		}
		was := now.manifest
		was.Sources = append([]SourceInfo(nil), was.Sources...)
		tt.was(&was)
		if err := was.conflict(now.manifest); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	before := snapshot(t, dir)
	sources := mixedSources()
	sources[0].Digest = "beef"
	if _, err := Run(context.Background(), sources, o); err == nil || !strings.Contains(err.Error(), "code of the claims") {
		t.Errorf("other code resumed a run: %v", err)
	}
	if snapshot(t, dir) != before {
		t.Error("a refused run changed the folder")
	}
}

// TestAboutTheSource: what a package comment says of its source before the
// setting goes with the run, unless the source says it itself.
func TestAboutTheSource(t *testing.T) {
	const comment = `// Package stated checks Author, "Title" (2024).
//
// The paper shows that small things
// stay small.
//
// Only its abstract was read.
//
// Setting: n things.
//
// More of it.
`
	for _, tt := range []struct{ own, file, want string }{
		{"", comment + statedFile, "The paper shows that small things stay small.\n\nOnly its abstract was read."},
		{"its own words", comment + statedFile, "its own words"},
		{"", statedFile, ""},
	} {
		plain := statedSource(map[string]string{"a.go": tt.file})
		plain.About = tt.own
		s, err := Document(plain, "papers/stated")
		if err != nil || s.About != tt.want {
			t.Errorf("about %q, %v, want %q", s.About, err, tt.want)
		}
	}
}
