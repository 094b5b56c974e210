// Package random gives the draws of a run: keyed, counter-based, without state
// that outlives an event.
//
// # Contract
//
// The n-th draw is a function of (seed, stream name, tick, event ID, n) and of
// nothing else. No generator is shared: an event that is added, left out or
// handled in another order changes no other event's draws. That is what lets a
// scenario be shrunk, a node be added, or a program be moved to another process
// without shifting the luck of the rest.
//
//	key := random.NewKey(seed, "link.loss") // once a run and stream
//	source := key.At(tick, envelopeID)      // once an event
//	if source.Chance(loss) { … }            // its 1st draw, and so on
//
// Values are the same on every architecture: all is integer arithmetic, but for
// [Source.Unit] and the last conversion of [Source.Normal], which are exact or
// rounded once, and [Source.Zipf], which computes with package detmath.
//
// A Source is a value: a copy continues from the same place and gives the same
// draws. Names of streams are part of the run: renaming one changes its draws.
//
// Methods panic on arguments that only a bug can bring (an empty range, k > n);
// what a scenario may bring is checked by the constructors that return errors:
// [Ratio], [Fraction], [NewZipf].
//
// # Not for secrets
//
// Draws are predictable from a few of them. Nothing here is cryptographic.
package random
