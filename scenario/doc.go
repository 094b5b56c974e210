// Package scenario is the language: one Starlark file that says what nodes
// run, how they are linked, what goes wrong when, and what must hold, becomes
// a world that package scheduler runs.
//
// [Load] reads the file, and the topologies and files it names, through a given
// fs.FS and nothing else, runs its top level, and returns a [Scenario]: a run
// that is built and has not begun. Everything wrong is reported together, as
// [Errors]: where, in what, when, what, and the cure.
//
// # State
//
// A program declares its state. Fields whose defaults are bool, int, float or
// duration are columns of a struct made at run time; others are boxed, kept by
// row as Starlark values, and given to the engine as canonical bytes (package
// value). Values are copied in. What a handler sent is frozen.
//
// # Determinism
//
// Handlers run one after the other on one thread, see their own node's state
// and the event, and draw from streams keyed by the event. Steps, depth of
// calls and bytes of values are limited; meeting a limit, and any error, ends
// the run. Kinds, figures and checks are declared while the file is read, so
// that a snapshot fits any load of the same file.
package scenario
