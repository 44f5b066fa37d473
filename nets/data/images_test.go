package data_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"convergo/nets/data"
)

func TestImages(t *testing.T) {
	for _, kind := range []string{data.MNIST, data.Fashion} {
		set, err := data.Images(kind)
		if err != nil {
			t.Fatal(err)
		}
		if set.N() != 1000 || set.D() != 784 {
			t.Fatalf("%s is %d x %d", kind, set.N(), set.D())
		}
		if err := data.Validate(set.X); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		for i, c := range set.Y {
			if c != float64(i%10) {
				t.Fatalf("%s: image %d has class %v, not interleaved", kind, i, c)
			}
		}
		for i := range 1000 {
			row := set.X.RawRowView(i)
			if slices.Min(row) != 0 || slices.Max(row) > 1 || slices.Max(row) < 0.5 {
				t.Errorf("%s: image %d has pixels from %v to %v", kind, i, slices.Min(row), slices.Max(row))
			}
			for _, v := range row {
				if b := v * 255; b != math.Round(b) {
					t.Fatalf("%s: image %d has the pixel %v, no multiple of 1/255", kind, i, v)
				}
			}
		}
	}
	if _, err := data.Images("cifar"); !errors.Is(err, data.ErrSpec) {
		t.Errorf("unknown images: %v", err)
	}
}

func TestImageClassesAndOrder(t *testing.T) {
	all, err := data.Images(data.MNIST)
	if err != nil {
		t.Fatal(err)
	}
	set := build(t, data.Spec{Kind: data.MNIST, N: 5, Classes: [2]int{7, 2}, Raw: true})
	if !slices.Equal(set.Y, []float64{-1, 1, -1, 1, -1}) {
		t.Errorf("labels %v", set.Y)
	}
	for i, from := range []int{2, 7, 12, 17, 22} {
		if !slices.Equal(set.X.RawRowView(i), all.X.RawRowView(from)) {
			t.Errorf("row %d is not image %d", i, from)
		}
	}
	if got := build(t, data.Spec{Kind: data.MNIST, N: 4}).Y; !slices.Equal(got, []float64{1, -1, 1, -1}) {
		t.Errorf("parity labels %v", got)
	}
	shuffled := build(t, data.Spec{Kind: data.MNIST, Classes: [2]int{7, 2}, Labels: data.RandomClass}).Y
	sum, moved := 0.0, 0
	for i, v := range shuffled {
		sum += v
		if v != float64(2*(i%2)-1) {
			moved++
		}
	}
	if sum != 0 || moved < 50 {
		t.Errorf("shuffled labels: sum %v, %d moved", sum, moved)
	}
}

func TestPooling(t *testing.T) {
	full := build(t, data.Spec{Kind: data.Fashion, N: 3, Raw: true})
	for _, factor := range []int{2, 4} {
		side := 28 / factor
		pooled := build(t, data.Spec{Kind: data.Fashion, N: 3, D: side * side, Raw: true})
		for i := range 3 {
			for r := range side {
				for c := range side {
					want := 0.0
					for dr := range factor {
						for dc := range factor {
							want += full.X.At(i, (r*factor+dr)*28+c*factor+dc)
						}
					}
					want /= float64(factor * factor)
					if got := pooled.X.At(i, r*side+c); !(math.Abs(got-want) <= 1e-15) {
						t.Fatalf("factor %d, image %d, pixel (%d, %d): got %v, want %v", factor, i, r, c, got, want)
					}
				}
			}
		}
	}
}

func TestPooledImagesStayDistinct(t *testing.T) {
	for _, kind := range []string{data.MNIST, data.Fashion} {
		for _, d := range []int{784, 196, 49} {
			if err := data.Validate(build(t, data.Spec{Kind: kind, D: d}).X); err != nil {
				t.Errorf("%s d=%d: %v", kind, d, err)
			}
		}
	}
}

func BenchmarkImages(b *testing.B) {
	for b.Loop() {
		if _, err := data.Images(data.MNIST); err != nil {
			b.Fatal(err)
		}
	}
}
