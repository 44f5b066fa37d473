package tabular

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// blank separates by any run of blanks and tabs; the other separators are
// the character itself.
const blank = ' '

var separators = []struct {
	sep  rune
	name string
}{{',', "comma"}, {';', "semicolon"}, {'\t', "tab"}, {blank, "space"}}

// separatorByName returns 0 for a name that is none.
func separatorByName(name string) rune {
	for _, s := range separators {
		if s.name == name {
			return s.sep
		}
	}
	return 0
}

func separatorName(sep rune) string {
	for _, s := range separators {
		if s.sep == sep {
			return s.name
		}
	}
	return string(sep)
}

// A record is one line of fields, or several lines where a quoted field
// has line breaks.
type record struct {
	start, end int // in the bytes, with the blank and comment lines before it
	line       int // from 1, relative to the bytes
	fields     []string
}

// eachRecord visits the records of b; the fields are valid until visit returns.
// Blank lines and lines that start with # are skipped.
func eachRecord(b []byte, sep rune, visit func(r record) error) error {
	if sep == blank {
		return eachLine(b, func(start, end, line int, text []byte) error {
			fields := strings.Fields(string(text))
			for k, f := range fields {
				fields[k] = unquote(f)
			}
			return visit(record{start, end, line, fields})
		})
	}
	r := csv.NewReader(bytes.NewReader(b))
	r.Comma, r.Comment = sep, '#'
	r.FieldsPerRecord = -1 // ragged lines are reported with a remedy
	r.TrimLeadingSpace = sep != '\t'
	r.ReuseRecord = true
	for start := 0; ; {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %v; mend the quotes of that line", ErrFormat, err)
		}
		end := int(r.InputOffset())
		line, _ := r.FieldPos(0)
		if err := visit(record{start, end, line, fields}); err != nil {
			return err
		}
		start = end
	}
}

func unquote(f string) string {
	if len(f) >= 2 && (f[0] == '"' || f[0] == '\'') && f[len(f)-1] == f[0] {
		return f[1 : len(f)-1]
	}
	return f
}

// eachLine visits the lines of b that are neither blank nor a comment, trimmed.
func eachLine(b []byte, visit func(start, end, line int, text []byte) error) error {
	start := 0
	for at, line := 0, 1; at < len(b); line++ {
		end := len(b)
		if n := bytes.IndexByte(b[at:], '\n'); n >= 0 {
			end = at + n + 1
		}
		text := bytes.TrimSpace(b[at:end])
		at = end
		if len(text) == 0 || text[0] == '#' {
			continue
		}
		if err := visit(start, end, line, text); err != nil {
			return err
		}
		start = end
	}
	return nil
}

// lineOf is the number from 1 of the first line at or after start that is neither
// blank nor a comment.
func lineOf(b []byte, start int) int {
	line := 1 + bytes.Count(b[:start], []byte{'\n'})
	_ = eachLine(b[start:], func(_, _, at int, _ []byte) error {
		line += at - 1
		return io.EOF // the first is enough
	})
	return line
}

// errEnough ends a walk over records early.
var errEnough = errors.New("enough")

// head returns the first records of b, at most count, that parse.
func head(b []byte, sep rune, count int) [][]string {
	var all [][]string
	_ = eachRecord(sampleOf(b), sep, func(r record) error {
		fields := make([]string, len(r.fields))
		copy(fields, r.fields)
		if all = append(all, fields); len(all) == count {
			return errEnough
		}
		return nil
	})
	return all
}

// sampleOf is the start of b, cut at the end of a line where there is one.
func sampleOf(b []byte) []byte {
	const most = 4 << 20
	if len(b) <= most {
		return b
	}
	if n := bytes.LastIndexByte(b[:most], '\n'); n > 0 {
		return b[:n+1]
	}
	return b
}

// sniffed is how many records are looked at to guess the dialect.
const sniffed = 25

// sniffSeparator guesses the separator: of those that split every record but the first (it
// may be a header of another length) into equally many fields, the one with the
// largest share of numbers, then with the most fields.
func sniffSeparator(b []byte) rune {
	best, bestShare, bestWidth := ',', -1.0, 1
	fallback, mostFields := ',', 1
	for _, s := range separators {
		records := head(b, s.sep, sniffed)
		if len(records) == 0 {
			continue
		}
		body := records
		if len(records) > 1 {
			body = records[1:]
		}
		width, numbers, even := len(body[0]), 0, true
		for _, r := range body {
			even = even && len(r) == width
			for _, f := range r {
				if isNumber(f) {
					numbers++
				}
			}
		}
		share := float64(numbers) / float64(width*len(body))
		if len(records[0]) > mostFields {
			fallback, mostFields = s.sep, len(records[0])
		}
		if even && width > 1 && (share > bestShare || share == bestShare && width > bestWidth) {
			best, bestShare, bestWidth = s.sep, share, width
		}
	}
	if bestShare < 0 {
		return fallback
	}
	return best
}
