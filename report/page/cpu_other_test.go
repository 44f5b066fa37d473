//go:build !unix

package page

import "time"

var start = time.Now()

// processorTime is the time passed, where the system does not tell more.
func processorTime() time.Duration { return time.Since(start) }
