package data

import (
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// labels draws the labels of the rows of x; class holds the data's own, or nil.
func (s Spec) labels(x *mat.Dense, class []float64, rng *rand.Rand) ([]float64, error) {
	kind := s.Labels
	if kind == "" {
		kind = s.defaultLabels(class)
	}
	if kind == "" {
		return nil, nil
	}
	y, err := drawLabels(kind, x, class, rng)
	if err != nil {
		return nil, err
	}
	if s.LabelScale != 0 {
		for i := range y {
			y[i] *= s.LabelScale
		}
	}
	return y, nil
}

// defaultLabels is empty for a file without labels: none are made up.
func (s Spec) defaultLabels(class []float64) string {
	switch {
	case s.Kind == MNIST, s.Kind == Fashion, s.Kind == File && class != nil:
		return Class
	case s.Kind == File:
		return ""
	}
	return Sign
}

func drawLabels(kind string, x *mat.Dense, class []float64, rng *rand.Rand) ([]float64, error) {
	n, d := x.Dims()
	y := make([]float64, n)
	if kind == OwnOrSign {
		if kind = Sign; class != nil {
			kind = Class
		}
	}
	switch kind {
	case Sign:
		fill(y, func(int) float64 { return sign(rng) })
	case Normal:
		fill(y, func(int) float64 { return rng.NormFloat64() })
	case Const:
		fill(y, func(int) float64 { return 1 })
	case Alternate:
		fill(y, func(i int) float64 { return float64(1 - 2*(i%2)) })
	case Planted:
		b := unitVector(d, rng)
		fill(y, func(i int) float64 { return mat.Dot(x.RowView(i), b) })
	case PlantedSquare:
		b := unitVector(d, rng)
		fill(y, func(i int) float64 { v := mat.Dot(x.RowView(i), b); return v * v })
	case PlantedReLU:
		for range 3 {
			w, a := unitVector(d, rng), sign(rng)
			for i := range y {
				y[i] += a * max(mat.Dot(x.RowView(i), w), 0)
			}
		}
	case Class, ClassSign, RandomClass:
		if class == nil {
			return nil, fmt.Errorf("data: %w: labels %q need data with labels of its own: images, two clusters, or a file with a label column", ErrLabels, kind)
		}
		copy(y, class)
		if kind == RandomClass {
			rng.Shuffle(n, func(i, j int) { y[i], y[j] = y[j], y[i] })
		}
	default:
		return nil, specErr("unknown labels %q; they are sign, gaussian, planted, planted-square, planted-relu, const, alternate, class, random-class, class-sign, own-or-sign", kind)
	}
	return y, nil
}

func fill(y []float64, f func(i int) float64) {
	for i := range y {
		y[i] = f(i)
	}
}

func sign(rng *rand.Rand) float64 { return float64(2*rng.IntN(2) - 1) }

func unitVector(d int, rng *rand.Rand) *mat.VecDense {
	b := make([]float64, d)
	drawUnit(b, rng)
	return mat.NewVecDense(d, b)
}
