// Package stats is the statistical instrument of the engine: it knows counts,
// means, slopes and crossings, and nothing of claims.
//
//	form       check
//	probably   Binomial
//	mean       MeanCS, CatoniCS
//	scaling    FitSlope
//	bounded    FitBounded
//	threshold  FitThreshold
//
// Binomial, MeanCS and CatoniCS may be looked at after every trial and stopped at any
// time; the regressions (slope, bounded, threshold) are for a number of trials
// declared beforehand. Each doc comment says which guarantee is exact, which
// rests on a model and which is asymptotic, and the package's tests measure the
// error rates, so that none has to be believed.
//
// References:
//
//	[Hol79]  Holm. A simple sequentially rejective multiple test procedure.
//	         Scand. J. Statist. 6, 1979.
//	[Lai76]  Lai. On confidence sequences. Ann. Statist. 4, 1976.
//	[Loa00]  Loader. Fast and accurate computation of binomial probabilities. 2000.
//	[Rob70]  Robbins. Statistical methods related to the law of the iterated
//	         logarithm. Ann. Math. Statist. 41, 1970.
//	[WR23]   Wang, Ramdas. Catoni-style confidence sequences for heavy-tailed mean
//	         estimation. Stochastic Process. Appl. 163, 2023.
//	[WR24]   Wang, Ramdas. Anytime-valid t-tests and confidence sequences for
//	         Gaussian means with unknown variance. arXiv:2310.03722.
//	[WSR24]  Waudby-Smith, Ramdas. Estimating means of bounded random variables
//	         by betting. J. R. Stat. Soc. B 86, 2024.
//	[WS+24]  Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas. Time-uniform central
//	         limit theory and asymptotic confidence sequences. Ann. Statist. 52, 2024.
package stats
