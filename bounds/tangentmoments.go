package bounds

import (
	"math"

	"convergo/bounds/kernel"
)

// HalfLastTheta is the limit kernel of Cao and Gu (2019) for L weight layers, Theta = (Th + Sigma)/2: hidden layers
// start with variance 2/m and the last with 1/m, so that all terms but that of the last layer are halved.
func HalfLastTheta(layers int) kernel.Kernel {
	weights := make([]float64, layers)
	for l := range weights {
		weights[l] = 0.5
	}
	weights[layers-1] = 1
	return kernel.NTKWeighted(weights)
}

// GradientMoments returns the mean and the standard deviation of m^{-1} |grad_{W_l} f(x)|_F^2, |x| = 1, for the ReLU
// network of that paper with the given number L >= 2 of weight layers, all hidden ones of width m. The mean is
// 1 for l = L and 1/2 otherwise, and the relative second moment (1+5/m)^{L-1} for every l.
//
// The squared norm is |h_{l-1}|^2 |b_l|^2. Changing the sign of a neuron's incoming weights where it is
// shut, and of its outgoing weights with it, shows that the gates along x are as good as fair coins independent of
// all weights. So |h_k|^2/|h_{k-1}|^2 and |b_k|^2/|b_{k+1}|^2 are independent, each (2/m) sum_r c_r g_r^2 with coins c
// and normals g (half of it for the last layer), whose second moment is 1 + 4 (3/2 - 1/4)/m times the square of its mean.
func GradientMoments(layers, layer, m int) (mean, deviation float64) {
	mean = 0.5
	if layer == layers {
		mean = 1
	}
	return mean, mean * math.Sqrt(math.Pow(1+5/float64(m), float64(layers-1))-1)
}

// OutputSquareMoments returns the mean 1 and the standard deviation of f(x)^2 for that network: given the last
// features f(x) is normal of variance |h_{L-1}|^2, so that E f^4 = 3 (1+5/m)^{L-1}.
func OutputSquareMoments(layers, m int) (mean, deviation float64) {
	return 1, math.Sqrt(3*math.Pow(1+5/float64(m), float64(layers-1)) - 1)
}

// TwoLayerTangentVariance is the variance of m^{-1} <grad f(x), grad f(x')>, an average of m copies of
// 2 relu(u) relu(v) + r g^2 1{u>0} 1{v>0}, for L = 2 and unit inputs at the given angle, r = cos(angle):
//
//	(1/m) [ 2 J2/pi + 2 r k1 + (3/2) r^2 k0 - (k1 + r k0/2)^2 ],
//
// with k0, k1 the arc-cosine kernels of package kernel and J2 = 3 sin cos + (pi - angle)(1 + 2 cos^2), for which
// E[2 relu(u)^2 relu(v)^2] = J2/pi.
func TwoLayerTangentVariance(angle float64, m int) float64 {
	sin, r := math.Sincos(angle)
	k0 := (math.Pi - angle) / math.Pi
	k1, _ := kernel.NNGPStep(angle)
	j2 := 3*sin*r + (math.Pi-angle)*(1+2*r*r)
	mean := k1 + r*k0/2
	return math.Max(0, 2*j2/math.Pi+2*r*k1+1.5*r*r*k0-mean*mean) / float64(m)
}
