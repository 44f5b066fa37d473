package tabular

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// isMissing tells whether a field stands for a value that is not there.
func isMissing(f string) bool {
	switch strings.TrimSpace(f) {
	case "", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NAN", "-nan", "null", "NULL", "None", "NaT", "?", ".", "-":
		return true
	}
	return false
}

// isNumber tells whether a field is a number, with a decimal point or a
// decimal comma.
func isNumber(f string) bool {
	_, err := parseNumber(f, false)
	if errors.Is(err, ErrNotNumber) {
		_, err = parseNumber(f, true)
	}
	return !isMissing(f) && !errors.Is(err, ErrNotNumber)
}

// parseNumber reads a number, NaN for a missing one, and 1 and 0 for true and false.
func parseNumber(f string, decimalComma bool) (float64, error) {
	text := strings.TrimSpace(f)
	if decimalComma {
		text = strings.Replace(text, ",", ".", 1)
	}
	v, err := strconv.ParseFloat(text, 64)
	switch {
	case err == nil && math.IsInf(v, 0), errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%w: %q; drop the row or replace the value", ErrNotFinite, f)
	case err == nil:
		return v, nil
	case isMissing(text):
		return math.NaN(), nil
	}
	switch text {
	case "true", "True", "TRUE":
		return 1, nil
	case "false", "False", "FALSE":
		return 0, nil
	}
	return 0, fmt.Errorf("%w: %q", ErrNotNumber, clip(f))
}

// clip shortens a field for a message.
func clip(f string) string {
	const most = 40
	if r := []rune(f); len(r) > most {
		return string(r[:most]) + "..."
	}
	return f
}
