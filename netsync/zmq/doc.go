// Package zmq moves messages of several parts between a running world and
// programs elsewhere, over ZeroMQ, safely: nobody who connects can stop, slow
// or crash the one who publishes, and who should not get in does not. It
// knows nothing of what the parts say; that is package netsync's.
//
// A [Publisher] is a PUB endpoint: viewers connect with SUB, of any libzmq
// from 3.0 on or anything else that speaks ZMTP 3, and subscribe by prefix.
// [Publisher.Publish] takes shared bytes that do not change any more, and
// returns at once; what a viewer does not take in time is replaced by what is
// newer, and told upwards as [Lagged]. [Requests] is a ROUTER endpoint for
// DEALER and REQ. [Dial] is the other side, for our own viewers.
//
// # What is held
//
// Wire: ZMTP 3.0 and 3.1 (RFC 23, RFC 37) with NULL or CURVE (RFC 25, RFC
// 26), parsed strictly. Who breaks the protocol is cut. A size that a peer
// announces is judged before anything is allocated for it.
//
// Limits: [Limits] for each connection, [PublisherConfig] and
// [RequestsConfig] for what peers may cost. What is over a limit is said: as
// [Refused], [Left] with a reason, [Lagged] or [Limited], and to a client
// whose request is refused by a reply.
//
// Memory: an endpoint takes at most, beside what it is given to send,
//
//	Handshakes × 20 KiB + Connections × (64 KiB + MessageBytes + Parts × 64 B)
//
// and keeps, of what it is given to send, at most HandoverBytes and, for each
// viewer, QueueBytes; bytes that several viewers wait for exist once. With
// CURVE a viewer's writer holds up to 256 KiB, or a frame, encrypted.
//
// Time: a peer that takes less than 256 KiB in StallTime, or gives no sign of
// life for three Heartbeats, is cut. A handshake has HandshakeTime; one more
// than Handshakes ends the oldest.
//
// Access: endpoints without keys are loopback or ipc:// in a directory that
// only its owner may enter. Others need [ServerKeys], by which the world
// lets in those whose public keys it has.
//
// The package is the only importer of zmq4, of which it uses [zmq4.Open]
// alone: RATIONALE.md says why.
package zmq
