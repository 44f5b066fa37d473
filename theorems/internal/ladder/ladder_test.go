package ladder

import (
	"errors"
	"testing"
)

func TestPass(t *testing.T) {
	at := func(i int) (size, value float64, err error) { return float64(int(1) << i), 1 / float64(i+1), nil }
	m := Pass(3, at)
	if len(m.Ladder) != 3 || m.Ladder[2].Size != 4 || m.Ladder[2].Value != 1./3 || m.Err != nil {
		t.Errorf("%+v", m)
	}
	broken := errors.New("no eigenvalue")
	if m := Pass(3, func(i int) (size, value float64, err error) {
		if i == 1 {
			return 0, 0, broken
		}
		return at(i)
	}); !errors.Is(m.Err, broken) || len(m.Ladder) > 0 {
		t.Errorf("a rung that fails gives %+v", m)
	}
}
