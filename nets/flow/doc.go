// Package flow follows gradient flow, theta'(t) = -grad f(theta(t)), to nearly the precision of float64, and gradient descent
// beside it, for any function f of a vector of parameters.
//
// Flow is an adaptive Dormand-Prince method of order 5(4) that lands exactly on the times it is asked for. Its error is
// controlled, not proved: a claim that compares with it states how far it trusts it.
//
// References:
//
//	[Dormand1980]  Dormand, Prince. A family of embedded Runge-Kutta formulae. J. Comput. Appl. Math. 6 (1980) 19-26.
//	[Hairer1993]   Hairer, Norsett, Wanner. Solving Ordinary Differential Equations I. 2nd ed., Springer 1993.
package flow
