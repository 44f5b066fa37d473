package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"text/template"
	"time"

	"github.com/spf13/cobra"
)

// kubernetesJobs is what the manifest for Kubernetes is made of.
type kubernetesJobs struct {
	emitted
	Image    string
	Memory   string
	Volume   string // claim of the volume for the records
	Arch     string
	Deadline time.Duration // of the merge, which waits for the shards
}

func (a *app) emitKubernetesCommand() *cobra.Command {
	var k kubernetesJobs
	cmd := &cobra.Command{
		Use:   "kubernetes --image IMAGE [flags] [-- verify arguments...]",
		Short: "Write a manifest of an Indexed Job for the shards and a Job that merges them",
		Long: `Kubernetes writes a manifest of two jobs: an Indexed Job with a pod for each shard
of the run, and a Job that waits for the shards, merges them into OUT/merged on
the volume and prints the table of verdicts. What follows -- goes to verify as it
is; a file of --data must be in the image or on the volume.

The volume is a PersistentVolumeClaim that all pods can write at once (access
mode ReadWriteMany), mounted as /runs. The image needs the program and a shell;
.ci/Containerfile in the repository of Convergo is a recipe. The cluster must be
of version 1.29 or newer.

A pod that is lost, or ends for another reason than a refuted claim, is started
again and resumes its shard. A refuted claim does not fail its pod, or nothing
would be merged: it fails the merge, whose exit status is that of verify on the
whole run. The jobs are over the parts of one run with one seed; for several
seeds write a manifest for each, with --name and --out of its own.`,
		Example: strings.ReplaceAll(`  convergo emit kubernetes --image registry.example/NAME --shards 8 -- du2019 --seed 7 > job.yaml
  kubectl apply -f job.yaml
  kubectl logs --follow job/NAME-merge   # the verdicts, once all shards are done
  convergo emit kubernetes --image registry.example/NAME --shards 20 --profile deep --cpus 4 --memory 8Gi --output job.yaml`, "NAME", dnsName(a.suite.Name)),
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			k.Verify = args
			if err := k.validate(a); err != nil {
				return err
			}
			text, err := k.text()
			if err != nil {
				return err
			}
			return k.write(cmd, text, 0o666, "kubectl apply -f")
		},
	}
	k.register(cmd)
	fl := cmd.Flags()
	fl.StringVar(&k.Image, "image", "", "container image with the program and a shell")
	fl.StringVar(&k.Program, "program", a.suite.Name, "the program in the image")
	fl.StringVar(&k.Name, "name", dnsName(a.suite.Name), "of the jobs")
	fl.StringVar(&k.Out, "out", "kubernetes", "folder on the volume for the shards and the merged run")
	fl.StringVar(&k.Volume, "volume", dnsName(a.suite.Name)+"-runs", "PersistentVolumeClaim for the records, ReadWriteMany")
	fl.StringVar(&k.Memory, "memory", "2Gi", "memory of a pod")
	fl.StringVar(&k.Arch, "arch", runtime.GOARCH, "architecture of the nodes: records of several do not merge")
	fl.DurationVar(&k.Deadline, "deadline", 7*24*time.Hour, "how long the merge waits for the shards")
	return cmd
}

var (
	dnsLabel = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	quantity = regexp.MustCompile(`^[1-9][0-9]*([KMGTPE]i?|k)?$`)
)

// dnsName makes a name for objects of Kubernetes of that of a program.
func dnsName(program string) string {
	name := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(program), "-"), "-")
	if name == "" {
		return "claims"
	}
	return name
}

func (k *kubernetesJobs) validate(a *app) error {
	const longest = 40 // with -merge or -shards, an index and the hash of a pod below the 63 of a label
	switch {
	case k.Image == "":
		return errors.New("say which container image has the program: --image IMAGE (.ci/Containerfile builds one)")
	case strings.ContainsAny(k.Image, " \t\r\n"):
		return fmt.Errorf("--image %q: an image has no space in its name", k.Image)
	case !dnsLabel.MatchString(k.Name) || len(k.Name) > longest:
		return fmt.Errorf("--name %q: Kubernetes takes small letters, digits and hyphens, %d at most here", k.Name, longest)
	case !dnsLabel.MatchString(k.Volume) || len(k.Volume) > 63:
		return fmt.Errorf("--volume %q: it must be the name of a PersistentVolumeClaim", k.Volume)
	case !quantity.MatchString(k.Memory):
		return fmt.Errorf("--memory %q: write it as 2Gi or 512Mi", k.Memory)
	case k.Arch == "" || !dnsLabel.MatchString(k.Arch):
		return fmt.Errorf("--arch %q: it must be an architecture of nodes, such as amd64 or arm64", k.Arch)
	case k.Deadline < time.Minute:
		return fmt.Errorf("--deadline %v: give the merge a minute at least", k.Deadline)
	case k.Program == "":
		return errors.New("say which program the image has: --program NAME")
	case k.Out != "" && (!filepath.IsLocal(k.Out) || strings.ContainsAny(k.Out, "\\\n\r\x00")):
		return fmt.Errorf("--out %q: it must be a folder below /runs, where the volume is", k.Out)
	}
	return k.emitted.validate(a)
}

func (k *kubernetesJobs) text() ([]byte, error) {
	var b bytes.Buffer
	err := kubernetesTemplate.Execute(&b, k)
	return b.Bytes(), err
}

// yamlString quotes a string for YAML, which reads those of JSON.
func yamlString(s string) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(s)
	return strings.TrimSpace(b.String()), err
}

// yamlArgument is a word of a container's command, where Kubernetes puts the
// values of variables for $(NAME), and takes $$ for $.
func yamlArgument(s string) (string, error) { return yamlString(strings.ReplaceAll(s, "$", "$$")) }

// A pod is one of the two kinds of pods, with what they do not share.
type pod struct {
	*kubernetesJobs
	Role string // of the container, and of the objects
	Cpus int
}

func (k *kubernetesJobs) Pod(role string, cpus int) pod { return pod{k, role, cpus} }

// The scripts hold no word of the user's: those come as arguments, or as OUT.
// They avoid $(...), which Kubernetes would take for a variable of its own, and
// write a dollar before a bracket or another dollar nowhere.
var kubernetesTemplate = template.Must(template.New("kubernetes").Funcs(template.FuncMap{
	"string": yamlString, "argument": yamlArgument,
	"path": func(out string) string { return "/runs/" + filepath.ToSlash(filepath.Clean(out)) }, "seconds": func(d time.Duration) int64 { return int64(d / time.Second) },
}).Parse(`{{define "labels"}}labels: {app.kubernetes.io/name: "{{.Name}}", app.kubernetes.io/component: {{.Role}}}{{end -}}

{{define "shell"}}  template:
    metadata:
      {{template "labels" .}}
    spec:
      restartPolicy: Never
      nodeSelector: {kubernetes.io/arch: "{{.Arch}}"}
      securityContext: {runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000}
      containers:
      - name: {{.Role}}
        image: {{string .Image}}
        workingDir: /runs
        command:
        - /bin/sh
        - -c{{end -}}

{{define "place"}}        resources:
          requests: {cpu: "{{.Cpus}}", memory: {{.Memory}}}
          limits: {cpu: "{{.Cpus}}", memory: {{.Memory}}}
        volumeMounts:
        - {name: runs, mountPath: /runs}
      volumes:
      - name: runs
        persistentVolumeClaim: {claimName: "{{.Volume}}"}{{end -}}

{{$shard := .Pod "shard" .Cpus}}{{$merge := .Pod "merge" 1 -}}
# A run in {{.Shards}} shards, and the job that merges their records:
#   kubectl apply -f THIS-FILE
# The verdicts are in the log of job {{.Name}}-merge, the records on the volume.
# To resume shards that were cut short, delete both jobs and apply this again.
apiVersion: batch/v1
kind: Job
metadata:
  name: {{.Name}}-shards
  {{template "labels" $shard}}
spec:
  completionMode: Indexed
  completions: {{.Shards}}
  parallelism: {{.Shards}}
  backoffLimitPerIndex: 3
  maxFailedIndexes: 0
  podReplacementPolicy: Failed # two pods never write one shard
  podFailurePolicy:
    rules:
    - action: Ignore # a drained node is no failure
      onPodConditions:
      - {type: DisruptionTarget, status: "True"}
    - action: FailJob # wrong use stays wrong
      onExitCodes: {containerName: shard, operator: In, values: [2]}
{{template "shell" $shard}}
        - |
          program=$1
          shift
          "$program" verify --profile={{.Profile}} --workers={{.Cpus}} --shard=auto \
            --out="$OUT/shard$JOB_COMPLETION_INDEX" "$@"
          status=$?
          [ $status -eq 1 ] && status=0 # refuted claims fail the merge, not the shard
          exit $status
        - shard
        - {{argument .Program}}{{range .Verify}}
        - {{argument .}}{{end}}
        env:
        - {name: OUT, value: {{argument (path .Out)}}}
        - {name: JOB_COMPLETIONS, value: "{{.Shards}}"}
{{template "place" $shard}}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {{.Name}}-merge
  {{template "labels" $merge}}
spec:
  backoffLimit: 0 # a refuted claim stays refuted
  activeDeadlineSeconds: {{seconds .Deadline}}
{{template "shell" $merge}}
        - |
          set -- "$1"
          i=0
          while [ $i -lt {{.Shards}} ]; do
            until [ -e "$OUT/shard$i/done" ]; do sleep 5; done
            set -- "$@" "$OUT/shard$i"
            i=` + "`expr $i + 1`" + `
          done
          program=$1
          shift
          exec "$program" merge --out="$OUT/merged" "$@"
        - merge
        - {{argument .Program}}
        env:
        - {name: OUT, value: {{argument (path .Out)}}}
{{template "place" $merge}}
`))
