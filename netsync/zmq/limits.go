package zmq

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"time"
)

// Limits hold for one endpoint or one connection of ours. A zero stands for
// the default.
type Limits struct {
	Connections   int           // established at once; 256. One more takes the place of one of whose has most.
	Handshakes    int           // under way at once; 64. One more ends the oldest from where most come.
	HandshakeTime time.Duration // 5 s for all of it
	FrameBytes    int64         // of a frame received; endpoints 64 KiB, clients 256 MiB
	MessageBytes  int64         // of a message received, all parts; as FrameBytes. Requests refuses up to four times as many by a reply.
	Parts         int           // of a message received; 64
	StallTime     time.Duration // in which a peer must take 256 KiB, or what there is; 10 s
	Heartbeat     time.Duration // after this silence an endpoint pings; after three it cuts who can have read that; 10 s
}

const (
	keepBytes  = 1 << 20   // a larger buffer is not kept for the next frame
	flushBytes = 256 << 10 // written under one deadline
)

func (l Limits) withDefaults(frameBytes int64) Limits {
	l.Connections = cmp.Or(l.Connections, 256)
	l.Handshakes = cmp.Or(l.Handshakes, 64)
	l.HandshakeTime = cmp.Or(l.HandshakeTime, 5*time.Second)
	l.FrameBytes = cmp.Or(l.FrameBytes, frameBytes)
	l.MessageBytes = cmp.Or(l.MessageBytes, l.FrameBytes)
	l.Parts = cmp.Or(l.Parts, 64)
	l.StallTime = cmp.Or(l.StallTime, 10*time.Second)
	l.Heartbeat = cmp.Or(l.Heartbeat, 10*time.Second)
	return l
}

// readPast is how many bytes of a message over the limits a ROUTER reads past, to
// tell its client so. Who sends more is cut.
func (l Limits) readPast() int64 { return 4 * min(l.MessageBytes, math.MaxInt/8) }

// fit says by which limit what a guard shows is over them, if it is.
func (l Limits) fit(parts [][]byte) error {
	total := int64(0)
	for _, p := range parts {
		if total += int64(len(p)); int64(len(p)) > l.FrameBytes {
			return fmt.Errorf("%w: over %d bytes in one part", errLimit, l.FrameBytes)
		}
	}
	if total > l.MessageBytes {
		return fmt.Errorf("%w: over %d bytes in one message", errLimit, l.MessageBytes)
	}
	return nil
}

func (l Limits) validate() error {
	for _, v := range []struct {
		name  string
		value int64
	}{
		{"Connections", int64(l.Connections)}, {"Handshakes", int64(l.Handshakes)},
		{"HandshakeTime", int64(l.HandshakeTime)}, {"FrameBytes", l.FrameBytes},
		{"MessageBytes", l.MessageBytes}, {"Parts", int64(l.Parts)},
		{"StallTime", int64(l.StallTime)}, {"Heartbeat", int64(l.Heartbeat)},
	} {
		if v.value <= 0 {
			return fmt.Errorf("zmq: limit %s is %d: it must be over 0", v.name, v.value)
		}
	}
	if most := int64(math.MaxInt / 2); l.FrameBytes > most || l.MessageBytes > most {
		return fmt.Errorf("zmq: limits of over %d bytes a frame or message are none here", most)
	}
	return nil
}

// What ends a connection is one of these, or an error of the network.
var (
	ErrRefused = errors.New("refused by the peer") // a client: it would be refused again

	errProtocol   = errors.New("breach of protocol")
	errAuth       = errors.New("not authentic")
	errNotAllowed = errors.New("client key is not allowed")
	errLimit      = errors.New("over a limit")
	errSilent     = errors.New("peer is silent")
	errStalled    = errors.New("peer takes nothing")
)
