package arora2019exact

import (
	"math"

	"convergo/nets/data"
)

// picture is a pair of images with a network's shape.
type picture struct {
	Channels int     `json:"channels"`
	Height   int     `json:"height"`
	Width    int     `json:"width"`
	Seed     uint64  `json:"seed,omitempty"` // of Gaussian pixels
	Real     string  `json:"real,omitempty"` // kind of built-in images, 7 x 7 pixels, in place of them
	Mix      float64 `json:"mix,omitempty"`  // of the first image in the second
	Positive bool    `json:"positive,omitempty"`
	Filter   int     `json:"q"`
	L        int     `json:"l"`
	Pooled   bool    `json:"pooled,omitempty"`
}

// pair returns the two images, channel by channel.
func (p picture) pair() (x, z []float64, err error) {
	size := p.Channels * p.Height * p.Width
	spec := data.Spec{Kind: data.Gaussian, N: 2, D: size, Seed: p.Seed, Raw: true}
	if p.Real != "" {
		spec = data.Spec{Kind: p.Real, N: 2, D: size}
	}
	set, err := spec.Build()
	if err != nil {
		return nil, nil, err
	}
	x, z = set.X.RawRowView(0), set.X.RawRowView(1)
	for k := range z {
		z[k] = p.Mix*x[k] + math.Sqrt(1-p.Mix*p.Mix)*z[k]
	}
	if p.Positive {
		for k := range z {
			x[k], z[k] = math.Abs(x[k]), math.Abs(z[k])
		}
	}
	return x, z, nil
}

func (p picture) pixels() int { return p.Height * p.Width }

// tensor is T_{s,s'} over pairs of pixels.
type tensor [][]float64

// sums are the ways to sum over patches, of which one is right.
type sums int

const (
	tied      sums = iota // offsets (a, b) equal in both images, zeros around them
	untied                // all pairs of offsets
	replicate             // the nearest pixel for one outside
)

// patches sums a tensor over the patches of both images.
func (p picture) patches(t tensor, how sums) tensor {
	half := p.Filter / 2
	at := func(s, a, b int) int {
		i, j := s/p.Width+a, s%p.Width+b
		if how == replicate {
			i, j = max(0, min(i, p.Height-1)), max(0, min(j, p.Width-1))
		}
		if i < 0 || i >= p.Height || j < 0 || j >= p.Width {
			return -1
		}
		return i*p.Width + j
	}
	out := p.blank()
	for s := range out {
		for r := range out[s] {
			for a := -half; a <= half; a++ {
				for b := -half; b <= half; b++ {
					from := at(s, a, b)
					if how != untied {
						if to := at(r, a, b); from >= 0 && to >= 0 {
							out[s][r] += t[from][to]
						}
						continue
					}
					for c := -half; c <= half; c++ {
						for d := -half; d <= half; d++ {
							if to := at(r, c, d); from >= 0 && to >= 0 {
								out[s][r] += t[from][to]
							}
						}
					}
				}
			}
		}
	}
	return out
}

func (p picture) blank() tensor {
	t := make(tensor, p.pixels())
	for s := range t {
		t[s] = make([]float64, p.pixels())
	}
	return t
}

// products are the inner products of the pixels of two images.
func (p picture) products(x, z []float64) tensor {
	t := p.blank()
	for s := range t {
		for r := range t[s] {
			for c := range p.Channels {
				t[s][r] += x[c*p.pixels()+s] * z[c*p.pixels()+r]
			}
		}
	}
	return t
}

// variant is a reading of Section 4.
type variant struct {
	sums    sums
	top     bool // sum over patches after the last layer too, as Section 4 prints
	unit    bool // without 1/q^2
	topUnit bool // without c_sigma/q^2 after the last layer, as Appendix E prints
}

// layer is one layer of the programme: K and Kdot from the covariances.
func (p picture) layer(xz, xx, zz tensor, scale float64) (k, slope tensor) {
	k, slope = p.blank(), p.blank()
	for s := range xz {
		for r := range xz[s] {
			size := math.Sqrt(xx[s][s] * zz[r][r])
			if size == 0 {
				continue
			}
			rho := math.Max(-1, math.Min(1, xz[s][r]/size))
			if s == r && xz[s][r] == xx[s][s] && xx[s][s] == zz[s][s] {
				rho = 1
			}
			angle := math.Acos(rho)
			k[s][r] = scale * size * (math.Sin(angle) + (math.Pi-angle)*rho) / math.Pi
			slope[s][r] = scale * (math.Pi - angle) / math.Pi
		}
	}
	return k, slope
}

// programme is the tangent kernel of Section 4, four indices at a time.
func (p picture) programme(x, z []float64, v variant) float64 {
	sum := func(t tensor) tensor { return p.patches(t, v.sums) }
	xz, xx, zz := sum(p.products(x, z)), sum(p.products(x, x)), sum(p.products(z, z))
	theta := xz
	scale := 1 / float64(p.Filter*p.Filter)
	if v.unit {
		scale = 1
	}
	for h := 1; h <= p.L; h++ {
		if h == p.L && v.topUnit {
			scale = 0.5
		}
		k, slope := p.layer(xz, xx, zz, scale)
		kx, _ := p.layer(xx, xx, xx, scale)
		kz, _ := p.layer(zz, zz, zz, scale)
		next := p.blank()
		for s := range next {
			for r := range next[s] {
				next[s][r] = slope[s][r]*theta[s][r] + k[s][r]
			}
		}
		if theta = next; h < p.L || v.top {
			theta = sum(next)
		}
		xz, xx, zz = sum(k), sum(kx), sum(kz)
	}
	total := 0.0
	for s := range theta {
		if !p.Pooled {
			total += theta[s][s]
			continue
		}
		for _, t := range theta[s] {
			total += t / float64(p.pixels()*p.pixels())
		}
	}
	return total
}
