// Package scheduler runs a world: it decides which tick comes next, takes it
// through its phases, and stops where it is told to. It knows no clock, starts
// no goroutine and performs no effect; what a run shows goes to observers.
//
// # The contract
//
// The same world, seed and inputs give the same digest at the end of every
// tick: on every architecture, at any GOMAXPROCS, with or without observers,
// however many ticks are asked for at a time, and with snapshots, restores and
// forks in between. What a program must do for it is in package systems, and
// the lint cmd/detlint checks it; [Compare] finds where two runs part that
// should not. Each promise is a test of this package.
//
// # A tick
//
// A tick goes through these phases, and there is no other order anywhere:
//
//   - input: faults and commands due, as they were added
//   - act: what is due, program by program in order of declaration, within one
//     in send order; then recurring timers, by program, entry and node; then the
//     exits asked for
//   - structure: births, deaths, and what follows from them
//   - check: the checks that want to look, if something acted
//   - observe: series, then observers; they read, and cannot write
//
// Ticks in which nothing is due are skipped, and cost nothing: an idle world
// runs a billion of them at once.
//
// # A run
//
// [New] makes a run of an empty world; programs, nodes, links, checks and
// measures are added to its [systems.Set]. Then [Run.Start] starts nodes, and
// [Run.At] says what happens to them when. [Run.RunUntil] runs up to a tick,
// [Run.RunUntilQuiet] until nothing is on its way any more, [Run.Step] one
// tick; [Run.End] sums up. A [Pacer] says how far a run should have come by a
// moment of any clock.
//
// A run that panics in a program, or meets a limit, ends with a [Failure] that
// names node, tick and seed, and does not go on. It can be restored to a
// snapshot from before.
//
// A snapshot is complete: [Run.Restore] takes the same run back to it, and
// [Run.Fork] makes another that continues from it. A fork shares the programs'
// functions, so those must keep nothing of a world but numbers: nodes, kinds,
// streams, programs. State that a handler keeps in a variable of its own is in
// no snapshot.
package scheduler
