package job_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"convergo/bounds/kernel/conv"
	"convergo/bounds/kernel/job"
)

// FuzzTile puts any bytes in the place of a tile: only those that the job wrote itself are taken for one.
func FuzzTile(f *testing.F) {
	k, err := conv.New(conv.Net{Depth: 1}, images(1, 1).Shape, conv.Options{Instructions: "go"})
	if err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(f.TempDir(), "run")
	folder, err := job.Create(path, job.Convolutional(k, images(2, 1), conv.Images{}), 2)
	if err != nil {
		f.Fatal(err)
	}
	if err := folder.Run(context.Background(), job.Shard{}, nil); err != nil {
		f.Fatal(err)
	}
	name := filepath.Join(path, "tile-000000")
	written, err := os.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(written)
	f.Add(written[:len(written)-1])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(name, content, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := folder.Missing(); (err == nil) != bytes.Equal(content, written) {
			t.Errorf("%d bytes: error %v", len(content), err)
		}
	})
}
