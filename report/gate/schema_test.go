package gate

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"convergo/checks"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func mustSchema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(filepath.Join("testdata", "schemas", name))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestJSONIsValidForItsSchemas holds the reports of a mixed comparison, of one
// without changes and of an empty one against the published schemas.
func TestJSONIsValidForItsSchemas(t *testing.T) {
	same := comparison()
	same.Changes = same.Changes[:1]
	elsewhere := comparison()
	elsewhere.Baseline.Name = "/some where/else/baseline: 1%.txt"
	comparisons := map[string]*checks.Comparison{
		"changes": comparison(), "same": same, "empty": {Baseline: &checks.Baseline{}}, "a baseline elsewhere": elsewhere,
	}
	for _, tt := range []struct {
		schema string
		write  func(io.Writer, *checks.Comparison) error
	}{
		{"sarif-2.1.0-rtm.5.json", SARIF},
		{"code-quality.json", CodeQuality},
	} {
		schema := mustSchema(t, tt.schema)
		for name, c := range comparisons {
			var b bytes.Buffer
			if err := tt.write(&b, c); err != nil {
				t.Fatal(err)
			}
			doc, err := jsonschema.UnmarshalJSON(&b)
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(doc); err != nil {
				t.Errorf("%s, %s: %v", tt.schema, name, err)
			}
		}
	}
}

// TestSchemasRefuse sees that the schemas are not empty words.
func TestSchemasRefuse(t *testing.T) {
	for _, tt := range []struct{ schema, doc string }{
		{"sarif-2.1.0-rtm.5.json", `{"version": "2.1.0", "runs": [{"results": []}]}`},
		{"sarif-2.1.0-rtm.5.json", `{"version": "2.0.0", "runs": []}`},
		{"code-quality.json", `[{"description": "a", "check_name": "b", "fingerprint": "c", "severity": "bad", "location": {"path": "d", "lines": {"begin": 1}}}]`},
		{"code-quality.json", `[{"description": "a", "check_name": "b", "fingerprint": "c", "severity": "info", "location": {"path": "./d", "lines": {"begin": 1}}}]`},
		{"code-quality.json", `[{"description": "a", "fingerprint": "c", "severity": "info", "location": {"path": "d"}}]`},
	} {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(tt.doc))
		if err != nil {
			t.Fatal(err)
		}
		if mustSchema(t, tt.schema).Validate(doc) == nil {
			t.Errorf("%s takes %s", tt.schema, tt.doc)
		}
	}
}

// workflowCommand is the form that GitHub documents for a line that annotates a
// file; a line of another form is a mere line of the log.
var workflowCommand = regexp.MustCompile(`^::(error|warning|notice) ((?:(?:file|line|endLine|col|endColumn|title)=[^,:\r\n]*)(?:,(?:file|line|endLine|col|endColumn|title)=[^,:\r\n]*)*)::([^\r\n]+)$`)

func TestGitHubReadsItsCommands(t *testing.T) {
	c := comparison()
	c.Changes[1].Info.File = "a,b:c%2Cd.go"
	c.Changes[1].Reasons = []string{"100% worse,\r\nmuch: very"}
	var b bytes.Buffer
	if err := GitHub(&b, c); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines for 3 changes:\n%s", len(lines), b.String())
	}
	unescape := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%")
	var files []string
	for i, line := range lines {
		m := workflowCommand.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("no workflow command: %q", line)
		}
		file, _, _ := strings.Cut(strings.TrimPrefix(m[2], "file="), ",")
		files = append(files, unescape.Replace(file))
		if want := message(reported(c)[i]); unescape.Replace(m[3]) != strings.ReplaceAll(want, "\r", "") {
			t.Errorf("message %q, want %q", unescape.Replace(m[3]), want)
		}
	}
	if files[0] != "a,b:c%2Cd.go" {
		t.Errorf("the file is read as %q", files[0])
	}
}

func TestPlaceIsSeenFromTheRepository(t *testing.T) {
	repository := t.TempDir()
	sub := filepath.Join(repository, "a", "b")
	if err := errors.Join(os.MkdirAll(sub, 0o777), os.Mkdir(filepath.Join(repository, ".git"), 0o777)); err != nil {
		t.Fatal(err)
	}
	outside := t.TempDir()
	for _, tt := range []struct{ dir, name, want string }{
		{sub, "c.txt", "a/b/c.txt"},
		{sub, "../c.txt", "a/c.txt"},
		{sub, filepath.Join(repository, "c.txt"), "c.txt"},
		{sub, filepath.Join(outside, "c.txt"), filepath.ToSlash(filepath.Join(outside, "c.txt"))},
		{outside, "./x/c.txt", "x/c.txt"},
		{outside, "../c.txt", "../c.txt"},
		{sub, "", ""},
	} {
		t.Chdir(tt.dir)
		if got := relative(tt.name); got != tt.want {
			t.Errorf("%q in %s is named %q, want %q", tt.name, tt.dir, got, tt.want)
		}
	}
}
