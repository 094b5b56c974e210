// Package systems is what happens in a world: one behaviour a file, over the
// nodes and tables that package ecs keeps. A [Set] wires them to each other;
// package scheduler calls them, phase by phase.
//
// # Contract
//
// Programs ([Program] for columns, [Node] a node at a time) are given what is
// due and say what is sent. How what is due is split into batches shows
// nowhere: not in the digest, nor in any state.
//
// A link ([Link]) computes in nanoseconds and rounds up to a tick once:
// start = max(now, free), free = start + 8·size/bandwidth, due = the tick of
// free + latency + jitter, and at least the next one. Its verdicts are drawn by
// the names of both ends and the envelope's ID, a stream a kind of verdict, so
// that nothing else in the world shifts them. A network ([Links.Network]) is a
// mesh of which no edge is stored. A cut ([Cuts]) judges at sending. What a
// node sends to itself crosses no link and no cut.
//
// Each start of a node raises its incarnation ([Lifecycle]). One-shot timers
// ([Timers]) die with it; messages outlive a crash, and are dropped if the
// node is down when they come due. What comes due for a paused node waits, in
// a bounded list ([Waiting]), and goes ahead of its tick's own once the node
// goes on. Recurring timers ([Recurring]) fire after the tick's envelopes, by
// program, entry and node, each node's first one a period after its start.
//
// A service ([Services]) is a named function that nodes provide and others call.
// Requests and replies are envelopes like messages, over links. Each call ends
// once: with a value, or with a [Reason]. Calls, provisions and deferred requests end with
// their node's incarnation, and a reply that comes late is dropped. What a node has
// not answered when it ends, and what comes while it is down, is refused, by an
// envelope that travels as a reply does.
//
// A group ([Groups]) is a node with members: what is sent to it, done to it and
// linked with it is so with each that it has at that time. A handler's joins and
// leaves take effect at the end of the tick, for all nodes alike. A crash or an
// exit ends no membership, a death does; links and networks keep the dead, and
// what is sent there is dropped. A send without
// a link is a mistake, and panics, but for nodes that have joined or left in the
// run: then it is dropped.
//
// A feed ([Feeds]) is values that nodes publish for whoever subscribes; loss is
// accepted. One publish is one pass over its subscribers in the order of nodes:
// a link's verdict on each, or that of the feed's [Way], drawn by both names and
// the publish's ID; then one envelope, a fan, for those of a program who are
// given the value in one tick. Within a tick it keeps its place in the order of
// sends. What a subscriber cannot be given, as it is paused or its period is not
// over, waits in its queue, and the oldest makes room.
//
// An epidemic ([Epidemic]) spreads versioned entries over links, and across no
// cut: what a node learns it tells some neighbours once, and as long as nodes
// that are up differ, each compares itself with one of them each period. The
// later version counts, so that all end with the same; what a node knows never
// gets older, not by a crash either. Messages of it reach no program. It carries
// params ([Params]), values of the system of which each node sees a version, and,
// where it is asked for ([Services.Gossip]), who provides what, as each node sees
// it, until one has died and nobody believes it there; without, all see a change
// one tick later.
//
// All that shapes the future lies in the world's tables; what a system keeps
// beside them is derived, and [Set.Rebuild] makes it again so that nothing
// tells a restored world from one that never was. Figures ([Measures]) lie in
// tables too, outside the digest.
//
// Bad use by a Go caller panics with the cause and the cure.
package systems
