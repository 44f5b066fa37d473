package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// recipes is the folder of the action and of the recipe for a container.
const recipes = "../../.ci"

// A compositeAction is what these tests read of an action.
type compositeAction struct {
	Inputs  map[string]struct{ Default string }
	Outputs map[string]struct{ Value string }
	Runs    struct{ Steps []actionStep }
}

type actionStep struct {
	ID, Name, Uses, Run, Shell string
	If                         string
	Dir                        string `yaml:"working-directory"`
	Env, With                  map[string]string
}

func readAction(t *testing.T) (compositeAction, []byte) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(recipes, "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var a compositeAction
	if err := yaml.Unmarshal(b, &a); err != nil {
		t.Fatal(err)
	}
	return a, b
}

func TestActionIsValidForItsSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("testdata", "schemas", "github-action.json"))
	if err != nil {
		t.Fatal(err)
	}
	valid := func(text []byte) error {
		var doc any
		if err := yaml.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(plain)
	}
	a, text := readAction(t)
	if err := valid(text); err != nil {
		t.Error(err)
	}
	if valid(bytes.Replace(text, []byte("      shell: bash\n"), nil, 1)) == nil {
		t.Error("the schema takes a step without its shell")
	}
	// An input in the text of a script could bring in commands; and one that is
	// not declared is empty.
	for _, s := range a.Runs.Steps {
		if strings.Contains(s.Run, "${{") {
			t.Errorf("step %s has an expression in its script: give it by env", s.Name)
		}
	}
	for _, m := range regexp.MustCompile(`\$\{\{[^}]*?inputs\.([a-z-]+)`).FindAllSubmatch(text, -1) {
		if _, ok := a.Inputs[string(m[1])]; !ok {
			t.Errorf("no input %s", m[1])
		}
	}
}

// A runner runs the scripts of an action in a clone, as GitHub would, leaving out
// the steps that are actions of others.
type runner struct {
	action compositeAction
	clone  string
	temp   string
	inputs map[string]string
	env    []string
}

var expression = regexp.MustCompile(`\$\{\{ *([a-z]+)\.([A-Za-z.-]+) *\}\}`)

func (r *runner) expand(text string) string {
	return expression.ReplaceAllStringFunc(text, func(e string) string {
		m := expression.FindStringSubmatch(e)
		if v, ok := r.inputs[m[2]]; ok && m[1] == "inputs" {
			return v
		}
		return r.action.Inputs[m[2]].Default
	})
}

// run returns the output and the status of the first script that fails.
func (r *runner) run(t *testing.T) (output string, status int) {
	t.Helper()
	for _, s := range r.action.Runs.Steps {
		if s.Run == "" {
			continue
		}
		cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", s.Run)
		cmd.Dir = filepath.Join(r.clone, r.expand(s.Dir))
		cmd.Env = append(os.Environ(), "RUNNER_TEMP="+r.temp, "GITHUB_OUTPUT="+filepath.Join(r.temp, "output"), "GITHUB_STEP_SUMMARY="+filepath.Join(r.temp, "summary.md"))
		for _, k := range slices.Sorted(maps.Keys(s.Env)) {
			cmd.Env = append(cmd.Env, k+"="+r.expand(s.Env[k]))
		}
		cmd.Env = append(cmd.Env, r.env...)
		out, err := cmd.CombinedOutput()
		output += string(out)
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return output, exit.ExitCode()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return output, 0
}

// TestActionRuns runs the scripts of the action over the module of somebody else,
// in a clone: with a true claim, and with a false one, whose reports must be
// there.
func TestActionRuns(t *testing.T) {
	if os.Getenv("CONVERGO_RECIPES") == "" {
		t.Skip("it clones and builds: bash .ci/recipes sets CONVERGO_RECIPES")
	}
	action, _ := readAction(t)
	clone := filepath.Join(t.TempDir(), "clone")
	if out, err := exec.Command("git", "clone", "-q", "../..", clone).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	baseline := filepath.Join(clone, "testdata", "outside", "baseline.txt")
	for _, tt := range []struct {
		name   string
		env    []string
		claims string
		status int
		wants  []string
	}{
		{"no baseline", nil, "", exitUsage, []string{"baseline.txt", "baseline write"}},
		{"true claims", nil, "", exitOK, []string{"2 same, 0 regressed"}},
		{"one true claim", nil, "hoeffding1963/mean", exitOK, []string{"1 same, 0 regressed"}},
		{"false claims", []string{"OUTSIDE_SABOTAGE=1"}, "", exitRefuted, []string{"::error file=testdata/outside/claims.go,line=", "2 regressed"}},
	} {
		r := runner{action: action, clone: clone, temp: t.TempDir(), env: tt.env,
			inputs: map[string]string{"working-directory": "testdata/outside", "baseline": "baseline.txt", "claims": tt.claims}}
		out, status := r.run(t)
		for _, want := range tt.wants {
			if status != tt.status || !strings.Contains(out, want) {
				t.Fatalf("%s: status %d, want %d and %q in\n%s", tt.name, status, tt.status, want, out)
			}
		}
		reports := filepath.Join(r.temp, "claims-reports")
		if tt.status == exitUsage {
			writeOutsideBaseline(t, filepath.Join(r.temp, "claims"), filepath.Join(t.TempDir(), "run"), baseline)
			continue
		}
		for name, want := range map[string]string{filepath.Join(reports, "gate.xml"): "<testsuite", filepath.Join(reports, "gate.sarif"): `"2.1.0"`,
			filepath.Join(r.temp, "summary.md"): "Gate of outside", filepath.Join(r.temp, "output"): "reports=" + reports} {
			if b, err := os.ReadFile(name); err != nil || !strings.Contains(string(b), want) {
				t.Errorf("%s: %s lacks %q: %v", tt.name, name, want, err)
			}
		}
	}
}

func writeOutsideBaseline(t *testing.T, program, run, baseline string) {
	t.Helper()
	for _, args := range [][]string{{"verify", "--out", run}, {"baseline", "write", run, "--file", baseline}} {
		if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
}

// TestContainerfileFitsTheRepository reads the recipe as far as a machine without
// a builder of images can: what it copies is there, and what it starts is what
// it built.
func TestContainerfileFitsTheRepository(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(recipes, "Containerfile"))
	if err != nil {
		t.Fatal(err)
	}
	built, installed, stage := "", "", ""
	for line := range strings.Lines(string(b)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		switch words[0] {
		case "FROM":
			if len(words) == 4 {
				stage = words[3]
			}
		case "RUN":
			if _, after, ok := strings.Cut(line, "go build"); ok {
				_, after, _ = strings.Cut(after, "-o ")
				built = "/src/" + strings.Fields(after)[0]
			}
		case "COPY":
			sources := words[1 : len(words)-1]
			if sources[0] == "--from="+stage {
				if sources[1] != built {
					t.Errorf("%s: the build makes %s", strings.TrimSpace(line), built)
				}
				installed = words[len(words)-1]
				continue
			}
			for _, s := range sources {
				if _, err := os.Stat(filepath.Join("../..", s)); err != nil {
					t.Errorf("%s: %v", strings.TrimSpace(line), err)
				}
			}
		case "ENTRYPOINT":
			if want := `["` + filepath.Base(installed) + `"]`; words[1] != want || !strings.HasPrefix(installed, "/usr/local/bin/") {
				t.Errorf("the image starts %s, and has %s", words[1], installed)
			}
		case "ARG", "WORKDIR", "USER":
		default:
			t.Errorf("instruction %q is new to this test", words[0])
		}
	}
	if built == "" || installed == "" {
		t.Errorf("built %q, installed %q", built, installed)
	}
}
