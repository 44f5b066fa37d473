// Package shevchenko2023 checks Shevchenko, Kögler, Hassani and Mondelli, "Fundamental Limits of Two-layer Autoencoders, and
// Achieving Them with Gradient Methods" (ICML 2023).
//
// A two-layer autoencoder x -> A sigma(Bx) compresses a Gaussian source in R^d to n numbers, for sigma = sign to n bits. The
// paper finds its least risk at a fixed rate r = n/d, shows what the minimisers look like, and that gradient methods reach
// them. Its full text could not be read here, but for the abstract and the first lines: what is claimed below was derived
// anew, for every n and d, and no theorem is cited by number.
//
// Setting: x ~ N(0, I_d), or N(0, D^2) with D diagonal; B has n unit rows b_i (for N(0, D^2), rows with |D b_i| = 1; for the
// sign their lengths do not matter); A is any d x n matrix, or tied, beta B^T. The risk is R = E|x - A sigma(Bx)|^2/d.
//
//	paper                    here
//	n, d, r = n/d            n and d of the parameters; above one, n > d
//	sigma, c_1, f            Activation of nets/autoencoder, ShallowCode of bounds: E[sigma(g) sigma(h)] = c_1^2 f(rho)
//	Q = B B^T                the products of the rows; FrameError is its distance from the identity
//	D                        Scales of the parameters
//
// Files: risk (the risk and the best decoder), limit (what no network beats, isotropic and not), tied (correlations of unit vectors, and
// what no tied network beats), attained (frames that attain the limits or come near), descent (gradient steps), rate (bits and distortion),
// rotation (data that are not Gaussian). The observations are networks of nets/autoencoder, whose risk is summed over pairs of
// units from their angles; the predictions are of bounds, from the power series f.
package shevchenko2023

import (
	"embed"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/autoencoder"
)

//go:embed *.go
var files embed.FS

// Source is the paper with its claims.
func Source() checks.Source {
	return checks.Source{
		Key:     "shevchenko2023",
		Title:   "Fundamental Limits of Two-layer Autoencoders, and Achieving Them with Gradient Methods",
		Authors: "Aleksandr Shevchenko, Kevin Kögler, Hamed Hassani, Marco Mondelli",
		Year:    2023,
		BibTeX: `@inproceedings{shevchenko2023,
  author        = {Shevchenko, Aleksandr and K{\"o}gler, Kevin and Hassani, Hamed and Mondelli, Marco},
  title         = {Fundamental Limits of Two-layer Autoencoders, and Achieving Them with Gradient Methods},
  booktitle     = {International Conference on Machine Learning},
  series        = {Proceedings of Machine Learning Research},
  volume        = {202},
  pages         = {31151--31209},
  year          = {2023},
  eprint        = {2212.13468},
  archivePrefix = {arXiv}
}`,
		Files: files, Tables: paperTables(),
		Claims: []checks.Checkable{
			populationRisk(), optimalDecoder(),
			lowerBound(), covarianceBound(),
			welch(),
			orthonormal(), haarGap(), uniformRows(),
			localDescent(), gaussianStart(),
			shannon(),
			rotation(),
		},
	}
}

const (
	convention = "x ~ N(0, I_d), x -> A sigma(Bx) with n unit rows b_i; risk E|x - A sigma(Bx)|^2/d; r = n/d"
	scaled     = "x ~ N(0, D^2), x -> A sigma(Bx) with |D b_i| = 1; risk E|x - A sigma(Bx)|^2, a sum over coordinates"
	unit       = 0x1p-53 // unit roundoff
)

// code is an autoencoder: its activation, its sizes and the law of its rows.
type code struct {
	Act    string    `json:"act,omitempty"`   // sign (default), cubic or relu
	Cubic  float64   `json:"cubic,omitempty"` // share of the third Hermite polynomial
	N      int       `json:"n"`
	D      int       `json:"d"`
	Rows   string    `json:"rows"` // haar, uniform, simplex, bases, equiangular or axes
	Scales []float64 `json:"scales,omitempty"`
	Seed   uint64    `json:"seed,omitempty"` // of rows that are drawn once for all trials
}

// act returns the activation as the network has it and as the theory does.
func (p code) act() (autoencoder.Activation, bounds.ShallowCode, error) {
	switch p.Act {
	case "", "sign":
		return autoencoder.Sign(), bounds.SignCode(), nil
	case "cubic":
		return autoencoder.Cubic(p.Cubic), bounds.CubicCode(p.Cubic), nil
	case "relu":
		return autoencoder.ReLU(), bounds.ReLUCode(), nil
	}
	return autoencoder.Activation{}, bounds.ShallowCode{}, fmt.Errorf("activation %q: use sign, cubic or relu", p.Act)
}

// rows draws the unit rows U that the code sees in units of the scales: the preactivations are U D^{-1} x.
func (p code) rows(r *rand.Rand) (*mat.Dense, error) {
	if p.N < 1 || p.D < 1 {
		return nil, fmt.Errorf("%d units in %d dimensions: give at least one of both", p.N, p.D)
	}
	var b *mat.Dense
	var err error
	switch p.Rows {
	case "haar":
		return autoencoder.HaarRows(p.N, p.D, r), nil
	case "uniform":
		return nets.UnitRows(p.N, p.D, r), nil
	case "simplex":
		b = autoencoder.Simplex(p.D)
	case "bases":
		b, err = autoencoder.TwoBases(p.D)
	case "equiangular":
		b, err = autoencoder.Equiangular(p.N, p.D)
	case "axes":
		b = mat.NewDense(p.N, p.D, nil)
		for i := range p.N {
			b.Set(i, i%p.D, 1)
		}
	default:
		err = fmt.Errorf("rows %q: use haar, uniform, simplex, bases, equiangular or axes", p.Rows)
	}
	if err != nil {
		return nil, err
	}
	if n, _ := b.Dims(); n != p.N {
		return nil, fmt.Errorf("rows %q in %d dimensions are %d, not %d", p.Rows, p.D, n, p.N)
	}
	return b, nil
}

// network returns the rows that act on x, U D^{-1}, without a decoder.
func (p code) network(u *mat.Dense) *autoencoder.Network {
	act, _, _ := p.act()
	b := mat.DenseCopyOf(u)
	n, _ := b.Dims()
	for k, s := range p.Scales {
		for i := range n {
			b.Set(i, k, b.At(i, k)/s)
		}
	}
	return &autoencoder.Network{B: b, Act: act}
}

// validate reports what no code can be.
func (p code) validate() error {
	if _, _, err := p.act(); err != nil {
		return err
	}
	if p.Scales != nil && len(p.Scales) != p.D {
		return fmt.Errorf("%d scales for %d coordinates: give one a coordinate, or none", len(p.Scales), p.D)
	}
	for _, s := range p.Scales {
		if !(s > 0) {
			return fmt.Errorf("scale %v: give positive ones", s)
		}
	}
	return nil
}

// pairCost counts the operations of a population risk and of a decoder.
func (p code) pairCost() float64 {
	n, d := float64(p.N), float64(p.D)
	return n*n*(4*d+40) + n*n*n + 25*n*d
}

func (p code) cost() checks.Cost {
	return checks.Cost{Trial: 4 * p.pairCost(), Size: fmt.Sprintf("n=%d", p.N)}
}

// leastAngle is the smallest angle between two lines of the rows.
func leastAngle(u *mat.Dense) float64 {
	n, _ := u.Dims()
	least := 2.0
	for i := range n {
		for j := range i {
			angle := autoencoder.Angle(u.RawRowView(i), u.RawRowView(j))
			least = min(least, angle, math.Pi-angle)
		}
	}
	return least
}
