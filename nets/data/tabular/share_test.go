package tabular

import "testing"

func TestNumberShare(t *testing.T) {
	width, share, even := numberShare([][]string{{"1", "two"}, {"3", "-4e5"}})
	if width != 2 || share != 0.75 || !even {
		t.Errorf("%d fields, %v of them numbers, even %v; want 2, 0.75, true", width, share, even)
	}
}
