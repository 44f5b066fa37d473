// Package cuda evaluates convolutional kernels on NVIDIA GPUs, through the driver alone: no C compiler and no CUDA
// toolkit are needed, and a machine without a GPU gets an error that says so.
//
//	device, err := cuda.Open(0)
//	k, err := conv.New(net, shape, conv.Options{Float32: true, Device: device})
//
// The program is planes.cu, kept with its compilation planes.ptx, which the driver compiles for the GPU at hand (compute
// capability 7.0 or newer, a driver for CUDA 12.9 or newer). It has not been run on a GPU yet: its tests run the PTX
// instruction by instruction on the processor.
//
// A program that imports this package is linked dynamically on Linux, because the driver is a shared library. To use
// several GPUs, give each a share of the tiles.
package cuda

import (
	_ "embed"
	"fmt"

	"convergo/bounds/kernel/conv"
)

// program is what the driver compiles.
//
//go:generate go run ./internal/ptx
//go:embed planes.ptx
var program string

// side is the most pixels of a row and of a column: a lane each, and a register.
const side = 32

// supports says why the program cannot evaluate a kernel.
func supports(net conv.Net, shape conv.Shape) error {
	switch {
	case shape.Height > side || shape.Width > side:
		return fmt.Errorf("images of %d x %d; at most %d x %d fit; use the processor", shape.Height, shape.Width, side, side)
	case net.Filter != 3 || net.Padding != conv.Zero:
		return fmt.Errorf("filters of %d x %d with padding %d; only 3 x 3 and zeros are programmed; use the processor", net.Filter, net.Filter, net.Padding)
	case net.Block != 0:
		return fmt.Errorf("residual blocks are not programmed; use the processor")
	}
	return nil
}
