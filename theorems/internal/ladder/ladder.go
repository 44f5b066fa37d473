// Package ladder climbs the ladders of claims on growth.
package ladder

import "convergo/checks"

// Pass is one pass over the rungs of a ladder, of which at measures the i-th.
func Pass(rungs int, at func(i int) (size, value float64, err error)) checks.Measurement {
	var m checks.Measurement
	for i := range rungs {
		size, value, err := at(i)
		if err != nil {
			return checks.Failed(err)
		}
		m.Ladder = append(m.Ladder, checks.Rung{Size: size, Value: value})
	}
	return m
}
