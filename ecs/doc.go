// Package ecs is the world as data: nodes and what they hold, envelopes in
// flight, random streams, the digest, snapshots. It knows no clock, no
// network, no files and no goroutines, and nothing of what nodes do: package
// systems does.
//
// # Nodes, rows, numbers
//
// A node is an entity of one program, and a row of that program's columns: its
// [Life], and one plain struct that the program declared. A node has a name,
// which is what draws and digests go by, and a number ([Node]), which is only
// an address. Numbers are never reused in a run. Rows are: a death frees the
// row at the end of the phase, and a birth takes the latest freed one, so rows
// never move and a column is one array. A slice of a column is good until the
// [Table]'s epoch changes, which it does when the column grows.
//
// State is plain: bool, sized integers, floats, arrays and structs of them, no
// pointers, laid out alike on every architecture (each value aligned to its
// size, gaps written out as fields named _, the whole a multiple of 8 bytes).
// A column is below 4 GiB. What cannot be columns is [Boxed]: Go values that
// give their canonical bytes and take them back.
//
// What is not a node (links, timers, checks) lies in [Rows], tables with the
// same face as a program's columns, so that digest, snapshot and export walk
// all of them without knowing what they mean.
//
// # Envelopes
//
// Everything pending is an [Envelope] of 32 bytes in a wheel, due at a tick
// from 1 to [MaxDelay] ahead; recurring timers alone are not. Envelopes of one
// tick leave in the order in which they were sent, grouped by program in order
// of declaration. The payload is two words, or bytes in a slab.
//
// What is sent to [Everyone] goes to whoever takes it ([Fans]): one envelope, a
// fan, is in flight for all nodes of a program that are given it in a tick, and
// counts as as many as they are.
//
// An envelope's ID is derived from the ID of the event that caused it and the
// index of the send; the ID of an event without an envelope (a recurring
// timer, a start) from the node's name, what happens, and the tick. A draw is
// a function of seed, stream name, tick, event ID and how many the event drew
// before: see package random. So nothing that is added to a world shifts the
// draws of what was there.
//
// # Programs
//
// A program is given a [Batch]: envelopes that are due and the rows of their
// targets. It changes its columns and appends to Out what is to be sent, in
// the order of causes. How a tick is split into batches is not visible: a
// program must give the same for any split.
//
// # Digest and snapshot
//
// The digest folds every envelope sent, birth, death, change of life and input,
// in order. About every four deliveries a node it folds a hash of all state,
// which does not depend on the order of rows. [World.Snapshot] copies all
// state between two ticks, [World.Restore] puts it back, into the same world
// or one declared alike; the digests that follow are the same.
//
// # Errors
//
// Misuse by the caller panics and says why. A limit that a run meets panics
// with a [LimitError], which package scheduler returns as an error. With
// -tags debug, a slice of a column that was kept over a change of epoch and
// written to, and a row written that a program was not given, panic too.
package ecs
