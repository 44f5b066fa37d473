// Package signalnoise implements the data and the network of Cao et al. (2022): samples of two patches, of which one is a
// signal and the other noise, and a two-layer convolutional network that shares its filters between them.
//
// A sample has a label y = +1 or -1 and the patches y mu and xi, xi ~ N(0, sigma_p^2 (I - mu mu^T/|mu|^2)). With m
// filters for each sign j the network is
//
//	f(x) = F_{+1}(x) - F_{-1}(x),  F_j(x) = (1/m) sum_r [ sigma(<w_{j,r}, y mu>) + sigma(<w_{j,r}, xi>) ],
//
// sigma(z) = max(0, z)^q, and only the filters are trained, by gradient descent on (1/n) sum_i log(1 + exp(-y_i f(x_i))).
//
// [Network.Step] is descent on the weights. [Descent] does the same in the inner products of the filters with the n+1
// vectors mu, xi_1, ..., xi_n, at a price that the dimension does not enter. [Law.Start] draws data and network in coordinates
// of their span, so that dimensions of 1e9 cost as little as small ones.
//
// References:
//
//	[Cao2022]  Cao, Chen, Belkin, Gu. Benign Overfitting in Two-layer Convolutional Neural Networks. NeurIPS 2022.
package signalnoise
