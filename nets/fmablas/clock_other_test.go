//go:build !linux

package fmablas

import "time"

var began = time.Now()

func clock() time.Duration { return time.Since(began) }
