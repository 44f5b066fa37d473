//go:build !amd64 || noasm

package fmablas

func registerLoop(string) (func(int), float64) { return nil, 0 }
