package train

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestIndices(t *testing.T) {
	const n = 5
	next, err := MiniBatch{}.Indices(n)
	if err != nil || !slices.Equal(next(), []int{0, 1, 2, 3, 4}) {
		t.Fatalf("all samples: %v, %v", next(), err)
	}
	next, err = MiniBatch{Size: 2, Law: Passes, Rand: rand.New(rand.NewPCG(1, 2))}.Indices(n)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		var pass []int
		for _, size := range []int{2, 2, 1} {
			drawn := next()
			if len(drawn) != size {
				t.Fatalf("a batch of %d, want %d", len(drawn), size)
			}
			pass = append(pass, drawn...)
		}
		if slices.Sort(pass); !slices.Equal(pass, []int{0, 1, 2, 3, 4}) {
			t.Errorf("a pass over %v", pass)
		}
	}
	counts := make([]int, n)
	next, _ = MiniBatch{Size: 3, Law: Distinct, Rand: rand.New(rand.NewPCG(1, 2))}.Indices(n)
	for range 1000 {
		drawn := slices.Clone(next())
		for _, i := range drawn {
			counts[i]++
		}
		if slices.Sort(drawn); len(slices.Compact(drawn)) != 3 {
			t.Fatalf("repeated samples in %v", drawn)
		}
	}
	for i, c := range counts {
		if c < 500 || c > 700 { // 600 +- 15.5
			t.Errorf("sample %d was drawn %d times of 600", i, c)
		}
	}
	if _, err := (MiniBatch{Size: 9, Law: Distinct, Rand: rand.New(rand.NewPCG(1, 2))}).Indices(n); err == nil {
		t.Error("nine distinct samples of five are impossible")
	}
}
