package tabular

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unsafe"
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
	start, end int // in the text, with the blank and comment lines before it
	line       int // from 1, relative to the text
	fields     []string
}

// text views the bytes of a file, which never change, as a string, so that fields are
// parts of it and cost nothing: a file is held once.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// eachRecord visits the records of s; the fields are valid until visit returns, and
// buf, which may be nil, makes room for them. Blank lines and lines that start
// with # are skipped.
func eachRecord(s string, sep rune, buf []string, visit func(r record) error) error {
	if sep == blank || !strings.Contains(s, `"`) {
		return eachLine(s, func(start, end, line int, text string) error {
			buf = split(text, sep, buf[:0])
			return visit(record{start, end, line, buf})
		})
	}
	r := csv.NewReader(strings.NewReader(s))
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

// split appends the fields of a line; only those between blanks may be in quotes.
func split(line string, sep rune, fields []string) []string {
	if sep == blank {
		for f := range strings.FieldsSeq(line) {
			fields = append(fields, unquote(f))
		}
		return fields
	}
	for f := range strings.SplitSeq(line, string(sep)) {
		fields = append(fields, strings.Trim(f, " \r"))
	}
	return fields
}

func unquote(f string) string {
	if len(f) >= 2 && (f[0] == '"' || f[0] == '\'') && f[len(f)-1] == f[0] {
		return f[1 : len(f)-1]
	}
	return f
}

// eachLine visits the lines of s that are neither blank nor a comment, without their
// ends.
func eachLine(s string, visit func(start, end, line int, text string) error) error {
	start := 0
	for at, line := 0, 1; at < len(s); line++ {
		end := len(s)
		if n := strings.IndexByte(s[at:], '\n'); n >= 0 {
			end = at + n + 1
		}
		text := strings.TrimRight(s[at:end], "\r\n")
		at = end
		if bare := strings.TrimSpace(text); bare == "" || bare[0] == '#' {
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
func lineOf(s string, start int) int {
	line := 1 + strings.Count(s[:start], "\n")
	_ = eachLine(s[start:], func(_, _, at int, _ string) error {
		line += at - 1
		return errEnough
	})
	return line
}

// errEnough ends a walk early.
var errEnough = errors.New("enough")

// head returns the first records of s, at most count, that parse.
func head(s string, sep rune, count int) [][]string {
	var all [][]string
	_ = eachRecord(sampleOf(s), sep, nil, func(r record) error {
		if all = append(all, slices.Clone(r.fields)); len(all) == count {
			return errEnough
		}
		return nil
	})
	return all
}

// sampleOf is the start of s, cut at the end of a line where there is one.
func sampleOf(s string) string {
	const most = 4 << 20
	if len(s) <= most {
		return s
	}
	if n := strings.LastIndexByte(s[:most], '\n'); n > 0 {
		return s[:n+1]
	}
	return s
}

// sniffed is how many records are looked at to guess the dialect.
const sniffed = 25

// sniffSeparator guesses the separator: of those that split every record but the first (it
// may be a header of another length) into equally many fields, the one with the
// largest share of numbers, then with the most fields.
func sniffSeparator(s string) rune {
	best, bestShare, bestWidth := ',', -1.0, 1
	fallback, mostFields := ',', 1
	for _, sep := range separators {
		records := head(s, sep.sep, sniffed)
		if len(records) == 0 {
			continue
		}
		if len(records[0]) > mostFields {
			fallback, mostFields = sep.sep, len(records[0])
		}
		body := records
		if len(records) > 1 {
			body = records[1:]
		}
		width, share, even := numberShare(body)
		if even && width > 1 && (share > bestShare || share == bestShare && width > bestWidth) {
			best, bestShare, bestWidth = sep.sep, share, width
		}
	}
	if bestShare < 0 {
		return fallback
	}
	return best
}

// numberShare returns the number of fields of the first record, the share of numbers
// among all fields, and whether all records have equally many.
func numberShare(records [][]string) (width int, share float64, even bool) {
	width, even = len(records[0]), true
	numbers := 0
	for _, r := range records {
		even = even && len(r) == width
		for _, f := range r {
			if isNumber(f) {
				numbers++
			}
		}
	}
	return width, float64(numbers) / float64(width*len(records)), even
}
