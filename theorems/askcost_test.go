package theorems

import (
	"context"
	"math"
	"testing"

	"convergo/nets/data"
)

func TestExtrapolate(t *testing.T) {
	for _, c := range []struct{ t1, t2, want float64 }{
		{1, 4, 64},     // all of it n^2
		{1, 8, 512},    // all of it n^3
		{2, 12, 576},   // one of each
		{1, 100, 6400}, // steeper than n^3: n^3 through the second
		{4, 4, 64},     // flatter than n^2: n^2 through the second
	} {
		if got := extrapolate(1, c.t1, 2, c.t2, 8); !(math.Abs(got-c.want) <= 1e-9) {
			t.Errorf("from %v and %v: %v, want %v", c.t1, c.t2, got, c.want)
		}
	}
}

func TestEstimateAsk(t *testing.T) {
	for _, n := range []int{100, 600} {
		set, err := data.Spec{Kind: data.Sphere, N: n, D: 5}.Build()
		if err != nil {
			t.Fatal(err)
		}
		c, err := EstimateAsk(context.Background(), set)
		if err != nil {
			t.Fatal(err)
		}
		if (c.Time > 0) != (n == 600) || c.Memory < 80*int64(n*n) {
			t.Errorf("%d rows: %v and %d bytes", n, c.Time, c.Memory)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := EstimateAsk(ctx, set); (err != nil) != (n == 600) {
			t.Errorf("%d rows, interrupted: error %v", n, err)
		}
	}
}
