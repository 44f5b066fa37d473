package images_test

import (
	"testing"

	"convergo/nets/data"
	"convergo/theorems/internal/images"
)

// TestBuild builds every kind of set: both classes must be there, with their signs.
func TestBuild(t *testing.T) {
	for _, kind := range []string{data.MNIST, data.Fashion} {
		for name, s := range map[string]data.Spec{
			"all": images.All(kind, 20, 49), "easy": images.Easy(kind, 20, 49), "hard": images.Hard(kind, 20, 49), "classes": images.Classes(kind, 20, 49, 2, 4),
		} {
			set, err := s.Build()
			if err != nil {
				t.Errorf("%s, %s: %v", kind, name, err)
				continue
			}
			signs := map[float64]int{}
			for _, y := range set.Y {
				signs[y]++
			}
			if set.N() != 20 || set.D() != 49 || signs[1] == 0 || signs[-1] == 0 || signs[1]+signs[-1] != 20 {
				t.Errorf("%s, %s: %d x %d with labels %v, want 20 x 49 with both signs", kind, name, set.N(), set.D(), signs)
			}
		}
	}
}

func TestHard(t *testing.T) {
	for kind, want := range map[string][2]int{data.MNIST: {3, 8}, data.Fashion: {0, 6}} {
		if got := images.Hard(kind, 2, 49).Classes; got != want {
			t.Errorf("%s: classes %v, want %v", kind, got, want)
		}
	}
}
