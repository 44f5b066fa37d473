package montanari2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// start is a random network on given inputs.
type start struct {
	Data       data.Spec `json:"data,omitzero"`
	Axes       int       `json:"axes,omitempty"` // the inputs are so many coordinate vectors, in place of Data
	Neurons    int       `json:"neurons,omitempty"`
	Activation string    `json:"activation,omitempty"`
	Delta      float64   `json:"delta,omitempty"`
}

func (p start) size() (n, d int) {
	if p.Axes > 0 {
		return p.Axes, p.Axes
	}
	return costs.Size(p.Data)
}

// whitening is a data set with its limit kernel K and the map that whitens by it.
type whitening struct {
	act      nets.Activation
	x        *mat.Dense
	lambda   eig.Certified // lambda_min(K)
	root     *mat.TriDense // lower triangular L with K = L L^T, nil where K is a multiple of the identity
	radius   float64       // B^2 ||X||^2/lambda_min(K), at least what the whitened kernel of one neuron can be
	rounding float64       // relative error of a whitened eigenvalue
}

func (p start) whitening() (*whitening, error) {
	act, limit, b, err := activation(p.Activation)
	if err != nil {
		return nil, err
	}
	w := &whitening{act: act}
	if p.Axes > 0 {
		w.x = mat.NewDense(p.Axes, p.Axes, nil)
		for i := range p.Axes {
			w.x.Set(i, i, 1)
		}
		w.lambda = eig.Certified{Value: limit.At(1), Err: 4 * unit, OK: true}
		w.radius, w.rounding = b*b/limit.At(1), 16*unit
		return w, nil
	}
	set, err := p.Data.Build()
	if err != nil {
		return nil, err
	}
	x, _ := nets.InSpan(set.X) // a network on these coordinates has the same law
	if w, err = whiten(act, limit, x); err != nil {
		return nil, err
	}
	if w.lambda, err = limit.Lambda0(set.X); err != nil {
		return nil, err
	}
	s, err := eig.SpectralNorm(set.X)
	if err != nil {
		return nil, err
	}
	low := max(w.lambda.Lower(), 1e-300)
	w.radius = b * b * s.Upper() * s.Upper() / low
	// A backward error of a few n u tr K in K and K_N, seen through the inverse root on both sides.
	w.rounding = 64 * float64(set.N()) * unit * float64(set.N()) * limit.At(1) / low
	return w, nil
}

// whiten whitens by the limit kernel on x, without certificates.
func whiten(act nets.Activation, limit kernel.Kernel, x *mat.Dense) (*whitening, error) {
	k, err := limit.Gram(x)
	if err != nil {
		return nil, err
	}
	root, err := lowerRoot(k)
	return &whitening{act: act, x: x, root: root}, err
}

// lowerRoot returns the lower triangular L with K = L L^T. Where K is singular to rounding it is that of K plus rounding, for
// instances on which nothing is judged.
func lowerRoot(k *mat.SymDense) (*mat.TriDense, error) {
	var chol mat.Cholesky
	n := k.SymmetricDim()
	shifted := mat.NewSymDense(n, nil)
	shifted.CopySym(k)
	for shift := float64(n) * unit * mat.Trace(k); !chol.Factorize(shifted); shift *= 16 {
		if !(shift < mat.Trace(k)) {
			return nil, fmt.Errorf("the limit kernel has no Cholesky factor")
		}
		for i := range n {
			shifted.SetSym(i, i, k.At(i, i)+shift)
		}
	}
	var l mat.TriDense
	chol.LTo(&l)
	return &l, nil
}

// extremes returns the smallest and the largest eigenvalue of K^{-1/2} K_N K^{-1/2}.
func (w *whitening) extremes(kn *mat.SymDense) (low, high float64, err error) {
	n := kn.SymmetricDim()
	values, err := spectrum(w.whiten(kn))
	if err != nil {
		return 0, 0, err
	}
	return values[0], values[n-1], nil
}

// whiten returns L^{-1} K_N L^{-T} for K = L L^T, which has the eigenvalues of K^{-1/2} K_N K^{-1/2}.
func (w *whitening) whiten(kn *mat.SymDense) *mat.SymDense {
	n := kn.SymmetricDim()
	white := mat.NewSymDense(n, nil)
	if w.root == nil {
		white.ScaleSym(1/w.lambda.Value, kn)
		return white
	}
	both := mat.DenseCopyOf(kn)
	blas64.Trsm(blas.Left, blas.NoTrans, 1, w.root.RawTriangular(), both.RawMatrix())
	blas64.Trsm(blas.Right, blas.Trans, 1, w.root.RawTriangular(), both.RawMatrix())
	for i := range n {
		for j := i; j < n; j++ {
			white.SetSym(i, j, (both.At(i, j)+both.At(j, i))/2)
		}
	}
	return white
}

// levels are l and u, each passed with probability at most delta/2.
func (w *whitening) levels(n, neurons int, delta float64) (l, u float64) {
	return bounds.WhitenedLow(n, neurons, w.radius, delta/2), bounds.WhitenedHigh(n, neurons, w.radius, delta/2)
}

func (w *whitening) hypotheses() []checks.Hypothesis {
	return []checks.Hypothesis{checks.RequireThat("lambda_min(K) > 0, certified", w.lambda.Lower() > 0)}
}

func (p start) cost() checks.Cost {
	n, d := p.size()
	c := checks.Cost{Trial: tangentCost(n, d, p.Neurons), Setup: 3 * costs.Eigenvalue(n), Size: fmt.Sprintf("n=%d N=%d", n, p.Neurons)}
	if p.Axes > 0 {
		c.Setup, c.Trial = 0, c.Trial-costs.Eigenvalue(n)
	}
	return c
}

// kernelChernoff is the concentration of the kernel with all constants.
//
// Setting: any n inputs of length one, X; N neurons w_k ~ N(0, I); sigma with |sigma'| <= B: the ReLU (B = 1) or erf (B = 2/sqrt pi).
// K = E K_N, R = B^2 ||X||^2/lambda_min(K), D(a||b) = a ln(a/b) + (1-a) ln((1-a)/(1-b)).
//
// Hypotheses: lambda_min(K) > 0.
//
// Conclusion: with probability at least 1-delta all eigenvalues of K^{-1/2} K_N K^{-1/2} lie between l and u, where n exp(-N D(l/R || 1/R)) =
// n exp(-N D(u/R || 1/R)) = delta/2 with l < 1 < u; l = 0 or u = R where there is no solution. In particular lambda_min(K_N) >= l lambda_min(K).
//
// Constants: ours, in place of the theorem's hidden powers of logarithms: K_N is the mean over neurons of D_k X X^T D_k, D_k = diag(sigma'(w_k.x_i)),
// so that the whitened kernel is a mean of independent positive semidefinite matrices of mean I and norm at most R; matrix
// Chernoff with the relative entropy. To first order |l - 1| and u - 1 are sqrt(2 ln(2n/delta)/N), and for random inputs R N is
// of order Nd/n. At orthogonal inputs and ReLU the eigenvalues are twice independent binomial shares.
//
// Convention: unit inputs, w ~ N(0, I), output weights +-1 fixed, 1/sqrt N scaling; first layer linearised.
//
// Reference: derived here, for the concentration theorem of Montanari and Zhong (2022).
//
// Control: every neuron drawn twice, which doubles the variance; deviations a quarter smaller, on either side.
func kernelChernoff() checks.Checkable {
	setup := func(copies int, low, high float64) func(start) (checks.Instance, error) {
		return func(p start) (checks.Instance, error) {
			w, err := p.whitening()
			if err != nil {
				return checks.Instance{}, err
			}
			n, _ := w.x.Dims()
			l, u := w.levels(n, p.Neurons, p.Delta)
			return checks.Instance{
				Hypotheses: w.hypotheses(),
				Facts:      []checks.Fact{checks.NewFact("R", w.radius), checks.NewFact("width for lambda_min(K_N) > 0", bounds.InvertibleWidth(n, w.radius, p.Delta))},
				Terms:      checks.Terms{Delta: checks.Float(p.Delta)},
				Trial: func(r *rand.Rand) checks.Measurement {
					least, greatest, err := w.extremes(newSampler(w.act, w.x, p.Neurons, copies).draw(r))
					if err != nil {
						return checks.Failed(err)
					}
					return checks.All(
						checks.Measurement{Part: "least", Observed: least, Predicted: 1 - low*(1-l), Term: -low * (1 - l), Relation: checks.AtLeast, Error: w.rounding},
						checks.Measurement{Part: "greatest", Observed: greatest, Predicted: 1 + high*(u-1), Term: high * (u - 1), Error: w.rounding},
					)
				},
			}, nil
		}
	}
	axes := start{Axes: 96, Neurons: 11, Delta: 0.2} // the tails are nearly exact where a count of 0 or 1 is at stake
	return checks.Claim[start]{
		ID: "montanari2022/kernel-chernoff", Title: "kernel of N neurons near its limit", Reference: "derived here, for the concentration theorem",
		Formula:    `l K \preceq K_N \preceq u K,\quad N\, D(l/R \,\|\, 1/R) = N\, D(u/R \,\|\, 1/R) = \log\frac{2n}{\delta}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Grid: []start{
			{Data: data.Spec{Kind: data.Sphere, N: 1, D: 1, Seed: 1}, Neurons: 30, Delta: 0.9},
			{Data: data.Spec{Kind: data.Sphere, N: 10, D: 8, Seed: 1}, Neurons: 200, Delta: 0.3},
			{Data: data.Spec{Kind: data.Sphere, N: 10, D: 8, Seed: 1}, Neurons: 200, Activation: "erf", Delta: 0.3},
			{Data: images.Hard(data.MNIST, 10, 49), Neurons: 400, Delta: 0.3},
			axes,
		},
		OnData: func(f checks.DataFile) []start {
			return []start{{Data: userfile.Rows(f, 20), Neurons: 1000, Delta: 0.3}}
		},
		Cost: start.cost, Setup: setup(1, 1, 1),
		Controls: []checks.Control[start]{
			{Name: "pairs", Why: "six different neurons spread more than eleven", At: []start{axes}, Setup: setup(2, 1, 1)},
			{Name: "least-nearer", Why: "a deviation a quarter smaller is passed too often below", At: []start{axes}, Setup: setup(1, 0.75, 1)},
			{Name: "greatest-nearer", Why: "a deviation a quarter smaller is passed too often above", At: []start{axes}, Setup: setup(1, 1, 0.75)},
		},
	}
}

// kernelWidth is how many neurons are enough for interpolation.
//
// Setting: as in kernel-chernoff.
//
// Hypotheses: lambda_min(K) > 0; N >= ln(n/delta)/-ln(1 - 1/R), which is at most R ln(n/delta): for random inputs Nd of order n log n.
//
// Conclusion: with probability at least 1-delta the rank of K_N is n, so that the linearised network interpolates any labels.
//
// Constants: ours: kernel-chernoff at l = 0, one-sided. At orthogonal inputs and ReLU, R = 2, an input is seen by no neuron with probability 2^{-N},
// and the rank is n with probability (1 - 2^{-N})^n against the bound 1 - n 2^{-N}. The rank counts the eigenvalues of the whitened kernel that
// exceed the rounding.
//
// Convention: unit inputs, w ~ N(0, I), output weights +-1 fixed, 1/sqrt N scaling; first layer linearised.
//
// Reference: derived here; the order Nd >= C n log n is in the survey of Bartlett, Montanari and Rakhlin (2021), Lemma 5.3.
//
// Control: three quarters of the neurons; and every neuron twice.
func kernelWidth() checks.Checkable {
	scaled := func(factor float64, copies int) func(start) (checks.Instance, error) {
		return func(p start) (checks.Instance, error) {
			w, err := p.whitening()
			if err != nil {
				return checks.Instance{}, err
			}
			n, d := w.x.Dims()
			need := bounds.InvertibleWidth(n, w.radius, p.Delta)
			neurons := int(math.Ceil(need / factor))
			return checks.Instance{
				Hypotheses: w.hypotheses(),
				Facts: []checks.Fact{
					checks.NewFact("required width", need), checks.NewFact("n/d, the least number of neurons", float64(n)/float64(d)),
					checks.NewFact("width of order n log n/d, constant 1", float64(n)*math.Log(float64(n))/float64(d)),
				},
				Terms: checks.Terms{Delta: checks.Float(p.Delta)},
				Trial: func(r *rand.Rand) checks.Measurement {
					kn := newSampler(w.act, w.x, neurons, copies).draw(r)
					count := 0
					if w.root == nil { // diagonal: its entries are the eigenvalues
						for i := range n {
							if kn.At(i, i) > w.rounding {
								count++
							}
						}
					} else if low, _, err := w.extremes(kn); err != nil {
						return checks.Failed(err)
					} else if low > w.rounding {
						count = n
					}
					return checks.Measurement{Observed: float64(count), Predicted: float64(n), Relation: checks.AtLeast}
				},
			}, nil
		}
	}
	axes := start{Axes: 64, Delta: 0.4} // N = 7.3, and eight fail with probability 0.22
	return checks.Claim[start]{
		ID: "montanari2022/kernel-width", Title: "neurons enough for any labels", Reference: "derived here; order in a survey",
		Formula:    `N \ge \frac{\log(n/\delta)}{-\log(1 - 1/R)} \;\Rightarrow\; \operatorname{rank} K_N = n`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Grid: []start{
			{Data: data.Spec{Kind: data.Sphere, N: 10, D: 8, Seed: 1}, Delta: 0.25},
			{Data: data.Spec{Kind: data.Sphere, N: 10, D: 8, Seed: 1}, Activation: "erf", Delta: 0.25},
			{Data: images.Hard(data.Fashion, 6, 49), Delta: 0.25},
			axes,
		},
		OnData: func(f checks.DataFile) []start { return []start{{Data: userfile.Rows(f, 20), Delta: 0.25}} },
		Cost: func(p start) checks.Cost {
			if w, err := p.whitening(); err == nil {
				n, _ := p.size()
				p.Neurons = int(min(1e9, bounds.InvertibleWidth(n, w.radius, p.Delta)))
			}
			return p.cost()
		},
		Setup: scaled(1, 1),
		Constants: []checks.Constant[start]{{
			Name: "neurons", Why: "the required number divided by the factor: the chance of a silent input doubles with each neuron less",
			At: []start{axes}, Factors: []float64{1.25, 1.5}, Scaled: func(p start, factor float64) (checks.Instance, error) { return scaled(factor, 1)(p) },
		}},
		Controls: []checks.Control[start]{
			{Name: "three-quarters", Why: "six neurons leave one of 64 inputs unseen, in mean", At: []start{axes}, Setup: scaled(4.0/3, 1)},
			{Name: "pairs", Why: "four different neurons are too few", At: []start{axes}, Setup: scaled(1, 2)},
		},
	}
}

// kernelRate is the rate in the number of neurons.
//
// Setting: n inputs uniform on the sphere of R^d, drawn once for a pass; ReLU; Nd/n = 32, 128, 512; at each
// the mean over several networks.
//
// Hypotheses: Nd/n is large; here from 32 on.
//
// Conclusion: ||K^{-1/2} K_N K^{-1/2} - I|| falls like (n/(Nd))^{1/2}: slope -1/2 in N.
//
// Constants: none; exponent of the theorem's bound, up to logarithms, and of the central limit theorem for fixed n and d, so that it cannot be
// larger either. The ladder begins where the next order, of relative size sqrt(n/(Nd)), has faded: measured slopes are within 0.003 of -1/2
// in mean at n = 4, d = 8.
//
// Convention: unit inputs, w ~ N(0, I), output weights +-1 fixed, 1/sqrt N scaling; first layer linearised.
//
// Reference: derived here, for the concentration theorem of Montanari and Zhong (2022).
//
// Control: eight neurons drawn over and over, whose deviation stays; and the rate n/(Nd).
func kernelRate() checks.Checkable {
	type ladder struct {
		N        int   `json:"n"`
		D        int   `json:"d"`
		Ratios   []int `json:"ratios"`          // of Nd to n
		Networks int   `json:"networks"`        // to average over at each width
		Fixed    int   `json:"fixed,omitempty"` // different neurons, where there are no more
	}
	setup := func(exponent float64) func(ladder) (checks.Instance, error) {
		return func(p ladder) (checks.Instance, error) {
			return checks.Instance{
				Terms: checks.Terms{Exponent: checks.Float(exponent), Resolution: 0.045, Trials: 64},
				Trial: func(r *rand.Rand) checks.Measurement {
					var m checks.Measurement
					w, err := whiten(nets.ReLU(), kernel.ReLU(), nets.UnitRows(p.N, p.D, r))
					if err != nil {
						return checks.Failed(err)
					}
					for _, ratio := range p.Ratios {
						neurons := max(1, ratio*p.N/p.D)
						copies := 1
						if p.Fixed > 0 {
							copies = max(1, neurons/p.Fixed)
						}
						networks, sum := newSampler(w.act, w.x, neurons, copies), 0.0
						for range p.Networks {
							low, high, err := w.extremes(networks.draw(r))
							if err != nil {
								return checks.Failed(err)
							}
							sum += max(1-low, high-1) / float64(p.Networks)
						}
						m.Ladder = append(m.Ladder, checks.Rung{Size: float64(neurons), Value: sum})
					}
					return m
				},
			}, nil
		}
	}
	fourfold := []int{32, 128, 512}
	small := ladder{N: 4, D: 8, Ratios: fourfold, Networks: 8}
	return checks.Claim[ladder]{
		ID: "montanari2022/kernel-rate", Title: "rate of the kernel in the number of neurons", Reference: "derived here, for the concentration theorem",
		Formula:    `\left\|K^{-1/2} K_N K^{-1/2} - I\right\| = \Theta\left(\sqrt{n/(Nd)}\right)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Along: "neurons $N$", Version: 1,
		Grid: []ladder{{N: 4, D: 8, Ratios: fourfold, Networks: 32}},
		Cost: func(p ladder) checks.Cost {
			c := checks.Cost{}
			for _, ratio := range p.Ratios {
				c.Trial += float64(p.Networks) * (tangentCost(p.N, p.D, ratio*p.N/p.D) + costs.Eigenvalue(p.N))
			}
			return c
		},
		Setup: setup(-0.5),
		Controls: []checks.Control[ladder]{
			{Name: "same-neurons", Why: "eight neurons stay as far from the limit as they are", At: []ladder{{N: 4, D: 8, Ratios: fourfold, Networks: 8, Fixed: 8}}},
			{Name: "faster", Why: "a slope of -0.7 is not there", At: []ladder{small}, Setup: setup(-0.7)},
			{Name: "slower", Why: "a slope of -0.3 is not there", At: []ladder{small}, Setup: setup(-0.3)},
		},
	}
}

// kernelEdges is the picture behind the transition.
//
// Setting: n inputs uniform on the sphere of R^d; ReLU; Nd/n = 2, 6, 20.
//
// Hypotheses: n = 48, d = 12, N = 80: the size at which the allowances were fitted.
//
// Conclusion: for at least half of the draws the least eigenvalue of K^{-1/2} K_N K^{-1/2} lies within 0.05 of (1 - sqrt g)^2 and the greatest within 0.11
// of (1 + sqrt g)^2, g = n/(Nd), at Nd/n = 20: the edges of Marchenko and Pastur for Nd independent features.
//
// Constants: fitted. The edges are those of independent features, which those of a neuron are not; no derivation is known to us, and the allowances
// were chosen from runs: the distances are 0.001 and -0.016 in mean, with standard deviations of 0.03 and 0.05. It is a picture for
// many neurons, not a limit in d: at Nd/n = 10 and n = 5d the mean distances grow to -0.035 and 0.05 at d = 96, where N = 50 as at d = 12.
//
// Convention: unit inputs, w ~ N(0, I), output weights +-1 fixed, 1/sqrt N scaling; first layer linearised.
//
// Reference: measured here; it draws the transition of Montanari and Zhong (2022).
//
// Control: half the neurons; and every neuron twice.
func kernelEdges() checks.Checkable {
	setup := func(copies int, share float64) func(model) (checks.Instance, error) {
		return func(p model) (checks.Instance, error) {
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{
					checks.RequireThat("n = 48, d = 12, N = 80", p.N == 48 && p.D == 12 && p.Neurons == 80),
				},
				Terms: checks.Terms{Delta: 0.5},
				Trial: func(r *rand.Rand) checks.Measurement { return p.edges(copies, share, r) },
			}, nil
		}
	}
	p := model{N: 48, D: 12, Neurons: 80, Activation: "relu"}
	return checks.Claim[model]{
		ID: "montanari2022/kernel-edges", Title: "edges of the whitened kernel, n = 48", Reference: "measured here",
		Formula:    `\lambda\left(K^{-1/2} K_N K^{-1/2}\right) \approx \left(1 \mp \sqrt{n/(Nd)}\right)^2`,
		Convention: convention, Basis: checks.Fitted, Form: checks.Probably{}, Version: 1,
		Grid: []model{p},
		Cost: func(p model) checks.Cost {
			return checks.Cost{Trial: 5 * tangentCost(p.N, p.D, p.Neurons), Size: fmt.Sprintf("n=%d", p.N)}
		},
		Setup: setup(1, 1),
		Controls: []checks.Control[model]{
			{Name: "half-the-neurons", Why: "g doubles", At: []model{p}, Setup: setup(1, 0.5)},
			{Name: "pairs", Why: "g doubles", At: []model{p}, Setup: setup(2, 1)},
		},
	}
}

// edges compares one draw with the law, whose edges are those for a share of the neurons.
func (p model) edges(copies int, share float64, r *rand.Rand) checks.Measurement {
	w, err := whiten(nets.ReLU(), kernel.ReLU(), nets.UnitRows(p.N, p.D, r))
	if err != nil {
		return checks.Failed(err)
	}
	var ratios, lows, highs, below, above []float64
	var here [2]float64
	for _, ratio := range []int{2, 6, 20} {
		neurons := ratio * p.N / p.D
		low, high, err := w.extremes(newSampler(w.act, w.x, neurons, copies).draw(r))
		if err != nil {
			return checks.Failed(err)
		}
		if neurons == p.Neurons {
			here = [2]float64{low, high}
		}
		g := math.Sqrt(1 / float64(ratio))
		ratios, lows, highs = append(ratios, float64(ratio)), append(lows, low), append(highs, high)
		below, above = append(below, (1-g)*(1-g)), append(above, (1+g)*(1+g))
	}
	g := math.Sqrt(float64(p.N) / (share * float64(p.Neurons*p.D)))
	m := checks.All(
		checks.Measurement{Part: "least", Observed: here[0], Predicted: (1 - g) * (1 - g), Relation: checks.Equal, Tolerance: 0.05},
		checks.Measurement{Part: "greatest", Observed: here[1], Predicted: (1 + g) * (1 + g), Relation: checks.Equal, Tolerance: 0.11},
	)
	axes := curve.Axes{X: "parameters over inputs, Nd/n", Y: "extreme eigenvalues, whitened", LogX: true}
	m.Series = []checks.Series{
		axes.Measured("least", ratios, lows), axes.Bound("(1 - sqrt(n/(Nd)))^2", ratios, below),
		axes.Measured("greatest", ratios, highs), axes.Bound("(1 + sqrt(n/(Nd)))^2", ratios, above),
	}
	return m
}
