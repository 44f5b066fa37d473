package checks

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestSessionsAreKeptOnceAndInOrder(t *testing.T) {
	dir := t.TempDir()
	if all, err := readSessions(dir); err != nil || all != nil {
		t.Fatalf("a folder of an older program has %v, %v", all, err)
	}
	day := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	early, late := newSession(day), newSession(day.Add(time.Hour))
	early.Seconds, late.Seconds = 1.5, 2
	for _, more := range [][]Session{{late}, {early, late}, nil} {
		if err := addSessions(dir, more); err != nil {
			t.Fatal(err)
		}
	}
	name := filepath.Join(dir, sessionsFile)
	b := mustRead(t, name)
	mustWrite(t, name, append(b, `{"start":"torn`...))
	all, err := readSessions(dir)
	if err != nil || len(all) != 2 || all[0] != early || all[1] != late {
		t.Errorf("sessions %+v, %v", all, err)
	}
	if all[0].Cores < 1 || all[0].OS == "" || all[0].Arch == "" {
		t.Errorf("the machine is not described: %+v", all[0])
	}
	if _, err := os.Stat("/proc/cpuinfo"); err == nil && all[0].Memory == 0 {
		t.Errorf("no memory: %+v", all[0])
	}
}
