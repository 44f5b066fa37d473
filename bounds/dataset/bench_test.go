package dataset_test

import (
	"context"
	"testing"

	"convergo/bounds/dataset"
	"convergo/nets/data"
)

func BenchmarkOf(b *testing.B) {
	set, err := data.Spec{Kind: data.Sphere, N: 1000, D: 50}.Build()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := dataset.Of(context.Background(), set.X, set.Y, dataset.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
