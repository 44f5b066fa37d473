package tabular

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// DefaultMaxBytes bounds a file, packed and unpacked, unless Options.MaxBytes
// says otherwise: 1 GiB.
const DefaultMaxBytes = 1 << 30

const (
	chunk = 1 << 20 // between two looks at the context
	// What packs better than bombRatio, as measurements do not, and is larger than
	// bombBytes is a bomb until the user says how large it may be.
	bombRatio = 200
	bombBytes = 64 << 20
)

// ReadFile reads a regular file of at most limit bytes (0: DefaultMaxBytes).
// FIFOs and devices, which may never end, are refused without being opened.
// The error wraps ErrNotRegular, ErrTooLarge, the error of the file system or
// that of the context.
func ReadFile(ctx context.Context, path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if err := regular(info); err != nil {
		return nil, err
	}
	if limit = orDefault(limit); info.Size() > limit {
		return nil, fmt.Errorf("%w: %d bytes, more than the limit of %d; raise max_bytes", ErrTooLarge, info.Size(), limit)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err == nil {
		err = regular(info) // it may have been replaced since
	}
	if err != nil {
		return nil, err
	}
	return readAll(ctx, f, int(info.Size()), limit)
}

func regular(info fs.FileInfo) error {
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		return fmt.Errorf("%w: it is a directory; name a file in it", ErrNotRegular)
	case mode&fs.ModeNamedPipe != 0:
		return fmt.Errorf("%w: it is a FIFO; write its content to a file, or pipe it into standard input and name it -", ErrNotRegular)
	}
	return fmt.Errorf("%w: it is a device or a socket; write its content to a file, or pipe it into standard input and name it -", ErrNotRegular)
}

// ReadStream reads a stream of at most limit bytes (0: DefaultMaxBytes), such as
// standard input. It returns when the context ends even if the stream
// hangs; the goroutine that waits for the stream then stays until it ends.
func ReadStream(ctx context.Context, r io.Reader, limit int64) ([]byte, error) {
	type result struct {
		b   []byte
		err error
	}
	done := make(chan result, 1)
	go func() {
		b, err := readAll(ctx, r, 0, orDefault(limit))
		done <- result{b, err}
	}()
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case r := <-done:
		return r.b, r.err
	}
}

func orDefault(limit int64) int64 {
	if limit <= 0 {
		return DefaultMaxBytes
	}
	return limit
}

// readAll reads r to its end into one slice that starts with room for size
// bytes, so that a known size is allocated once.
func readAll(ctx context.Context, r io.Reader, size int, limit int64) ([]byte, error) {
	b := make([]byte, 0, size+1)
	for {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):min(cap(b), len(b)+chunk)])
		b = b[:len(b)+n]
		switch {
		case int64(len(b)) > limit:
			return nil, fmt.Errorf("%w: more than %d bytes; raise max_bytes", ErrTooLarge, limit)
		case errors.Is(err, io.EOF):
			return b, nil
		case err != nil:
			return nil, err
		}
	}
}

// Unpack unpacks gzip and bzip2, to at most limit bytes (0: DefaultMaxBytes, and
// then nothing that packs suspiciously well), and returns other content as it is.
// The name is "" where nothing was packed. The error wraps ErrTooLarge,
// ErrTruncated, ErrFormat or that of the context.
func Unpack(ctx context.Context, b []byte, limit int64) (content []byte, name string, err error) {
	var open func() (io.Reader, error)
	size := 0
	switch {
	case bytes.HasPrefix(b, []byte{0x1f, 0x8b}):
		open = func() (io.Reader, error) { return gzip.NewReader(bytes.NewReader(b)) }
		name, size = "gzip", gzipSize(b)
	case bytes.HasPrefix(b, []byte("BZh")):
		open = func() (io.Reader, error) { return bzip2.NewReader(bytes.NewReader(b)), nil }
		name = "bzip2"
	default:
		return b, "", nil
	}
	content, err = unpack(ctx, open, len(b), size, limit)
	switch {
	case err == nil || ctx.Err() != nil || errors.Is(err, ErrTooLarge):
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		err = fmt.Errorf("%w: %s: it ends early; copy the file again", ErrTruncated, name)
	default:
		err = fmt.Errorf("%w: %s: %v; copy the file again", ErrFormat, name, err)
	}
	return content, name, err
}

// gzipSize is the size that the last four bytes announce, modulo 2^32: a hint.
func gzipSize(b []byte) int {
	if len(b) < 18 {
		return 0
	}
	return int(min(uint64(binary.LittleEndian.Uint32(b[len(b)-4:])), 1<<30))
}

// unpack reads what open opens, which packed bytes hold and which may announce its size.
func unpack(ctx context.Context, open func() (io.Reader, error), packed, size int, limit int64) ([]byte, error) {
	bound := orDefault(limit)
	bomb := limit <= 0 && max(bombBytes, bombRatio*int64(packed)) < bound
	if bomb {
		bound = max(bombBytes, bombRatio*int64(packed))
	}
	if int64(size) > bound { // it is too large, or cut and the size is no size
		if err := count(ctx, open, bound); err != nil {
			return nil, tooLargeUnpacked(err, bomb, bound)
		}
		size = 0
	}
	r, err := open()
	if err != nil {
		return nil, err
	}
	// DEFLATE packs by at most 1032, so a false size makes no room beyond that.
	b, err := readAll(ctx, r, int(min(int64(size), 1032*int64(packed))), bound)
	return b, tooLargeUnpacked(err, bomb, bound)
}

// count reads what open opens and keeps nothing; more than bound bytes are an error.
func count(ctx context.Context, open func() (io.Reader, error), bound int64) error {
	r, err := open()
	if err != nil {
		return err
	}
	for total := int64(0); total <= bound; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := io.CopyN(io.Discard, r, chunk)
		if total += n; errors.Is(err, io.EOF) && total <= bound {
			return nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	return ErrTooLarge
}

// tooLargeUnpacked explains ErrTooLarge and passes other errors.
func tooLargeUnpacked(err error, bomb bool, bound int64) error {
	switch {
	case !errors.Is(err, ErrTooLarge):
		return err
	case bomb:
		return fmt.Errorf("%w: it unpacks to more than %d bytes, over %d times its size, as data hardly ever does; if it is to be read, give max_bytes", ErrTooLarge, bound, bombRatio)
	}
	return fmt.Errorf("%w: it unpacks to more than %d bytes; raise max_bytes", ErrTooLarge, bound)
}
