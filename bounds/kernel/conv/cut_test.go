package conv

import "testing"

// TestCut: few pairs make small tasks, many make tasks that share tables, and one worker needs no small ones.
func TestCut(t *testing.T) {
	shape := Shape{Channels: 1, Height: 32, Width: 32}
	for _, c := range []struct {
		head          Head
		workers, n, m int
		want          cut
	}{
		{GAP, 1, 1, 1, cut{1, 32, 1}},
		{GAP, 2, 1, 1, cut{1, 32, 4}},
		{GAP, 2, 16, 16, cut{1, 32, 1}},
		{Vanilla, 2, 3, 4, cut{1, 1, 1}},
		{Vanilla, 2, 12, 12, cut{2, 1, 1}},
		{Vanilla, 2, 64, 64, cut{4, 1, 1}},
	} {
		p, err := newPairs[float64](Net{Depth: 2, Filter: 3, Head: c.head, Branch: 1}, shape, Options{Workers: c.workers})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.cut(c.n, c.m); got != c.want {
			t.Errorf("%v, %d workers, %d x %d pairs: %+v, want %+v", c.head, c.workers, c.n, c.m, got, c.want)
		}
	}
}
