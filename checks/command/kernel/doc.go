// Package kernel is the command that computes exact limit kernels of wide networks on the user's data:
//
//	convergo kernel --arch cntk-gap --depth 21 --data train.bin --test test.bin --out K.npy --regress
//
// It belongs to a command line by Suite.Commands, or as any cobra command.
package kernel
