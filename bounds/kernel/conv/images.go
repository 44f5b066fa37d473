package conv

import (
	"fmt"
	"math"
)

// Shape is the size of an image.
type Shape struct{ Channels, Height, Width int }

// Size is the number of values of an image.
func (s Shape) Size() int { return s.Channels * s.Height * s.Width }

func (s Shape) valid() error {
	if s.Channels < 1 || s.Height < 1 || s.Width < 1 {
		return fmt.Errorf("conv: images of %d x %d x %d; channels, height and width must be positive", s.Channels, s.Height, s.Width)
	}
	return nil
}

// Images is a set of images of one shape. Image i is Data[i*Size : (i+1)*Size], channel by channel, each
// row by row. Data is not copied.
type Images struct {
	Shape Shape
	Data  []float64
}

// Len is the number of images; without a shape there is none.
func (im Images) Len() int {
	if im.Shape.Size() == 0 {
		return 0
	}
	return len(im.Data) / im.Shape.Size()
}

// At is image i.
func (im Images) At(i int) []float64 {
	n := im.Shape.Size()
	return im.Data[i*n : (i+1)*n]
}

// check fails on another shape, on an incomplete image and on values that are not finite.
func (im Images) check(want Shape) error {
	if im.Shape != want {
		return fmt.Errorf("conv: images of shape %v for a kernel of images of shape %v; make a kernel for this shape", im.Shape, want)
	}
	if len(im.Data)%want.Size() != 0 {
		return fmt.Errorf("conv: %d values are no whole number of images of %d; check the shape", len(im.Data), want.Size())
	}
	for k, v := range im.Data {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("conv: image %d has the value %v; remove or repair it", k/want.Size(), v)
		}
	}
	return nil
}
