package tabular

import "testing"

func TestNumberShare(t *testing.T) {
	width, share, even := numberShare([][]string{{"1", "two"}, {"3", "-4e5"}})
	if width != 2 || share != 0.75 || !even {
		t.Errorf("%d fields, %v of them numbers, even %v; want 2, 0.75, true", width, share, even)
	}
}

func TestFloats(t *testing.T) {
	a, err := DecodeIDX([]byte{0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 40, 50, 255})
	if err != nil {
		t.Fatal(err)
	}
	want := []float64{1, 2, 3, 40, 50, 255}
	for i, v := range a.Floats() {
		if v != want[i] {
			t.Errorf("element %d is %v, want %v", i, v, want[i])
		}
	}
}
