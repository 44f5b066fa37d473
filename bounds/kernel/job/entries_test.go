package job

import "testing"

func TestEntries(t *testing.T) {
	for _, tt := range []struct {
		m    Matrix
		want float64
	}{{Matrix{Rows: 3, Cols: 3, Symmetric: true}, 6}, {Matrix{Rows: 3, Cols: 4}, 12}} {
		if got := tt.m.entries(); got != tt.want {
			t.Errorf("%d x %d: %v entries, want %v", tt.m.Rows, tt.m.Cols, got, tt.want)
		}
	}
}

func TestAccuracy(t *testing.T) {
	if got := Accuracy([]float64{1, 2, 3, 4}, []float64{1, 2, 3, 5}); got != 0.75 {
		t.Errorf("three of four are an accuracy of %v", got)
	}
}
