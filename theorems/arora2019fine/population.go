package arora2019fine

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// Laws of samples with finitely many inputs, so that a population loss is a finite sum and is not estimated.
const (
	arc   = "arc"   // equally spaced on half of the unit circle: opposite inputs would make H^inf singular
	basis = "basis" // orthonormal inputs
)

// population are the parameters of a claim about n independent samples, uniform on Points inputs with a label each. A target
// of cosine or square gives Scale times the first coordinate or its square; signs gives +-Scale, alternating.
type population struct {
	N      int     `json:"n"`
	Points int     `json:"points"`
	Law    string  `json:"law"`
	Target string  `json:"target"`
	Scale  float64 `json:"scale"`
	Delta  float64 `json:"delta"`
}

// dim is the dimension of what draw returns: on orthonormal inputs, at most a coordinate for each sample and one more.
func (p population) dim() int {
	if p.Law == basis {
		return min(p.N, p.Points) + 1
	}
	return 2
}

func (p population) label(place int, first float64) float64 {
	switch p.Target {
	case linear:
		return p.Scale * first
	case quadratic:
		return p.Scale * first * first
	case signs:
		return p.Scale * float64(1-2*(place%2))
	}
	panic(fmt.Sprintf("no target %q; there are linear, quadratic and signs", p.Target))
}

// A drawn sample has its n rows with their labels, the distinct rows among them, and the whole population as rows with
// labels and weights that sum to 1.
type drawn struct {
	x, distinct, all *mat.Dense
	y, own, want     []float64
	weight           []float64
}

func (p population) sample(r *rand.Rand) drawn {
	places := make([]int, p.N)
	for i := range places {
		places[i] = r.IntN(p.Points)
	}
	if p.Law == basis {
		return p.orthonormal(places)
	}
	return p.spaced(places)
}

func (p population) spaced(places []int) drawn {
	at := func(i int) []float64 {
		angle := math.Pi * (float64(i) + 0.25) / float64(p.Points)
		return []float64{math.Cos(angle), math.Sin(angle)}
	}
	s := drawn{x: mat.NewDense(len(places), 2, nil), all: mat.NewDense(p.Points, 2, nil)}
	for i := range p.Points {
		c := at(i)
		s.all.SetRow(i, c)
		s.want, s.weight = append(s.want, p.label(i, c[0])), append(s.weight, 1/float64(p.Points))
	}
	seen := map[int]bool{}
	var rows []float64
	for i, place := range places {
		c := at(place)
		s.x.SetRow(i, c)
		s.y = append(s.y, p.label(place, c[0]))
		if !seen[place] {
			seen[place] = true
			rows, s.own = append(rows, c...), append(s.own, p.label(place, c[0]))
		}
	}
	s.distinct = mat.NewDense(len(s.own), 2, rows)
	return s
}

// orthonormal numbers the inputs in the order in which they are first drawn. Those that are not drawn are alike but for
// their labels: one row stands for them, once for each label.
func (p population) orthonormal(places []int) drawn {
	dim := p.dim()
	s := drawn{x: mat.NewDense(len(places), dim, nil)}
	number := map[int]int{}
	left := [2]float64{float64((p.Points + 1) / 2), float64(p.Points / 2)} // places not drawn, even and odd
	for i, place := range places {
		k, seen := number[place]
		if !seen {
			k = len(number)
			number[place] = k
			left[place%2]--
			s.own = append(s.own, p.label(place, 0))
		}
		s.x.Set(i, k, 1)
		s.y = append(s.y, p.label(place, 0))
	}
	n := len(s.own)
	s.distinct, s.all = mat.NewDense(n, dim, nil), mat.NewDense(n+2, dim, nil)
	for k, y := range s.own {
		s.distinct.Set(k, k, 1)
		s.all.Set(k, k, 1)
		s.want, s.weight = append(s.want, y), append(s.weight, 1/float64(p.Points))
	}
	for parity, count := range left {
		s.all.Set(n+parity, dim-1, 1)
		s.want, s.weight = append(s.want, p.label(parity, 0)), append(s.weight, count/float64(p.Points))
	}
	return s
}

// loss is the population's mean of min(|f - y|, 1): 1-Lipschitz, and above the 0-1 error for labels +-1.
func (s drawn) loss(f []float64) float64 {
	var sum float64
	for i, v := range f {
		sum += s.weight[i] * math.Min(1, math.Abs(v-s.want[i]))
	}
	return sum
}
