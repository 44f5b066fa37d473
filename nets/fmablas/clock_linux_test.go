package fmablas

import (
	"time"

	"golang.org/x/sys/unix"
)

// clock is the time that this process has had of processors.
func clock() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}
