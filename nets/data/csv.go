package data

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"gonum.org/v1/gonum/mat"
)

// DecodeCSV reads numbers separated by commas, one sample a line. Of opts it
// heeds Label, Header and Rows; blank lines and a UTF-8 byte order mark are
// skipped. Errors name the line (from 1) and wrap ErrFormat, ErrNotNumber,
// ErrNotFinite, ErrRagged, ErrEmpty, ErrLabels or ErrSpec. Zero and equal rows
// pass: they are for Validate to judge.
func DecodeCSV(b []byte, opts Options) (*Set, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	rows, err := csvRows(bytes.TrimPrefix(b, []byte("\ufeff")), opts)
	if err != nil {
		return nil, fmt.Errorf("CSV: %w", err)
	}
	x := mat.NewDense(len(rows), len(rows[0]), nil)
	for i, r := range rows {
		x.SetRow(i, r)
	}
	return splitLabels(x, opts.Label)
}

func csvRows(b []byte, opts Options) ([][]float64, error) {
	if !utf8.Valid(b) {
		return nil, fmt.Errorf("%w: not UTF-8 text; is it a CSV file?", ErrFormat)
	}
	r := csv.NewReader(bytes.NewReader(b))
	r.FieldsPerRecord = -1 // ragged lines are reported here, with a remedy
	r.TrimLeadingSpace = true
	r.ReuseRecord = true
	var rows [][]float64
	for first := true; ; first = false {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %v; mend the quotes of that line", ErrFormat, err)
		}
		if first && isHeader(record, opts.Header) {
			continue
		}
		line, _ := r.FieldPos(0)
		row, err := csvRow(record, line)
		if err != nil {
			return nil, err
		}
		if len(rows) > 0 && len(row) != len(rows[0]) {
			return nil, fmt.Errorf("line %d: %w: %d fields where the lines before have %d; give every line the same number of fields",
				line, ErrRagged, len(row), len(rows[0]))
		}
		if rows = append(rows, row); len(rows) == opts.Rows {
			break
		}
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%w: there is no line of numbers", ErrEmpty)
	}
	return rows, nil
}

func csvRow(record []string, line int) ([]float64, error) {
	row := make([]float64, len(record))
	for k, field := range record {
		v, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return nil, fmt.Errorf("line %d, field %d: %w: %q; separate the fields by commas, and encode this one as a number or drop its column (a header is allowed in the first line only)",
				line, k+1, ErrNotNumber, field)
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("line %d, field %d: %w: %q; drop the line or impute the value", line, k+1, ErrNotFinite, field)
		}
		row[k] = v
	}
	return row, nil
}

func isHeader(record []string, mode string) bool {
	switch mode {
	case HeaderYes:
		return true
	case HeaderNo:
		return false
	}
	for _, field := range record {
		if _, err := strconv.ParseFloat(strings.TrimSpace(field), 64); err == nil || errors.Is(err, strconv.ErrRange) {
			return false
		}
	}
	return true
}
