package data_test

import (
	"testing"

	"convergo/nets/data"
)

func BenchmarkGeometry(b *testing.B) {
	x := build(b, data.Spec{Kind: data.Sphere, N: 1000, D: 784}).X
	b.Run("Separation", func(b *testing.B) {
		for b.Loop() {
			data.Separation(x)
		}
	})
	b.Run("MaxCoherence", func(b *testing.B) {
		for b.Loop() {
			data.MaxCoherence(x)
		}
	})
	b.Run("Validate", func(b *testing.B) {
		for b.Loop() {
			if err := data.Validate(x); err != nil {
				b.Fatal(err)
			}
		}
	})
}
