package zmq

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"sync"
	"time"
)

// A guard is the net.Conn that zmq4 is given in place of the network's. To the
// peer it speaks ZMTP 3.1, strictly, NULL or CURVE; to zmq4 NULL without
// commands, and only what is within the limits. The handshake with the peer
// is over before zmq4 has its own with the guard.
//
// One goroutine reads and others write, who take turns by writing. Who reads
// never writes: it would wait for a peer that takes nothing.
type guard struct {
	net.Conn
	in     *bufio.Reader // of pulse
	pulse  *pulse
	limits Limits
	pubsub bool    // SUBSCRIBE and CANCEL are for us
	past   int64   // bytes of a message over the limits that is read past, and shown as one; 0: it ends the connection
	secure *cipher // nil: NULL

	// Reading.
	pending []byte // for zmq4
	body    int64  // what follows pending, still on the wire (NULL only)
	skip    int64  // what follows body, and is passed on to nobody (NULL only)
	parts   int    // of the message under way
	bytes   int64
	shown   int64 // of them to zmq4
	pings   bucket
	pongs   chan []byte // the context of a PING that whoever writes is to answer
	crypt   []byte
	plain   []byte
	failure error // why reading ended

	writing sync.Mutex
	opened  bool     // zmq4 has had its handshake
	header  []byte   // of the frame that zmq4 is writing
	out     [][]byte // what to write
	own     []byte   // bytes in out that are ours
	from    int      // where own's part that is not in out yet begins
	queued  int
	written int64 // bytes that the network has taken
	broken  error // why writing ended
}

// keptHere is the size from which a frame's bytes are written from where they
// are. They must not change afterwards: shared messages do not.
const keptHere = 2 << 10

const ownBytes = 16 << 10

// pingsPerSecond is more than any heartbeat needs.
const pingsPerSecond = 100

func newGuard(p *pulse, in *bufio.Reader, limits Limits, socketType string) *guard {
	g := &guard{
		Conn: p.Conn, in: in, pulse: p, limits: limits, pubsub: socketType == "PUB",
		pings: bucket{rate: pingsPerSecond, tokens: pingsPerSecond}, pongs: make(chan []byte, 1),
	}
	if socketType == "ROUTER" { // who asks is told what was wrong
		g.past = limits.readPast()
	}
	return g
}

// greet gives zmq4 the peer's side of its handshake.
func (g *guard) greet(m metadata) {
	g.pending = appendGreeting(nil, mechanismNULL, false)
	g.pending = appendCommand(g.pending, "READY", m.append(nil))
}

// Read is zmq4 reading. Any failure is told to it as the end of the stream,
// which is what it cleans up after; the reason is in failure.
func (g *guard) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(g.pending) == 0 && g.body == 0 {
		if err := g.next(); err != nil {
			return 0, g.failed(err)
		}
	}
	if len(g.pending) > 0 {
		n := copy(p, g.pending)
		g.pending = g.pending[n:]
		return n, nil
	}
	n, err := g.in.Read(p[:min(int64(len(p)), g.body)])
	g.body -= int64(n)
	if n > 0 {
		return n, nil
	}
	return 0, g.failed(within(err))
}

func (g *guard) failed(err error) error {
	if g.failure == nil {
		g.failure = err
	}
	g.Conn.Close()
	return io.EOF
}

// next reads frames until there is one for zmq4, which it leaves in pending,
// or in pending and body.
func (g *guard) next() error {
	if g.skip > 0 { // seldom: it allocates
		if _, err := io.CopyN(io.Discard, g.in, g.skip); err != nil {
			return within(err)
		}
		g.skip = 0
	}
	for {
		flags, size, err := readHeader(g.in)
		if err != nil {
			return err
		}
		if g.secure == nil && flags&flagCommand == 0 {
			shown, err := g.admit(flags, int64(size))
			if err != nil {
				return err
			}
			g.pending = appendHeader(g.pending[:0], flags&flagMore, int(shown))
			g.body, g.skip = shown, int64(size)-shown
			return nil
		}
		flags, body, err := g.whole(flags, size)
		if err != nil {
			return err
		}
		if flags&flagCommand == 0 {
			return g.pass(flags, body)
		}
		if passed, err := g.command(body); passed || err != nil {
			return err
		}
	}
}

// admit judges a message's frame by what its header says, and how much of it is
// shown: all, or, if it is over the limits and read past, as much as says so. A
// part has a byte over FrameBytes then, or all parts one over MessageBytes.
func (g *guard) admit(flags byte, size int64) (shown int64, err error) {
	g.parts++
	switch {
	case size > max(g.limits.FrameBytes, g.past):
		return 0, fmt.Errorf("%w: frame of %d bytes, over the %d allowed", errLimit, size, g.limits.FrameBytes)
	case g.parts > g.limits.Parts:
		return 0, fmt.Errorf("%w: message of over %d parts", errLimit, g.limits.Parts)
	case g.bytes+size > max(g.limits.MessageBytes, g.past):
		return 0, fmt.Errorf("%w: message of over %d bytes", errLimit, g.limits.MessageBytes)
	}
	shown = min(size, g.limits.FrameBytes+1, g.limits.MessageBytes+1-g.shown)
	g.bytes += size
	g.shown += shown
	if flags&flagMore == 0 {
		g.parts, g.bytes, g.shown = 0, 0, 0
	}
	return shown, nil
}

// whole reads a frame that must be known before it is passed on: a command,
// or anything encrypted.
func (g *guard) whole(flags byte, size uint64) (byte, []byte, error) {
	most := int64(maxCommand)
	if g.secure != nil {
		if flags&flagMore != 0 {
			return 0, nil, fmt.Errorf("%w: MESSAGE with MORE outside", errProtocol)
		}
		most = max(most, g.limits.FrameBytes, g.past) + messageBytes
	}
	if size > uint64(most) {
		return 0, nil, fmt.Errorf("%w: frame of %d bytes, over the %d allowed", errLimit, size, most)
	}
	if cap(g.crypt) > keepBytes && size < keepBytes {
		g.crypt, g.plain = nil, nil
	}
	var err error
	g.crypt, err = readBody(g.in, g.crypt[:0], int(size))
	if err != nil {
		return 0, nil, err
	}
	if g.secure == nil {
		return flags, g.crypt, nil
	}
	flags, plain, err := g.secure.open(g.plain[:0], g.crypt)
	if err != nil {
		return 0, nil, err
	}
	g.plain = plain[:0]
	return flags, plain, nil
}

// pass leaves a frame for zmq4.
func (g *guard) pass(flags byte, body []byte) error {
	shown, err := g.admit(flags, int64(len(body)))
	if err != nil {
		return err
	}
	g.pending = append(appendHeader(g.pending[:0], flags, int(shown)), body[:shown]...)
	if shown < int64(len(body)) {
		g.crypt, g.plain = nil, nil // what is over the limits is not kept room for
	}
	return nil
}

// command handles what is no message. Subscriptions are passed on as the
// messages they are in ZMTP 3.0.
func (g *guard) command(body []byte) (passed bool, err error) {
	name, data, err := parseCommand(body)
	if err != nil {
		return false, err
	}
	switch name {
	case "PING":
		ttl, context, err := parsePing(data)
		if err != nil {
			return false, err
		}
		if g.pings.take(time.Now()) > 0 {
			return false, fmt.Errorf("%w: over %g PINGs a second", errLimit, g.pings.rate)
		}
		g.pulse.ttl = time.Duration(ttl) * 100 * time.Millisecond
		select {
		case <-g.pongs: // one answer to all that came meanwhile says as much
		default:
		}
		g.pongs <- bytes.Clone(context)
		return false, nil
	case "PONG":
		if len(data) > 16 {
			return false, fmt.Errorf("%w: PONG of %d bytes", errProtocol, len(data))
		}
		g.pulse.answer(data)
		return false, nil
	case "SUBSCRIBE", "CANCEL":
		if !g.pubsub || g.parts > 0 {
			return false, fmt.Errorf("%w: %s where none can be", errProtocol, name)
		}
		do := byte(0)
		if name == "SUBSCRIBE" {
			do = 1
		}
		return true, g.pass(0, append([]byte{do}, data...))
	case "ERROR":
		return false, fmt.Errorf("%w: %s", ErrRefused, errorReason(data))
	}
	return false, fmt.Errorf("%w: command %q", errProtocol, name)
}

// sendCommand writes one at once, behind what is queued.
func (g *guard) sendCommand(name string, data []byte) error {
	g.writing.Lock()
	defer g.writing.Unlock()
	return g.putCommand(name, data)
}

// putCommand is sendCommand for who holds writing.
func (g *guard) putCommand(name string, data []byte) error {
	body := append(appendName(nil, name), data...)
	if err := g.frame(flagCommand, body); err != nil {
		return err
	}
	return g.flush()
}

// ping asks for a sign of life, and tells after what silence of ours the peer may
// take us for dead. Its context is how much was sent before.
func (g *guard) ping(ttl time.Duration) error {
	g.writing.Lock()
	defer g.writing.Unlock()
	at := g.written + int64(g.queued)
	tracked := g.pulse.ask(at)
	err := g.putCommand("PING", binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint16(nil, tenths(ttl)), uint64(at)))
	if tracked {
		g.pulse.left()
	}
	return err
}

// tenths is a ttl as PING has it; 0 is none. libzmq counts it in milliseconds of
// 16 bits, so that one of 66 s would end a connection after half of one.
func tenths(ttl time.Duration) uint16 {
	n := ttl / (100 * time.Millisecond)
	if n > math.MaxUint16/100 {
		return 0
	}
	return uint16(n)
}

// Write is zmq4 writing, who holds writing through conn.send. It relies on
// what zmq4 v0.17.0 does: a header, then the body whole. Nothing leaves before
// flush, or before much is queued.
func (g *guard) Write(p []byte) (int, error) {
	if !g.opened {
		return len(p), nil // its handshake, which the guard has had with the peer
	}
	if len(g.header) == 0 {
		g.header = append(g.header, p...)
		return len(p), nil
	}
	flags := g.header[0]
	want := uint64(g.header[1])
	if flags&flagLong != 0 {
		want = binary.BigEndian.Uint64(g.header[1:])
	}
	if want != uint64(len(p)) {
		panic(fmt.Sprintf("zmq: zmq4 writes a frame of %d bytes in pieces", want))
	}
	g.header = g.header[:0]
	if err := g.frame(flags&^flagLong, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// frame queues one. The caller holds writing.
func (g *guard) frame(flags byte, body []byte) error {
	if g.broken != nil {
		return g.broken
	}
	if g.secure != nil {
		sealed, err := g.secure.seal(nil, flags, body)
		if err != nil {
			return err
		}
		g.share(sealed)
	} else {
		var header [maxHeader]byte
		g.copy(appendHeader(header[:0], flags, len(body)))
		if len(body) < keptHere {
			g.copy(body)
		} else {
			g.share(body)
		}
	}
	if g.queued >= flushBytes {
		return g.flush()
	}
	return nil
}

// copy queues bytes that may change.
func (g *guard) copy(p []byte) {
	if len(g.own)+len(p) > cap(g.own) {
		g.settle()
		g.own, g.from = make([]byte, 0, ownBytes), 0
	}
	g.own = append(g.own, p...)
	g.queued += len(p)
}

// share queues bytes that do not.
func (g *guard) share(p []byte) {
	g.settle()
	g.out = append(g.out, p)
	g.queued += len(p)
}

func (g *guard) settle() {
	if g.from < len(g.own) {
		g.out = append(g.out, g.own[g.from:])
		g.from = len(g.own)
	}
}

// flush writes what is queued. The peer must take flushBytes, or the rest,
// within StallTime: one byte now and then is no life. The caller holds
// writing.
func (g *guard) flush() error {
	if g.broken != nil {
		return g.broken
	}
	g.settle()
	out := g.out
	for len(out) > 0 {
		var batch net.Buffers
		batch, out = cutBatch(out, flushBytes)
		g.Conn.SetWriteDeadline(time.Now().Add(g.limits.StallTime))
		if _, err := batch.WriteTo(g.Conn); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				err = fmt.Errorf("%w: not %d bytes in %s", errStalled, flushBytes, g.limits.StallTime)
			}
			g.broken = err
			g.Conn.Close()
			return err
		}
	}
	g.written += int64(g.queued)
	clear(g.out)
	g.out, g.own, g.from, g.queued = g.out[:0], g.own[:0], 0, 0
	return nil
}

// cutBatch takes up to most bytes off the front of out, which it may change.
func cutBatch(out [][]byte, most int) (net.Buffers, [][]byte) {
	var batch net.Buffers
	for len(out) > 0 && most > 0 {
		p := out[0]
		if len(p) > most {
			batch = append(batch, p[:most])
			out[0] = p[most:]
			return batch, out
		}
		batch = append(batch, p)
		most -= len(p)
		out = out[1:]
	}
	return batch, out
}
