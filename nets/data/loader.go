package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"convergo/nets/data/tabular"
)

// A Loader opens the files of a user, each of them once however many claims ask
// for it, and finds them again by the digest of their content. It holds the bytes of
// every file that it opened (unpacked) and some tens of bytes a row; samples
// are decoded when they are asked for. The content of a path is what it was when
// the Loader first opened it. The zero value is ready; all methods may be called at once.
type Loader struct {
	// Stdin is read for the path "-", once; nil refuses it.
	Stdin io.Reader

	mu       sync.Mutex
	contents map[string]*content  // by digest
	paths    map[string]string    // digests by path
	files    map[string]*UserFile // by digest and options
}

// content is a file, and its file of labels, after unpacking.
type content struct {
	name         string // base name, for messages
	sum          string
	data, labels []byte
	tables       map[string]*tabular.Table // by the options of the reader
	packing      string                    // such as "gzip"
	maxBytes     int64                     // the limit under which it was read
}

// Open reads a file, or finds it if it was opened before, and indexes it under the
// options. Errors name the file and the place in it and say what to do; they wrap
// a sentinel of this package, the error of the file system or that of the context.
func (l *Loader) Open(ctx context.Context, path string, opts Options) (*UserFile, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c, err := l.content(ctx, path, opts)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	return l.index(ctx, c, opts)
}

// Hold reads a file, and its file of labels if the options name one, without deciding how its content
// is read: enough for Build and Serve. It returns the digest.
func (l *Loader) Hold(ctx context.Context, path string, opts Options) (digest string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, err := l.content(ctx, path, opts)
	if err != nil {
		return "", fmt.Errorf("data: %w", err)
	}
	return c.sum, nil
}

// Build makes the data set of a Spec. A file is found by its digest, whatever
// its path is by now, if the Loader has opened it, and else by its path; then
// its content must have the digest, if there is one (ErrChanged). A Spec with a
// digest alone needs an opened file (ErrNotOpen). Other kinds are built as by
// Spec.Build.
func (l *Loader) Build(ctx context.Context, s Spec) (*Set, error) {
	if s.Kind != File {
		return s.Build()
	}
	f, err := l.find(ctx, s)
	if err != nil {
		return nil, err
	}
	return s.fromFile(f)
}

// serving are the Loaders from which Spec.Build takes files.
var serving struct {
	sync.Mutex
	loaders []*Loader
}

// Serve lets Spec.Build find the files of this Loader by their digest, also those
// that it opens later, until stop is called. So the data of a run are read once, and
// parameters that name them by digest can be built again wherever the file lies.
func (l *Loader) Serve() (stop func()) {
	serving.Lock()
	defer serving.Unlock()
	serving.loaders = append(serving.loaders, l)
	return sync.OnceFunc(func() {
		serving.Lock()
		defer serving.Unlock()
		at := slices.Index(serving.loaders, l)
		serving.loaders = slices.Delete(slices.Clone(serving.loaders), at, at+1)
	})
}

// server returns a serving Loader that holds the file of the digest, else a new one.
func server(sum string) *Loader {
	serving.Lock()
	loaders := serving.loaders
	serving.Unlock()
	sum = strings.ToLower(sum)
	for _, l := range loaders {
		if sum != "" && l.holds(sum) {
			return l
		}
	}
	return new(Loader)
}

func (l *Loader) holds(sum string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.contents[sum] != nil
}

// find returns the file of a Spec.
func (l *Loader) find(ctx context.Context, s Spec) (*UserFile, error) {
	opts, err := s.fileOptions()
	if err != nil {
		return nil, err
	}
	sum := strings.ToLower(s.SHA256)
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.contents[sum]; c != nil {
		return l.index(ctx, c, opts)
	}
	if s.Path == "" {
		if sum == "" {
			return nil, specErr("file without a path; give path")
		}
		return nil, fmt.Errorf("data: %w: no file with SHA-256 %s was given; name the file again (--data), wherever it is now", ErrNotOpen, sum)
	}
	c, err := l.content(ctx, s.Path, opts)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if sum != "" && c.sum != sum {
		return nil, fmt.Errorf("data: %s: %w: SHA-256 is %s, expected %s; restore the file, or drop sha256 to use the new content", s.Path, ErrChanged, c.sum, sum)
	}
	return l.index(ctx, c, opts)
}

// content reads and unpacks a file and its labels.
func (l *Loader) content(ctx context.Context, path string, opts Options) (*content, error) {
	key := path + "\x00" + opts.LabelsPath
	if c := l.contents[l.paths[key]]; c != nil {
		return c, nil
	}
	packed, err := l.read(ctx, path, opts.MaxBytes)
	if err != nil {
		return nil, err
	}
	hash := sha256.New()
	hash.Write(packed)
	c := &content{name: filepath.Base(path), maxBytes: opts.MaxBytes}
	if c.data, c.packing, err = tabular.Unpack(ctx, packed, opts.MaxBytes); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if opts.LabelsPath != "" {
		if packed, err = l.read(ctx, opts.LabelsPath, opts.MaxBytes); err != nil {
			return nil, err
		}
		hash.Write(packed)
		if c.labels, _, err = tabular.Unpack(ctx, packed, opts.MaxBytes); err != nil {
			return nil, fmt.Errorf("labels %s: %w", opts.LabelsPath, err)
		}
		if len(c.labels) == 0 {
			return nil, fmt.Errorf("labels %s: %w: the file is empty", opts.LabelsPath, ErrEmpty)
		}
	}
	c.sum = hex.EncodeToString(hash.Sum(nil))
	return l.remember(key, c), nil
}

// remember keeps one content for equal files.
func (l *Loader) remember(key string, c *content) *content {
	if l.contents == nil {
		l.contents, l.paths, l.files = map[string]*content{}, map[string]string{}, map[string]*UserFile{}
	}
	if known := l.contents[c.sum]; known != nil {
		c = known
	}
	l.contents[c.sum], l.paths[key] = c, c.sum
	return c
}

func (l *Loader) read(ctx context.Context, path string, limit int64) ([]byte, error) {
	var b []byte
	var err error
	switch {
	case path != "-":
		b, err = tabular.ReadFile(ctx, path, limit)
	case l.Stdin == nil:
		err = fmt.Errorf("%w: standard input is not read here; write it to a file", ErrNotRegular)
	default:
		b, err = tabular.ReadStream(ctx, l.Stdin, limit)
	}
	if err != nil && !strings.Contains(err.Error(), path) {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return b, err
}

// index indexes a content under the options, once.
func (l *Loader) index(ctx context.Context, c *content, opts Options) (*UserFile, error) {
	key, err := json.Marshal(opts.indexing())
	if err != nil {
		return nil, err
	}
	id := c.sum + string(key)
	if f := l.files[id]; f != nil {
		return f, nil
	}
	f, err := newFile(ctx, c, opts)
	if err != nil {
		if ctx.Err() != nil || errors.Is(err, ErrSpec) {
			return nil, err
		}
		return nil, fmt.Errorf("data: %s: %w", c.name, err)
	}
	l.files[id] = f
	return f, nil
}

// table opens the content, once under the same options of the reader.
func (c *content) table(ctx context.Context, opts Options) (*tabular.Table, error) {
	read := opts.reading()
	read.MaxBytes, read.Missing = c.maxBytes, "" // missing values are seen to in a scan
	key, err := json.Marshal(read)
	if err != nil {
		return nil, err
	}
	if t := c.tables[string(key)]; t != nil {
		return t.Clone(), nil
	}
	t, err := tabular.Open(ctx, c.name, c.data, read)
	if err != nil {
		return nil, err
	}
	if c.labels != nil && opts.Label != Unlabelled {
		if err := t.AddLabels(c.labels); err != nil {
			return nil, err
		}
	}
	if c.tables == nil {
		c.tables = map[string]*tabular.Table{}
	}
	c.tables[string(key)] = t
	return t.Clone(), nil
}
