package data_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"convergo/nets/data"
)

// TestMemoryOfAFile opens a file in the shape of MNIST and serves many claims from it: all that is ever allocated on the
// way, garbage included, is at most 1.5 times its size, beside the rows that a claim asks for.
func TestMemoryOfAFile(t *testing.T) {
	n := 3000
	if os.Getenv("CONVERGO_FULL_SIZE") != "" {
		n = 60000
	}
	const d, claims, used = 784, 40, 20
	header := fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': (%d, %d), }", n, d)
	npy := fmt.Appendf(nil, "\x93NUMPY\x01\x00%c\x00%-117s\n", 118, header)
	var csv bytes.Buffer
	rng := rand.New(rand.NewPCG(1, 1))
	for range n {
		for k := range d {
			v := byte(rng.IntN(256))
			npy = append(npy, v)
			fmt.Fprintf(&csv, "%d", v)
			if k+1 < d {
				csv.WriteByte(',')
			}
		}
		csv.WriteByte('\n')
	}
	for _, tt := range []struct {
		name    string
		content []byte
		packed  bool
	}{{"pixels.npy", npy, false}, {"pixels.csv", csv.Bytes(), false}, {"pixels.csv.gz", csv.Bytes(), true}} {
		t.Run(tt.name, func(t *testing.T) {
			path, size := filepath.Join(t.TempDir(), tt.name), float64(len(tt.content))
			stored := tt.content
			if tt.packed { // both are held while it is unpacked
				stored = packedBytes(t, tt.content)
				size += float64(len(stored))
			}
			if err := os.WriteFile(path, stored, 0o666); err != nil {
				t.Fatal(err)
			}
			loader := new(data.Loader)
			open := func() {
				file, err := loader.Open(t.Context(), path, data.Options{Normalize: true})
				if err != nil || file.N() != n {
					t.Fatal(file, err)
				}
			}
			if got := allocated(open) / size; got > 1.5 {
				t.Errorf("opening it allocates %.2f times its %.0f bytes", got, size)
			} else {
				t.Logf("opening it allocates %.3f times its %.0f bytes", got, size)
			}
			again := allocated(func() {
				for claim := range claims {
					open()
					spec := data.Spec{Kind: data.File, Path: path, N: used, Seed: uint64(claim + 1)}
					if set, err := loader.Build(t.Context(), spec); err != nil || set.N() != used {
						t.Fatal(set, err)
					}
				}
			}) / claims
			// Its rows, three times over for scaling, and the choice of them among n.
			if most := float64(3*8*used*d + 64*n + 50000); again > most {
				t.Errorf("a further claim on %d rows allocates %.0f bytes, more than %.0f", used, again, most)
			}
			runtime.KeepAlive(loader)
		})
	}
}

// allocated is how many bytes are allocated while f runs.
func allocated(f func()) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc - before.TotalAlloc)
}

func packedBytes(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
