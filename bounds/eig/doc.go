// Package eig computes extreme eigenvalues of symmetric matrices together with rigorous error bounds.
//
// [Min], [Max] and [Norm] return a [Certified] value: an interval that contains the eigenvalue of the
// stored matrix whatever rounding did on the way. The estimate itself (dense or inverse Lanczos) is
// not trusted. Its two sides are proved afterwards:
//
//   - below, by a floating-point Cholesky factorisation of A - sI that runs to completion. Then
//     A - sI + E is positive semidefinite with ||E||_2 <= g/(1-g) tr(A - sI), g = (n+4)u/(1-(n+4)u),
//     u = 2^-53 (Higham 2002, Theorem 10.3 and the proof of 10.7; Rump 2006), so lambda_min >= s - ||E||;
//   - above, by a Rayleigh quotient with an explicit bound on the rounding of its evaluation.
//
// Beyond n = 200 that costs two factorisations and some twenty solves, one of the factors being that behind the estimate: half of
// what LAPACK takes for the eigenvalues alone. An estimate that the factorisation does not confirm is taken again with a
// stricter end of the iteration, and then lowered until one does. The factorisations are those of gonum, on the BLAS that the program
// has put under blas64.
//
// An eigenvalue that cannot be told from zero comes back with OK false and the interval that could be
// proved; it is never replaced by a plausible number. [Certified.Widen] adds the error of the matrix
// itself (Weyl's inequality), such as n times an entrywise bound on the rounding of a kernel.
//
// [All] returns the whole spectrum.
//
// References:
//
//	[Higham2002] N. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002.
//	[Rump2006] S. Rump, Verification of positive definiteness, BIT 46 (2006) 433-452.
//	[Parlett1998] B. Parlett, The Symmetric Eigenvalue Problem, SIAM 1998 (Lanczos, residual bounds).
package eig
