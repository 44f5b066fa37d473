package cuda

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"convergo/bounds/kernel/conv"
)

// TestProgram says when planes.ptx is not the compilation of planes.cu.
func TestProgram(t *testing.T) {
	source, err := os.ReadFile("planes.cu")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("// sha256 of planes.cu: %x\n", sha256.Sum256(source)); !strings.HasPrefix(program, want) {
		t.Errorf("planes.ptx was not compiled from planes.cu; run go generate here, with libnvrtc at hand (see internal/ptx)")
	}
}

// emulated is a device that runs the PTX on the processor.
type emulated struct{ *emulator }

func (emulated) String() string                                 { return "emulator" }
func (emulated) Supports(net conv.Net, shape conv.Shape) error  { return supports(net, shape) }
func (e emulated) Planes(_ context.Context, w *conv.Work) error { return planes(e.emulator, w) }

// TestEmulated compares the PTX, run instruction by instruction, with the loops of the processor.
func TestEmulated(t *testing.T) {
	device := emulated{newEmulator(program)}
	for _, c := range []struct {
		net   conv.Net
		shape conv.Shape
	}{
		{conv.Net{Depth: 3, Head: conv.GAP}, conv.Shape{Channels: 2, Height: 3, Width: 4}},
		{conv.Net{Depth: 2, Head: conv.GAP, FixFirst: true, FixLast: true}, conv.Shape{Channels: 1, Height: 4, Width: 2}},
		{conv.Net{Depth: 2}, conv.Shape{Channels: 3, Height: 32, Width: 31}},
		{conv.Net{Depth: 1, FixLast: true}, conv.Shape{Channels: 1, Height: 1, Width: 5}},
	} {
		draw := rand.New(rand.NewPCG(1, 2))
		im := conv.Images{Shape: c.shape, Data: make([]float64, 2*c.shape.Size())}
		for k := range im.Data {
			im.Data[k] = 100 * draw.NormFloat64()
		}
		// The diagonal of the matrix has correlations of one.
		for _, single := range []bool{false, true} {
			tolerance := map[bool]float64{false: 1e-13, true: 1e-5}[single]
			for _, kind := range []conv.Kind{conv.NTK, conv.NNGP} {
				o := conv.Options{Kind: kind, Float32: single}
				want := gram(t, c.net, c.shape, o, im)
				o.Device = device
				got := gram(t, c.net, c.shape, o, im)
				for k := range want {
					if !(math.Abs(got[k]-want[k]) <= tolerance*math.Abs(want[k])) {
						t.Errorf("%+v %v float32 %v kind %d: entry %d is %.17g, on the processor %.17g", c.net, c.shape, single, kind, k, got[k], want[k])
					}
				}
			}
		}
	}
}

func gram(t *testing.T, net conv.Net, shape conv.Shape, o conv.Options, im conv.Images) []float64 {
	t.Helper()
	k, err := conv.New(net, shape, o)
	if err != nil {
		t.Fatal(err)
	}
	g, err := k.Gram(context.Background(), im)
	if err != nil {
		t.Fatal(err)
	}
	return g.RawSymmetric().Data
}

func TestSupports(t *testing.T) {
	device := emulated{newEmulator(program)}
	small, large := conv.Shape{Channels: 1, Height: 4, Width: 4}, conv.Shape{Channels: 1, Height: 33, Width: 4}
	for _, c := range []struct {
		net   conv.Net
		shape conv.Shape
	}{
		{conv.Net{Depth: 2}, large},
		{conv.Net{Depth: 2, Filter: 5}, small},
		{conv.Net{Depth: 2, Padding: conv.Circular}, small},
		{conv.Net{Depth: 2, Block: 1}, small},
	} {
		if _, err := conv.New(c.net, c.shape, conv.Options{Device: device}); err == nil || !strings.Contains(err.Error(), "use the processor") {
			t.Errorf("%+v %v: %v", c.net, c.shape, err)
		}
	}
}

// TestOpen runs the program on the GPU where there is one, and else sees an error that says what to do.
func TestOpen(t *testing.T) {
	device, err := Open(0)
	if err != nil {
		if !strings.Contains(err.Error(), "use the processor") && !strings.Contains(err.Error(), "cuda: ") {
			t.Errorf("%v: no remedy", err)
		}
		t.Skip(err)
	}
	shape := conv.Shape{Channels: 3, Height: 32, Width: 32}
	im := conv.Images{Shape: shape, Data: make([]float64, 3*shape.Size())}
	for k := range im.Data {
		im.Data[k] = math.Sin(float64(k))
	}
	for single, tolerance := range map[bool]float64{false: 1e-13, true: 1e-5} {
		net := conv.Net{Depth: 4, Head: conv.GAP}
		want := gram(t, net, shape, conv.Options{}, im)
		got := gram(t, net, shape, conv.Options{Float32: single, Device: device}, im)
		for k := range want {
			if !(math.Abs(got[k]-want[k]) <= tolerance*want[k]) {
				t.Errorf("float32 %v: entry %d is %.17g, on the processor %.17g", single, k, got[k], want[k])
			}
		}
	}
}

func TestNamed(t *testing.T) {
	if d, err := Named("cpu"); d != nil || err != nil {
		t.Errorf("cpu: %v, %v", d, err)
	}
	if _, err := Named("auto"); err != nil {
		t.Errorf("auto: %v", err)
	}
	for _, name := range []string{"tpu", "gpu:", "gpu:x", "gpu:1000"} {
		if d, err := Named(name); d != nil || err == nil {
			t.Errorf("%s: %v, %v", name, d, err)
		}
	}
}
