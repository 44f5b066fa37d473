package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// A kubernetesJob is what these tests read of a manifest.
type kubernetesJob struct {
	Metadata struct{ Name string }
	Spec     struct {
		CompletionMode           string
		Completions, Parallelism int
		Template                 struct {
			Spec struct {
				Containers []struct {
					Command      []string
					Env          []struct{ Name, Value string }
					VolumeMounts []struct{ Name, MountPath string }
				}
				Volumes []struct {
					Name                  string
					PersistentVolumeClaim struct{ ClaimName string }
				}
			}
		}
	}
}

// expanded is the command as Kubernetes runs it: it puts the values of variables
// for $(NAME), leaves unknown ones as they are, and takes $$ for $.
func (j kubernetesJob) expanded() []string {
	var out []string
	for _, word := range j.Spec.Template.Spec.Containers[0].Command {
		var b strings.Builder
		for i := 0; i < len(word); i++ {
			switch {
			case strings.HasPrefix(word[i:], "$$"):
				b.WriteByte('$')
				i++
			case strings.HasPrefix(word[i:], "$(OUT)"):
				b.WriteString("EXPANDED")
				i += len("$(OUT)") - 1
			default:
				b.WriteByte(word[i])
			}
		}
		out = append(out, b.String())
	}
	return out
}

// manifest reads the documents of a manifest twice: as they are, for a schema,
// and as jobs.
func manifest(t *testing.T, text string) (docs []any, jobs []kubernetesJob) {
	t.Helper()
	dec := yaml.NewDecoder(strings.NewReader(text))
	for {
		var doc any
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return docs, jobs
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		b, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		var j kubernetesJob
		if err := json.Unmarshal(b, &j); err != nil {
			t.Fatal(err)
		}
		plain, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		docs, jobs = append(docs, plain), append(jobs, j)
	}
}

func jobSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(filepath.Join("testdata", "schemas", "kubernetes-job-1.37.0.json"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEmitKubernetesIsValidForTheSchema(t *testing.T) {
	for name, args := range map[string][]string{
		"kubernetes.yaml": {"--image", "registry.example/convergo:1", "--shards", "8", "--profile", "quick"},
		"kubernetes-odd.yaml": {"--image", "registry.example:5000/a/b@sha256:0123", "--shards", "3", "--cpus", "4", "--memory", "512Mi", "--name", "10", "--out", "a/../b c'\"#: $x",
			"--volume", "true", "--arch", "arm64", "--deadline", "90m", "--", "*", "--seed", "7", "--label", "$(OUT) $$ \\ \"q\" ü: #"},
	} {
		got, err := emit(t, append([]string{"kubernetes"}, args...)...)
		if err != nil {
			t.Fatal(err)
		}
		compareGolden(t, name, got)
		docs, jobs := manifest(t, got)
		if len(docs) != 2 {
			t.Fatalf("%s: %d documents, want the shards and the merge", name, len(docs))
		}
		for i, doc := range docs {
			if err := jobSchema(t).Validate(doc); err != nil {
				t.Errorf("%s, %s: %v", name, jobs[i].Metadata.Name, err)
			}
			spec := jobs[i].Spec.Template.Spec
			if spec.Volumes[0].Name != spec.Containers[0].VolumeMounts[0].Name || spec.Containers[0].VolumeMounts[0].MountPath != "/runs" {
				t.Errorf("%s: the volume %v is mounted as %v", name, spec.Volumes, spec.Containers[0].VolumeMounts)
			}
		}
		if s := jobs[0].Spec; s.CompletionMode != "Indexed" || s.Completions < 3 || s.Parallelism != s.Completions {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// TestJobSchemaRefuses sees that the schema is strict.
func TestJobSchemaRefuses(t *testing.T) {
	for _, spec := range []string{`{"completions": "8"}`, `{"completionModes": "Indexed"}`, `{}`} {
		text := fmt.Sprintf(`{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a"}, "spec": %s}`, spec)
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if jobSchema(t).Validate(doc) == nil {
			t.Errorf("the schema takes %s", text)
		}
	}
}

// TestEmitKubernetesRuns runs the commands of all containers as Kubernetes would
// start them, with a program that writes its arguments down.
func TestEmitKubernetesRuns(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell here")
	}
	dir := t.TempDir()
	program, log, out := filepath.Join(dir, "con 'vergo'"), filepath.Join(dir, "log"), filepath.Join(dir, "o $(OUT) ut")
	if err := os.WriteFile(program, []byte(fakeConvergo), 0o777); err != nil {
		t.Fatal(err)
	}
	text, err := emit(t, "kubernetes", "--image", "i", "--shards=3", "--cpus=2", "--program", program, "--", "*", "--label", "$(OUT) $$HOME `x`")
	if err != nil {
		t.Fatal(err)
	}
	_, jobs := manifest(t, text)
	run := func(job kubernetesJob, index string) int {
		t.Helper()
		command := job.expanded()
		cmd := exec.Command(shell, command[1:]...)
		cmd.Env = append(os.Environ(), "LOG="+log, "JOB_COMPLETION_INDEX="+index)
		for _, e := range job.Spec.Template.Spec.Containers[0].Env {
			cmd.Env = append(cmd.Env, e.Name+"="+e.Value)
		}
		cmd.Env = append(cmd.Env, "OUT="+out)
		text, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatalf("%v\n%s", err, text)
		}
		return cmd.ProcessState.ExitCode()
	}
	var want strings.Builder
	for i := range 3 {
		if code := run(jobs[0], fmt.Sprint(i)); code != 0 {
			t.Errorf("shard %d ends with status %d when claims are refuted", i, code)
		}
		shard := fmt.Sprintf("%s/shard%d", out, i)
		fmt.Fprintf(&want, "convergo [verify] [--profile=standard] [--workers=2] [--shard=auto] [--out=%s] [*] [--label] [$(OUT) $$HOME `x`]\n", shard)
		if err := errors.Join(os.MkdirAll(shard, 0o777), os.WriteFile(filepath.Join(shard, "done"), nil, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	if code := run(jobs[1], ""); code != 1 {
		t.Errorf("the merge ends with status %d when claims are refuted", code)
	}
	fmt.Fprintf(&want, "convergo [merge] [--out=%s/merged] [%[1]s/shard0] [%[1]s/shard1] [%[1]s/shard2]\n", out)
	if got, err := os.ReadFile(log); err != nil || string(got) != want.String() {
		t.Errorf("ran\n%s\nwant\n%s(%v)", got, want.String(), err)
	}
}

func TestEmitKubernetesRefuses(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, "--image IMAGE"},
		{[]string{"--image", "a b"}, "no space"},
		{[]string{"--image", "i", "--name", "A_b"}, "small letters"},
		{[]string{"--image", "i", "--name", strings.Repeat("a", 41)}, "small letters"},
		{[]string{"--image", "i", "--volume", "v w"}, "PersistentVolumeClaim"},
		{[]string{"--image", "i", "--memory", "two"}, "2Gi"},
		{[]string{"--image", "i", "--arch", ""}, "--arch"},
		{[]string{"--image", "i", "--deadline", "1s"}, "a minute"},
		{[]string{"--image", "i", "--program", ""}, "--program"},
		{[]string{"--image", "i", "--out", "/abs"}, "below /runs"},
		{[]string{"--image", "i", "--out", "../x"}, "below /runs"},
		{[]string{"--image", "i", "--out", ""}, "--out DIR"},
		{[]string{"--image", "i", "--shards", "0"}, "at least 1"},
		{[]string{"--image", "i", "--", "--shard", "1/2"}, "--shard is set by the script"},
		{[]string{"--image", "i", "--", "no/such-claim"}, "no/such-claim"},
		{[]string{"--image", "i", "--", "*", "--seed=$JOB_COMPLETION_INDEX"}, "over the parts of ONE run"},
	} {
		if out, err := emit(t, append([]string{"kubernetes"}, tt.args...)...); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: error %v with output %q, want %q", tt.args, err, out, tt.want)
		}
	}
}

func TestDNSName(t *testing.T) {
	for name, want := range map[string]string{"convergo": "convergo", "My Claims_2": "my-claims-2", "--": "claims", "": "claims"} {
		if got := dnsName(name); got != want || !dnsLabel.MatchString(got) {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}
