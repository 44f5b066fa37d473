package checks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sessionsFile tells who worked on a run, a line of JSON each. It is apart from
// the manifest and the records, which are the same on every machine.
const sessionsFile = "sessions.jsonl"

// A Session is the work of one process on a run: on what machine, and how long.
// A run that was interrupted, or made in shards, has several.
type Session struct {
	Start   time.Time `json:"start"`
	Seconds float64   `json:"seconds"` // of wall time
	CPU     string    `json:"cpu,omitempty"`
	Cores   int       `json:"cores"` // that the process could use
	Memory  uint64    `json:"memory,omitempty"`
	OS      string    `json:"os"`
	Arch    string    `json:"arch"`
}

// newSession describes this machine, as far as it tells.
func newSession(start time.Time) Session {
	s := Session{Start: start.UTC().Truncate(time.Millisecond), Cores: runtime.GOMAXPROCS(0), OS: runtime.GOOS, Arch: runtime.GOARCH}
	s.CPU = procField("/proc/cpuinfo", "model name")
	if kilobytes, err := strconv.ParseUint(strings.TrimSuffix(procField("/proc/meminfo", "MemTotal"), " kB"), 10, 64); err == nil {
		s.Memory = kilobytes << 10
	}
	return s
}

// procField reads a field of a file in which Linux describes the machine; empty
// where there is none.
func procField(file, name string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// readSessions reads the sessions of a folder. Folders of older programs have
// none, and a line that was torn by a kill is passed over: no verdict hangs on it.
func readSessions(dir string) ([]Session, error) {
	b, err := os.ReadFile(filepath.Join(dir, sessionsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("sessions: %w", err)
	}
	var all []Session
	for line := range bytes.Lines(b) {
		var s Session
		if json.Unmarshal(line, &s) == nil {
			all = append(all, s)
		}
	}
	return all, nil
}

// addSessions adds sessions to those of a folder, each once and in the order of
// their start.
func addSessions(dir string, more []Session) error {
	all, err := readSessions(dir)
	if err != nil {
		return err
	}
	for _, s := range more {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b Session) int { return a.Start.Compare(b.Start) })
	var b bytes.Buffer
	for _, s := range all {
		line, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("sessions: %w", err)
		}
		b.Write(append(line, '\n'))
	}
	return writeFile(filepath.Join(dir, sessionsFile), b.Bytes())
}
