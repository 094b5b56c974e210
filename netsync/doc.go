// Package netsync is the wire between a running world and whoever looks on: how
// exported columns become frames, what a viewer is given and when, how a replica
// is kept equal to its source and knows when it is not, and what an outsider may
// ask for. docs/protocol.md has the bytes.
//
// It is pure. It opens no socket, starts no goroutine and knows no clock: time is
// an argument ([Nanos]), messages are parts ([][]byte) that somebody else moves.
// Nothing here is safe for concurrent use but an [Image], which is handed over.
//
// # Publishing
//
// A [Hub] has topics. A topic is a table (columns, as a keyframe or a delta, and
// the same as JSON rows for people), a document (one JSON value, the latest
// counts) or a log (JSON items, each once). Every topic counts its frames, so
// that a gap is seen, and every header bears run and epoch, so that a restart
// and a fork are.
//
//   - [Hub.Due] says which topics somebody wants and whose time has come. Who
//     runs the world fills an [Image] for each, which is all that its thread
//     does, and hands it to [Hub.Publish].
//   - A [Viewer] is asked for its next frame whenever it can take one. There is
//     no queue: a viewer stands at a number of each topic, and what follows is
//     the next delta if it is kept yet, and else a keyframe that says how many
//     frames were missed. So a viewer that stalls costs nothing, and one that
//     lags gets the newest state. Topics take turns by bytes (deficit round
//     robin: Shreedhar and Varghese, 1995).
//
// # Looking on
//
// A [Replica] takes the frames of a table. What does not follow from what it
// holds it refuses, and has a request to send instead. A frame may come from
// anywhere: nothing is allocated before its lengths are held against its bytes,
// and a frame that is refused changes nothing.
//
// # Asking
//
// [ParseRequest] reads a request strictly. What only looks is answered by
// [Desk.Answer]; what acts on the world becomes a [Command] in a queue, which is
// drained at a tick's boundary by who runs the world.
package netsync
