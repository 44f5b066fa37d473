// Package cao2022 checks Cao, Chen, Belkin and Gu, "Benign Overfitting in Two-layer Convolutional Neural Networks"
// (NeurIPS 2022).
//
// A two-layer convolutional network with activation ReLU^q, q > 2, is trained by gradient descent on the logistic loss, on data
// of one signal and one noise patch. The training loss always goes to zero. Whether the network generalises is decided by n SNR^q:
// far above 1 the filters learn the signal and the test loss is small too, far below 1 they memorise the noise and it stays
// above a constant. The proof rests on an exact decomposition of every filter into signal and noise.
//
// The abstract and introduction were read, and the number and hypothesis of Theorem 4.3 are confirmed by other papers; all else
// of the paper is recalled, and says so. Identities, rates and constants are derived here.
//
// Setting: labels y = +-1; patches y mu and xi ~ N(0, sigma_p^2 (I - mu mu^T/|mu|^2)) in R^d; SNR = |mu|/(sigma_p sqrt d);
// f(x) = F_{+1}(x) - F_{-1}(x), F_j(x) = (1/m) sum_r [sigma(<w_{j,r}, y mu>) + sigma(<w_{j,r}, xi>)], sigma(z) = max(0,z)^q;
// w_{j,r} ~ N(0, sigma_0^2 I) at the start; L_S = (1/n) sum_i log(1 + exp(-y_i f(x_i))), L_D its mean over fresh samples.
// Where only ratios matter, sigma_p = d^{-1/2}, so that a noise patch has norm about 1 and SNR = |mu|.
//
//	paper                  here
//	n, m, d, q             N, M, D, Q of the parameters
//	SNR, n SNR^q           snr of setting, C of the parameters
//	sigma_0                Scale of the parameters is sigma_0 sigma_p sqrt d
//	eta                    Step of the parameters is eta max(|mu|^2, sigma_p^2 d)
//	gamma, rho             Gamma and Rho of bounds.Decomposition
//	W^(t)                  signalnoise.Network and signalnoise.Descent of nets
//	T_gamma, T_rho         bounds.GrowthTime
//
// Files, in the order of the proof: decomposition and signs (the coefficients), concentration (the noise patches), start (the filters
// at the start), growth (the first stage), race (which of the two wins), regimes (what Theorems 4.3 and 4.4 become with their
// constants), population (why the test loss stays high). The theorems hide constants and logarithms in their hypotheses and times, so that
// no run can contradict them as they are; neither they nor the rate of the second stage are checked.
package cao2022

import (
	"embed"
	"math"
	"math/rand/v2"

	"convergo/checks"
	"convergo/nets/signalnoise"
)

//go:embed *.go
var files embed.FS

// Source is the paper with its claims.
func Source() checks.Source {
	return checks.Source{
		Key:     "cao2022",
		Title:   "Benign Overfitting in Two-layer Convolutional Neural Networks",
		Authors: "Yuan Cao, Zixiang Chen, Mikhail Belkin, Quanquan Gu",
		Year:    2022,
		BibTeX: `@inproceedings{cao2022,
  author        = {Cao, Yuan and Chen, Zixiang and Belkin, Mikhail and Gu, Quanquan},
  title         = {Benign Overfitting in Two-layer Convolutional Neural Networks},
  booktitle     = {Advances in Neural Information Processing Systems},
  volume        = {35},
  pages         = {25237--25250},
  year          = {2022},
  eprint        = {2202.06526},
  archivePrefix = {arXiv}
}`,
		Files: files, Tables: paperTables(),
		Claims: []checks.Checkable{
			decomposition(), signs(), unlearning(),
			noiseNorms(), noiseOverlaps(), overlapLevel(),
			startProducts(), startLaws(),
			growthTime(), growthExponent(),
			raceConservation(), race(),
			benign(), harmful(), populationLoss(),
		},
	}
}

const convention = "mean logistic loss, second layer +-1/m fixed, full-batch gradient descent on all filters"

// setting is a draw of data and network with a step size.
type setting struct {
	N     int     `json:"n"`
	M     int     `json:"m"`
	D     int     `json:"d"`
	Q     float64 `json:"q"`
	C     float64 `json:"c"`     // n SNR^q
	Scale float64 `json:"scale"` // sigma_0 sigma_p sqrt d
	Step  float64 `json:"step"`  // eta max(|mu|^2, sigma_p^2 d)
}

// snr is |mu| at sigma_p sqrt d = 1.
func (p setting) snr() float64 { return math.Pow(p.C/float64(p.N), 1/p.Q) }

func (p setting) eta() float64 { return p.Step / math.Max(1, p.snr()*p.snr()) }

func (p setting) law() signalnoise.Law {
	return signalnoise.Law{D: p.D, Mu: p.snr(), SigmaP: 1 / math.Sqrt(float64(p.D))}
}

func (p setting) config() signalnoise.Config {
	return signalnoise.Config{Filters: p.M, Sigma0: p.Scale, Activation: signalnoise.Power(p.Q)}
}

// start draws data and network, and checks the law.
func (p setting) start(r *rand.Rand) (*signalnoise.Sample, *signalnoise.Network, error) {
	law := p.law()
	if err := law.Check(); err != nil {
		return nil, nil, err
	}
	s, net := law.Start(p.N, p.config(), r)
	return s, net, nil
}

// cost is the price of a start and of so many steps of descent.
func (p setting) cost(steps float64) float64 {
	vectors, filters := float64(p.N+1), float64(2*p.M)
	span := float64(p.N) + filters
	return 8*span*span + 4*vectors*vectors*span + steps*filters*vectors*(8+2*vectors)
}

// orthogonal is a sample whose noise patches are orthogonal to mu and to each other, with given norms and labels: mu along the first
// coordinate, xi_i along the next ones.
func orthogonal(mu float64, norms, y []float64) *signalnoise.Sample {
	law := signalnoise.Law{D: len(norms) + 1, Mu: mu}
	s := law.Draw(len(norms), rand.New(rand.NewPCG(0, 0)))
	for i, norm := range norms {
		s.Xi.Set(i, i+1, norm)
	}
	copy(s.Y, y)
	return s
}
