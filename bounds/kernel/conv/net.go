package conv

import (
	"fmt"
	"math"
)

// Padding says what a filter sees outside the image.
type Padding int

const (
	Zero     Padding = iota // zeros
	Circular                // the opposite side of the image
)

// Head says how the last features become the output.
type Head int

const (
	Vanilla Head = iota // a dense layer on all pixels
	GAP                 // global average pooling and a dense layer on the channels
)

// Kind selects one of the two limit kernels.
type Kind int

const (
	NTK  Kind = iota // the tangent kernel
	NNGP             // the covariance of the outputs when only the last layer is random, the feature kernel
)

// Net is a family of convolutional ReLU networks; see the package comment for its parametrisation.
type Net struct {
	Depth   int // convolutional layers L >= 1; Arora et al. (2019) count L+1
	Filter  int // side q of the filters, odd; 0 is 3
	Padding Padding
	Head    Head
	// FixFirst and FixLast leave the first convolution and the dense layer at their initial values;
	// both together are the authors' "--fix". They do not change the NNGP kernel.
	FixFirst, FixLast bool
	// Block is the number of layers that a residual block spans, 0 for a network without shortcuts. The
	// layers after the first make whole blocks: Block divides Depth-1.
	Block int
	// Branch is the factor beta of the residual branch; 0 is 1.
	Branch float64
}

// maxFilter is far beyond all images; it keeps products of sides in range.
const maxFilter = 4095

// withDefaults fills in the zero values, and fails on a network that does not exist.
func (n Net) withDefaults() (Net, error) {
	if n.Filter == 0 {
		n.Filter = 3
	}
	if n.Branch == 0 {
		n.Branch = 1
	}
	switch {
	case n.Depth < 1:
		return n, fmt.Errorf("conv: depth %d; a convolutional network has at least one layer", n.Depth)
	case n.Filter < 1 || n.Filter%2 == 0:
		return n, fmt.Errorf("conv: filter side %d; it must be odd and positive", n.Filter)
	case n.Filter > maxFilter:
		return n, fmt.Errorf("conv: filter side %d; at most %d are taken", n.Filter, maxFilter)
	case n.Padding != Zero && n.Padding != Circular:
		return n, fmt.Errorf("conv: unknown padding %d; use Zero or Circular", n.Padding)
	case n.Head != Vanilla && n.Head != GAP:
		return n, fmt.Errorf("conv: unknown head %d; use Vanilla or GAP", n.Head)
	case n.Block < 0 || n.Block > 0 && (n.Depth-1)%n.Block != 0:
		return n, fmt.Errorf("conv: blocks of %d layers do not fill the %d layers after the first; choose a block that divides them", n.Block, n.Depth-1)
	case math.IsNaN(n.Branch) || math.IsInf(n.Branch, 0):
		return n, fmt.Errorf("conv: branch factor %v is not finite", n.Branch)
	}
	return n, nil
}

// opens says whether a block starts from the pre-activations of layer h, closes whether one ends there.
func (n Net) opens(h int) bool  { return n.Block > 0 && h < n.Depth && (h-1)%n.Block == 0 }
func (n Net) closes(h int) bool { return n.Block > 0 && h > 1 && (h-1)%n.Block == 0 }

// signed says whether correlations of the pre-activations of layer h can be negative.
func (n Net) signed(h int) bool { return h == 1 || n.Block > 0 }
