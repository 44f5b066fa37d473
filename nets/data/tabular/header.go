package tabular

import (
	"fmt"
	"slices"
	"strconv"
)

type headerKind int

const (
	noHeader     headerKind = iota
	plainHeader             // names of columns
	scikitHeader            // scikit-learn's: rows, features, names of classes
)

// A header is what the first record says about the others.
type header struct {
	kind    headerKind
	names   []string // of all columns; nil for scikit-learn's
	classes []string // scikit-learn's
	rows    int      // that scikit-learn's promises
	note    string
}

// findHeader decides whether the first of some records is a header.
func findHeader(first [][]string, mode string) header {
	if len(first) == 0 || mode == HeaderNo {
		return header{}
	}
	names, body := first[0], first[1:]
	if h, ok := scikit(names, body); ok {
		return h
	}
	h := header{kind: plainHeader, names: slices.Clone(names), note: "header in the first line"}
	if len(body) > 0 && len(names) == len(body[0])-1 {
		h.names = append([]string{""}, names...) // R's write.table names no column of row names
	}
	switch {
	case mode == HeaderYes, !slices.ContainsFunc(names, isNumber) && slices.ContainsFunc(names, isText):
		return h
	case differs(names, body):
		return h
	case counts(names):
		h.note = "header of column numbers in the first line"
		return h
	}
	return header{}
}

func isText(f string) bool { return !isNumber(f) && !isMissing(f) }

// differs tells whether a column has text in the first record and only numbers in
// the others.
func differs(names []string, body [][]string) bool {
	for k, name := range names {
		if !isText(name) || len(body) == 0 {
			continue
		}
		numbers := true
		for _, r := range body {
			numbers = numbers && len(r) == len(names) && (isNumber(r[k]) || isMissing(r[k]))
		}
		if numbers {
			return true
		}
	}
	return false
}

// counts tells whether a first record is pandas' numbering of columns without
// names: 0, 1, 2, 3 and so on, with an empty field for the index or without one.
func counts(names []string) bool {
	least := 4
	if names[0] == "" {
		names, least = names[1:], 2
	}
	for k, name := range names {
		if name != strconv.Itoa(k) {
			return false
		}
	}
	return len(names) >= least
}

// scikit recognises "150,4,setosa,versicolor,virginica" before records of 4 numbers
// and the number of a class, and "442,10" before records of 11 numbers.
func scikit(names []string, body [][]string) (header, bool) {
	if len(names) < 2 || len(body) == 0 || slices.ContainsFunc(body[0], isText) {
		return header{}, false
	}
	rows, err := strconv.Atoi(names[0])
	features, err2 := strconv.Atoi(names[1])
	if err != nil || err2 != nil || rows < 1 || features < 1 || features != len(body[0])-1 {
		return header{}, false
	}
	h := header{kind: scikitHeader, rows: rows, note: fmt.Sprintf("scikit-learn's header in the first line (%d rows, %d features)", rows, features)}
	if len(names) == 2 {
		return h, features > 1 // two numbers before two numbers are data
	}
	for _, name := range names[2:] {
		if !isText(name) {
			return header{}, false
		}
	}
	h.classes = slices.Clone(names[2:])
	h.note = fmt.Sprintf("scikit-learn's header in the first line (%d rows, %d features, %d classes)", rows, features, len(names)-2)
	return h, true
}

// fits makes sure that the header names as many columns as the records have.
func (h header) fits(w widths, n int) error {
	switch {
	case n == 0:
		return nil
	case h.names != nil && len(h.names) != w.fields:
		return fmt.Errorf("%w: the header has %d fields and the lines below have %d; give both the same number", ErrRagged, len(h.names), w.fields)
	}
	return nil
}

// out lists the columns that are left out without being told: an unnamed first
// one (the index that pandas and R write) and an empty last one.
func (h header) out(w widths) []int {
	var out []int
	if h.names != nil && w.fields > 1 && (h.names[0] == "" || h.names[0] == "Unnamed: 0") {
		out = append(out, 0)
	}
	if w.trailing {
		out = append(out, w.fields-1)
	}
	return out
}
