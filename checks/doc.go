// Package checks turns a published claim into a program that can fail.
//
// A theorem reads "for every data set and width such that H, with probability
// at least 1-δ over the initialisation, C". The two quantifiers need two
// engines and are never mixed:
//
//   - "for all" is adversarial. [Claim.Space] is a rapid generator of
//     parameters; the engine looks for a counterexample and shrinks it.
//   - "with probability" belongs to the theorem's own law. A [Trial] draws from
//     it with an indexed stream (see [Stream]) that rapid never sees: trial i of
//     a claim on given parameters gets the same stream on any machine, in any
//     order, with any number of workers.
//
// In code the two are two functions, one inside the other, so that the
// quantifiers can be read off:
//
//	Space: a *rapid.Generator[P]          // for all P
//	Setup: func(P) (Instance, error)      // data, limit kernel, hypotheses: once per P
//	Trial: func(*rand.Rand) Measurement   // one draw from the theorem's law
//
// How trials are judged depends on the form of the statement ([Always],
// [Probably], [Mean], [Scaling], [Bounded], [Threshold]); the answer is a
// [Verdict] at a stated confidence, never a bare pass. Every claim carries at
// least one [Control], a sabotaged variant that must be refuted: a claim whose
// control is not refuted counts as broken, because a check that cannot fail is
// no check.
//
// [Test] runs a claim inside go test. [Run] runs many of them into a run folder
// of records that [Open] reads back and [Summarize] judges; [Replay] repeats a
// witness.
package checks
