package tabular

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Names under which arrays of samples and of labels are found alone, the first
// that is there.
var (
	sampleNames = []string{"X", "x", "data", "features", "X_train", "x_train", "train_x", "train_X", "inputs", "images", "train_images", "arr_0"}
	targetNames = []string{"y", "Y", "labels", "label", "target", "targets", "y_train", "Y_train", "train_y", "train_labels", "arr_1"}
)

// openNPZ opens the two arrays of a NumPy .npz archive that are samples and labels.
func openNPZ(ctx context.Context, b []byte, opts Options) (*Table, error) {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, fmt.Errorf("%w: NPZ: %v; write it with numpy.savez", ErrFormat, err)
	}
	members := map[string]*zip.File{}
	var names []string
	for _, f := range z.File {
		if name, ok := strings.CutSuffix(f.Name, ".npy"); ok && members[name] == nil {
			names, members[name] = append(names, name), f
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%w: NPZ: the archive holds no array%s", ErrEmpty, notNumPy(z))
	}
	nameX, nameY, err := pickArrays(names, opts)
	if err != nil {
		return nil, err
	}
	x, err := npzArray(ctx, b, members[nameX], opts.MaxBytes)
	if err != nil {
		return nil, fmt.Errorf("NPZ: array %q: %w", nameX, err)
	}
	var y *Array
	if nameY != "" {
		if y, err = npzArray(ctx, b, members[nameY], opts.MaxBytes); err != nil {
			return nil, fmt.Errorf("NPZ: array %q: %w", nameY, err)
		}
	}
	t, err := fromArray("NPZ", x, y, nameY, opts)
	if err != nil {
		return nil, fmt.Errorf("NPZ: %w", err)
	}
	notes := []string{fmt.Sprintf("samples from array %s of %s", nameX, strings.Join(names, ", "))}
	if unused := firstOf(names, "", targetNames); nameY == "" && unused != "" && unused != nameX {
		notes = append(notes, fmt.Sprintf("array %s not used", unused))
	}
	t.Notes = append(notes, t.Notes...)
	return t, nil
}

func notNumPy(z *zip.Reader) string {
	for _, f := range z.File {
		if strings.HasPrefix(f.Name, "xl/") {
			return "; it is an Excel workbook: save the sheet as CSV"
		}
	}
	return "; unpack it and name the file in it"
}

// pickArrays names the arrays of samples and labels; nameY is "" without labels.
func pickArrays(names []string, opts Options) (nameX, nameY string, err error) {
	nameX = firstOf(names, opts.ArrayX, sampleNames)
	if nameX == "" && opts.ArrayX == "" && len(names) == 1 {
		nameX = names[0]
	}
	if nameX == "" {
		return "", "", fmt.Errorf("%w: NPZ: no array of samples%s; the arrays are %q; name the one with the samples (x)", ErrFormat, called(opts.ArrayX), names)
	}
	if opts.ArrayY == "" && opts.Label != LabelAuto {
		return nameX, "", nil // a column of the samples, or no labels
	}
	others := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == nameX })
	nameY = firstOf(others, opts.ArrayY, targetNames)
	if nameY == "" && opts.ArrayY != "" {
		return "", "", fmt.Errorf("%w: NPZ: no array of labels%s; the arrays are %q; name the one with the labels (y)", ErrFormat, called(opts.ArrayY), names)
	}
	return nameX, nameY, nil
}

func called(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf(" called %q", name)
}

// firstOf returns the wanted name if it is given and there, else the first of
// the defaults that is there, else "".
func firstOf(names []string, want string, defaults []string) string {
	if want != "" {
		defaults = []string{want}
	}
	for _, d := range defaults {
		if slices.Contains(names, d) {
			return d
		}
	}
	return ""
}

// npzArray decodes a member; one that is stored as it is stays where it is in b.
func npzArray(ctx context.Context, b []byte, f *zip.File, limit int64) (*Array, error) {
	if at, err := f.DataOffset(); err == nil && f.Method == zip.Store && f.UncompressedSize64 == f.CompressedSize64 &&
		at >= 0 && at <= int64(len(b)) && f.CompressedSize64 <= uint64(int64(len(b))-at) {
		return DecodeNPY(b[at : at+int64(f.CompressedSize64)])
	}
	open := func() (io.Reader, error) { return f.Open() }
	raw, err := unpack(ctx, open, len(b), int(min(f.UncompressedSize64, 1<<30)), limit)
	switch {
	case err == nil:
		return DecodeNPY(raw)
	case ctx.Err() != nil || errors.Is(err, ErrTooLarge):
		return nil, err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("%w: %v; copy the file again", ErrTruncated, err)
	}
	return nil, fmt.Errorf("%w: %v; copy the file again", ErrFormat, err)
}
