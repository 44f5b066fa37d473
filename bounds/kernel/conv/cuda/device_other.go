//go:build !linux || !(amd64 || arm64)

package cuda

import (
	"context"
	"errors"

	"convergo/bounds/kernel/conv"
)

var errNone = errors.New("cuda: GPUs are supported on Linux, on amd64 and arm64; use the processor")

// Device is one GPU; there is none on this system.
type Device struct{}

// Count fails on this system.
func Count() (int, error) { return 0, errNone }

// Open fails on this system.
func Open(int) (*Device, error) { return nil, errNone }

// String names no device.
func (*Device) String() string { return "no GPU" }

// Supports always says that the system has no GPU.
func (*Device) Supports(net conv.Net, shape conv.Shape) error {
	return errors.Join(errNone, supports(net, shape))
}

// Planes always fails.
func (*Device) Planes(context.Context, *conv.Work) error { return errNone }
