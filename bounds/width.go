package bounds

import (
	"errors"
	"fmt"
	"math"
)

// Problem is what width requirements depend on. Sizes that a requirement does not use are ignored.
type Problem struct {
	N          int     // n, number of samples, unit norm
	Lambda0    float64 // lambda_min(H^inf)
	S          float64 // ||X||_2, between 1 and sqrt n for unit inputs
	Delta      float64 // failure probability
	LabelBound float64 // C with |y_i| <= C
	LabelNorm  float64 // ||y||_2
	Margin     float64 // NTK margin gamma of a classification problem; 0 where there is none
}

// Check reports the first value outside its range, and how to repair it.
func (p Problem) Check() error {
	switch {
	case p.N < 1:
		return fmt.Errorf("bounds: n = %d samples; at least one is needed", p.N)
	case !(p.Lambda0 > 0 && p.Lambda0 <= 0.5+1e-9):
		return fmt.Errorf("bounds: lambda_0 = %v; it lies in (0, 1/2] for distinct unit inputs", p.Lambda0)
	case !(p.S > 0) || p.S*p.S > float64(p.N)*(1+1e-9):
		return fmt.Errorf("bounds: S = ||X||_2 = %v; it lies in [1, sqrt n] for unit inputs", p.S)
	case !isProbability(p.Delta):
		return fmt.Errorf("bounds: failure probability %v; it lies in (0, 1)", p.Delta)
	case !(p.LabelBound >= 0) || !(p.LabelNorm >= 0):
		return errors.New("bounds: label sizes must not be negative")
	case !(p.Margin >= 0):
		return fmt.Errorf("bounds: margin %v; it must not be negative", p.Margin)
	}
	return nil
}

func (p Problem) n() float64 { return float64(p.N) }

// Basis says where the constant of a requirement comes from.
type Basis string

const (
	// Literal constants follow the printed proof step by step where the statement hides them.
	Literal Basis = "literal"
	// Derived constants are proved here, and may be refuted.
	Derived Basis = "derived"
	// Order means that the constant is hidden and set to 1: only the exponents mean anything.
	Order Basis = "order"
)

// Requirement is a sufficient width: "if m >= Width(p) then Conclusion with probability 1 - delta".
type Requirement struct {
	Name       string // stable identifier, source key first
	Source     string
	Basis      Basis
	Conclusion string
	// Width in neurons; not rounded. NaN where the problem is outside the domain, such as a
	// margin requirement without a margin.
	Width func(Problem) float64
	// Exponents of n, 1/lambda_0 and 1/delta, with S^2 counted as n, C as constant and a logarithm
	// as exponent 0.
	N, InvLambda0, InvDelta float64
	// Initialisation marks requirements that only make the Gram matrix good at the start.
	Initialisation bool
}

// Requirements lists the width requirements of Du et al. (2019) that are explicit, or whose
// form is known. Append a value to the slice to add one.
func Requirements() []Requirement {
	return []Requirement{
		{
			Name: "du2019/gram-init", Source: "Du et al. (2019), Lemma 3.1", Basis: Literal,
			Conclusion: "lambda_min(H(0)) >= (3/4) lambda_0",
			Width:      func(p Problem) float64 { return PrintedGramWidth(p.N, p.Lambda0, p.Delta) },
			N:          2, InvLambda0: 2, Initialisation: true,
		},
		{
			Name: "hoeffding/gram-init", Source: "basics/gram-hoeffding", Basis: Derived,
			Conclusion: "||H(0) - H^inf||_2 <= lambda_0/4",
			// ||X X^T||_F <= S^2 sqrt(rank) <= S sqrt(trace) = S sqrt n.
			Width: func(p Problem) float64 {
				return HoeffdingWidth(p.N, min(p.S*math.Sqrt(p.n()), p.n()), p.Lambda0, p.Delta)
			},
			N: 2, InvLambda0: 2, Initialisation: true,
		},
		{
			Name: "chernoff/gram-init", Source: "basics/gram-chernoff", Basis: Derived,
			Conclusion: "lambda_min(H(0)) >= (3/4) lambda_0",
			Width:      func(p Problem) float64 { return ChernoffWidth(p.N, 0.25, p.Lambda0, p.S, p.Delta) },
			N:          1, InvLambda0: 1, Initialisation: true,
		},
		{
			Name: "derived/gram-invertible", Source: "montanari2022/kernel-width", Basis: Derived,
			Conclusion: "H(0) is invertible: the linearised network fits any labels",
			Width: func(p Problem) float64 {
				return when(p.Lambda0 > 0 && isProbability(p.Delta), InvertibleWidth(p.N, max(1, p.S*p.S/p.Lambda0), p.Delta))
			},
			N: 1, InvLambda0: 1, Initialisation: true,
		},
		{
			Name: "du2019/flow", Source: "Du et al. (2019), Theorem 3.2", Basis: Literal,
			Conclusion: "gradient flow: ||e(t)||^2 <= exp(-lambda_0 t) ||e(0)||^2",
			Width:      LiteralFlowWidth,
			N:          6, InvLambda0: 4, InvDelta: 3,
		},
		{
			Name: "du2019/descent", Source: "Du et al. (2019), Theorem 4.1", Basis: Literal,
			Conclusion: "eta = lambda_0/(4 n^2): ||e(k)||^2 <= (1 - eta lambda_0/2)^k ||e(0)||^2",
			Width:      LiteralDescentWidth,
			N:          6, InvLambda0: 4, InvDelta: 3,
		},
		{
			Name: "derived/descent", Source: "derived here, after Du et al. (2019)", Basis: Derived,
			Conclusion: "eta <= 0.55/S^2: ||e(k)||^2 <= (1 - eta lambda_0/2)^k ||e(0)||^2",
			Width:      ImprovedWidth,
			N:          4, InvLambda0: 4,
		},
		{
			Name: "du2019/both-layers", Source: "Du et al. (2019), Theorem 3.3", Basis: Order,
			Conclusion: "flow on both layers: ||e(t)||^2 <= exp(-lambda_0 t) ||e(0)||^2",
			// log(m/delta) on the right: solved for m by iterating m = A log(m/delta).
			Width: func(p Problem) float64 { return solveLogWidth(orderDu(p), 1/p.Delta) },
			N:     6, InvLambda0: 4, InvDelta: 3,
		},
		{
			Name: "songyang2019/descent", Source: "Song and Yang (2019), recalled", Basis: Order,
			Conclusion: "gradient descent converges linearly",
			Width: func(p Problem) float64 {
				return math.Pow(p.n(), 4) / math.Pow(p.Lambda0, 4) * math.Pow(math.Log(p.n()/p.Delta), 3)
			},
			N: 4, InvLambda0: 4,
		},
		{
			Name: "oymak2019/descent", Source: "Oymak and Soltanolkotabi (2019), recalled", Basis: Order,
			Conclusion: "gradient descent converges linearly",
			Width:      func(p Problem) float64 { return p.n() * math.Pow(p.S, 6) / math.Pow(p.Lambda0, 4) },
			N:          4, InvLambda0: 4,
		},
		{
			Name: "arora2019/descent", Source: "Arora et al. (2019), Theorem 3.1, at scale kappa = 1", Basis: Order,
			Conclusion: "gradient descent converges linearly",
			Width:      orderDu,
			N:          6, InvLambda0: 4, InvDelta: 3,
		},
		{
			Name: "allenzhu2019/descent", Source: "Allen-Zhu et al. (2019), Theorem 1 as restated, L = 1, at the least distance that lambda_0 allows", Basis: Order,
			Conclusion: "gradient descent on a deep network converges linearly",
			// lambda_0 is at most that of the closest pair, about its distance over 2 pi.
			Width: func(p Problem) float64 { return AllenZhuWidth(p.N, 1, ClosestPair(p.Lambda0), 1) },
			N:     24, InvLambda0: 8,
		},
		{
			Name: "song2021/descent", Source: "Song et al. (2021), Theorem 3, hidden factors set to 1", Basis: Order,
			Conclusion: "smooth activation, both layers: gradient descent converges linearly",
			Width:      func(p Problem) float64 { return PrintedSubquadraticWidth(p.N, p.S, p.Lambda0) },
			N:          1.5, InvLambda0: 1.5,
		},
		{
			Name: "munteanu2022/squared", Source: "Munteanu et al. (2022), form recalled", Basis: Order,
			Conclusion: "coupled start: ||e(k)||^2 <= (1 - eta lambda_0/2)^k ||y||^2",
			Width: func(p Problem) float64 {
				return p.n() * p.n() / (p.Lambda0 * p.Lambda0) * math.Log(p.n()/p.Delta)
			},
			N: 2, InvLambda0: 2,
		},
		{
			Name: "yang2023/descent", Source: "Yang et al. (2023), Theorem 1, at bias 0 with lambda_0 for its lambda(0) >= lambda_0", Basis: Order,
			Conclusion: "weights and biases trained: ||e(k)||^2 <= (1 - eta lambda(0)/4)^k ||e(0)||^2",
			Width:      func(p Problem) float64 { return BiasOrderWidth(p.N, p.Lambda0, 0) },
			N:          4, InvLambda0: 4,
		},
		{
			Name: "bombari2022/spectrum", Source: "Bombari et al. (2022), Theorem 3.1, two layers of this width, no logarithms", Basis: Order,
			Conclusion: "deep smooth network: lambda_min of the tangent kernel of the order of the squared width",
			Width:      PyramidWidth,
			N:          0.5, Initialisation: true,
		},
		{
			Name: "soltanolkotabi2019/landscape", Source: "Soltanolkotabi et al. (2019), Theorem 2.1, at the least dimension with d(d+1)/2 >= n", Basis: Derived,
			Conclusion: "quadratic activation, half of the neurons of each sign: loss zero at every second-order point, for inputs in general position",
			Width:      func(p Problem) float64 { return QuadraticWidth(p.N) },
			N:          0.5,
		},
		{
			Name: "derived/coupled", Source: "derived here, after Munteanu et al. (2022)", Basis: Derived,
			Conclusion: "coupled start at large scale, eta <= 1/S^2: linear dynamics, ||e(k)|| <= (1 - eta lambda_0/2)^k ||y||",
			Width:      func(p Problem) float64 { return CoupledWidth(p.N, p.S, p.Lambda0, p.Delta) },
			N:          1, InvLambda0: 1,
		},
		{
			Name: "derived/coupled-margin", Source: "derived here, after Munteanu et al. (2022)", Basis: Derived,
			Conclusion: "logistic loss, coupled start at large scale: training loss below eps",
			Width:      func(p Problem) float64 { return CoupledMarginWidth(p.N, p.Margin, p.Delta) },
			// gamma >= lambda_0/n, so at worst:
			N: 2, InvLambda0: 2,
		},
		{
			Name: "liu2022/nesterov", Source: "Liu et al. (2022), form of Wang et al. (2021), recalled", Basis: Order,
			Conclusion: "Nesterov's method: ||e(k)|| <= C sqrt kappa (1 - 1/(2 sqrt kappa))^k ||e(0)||",
			Width:      func(p Problem) float64 { return PrintedNesterovWidth(p, p.S*p.S/2) },
			N:          6, InvLambda0: 4,
		},
		{
			Name: "derived/nesterov", Source: "derived here, after Liu et al. (2022)", Basis: Derived,
			Conclusion: "Nesterov's method: ||e(k)|| <= 11 sqrt(2 kappa) (1 - 1/(2 sqrt kappa))^k ||e(0)||",
			Width:      NesterovWidth,
			N:          6, InvLambda0: 6,
		},
		{
			Name: "derived/gauss-newton", Source: "derived here, after Song, Zhang and Zhang (2024)", Basis: Derived,
			Conclusion: "antisymmetric start, Gauss-Newton on systems solved up to 1/10: ||e(k+1)|| <= ||e(k)||/3",
			Width:      func(p Problem) float64 { return NewtonWidth(p.N, p.S, p.Lambda0, p.LabelNorm, 0.1, p.Delta) },
			N:          4, InvLambda0: 4,
		},
		{
			Name: "arora2019exact/kernel", Source: "Arora et al. (2019), Theorem 3.1, form recalled, one hidden layer, all pairs", Basis: Order,
			Conclusion: "both layers trained: lambda_min of the tangent kernel at the start is at least lambda_0",
			Width: func(p Problem) float64 {
				return PrintedTangentWidth(1, p.Lambda0/(2*p.n()), 2*p.Delta/(p.n()*(p.n()+1)))
			},
			N: 4, InvLambda0: 4, Initialisation: true,
		},
		{
			Name: "derived/shallow-tangent", Source: "derived here, after Arora et al. (2019)", Basis: Derived,
			Conclusion: "both layers trained: lambda_min of the tangent kernel at the start is at least lambda_0",
			Width:      func(p Problem) float64 { return ShallowTangentWidth(p.N, p.Lambda0/p.n(), p.Delta) },
			N:          2, InvLambda0: 2, Initialisation: true,
		},
	}
}

// LiteralFlowWidth is the width of Theorem 3.2 of Du et al. (2019) with the constants of its printed proof,
// its defective flow movement corrected ([FlowMovement] with sqrt n for S):
//
//	m >= (4 * 256 * 27/(2 pi)) (C^2 + 1/2) n^6/(lambda_0^4 delta^3) = 163 * 27 * ... .
//
// Three events share delta: Gram at the start, flips ([PrintedRadius]) and Markov's
// ||e(0)||^2 <= 3 n (C^2 + 1/2)/delta. The width that the first asks for, [PrintedGramWidth], is smaller.
func LiteralFlowWidth(p Problem) float64 { return literalWidth(p, 2, 16) }

// LiteralDescentWidth is the width of Theorem 4.1, eta = lambda_0/(4 n^2), likewise: movement
// 4 sqrt(n) ||e(0)||/(sqrt m lambda_0) within half the radius of the flow, because the contraction
// spends lambda_0/8 on each of two flip terms and lambda_0/4 on eta n^2. It is 16 times the flow's:
// 2608 * 27 * (C^2 + 1/2) n^6/(lambda_0^4 delta^3).
func LiteralDescentWidth(p Problem) float64 { return literalWidth(p, 4, 32) }

// literalWidth solves move sqrt(n) e0/(sqrt m lambda_0) <= sqrt(2 pi) (delta/3) lambda_0/(radius n^2).
func literalWidth(p Problem, move, radius float64) float64 {
	third := p.Delta / 3
	e0 := math.Sqrt(p.n() * (p.LabelBound*p.LabelBound + 0.5) / third)
	root := move * math.Sqrt(p.n()) * e0 / p.Lambda0 * radius * p.n() * p.n() / (math.Sqrt(2*math.Pi) * third * p.Lambda0)
	return when(isProbability(p.Delta) && p.Lambda0 > 0, root*root)
}

// ImprovedWidth is the derived theorem of Du et al. (2019). With B = ||y|| + sqrt(2 n ln(6n/delta)), if
//
//	m >= max( 237.6 S^2 ln(3n/delta)/lambda_0, 63880 S^6 B^2/lambda_0^4 )
//
// and eta <= 0.55/S^2, then with probability at least 1 - delta the conclusion of Theorem 4.1 of Du et al.
// holds for all k. Constants: three events at delta/3. [ChernoffWidth] at eps = 1/4 (29.21, dominated);
// [DoubleFlipsFailure] with 2p = [FlipBudget], 3 * 2/kappa_*^2 = 237.6;
// and p >= p_R at R = [GDMovement], 64 (2/pi)/kappa_*^4 = 63880. The rest is [CertifyPaper].
func ImprovedWidth(p Problem) float64 {
	if !isProbability(p.Delta) || !(p.Lambda0 > 0) {
		return math.NaN()
	}
	b := ResidualBound(p.LabelNorm, p.N, p.Delta/3)
	k2 := KappaStar * KappaStar
	s2 := p.S * p.S
	flips := 6 / k2 * s2 * math.Log(3*p.n()/p.Delta) / p.Lambda0
	radius := 128 / (math.Pi * k2 * k2) * s2 * s2 * s2 * b * b / math.Pow(p.Lambda0, 4)
	return math.Max(math.Max(flips, radius), ChernoffWidth(p.N, 0.25, p.Lambda0, p.S, p.Delta/3))
}

// CoupledWidth is 16 S^2 ln(2n/delta)/lambda_0 (derived): with m/2 independent pairs,
// lambda_min(H(0)) >= lambda_0/2 with probability at least 1 - delta/2 (matrix Chernoff,
// c(1/2) = 0.153 >= 1/8). With the scale of [NoFlipScale] no activation ever flips.
func CoupledWidth(n int, s, lambda0, delta float64) float64 {
	return when(n >= 1 && lambda0 > 0 && isProbability(delta), 16*s*s*math.Log(2*float64(n)/delta)/lambda0)
}

// CoupledMovement is rho = 2 S ||y||/(lambda_0 sqrt m), the movement in that regime:
// sum_t eta S ||y|| (1 - eta lambda_0/2)^t/sqrt m, the norm itself contracting by 1 - eta lambda_0/2.
func CoupledMovement(s, labelNorm, lambda0 float64, m int) float64 {
	return FlowMovement(s, labelNorm, lambda0, m)
}

// CoupledMarginWidth is 16 gamma^{-2} ln(2n/delta) (derived: Hoeffding over m/2 pairs with terms in [-1, 1], each sample's margin at least gamma/2 with probability 1 - delta/2).
func CoupledMarginWidth(n int, margin, delta float64) float64 {
	return when(n >= 1 && margin > 0 && isProbability(delta), 16*math.Log(2*float64(n)/delta)/(margin*margin))
}

// CoupledMarginSteps is T = ceil(4 ln^2(2/eps)/(gamma^2 eta eps)), after which the logistic loss is at
// most eps (derived), for eta in (0, 4].
func CoupledMarginSteps(margin, eta, eps float64) float64 {
	l := math.Log(2 / eps)
	return when(margin > 0 && eta > 0 && eta <= 4 && isProbability(eps), math.Ceil(4*l*l/(margin*margin*eta*eps)))
}

// MaskedWidth is S^2 ln(n K p/delta)/(c(1/2) xi lambda_0) = 6.518 S^2 ln(nKp/delta)/(xi lambda_0)
// (derived): the masked Gram matrices of K rounds with p masks of keep probability xi all have
// lambda_min >= xi lambda_0/2 at the start, with probability at least 1 - delta.
func MaskedWidth(n, rounds, masks int, keep, s, lambda0, delta float64) float64 {
	return when(n >= 1 && rounds >= 1 && masks >= 1 && keep > 0 && keep <= 1 && lambda0 > 0 && isProbability(delta),
		s*s*math.Log(float64(n)*float64(rounds)*float64(masks)/delta)/(ChernoffRate(0.5)*keep*lambda0))
}

// PyramidWidth is sqrt n: the two last hidden layers of a deep network with a smooth activation, of this width, have n weights
// between them. The theorem asks for more by logarithms.
func PyramidWidth(p Problem) float64 { return when(p.N >= 1, math.Sqrt(p.n())) }

// orderDu is n^6/(lambda_0^4 delta^3).
func orderDu(p Problem) float64 {
	return math.Pow(p.n(), 6) / (math.Pow(p.Lambda0, 4) * math.Pow(p.Delta, 3))
}

// solveLogWidth is the largest solution of m = a log(b m).
func solveLogWidth(a, b float64) float64 {
	m := math.Max(a, math.E)
	for range 100 {
		m = a * math.Log(b*m)
	}
	return m
}
