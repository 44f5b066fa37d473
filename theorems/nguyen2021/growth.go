package nguyen2021

import (
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/theorems/internal/ladder"
)

// growth is a ladder of sizes for random data.
type growth struct {
	Law string `json:"law"` // sphere, gaussian or cube
	L   int    `json:"l"`
	N   []int  `json:"n"` // one for all rungs, or one a rung
	D   []int  `json:"d"` // likewise
	// Less divides the rows by d^Less, which breaks Assumption 2.1.
	Less float64 `json:"less,omitempty"`
}

func (p growth) rungs() int { return max(len(p.N), len(p.D)) }

func (p growth) size(i int) (n, d int) {
	return p.N[min(i, len(p.N)-1)], p.D[min(i, len(p.D)-1)]
}

func (p growth) cost() checks.Cost {
	c := checks.Cost{Size: fmt.Sprintf("N=%d", p.N[len(p.N)-1])}
	for i := range p.rungs() {
		n, d := p.size(i)
		c.Trial += limitCost(n, d, p.L) + 20*float64(n*d)
	}
	return c
}

// room is the hypothesis that d is of larger order than N^{2/(r-0.5)} log N, at r = 4
// and with 4 for the hidden constant.
func (p growth) room() checks.Hypothesis {
	least := math.Inf(1)
	for i := range p.rungs() {
		n, d := p.size(i)
		least = min(least, float64(d)/room(n))
	}
	return checks.Require("d over 4 N^{2/(r-0.5)} log N at r = 4", least, checks.AtLeast, 1)
}

// ample is the least d over 160 N of the rungs.
func (p growth) ample() float64 {
	least := math.Inf(1)
	for i := range p.rungs() {
		n, d := p.size(i)
		least = min(least, float64(d)/float64(160*n))
	}
	return least
}

func room(n int) float64 { return 4 * math.Pow(float64(n), 2/3.5) * math.Log(float64(n)) }

// lambdaMin draws the data of rung i and returns lambda_min(K^(L)).
func (p growth) lambdaMin(i int, r *rand.Rand) (float64, error) {
	n, d := p.size(i)
	x, err := inputs(p.Law, n, d, r)
	if err != nil {
		return 0, err
	}
	if p.Less != 0 {
		x.Scale(math.Pow(float64(d), -p.Less), x)
	}
	return positive(kernel.NTK(p.L - 1).Lambda0(x))
}

// limitLinear is the order of magnitude of Theorem 3.2 as a power law.
//
// Setting: N inputs drawn independently from a centred law with squared norm d in
// mean (uniform on the sphere of radius sqrt d, N(0, I_d), or uniform on the cube
// {-1,1}^d); the limit tangent kernel K^(L) of a ReLU network with L weight layers.
//
// Hypotheses: Assumptions 2.1 and 2.2, which the three laws satisfy, and d of larger
// order than N^{2/(r-0.5)} log N for an even r; here d >= 160 N, since
// lambda_min/d still rises by about sqrt(N/d): nearer to N the slope of a finite ladder is up to 1.25.
//
// Conclusion: lambda_min(K^(L)) is of order d: at fixed N its log-log slope in d is 1.
// It is checked to within 0.07 on d = 160N .. 1280N.
//
// Constants: the exponent is the theorem's, the resolution is ours. The constants of the two
// sides are hidden in the paper and explicit in limit-lower and limit-upper.
//
// Convention: K^(L) is the limit of the tangent kernel divided by prod_l n_l/2 at
// weight variance one.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Theorem 3.2.
//
// Control: rows of norm d^{0.4} instead of sqrt d, against Assumption 2.1: the slope is then near 0.8; and rows of norm
// one. d = N .. 8N, below the hypothesis.
func limitLinear() checks.Checkable {
	dimensions := []int{800, 1600, 3200, 6400}
	return checks.Claim[growth]{
		ID: "nguyen2021/limit-linear", Title: "limit kernel linear in d", Reference: "Theorem 3.2",
		Formula: `\lambda_{\min}(K^{(L)}) = \Theta(d)`, Convention: limitConvention,
		Basis: checks.Recalled, Form: checks.Scaling{}, Along: "dimension $d$", Version: 3,
		Grid: []growth{
			{Law: "sphere", L: 2, N: []int{5}, D: dimensions},
			{Law: "sphere", L: 5, N: []int{5}, D: dimensions},
			{Law: "gaussian", L: 3, N: []int{5}, D: dimensions},
			{Law: "cube", L: 3, N: []int{5}, D: dimensions},
			{Law: "sphere", L: 3, N: []int{100}, D: []int{16000, 32000, 64000}},
		},
		Cost: growth.cost,
		Setup: func(p growth) (checks.Instance, error) {
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{p.room(), checks.Require("d over 160 N", p.ample(), checks.AtLeast, 1)},
				Terms:      checks.Terms{Exponent: 1, Relation: checks.Equal, Resolution: 0.07, Trials: 24},
				Trial: func(r *rand.Rand) checks.Measurement {
					return ladder.Pass(p.rungs(), func(i int) (size, value float64, err error) {
						_, d := p.size(i)
						lambda, err := p.lambdaMin(i, r)
						return float64(d), lambda, err
					})
				},
			}, nil
		},
		Controls: []checks.Control[growth]{
			{
				Name: "shorter-rows", Why: "without E||x||^2 of order d the kernel does not grow like d",
				At: []growth{
					{Law: "sphere", L: 2, N: []int{5}, D: dimensions, Less: 0.1}, {Law: "sphere", L: 2, N: []int{5}, D: dimensions, Less: 0.5},
				},
			},
			{
				Name: "few-dimensions", Why: "from d = N on the linear term of the kernel still comes up: the slope is about 1.3",
				At: []growth{{Law: "sphere", L: 2, N: []int{20}, D: []int{20, 40, 80, 160}}},
			},
		},
	}
}

// limitOrder is the lower side of Theorem 3.2 while N grows too.
//
// Setting: as in limit-linear, along a ladder of N with d = 4 N^{2/3.5} log N, or d = 16 N.
//
// Hypotheses: Assumptions 2.1 and 2.2; d of order N^{2/(r-0.5)} log N at least, r = 4.
//
// Conclusion: there is a constant C, independent of N, d and L, with
// d <= C lambda_min(K^(L)). The ratio of the two sides is fitted on the small N and tested on the
// large ones. At d = 16 N a drift exponent up to 0.08 counts as none; at d = 4 N^{2/3.5} log N one up to 0.2: N/d still rises along
// that ladder, and with it goes the linear term of the kernel, which is gone at N = d while the others stay.
//
// Constants: hidden in the paper, so that nothing is refuted here; limit-sphere has them all.
//
// Convention: as in limit-linear.
//
// Reference: Nguyen, Mondelli, Montufar (2021), Theorem 3.2. (In the printed
// proof the event should read max |<x_i,x_j>|^r <= (d N^{-1/(r-0.5)})^r, whence Gershgorin gives
// order d^r, and a factor 2 of G = 2E[...] is dropped; the statement stands.)
//
// Control: d = 2 while N grows: points of a plane crowd, and lambda_min/d falls. d = 16 N with rows of norm d^{0.4}: the ratio
// rises like N^{0.2}.
func limitOrder() checks.Checkable {
	rung := func(law string, l int, n ...int) growth {
		p := growth{Law: law, L: l, N: n}
		for _, v := range n {
			p.D = append(p.D, int(math.Ceil(room(v))))
		}
		return p
	}
	share := []int{8, 16, 32, 64}
	wide := []int{128, 256, 512, 1024}
	return checks.Claim[growth]{
		ID: "nguyen2021/limit-order", Title: "limit kernel of order d as N grows", Reference: "Theorem 3.2",
		Formula: `\exists C\colon\; d \le C\,\lambda_{\min}(K^{(L)})`, Convention: limitConvention,
		Basis: checks.Recalled, Form: checks.Bounded{}, Along: "samples $N$", Version: 3,
		Grid: []growth{
			{Law: "sphere", L: 3, N: share, D: wide}, rung("cube", 3, 12, 24, 48), rung("gaussian", 4, 12, 24, 48),
			rung("sphere", 3, 50, 100, 200, 400),
		},
		Cost: growth.cost,
		Setup: func(p growth) (checks.Instance, error) {
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{p.room()},
				Terms:      checks.Terms{Resolution: checks.Float(p.resolution()), Trials: 24},
				Trial: func(r *rand.Rand) checks.Measurement {
					return ladder.Pass(p.rungs(), func(i int) (size, value float64, err error) {
						n, d := p.size(i)
						lambda, err := p.lambdaMin(i, r)
						return float64(n), float64(d) / lambda, err
					})
				},
			}, nil
		},
		Controls: []checks.Control[growth]{
			{
				Name: "plane", Why: "with d = 2 fixed the hypothesis on d fails and lambda_min/d tends to 0",
				At: []growth{{Law: "sphere", L: 2, N: []int{6, 12, 24, 48}, D: []int{2}}},
			},
			{
				Name: "shorter-rows", Why: "without E||x||^2 of order d the kernel falls behind d",
				At: []growth{{Law: "sphere", L: 3, N: share, D: wide, Less: 0.1}},
			},
		},
	}
}

// resolution is the drift that counts as none: little where d keeps its share of N.
func (p growth) resolution() float64 {
	n, d := p.size(0)
	for i := range p.rungs() {
		if m, e := p.size(i); e*n != d*m {
			return drift
		}
	}
	return 0.08
}
