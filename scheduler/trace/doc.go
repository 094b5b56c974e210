// Package trace is the record of a run: an MCAP file, written while the run
// goes, from which the run can be verified, revisited and continued. It opens
// no file and knows no clock: a [Writer] is given an io.Writer, a [File] an
// io.ReaderAt.
//
// # The contract
//
// The same run gives the same bytes: log times are simulated, nothing of the
// machine goes in, and chunks end where their content says. A record that is
// cut short, or damaged in places, is read up to, or but for, the chunks that
// are not whole; every chunk has a sum. A reader takes no more memory than a
// few chunks, and believes no length that it has not held against what is
// there. What came from outside is written by the end of its tick: that cannot be
// had again, as all else can.
//
// # What is in it
//
// Sources of the scenario are attachments; seed, flags, revisions, and length and
// SHA-256 of each source are metadata named "run", what came of it is metadata
// named "end". Topics:
//
//   - inputs: what was done to the world from outside
//   - faults: what the scenario planned
//   - events: what nodes noted and printed
//   - checks: outcomes as they are decided
//   - series: values of series
//   - measures, counts: what they came to, at snapshots and at the end
//   - columns/N: the N-th export, as keyframes and deltas
//   - digests: the digest at the end of every tick that was not skipped
//   - checkpoints: what all state is hashed as, a column a table
//   - snapshots: complete state, a chunk each
//   - messages: every envelope sent, if asked for
//
// The first seven, and messages, are JSON with a JSON Schema. Columns, digests and
// checkpoints are raw: a header in JSON, its length before it (4 bytes, little-endian), then
// columns, little-endian, each at a multiple of 8 bytes from the message's
// start. Log time is simulated time.
//
// # Use
//
// A [Recorder] is made for a run before its first tick and closed after its
// last. [Open] reads; [Verify] runs a run made anew against a trace, and
// [File.Restore] takes it to a moment.
package trace
