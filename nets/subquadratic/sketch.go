package subquadratic

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/dsp/fourier"
)

// A CountSketch sends entry i of a vector of length d to the place Hash[i] with the sign Sign[i].
type CountSketch struct {
	Hash []int
	Sign []float64
}

// DrawCountSketch draws independent uniform hashes into s places and independent signs.
func DrawCountSketch(d, s int, r *rand.Rand) CountSketch {
	c := CountSketch{Hash: make([]int, d), Sign: make([]float64, d)}
	for i := range d {
		c.Hash[i], c.Sign[i] = r.IntN(s), float64(2*r.IntN(2)-1)
	}
	return c
}

// apply writes the sketch of v.
func (c CountSketch) apply(dst, v []float64) {
	clear(dst)
	for i, x := range v {
		dst[c.Hash[i]] += c.Sign[i] * x
	}
}

// A TensorSketch maps u (x) h to s numbers, the circular convolution of the count sketches of u and h, by Fourier transform:
// O(d + s log s) operations, without forming the d^2 numbers of u (x) h.
type TensorSketch struct {
	Left, Right CountSketch
	fft         *fourier.CmplxFFT
	a, b        []float64
	fa, fb      []complex128
}

// NewTensorSketch returns the sketch of these tables into s places. It keeps buffers: one goroutine a sketch.
func NewTensorSketch(left, right CountSketch, s int) *TensorSketch {
	return &TensorSketch{
		Left: left, Right: right, fft: fourier.NewCmplxFFT(s),
		a: make([]float64, s), b: make([]float64, s), fa: make([]complex128, s), fb: make([]complex128, s),
	}
}

// DrawTensorSketch draws independent tables for vectors of lengths d and e.
func DrawTensorSketch(d, e, s int, r *rand.Rand) *TensorSketch {
	return NewTensorSketch(DrawCountSketch(d, s, r), DrawCountSketch(e, s, r), s)
}

// Apply writes the sketch of u (x) h to dst, of length s.
func (t *TensorSketch) Apply(dst, u, h []float64) {
	t.Left.apply(t.a, u)
	t.Right.apply(t.b, h)
	t.transform(t.fa, t.a)
	t.transform(t.fb, t.b)
	for k := range t.fa {
		t.fa[k] *= t.fb[k]
	}
	t.fft.Sequence(t.fa, t.fa)
	for k := range dst {
		dst[k] = real(t.fa[k]) / float64(len(dst))
	}
}

func (t *TensorSketch) transform(dst []complex128, v []float64) {
	for k, x := range v {
		dst[k] = complex(x, 0)
	}
	t.fft.Coefficients(dst, dst)
}
