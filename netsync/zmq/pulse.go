package zmq

import (
	"encoding/binary"
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// A pulse is what a guard reads the network by, and says when the peer is dead.
// Each byte from it is a sign of life. One that gives none is pinged, and has
// for its answer, beside the silence that is allowed, the time in which what
// was sent before the PING must be taken: whoever reads slowly comes to it late,
// and the network's buffers may hold megabytes of what it has not read.
type pulse struct {
	net.Conn
	stall time.Duration // in which a peer must take flushBytes

	// The reader's.
	silence time.Duration // 0: any, which no heartbeat has to end
	ttl     time.Duration // from byte to byte, which the peer has set itself; 0: none

	mu       sync.Mutex
	asked    bool      // a PING has no answer yet, and this is the oldest:
	sent     time.Time // when it left us; zero: it waits for the network
	at       int64     // bytes that were sent before it
	answered int64     // bytes that were sent before the last PING that was answered
}

// Read waits for as long as the peer may be alive.
func (p *pulse) Read(b []byte) (int, error) {
	if p.silence == 0 && p.ttl == 0 {
		return p.Conn.Read(b) // a handshake has a deadline of its own
	}
	began := time.Now()
	for now := began; ; now = time.Now() {
		until := p.until(began, now)
		if now != began && !until.After(now) {
			return 0, errSilent
		}
		p.Conn.SetReadDeadline(until)
		if n, err := p.Conn.Read(b); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
	}
}

// until is when a peer that has been silent since a moment is dead, if nothing
// becomes known of it before.
func (p *pulse) until(since, now time.Time) time.Time {
	until := since.Add(p.silence)
	if !until.After(now) {
		until = p.excuse(now)
	}
	if last := since.Add(p.ttl); p.ttl > 0 && (p.silence == 0 || last.Before(until)) {
		return last
	}
	return until
}

// excuse is until when a peer may be silent for what it was sent.
func (p *pulse) excuse(now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.asked || p.sent.IsZero() {
		return now.Add(p.silence) // it was not asked: what we send is under way, and has flush's deadline
	}
	ahead := float64(p.at-p.answered) / flushBytes
	return p.sent.Add(p.silence + time.Duration(ahead*float64(p.stall)))
}

// ask notes that a PING is about to be sent, after so many bytes; false if an
// older one has no answer.
func (p *pulse) ask(at int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked {
		return false
	}
	p.asked, p.sent, p.at = true, time.Time{}, at
	return true
}

// left notes that the network has the PING.
func (p *pulse) left() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = time.Now()
}

// answer notes a PONG: what was sent before its PING, which the context says,
// has been taken. An old libzmq returns no context.
func (p *pulse) answer(context []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.asked {
		return
	}
	at := p.at
	if len(context) == 8 {
		at = int64(binary.BigEndian.Uint64(context))
	}
	if at >= p.at { // else it is an answer to an older one, come late
		p.asked, p.answered = false, p.at
	}
}
