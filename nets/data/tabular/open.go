package tabular

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Open finds the format of unpacked content by its first bytes and by the
// suffix of its name, and opens it. The content must not change afterwards.
// Errors wrap the sentinels of this package or that of the context.
func Open(ctx context.Context, name string, b []byte, opts Options) (*Table, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	if len(b) == 0 {
		return nil, fmt.Errorf("%w: the file is empty", ErrEmpty)
	}
	if err := foreign(b); err != nil {
		return nil, err
	}
	name = strings.ToLower(name)
	for _, packed := range []string{".gz", ".bz2"} {
		name = strings.TrimSuffix(name, packed)
	}
	has := func(ends ...string) bool {
		return slices.ContainsFunc(ends, func(e string) bool { return strings.HasSuffix(name, e) })
	}
	switch {
	case bytes.HasPrefix(b, []byte(npyMagic)) || has(".npy"):
		return openArray("NPY", opts)(DecodeNPY(b))
	case bytes.HasPrefix(b, []byte("PK\x03\x04")) || has(".npz"):
		return openNPZ(ctx, b, opts)
	case has(".bin"):
		return openCIFAR10(b, opts)
	case has(".idx", "-ubyte", ".ubyte") || bytes.HasPrefix(b, []byte{0, 0}):
		return openArray("IDX", opts)(DecodeIDX(b))
	case has(".libsvm", ".svm", ".svmlight") || looksLikeSVM(b):
		return openLIBSVM(b, opts)
	case has(".csv", ".tsv", ".txt", ".data", ".dat") || isText512(b):
		return openCSV(b, opts)
	}
	return nil, fmt.Errorf("%w: the format is not known by the first bytes nor by the suffix; read are CSV, NPY, NPZ, IDX, CIFAR-10 (.bin) and libsvm, plain or packed by gzip or bzip2", ErrFormat)
}

func openArray(format string, opts Options) func(*Array, error) (*Table, error) {
	return func(a *Array, err error) (*Table, error) {
		if err != nil {
			return nil, err
		}
		t, err := fromArray(format, a, nil, "", opts)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", format, err)
		}
		return t, nil
	}
}

// tarMagicAt is where a tar archive says that it is one.
const tarMagicAt = 257

// foreign names the formats that people have and that are not read. Of a command of 80 MB and 32 modules, a reader of
// Parquet (parquet-go v0.32) makes one of 89 MB and 41, one of Arrow (arrow-go v18.8, package ipc) one of 88 MB and
// 40: too much for what one line of pandas writes as CSV.
func foreign(b []byte) error {
	for _, f := range []struct{ magic, name, remedy string }{
		{"PAR1", "Parquet", "write it by pandas' to_csv, or its numbers by numpy.savez"},
		{"ARROW1", "Arrow (Feather)", "write it by pandas' to_csv, or its numbers by numpy.savez"},
		{"\x89HDF", "HDF5", "write the arrays with numpy.savez"},
		{"\xfd7zXZ\x00", "xz", "unpack it, or pack it by gzip"},
		{"\x28\xb5\x2f\xfd", "Zstandard", "unpack it, or pack it by gzip"},
		{"\x80\x02", "a pickle", "write the arrays with numpy.savez"},
		{"\x80\x03", "a pickle", "write the arrays with numpy.savez"},
		{"\x80\x04", "a pickle", "write the arrays with numpy.savez"},
		{"\x80\x05", "a pickle", "write the arrays with numpy.savez"},
		{"MATLAB 5.0", "MATLAB", "write the arrays with numpy.savez"},
		{"\xd0\xcf\x11\xe0", "Excel", "save the sheet as CSV"},
		{"\xff\xfe", "UTF-16 text", "save it as UTF-8"},
		{"\xfe\xff", "UTF-16 text", "save it as UTF-8"},
		{"{", "JSON", "write a table by pandas' to_csv, or arrays by numpy.savez"},
		{"[", "JSON", "write a table by pandas' to_csv, or arrays by numpy.savez"},
		{"@relation", "ARFF", "write it as CSV"},
		{"@RELATION", "ARFF", "write it as CSV"},
		{"<", "a page or XML", "fetch the file itself, or write a table as CSV"},
		{"\x89PNG", "one image", "put the images into one array and write it with numpy.save"},
		{"\xff\xd8\xff", "one image", "put the images into one array and write it with numpy.save"},
	} {
		if bytes.HasPrefix(b, []byte(f.magic)) {
			return fmt.Errorf("%w: it is %s, which is not read; %s", ErrFormat, f.name, f.remedy)
		}
	}
	if len(b) > tarMagicAt+5 && string(b[tarMagicAt:tarMagicAt+5]) == "ustar" {
		return fmt.Errorf("%w: it is a tar archive; unpack it and name a file in it", ErrFormat)
	}
	return nil
}

// isText512 tells whether the first bytes are text.
func isText512(b []byte) bool {
	if len(b) > 512 {
		b = b[:512]
		for range utf8.UTFMax - 1 { // the cut may fall inside a character
			if !utf8.Valid(b) {
				b = b[:len(b)-1]
			}
		}
	}
	return utf8.Valid(b) && !bytes.ContainsFunc(b, func(r rune) bool { return r < '\t' })
}

func looksLikeSVM(b []byte) bool {
	found := false
	_ = eachLine(sampleOf(text(b)), func(_, _, _ int, line string) error {
		found = svmLine.MatchString(strings.TrimSpace(line))
		return errEnough
	})
	return found && isText512(b)
}
