// Package zmq moves messages of several parts between a running world and
// programs elsewhere, over ZeroMQ, safely: nobody who connects can stop, slow
// or crash the one who publishes, and who should not get in does not. It
// knows nothing of what the parts say; that is package netsync's.
//
// A [Publisher] is a PUB endpoint: viewers connect with SUB, of any libzmq
// from 4.0 on or anything else that speaks ZMTP 3, and subscribe by prefix.
// It keeps nothing for them: when a viewer's connection can take a message,
// [PublisherConfig].Next is asked for one, shared bytes that do not change any
// more. What a slow viewer gets, and what it misses, is decided by who answers,
// as netsync.Viewer. [Requests] is a ROUTER endpoint for DEALER and REQ. [Dial]
// is the other side, for our own viewers.
//
// # What is held
//
// Wire: ZMTP 3.0 and 3.1 (RFC 23, RFC 37) with NULL or CURVE (RFC 25, RFC
// 26), parsed strictly. Who breaks the protocol is cut. A size that a peer
// announces is judged before anything is allocated for it.
//
// Limits: [Limits] for each connection, [PublisherConfig] and
// [RequestsConfig] for what peers may cost. What is over a limit is said: as
// [Refused], [Left] with a reason or [Limited], and to a client
// whose request is refused by a reply. A request of over MessageBytes, and up to
// four times as many, is read past and refused too; of a longer one its client is cut.
//
// Memory: an endpoint takes at most, beside what it is given to send,
//
//	Handshakes × 20 KiB + Connections × (64 KiB + MessageBytes + Parts × 64 B)
//
// (what is over the limits it holds no more of, but for CURVE, which opens frames
// whole: an endpoint of requests then takes up to 8 × MessageBytes a connection)
// and holds, for each viewer, the messages that are being written: 256 KiB, or
// one that is larger; those that several viewers are sent exist once, unless
// CURVE encrypts them for each. For all it is HeldBytes at most. For each client it keeps ReplyBytes at most,
// for all OwedBytes of replies and QueueBytes of requests.
//
// Time: a peer that takes less than 256 KiB in StallTime is cut, and one that
// gives no sign of life for three Heartbeats, unless it may be reading still what
// it was sent before the last PING, at that rate. A handshake has HandshakeTime; one more
// than Handshakes ends the oldest from the address that has most under way.
//
// Places: one connection more than Connections takes the place of the newest of
// whose has most (by key, or by address), or is refused if that is its own.
//
// Access: endpoints without keys are loopback or ipc:// in a directory that
// only its owner may enter. Others need [ServerKeys], by which the world
// lets in those whose public keys it has.
//
// The package is the only importer of zmq4, of which it uses [zmq4.Open]
// alone: RATIONALE.md says why.
package zmq
