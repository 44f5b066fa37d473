// Package elkabetz2021 checks Elkabetz and Cohen, "Continuous vs. Discrete Optimization of Deep Neural Networks" (NeurIPS 2021).
//
// The paper takes gradient descent for Euler's method on gradient flow. How far the two part is ruled by the negative
// curvature around the path of the flow: descent follows flow if its step is below an explicit number, which falls
// exponentially with the accumulated negative curvature. For networks with homogeneous activations the Hessian is far less
// negative along flows from small weights than it is elsewhere, and for deep linear networks with one output a step of moderate size
// carries the convergence of the flow over to descent.
//
// We could read the authors' summary (N. Cohen on offconvex.org, January 2022) and their code (github.com/elkabzo/cont_disc_opt_dnn),
// not the text of the paper: theorems bear the numbers of the summary, and every constant is derived here. Statements of
// the summary that hide constants are checked in an explicit form.
//
// Setting: f twice differentiable; flow theta'(t) = -grad f(theta(t)); descent theta_{k+1} = theta_k - eta grad f(theta_k), compared
// at times t = k eta. Networks have n >= 2 weight layers, no biases, and an activation that is linear on either side of zero.
//
//	paper                  here
//	theta                  a flat vector of weights (nets/homogeneous)
//	gradient flow          flow.Integrator of nets/flow
//	W_{n:1}                Objective.Product
//	balanced weights       homogeneous.Balanced
//	m(t), beta, gamma      Curvature, Smoothness, Gradient of bounds.TubeCell
//
// Files, in the order of the claims: tracking (the main theorem) with tubes (its objectives), simplified and firstorder (its convex
// and first-order forms), ridge (steps must be small), hessian and homogeneous (curvature of networks), balance (its conservation),
// balancedflow (the exact flow, and the curvature along it), convergence (descent) and steps (the experiment).
package elkabetz2021

import (
	"embed"

	"convergo/checks"
)

//go:embed *.go
var files embed.FS

// Source is the paper with its claims.
func Source() checks.Source {
	return checks.Source{
		Key:     "elkabetz2021",
		Title:   "Continuous vs. Discrete Optimization of Deep Neural Networks",
		Authors: "Omer Elkabetz, Nadav Cohen",
		Year:    2021,
		BibTeX: `@inproceedings{elkabetz2021,
  author        = {Elkabetz, Omer and Cohen, Nadav},
  title         = {Continuous vs. Discrete Optimization of Deep Neural Networks},
  booktitle     = {Advances in Neural Information Processing Systems},
  volume        = {34},
  pages         = {4947--4960},
  year          = {2021},
  eprint        = {2107.06608},
  archivePrefix = {arXiv}
}`,
		Files: files, Tables: paperTables(),
		Claims: []checks.Checkable{
			tracking(), trackingCells(),
			convex(), firstOrderLaw(),
			ridgeDeviation(), ridgeStep(),
			hessianLinear(), hessianHomogeneous(), negativeCurvature(),
			balanceFlow(), balanceStep(), balanceDrift(),
			balancedFlow(), accumulated(),
			minimumSharpness(), descentTime(),
			smallerSteps(),
		},
	}
}

const (
	unit       = 1.0 / (1 << 53) // unit roundoff
	convention = "no biases, no factors of the width; sum of squares (1/2)||W_{n:1} - Lambda||_F^2 unless said otherwise"
)
