// These tests hold handshakes to RFC 37 ("Overall Behavior" to "The NULL
// Security Mechanism", "Connection Metadata", "Heartbeats") by what a listener
// does about bytes: who may come in does, whoever else is told what the RFC has
// it told, and no more. RFC 26's are in curve_test.go.
package zmq

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// heard is what a listener says to a peer that sends these bytes, beyond its
// greeting, and what it makes of them.
func heard(t testing.TB, r *role, in []byte) (said []byte, k *conn, err error) {
	t.Helper()
	s := &stream{in: bytes.NewReader(in)}
	k, err = open(s, r, Limits{}.withDefaults(1<<16), true)
	said, greeted := bytes.CutPrefix(s.out.Bytes(), appendGreeting(nil, r.mechanism(), r.server != nil))
	if !greeted {
		t.Errorf("it does not greet: % x", s.out.Bytes())
	}
	return said, k, err
}

func curveRole() (*role, KeyPair) {
	pair := NewKeyPair()
	return &role{socketType: "PUB", peers: []string{"SUB", "XSUB"}, server: &ServerKeys{KeyPair: pair, Any: true}, jar: &cookieJar{}}, pair
}

func TestHandshakesByNull(t *testing.T) {
	null := appendGreeting(nil, mechanismNULL, false)
	ready := func(properties ...string) []byte {
		var b []byte
		for i := 0; i < len(properties); i += 2 {
			b = appendProperty(b, properties[i], properties[i+1])
		}
		return appendCommand(bytes.Clone(null), "READY", b)
	}
	told := appendError(nil, "Invalid metadata")
	welcome := appendCommand(nil, "READY", metadata{socketType: "PUB"}.append(nil))
	older := bytes.Clone(null)
	older[10] = 2
	newer := ready("Socket-Type", "SUB")
	newer[10], newer[11] = 4, 0
	for name, c := range map[string]struct {
		in   []byte
		says []byte
		want error
	}{
		"SUB":                        {ready("Socket-Type", "SUB"), welcome, nil},
		"a later version":            {newer, welcome, nil},
		"with a resource":            {ready("Socket-Type", "SUB", "Resource", "a/b", "X-colour", "red"), welcome, nil},
		"DEALER, to a PUB":           {ready("Socket-Type", "DEALER"), told, errProtocol},
		"of no type":                 {ready("Identity", "me"), told, errProtocol},
		"type in lower case":         {ready("Socket-Type", "sub"), told, errProtocol},
		"identity over 255 bytes":    {ready("Socket-Type", "SUB", "Identity", strings.Repeat("x", 256)), told, errProtocol},
		"identity that is reserved":  {ready("Socket-Type", "SUB", "Identity", "\x00"), told, errProtocol},
		"two types":                  {ready("Socket-Type", "SUB", "socket-type", "SUB"), told, errProtocol},
		"metadata cut short":         {appendCommand(bytes.Clone(null), "READY", appendProperty(nil, "Socket-Type", "SUB")[:15]), told, errProtocol},
		"READY over the limit":       {ready("Socket-Type", "SUB", "X-a", strings.Repeat("x", maxCommand)), nil, errLimit},
		"a message for READY":        {append(bytes.Clone(null), "\x00\x02\x01x"...), nil, errProtocol},
		"PING for READY":             {appendCommand(bytes.Clone(null), "PING", []byte{0, 0}), nil, errProtocol},
		"SUBSCRIBE for READY":        {appendCommand(bytes.Clone(null), "SUBSCRIBE", nil), nil, errProtocol},
		"ERROR for READY":            {append(bytes.Clone(null), appendError(nil, "no\x1b[2J")...), nil, ErrRefused},
		"HELLO for READY":            {appendCommand(bytes.Clone(null), "HELLO", make([]byte, helloBytes)), nil, errProtocol},
		"CURVE":                      {appendCommand(appendGreeting(nil, mechanismCURVE, false), "HELLO", make([]byte, helloBytes)), nil, errProtocol},
		"PLAIN":                      {appendCommand(appendGreeting(nil, "PLAIN", false), "HELLO", []byte("\x05admin\x06secret")), nil, errProtocol},
		"as server":                  {append(appendGreeting(nil, mechanismNULL, true), ready("Socket-Type", "SUB")[greetingBytes:]...), nil, errProtocol},
		"ZMTP 2":                     {older, nil, errProtocol},
		"nothing":                    {nil, nil, io.ErrUnexpectedEOF},
		"another protocol":           {[]byte("GET / HTTP/1.1\r\n\r\n"), nil, errProtocol},
		"greeting cut short":         {null[:40], nil, io.ErrUnexpectedEOF},
		"greeting, and the end":      {null, nil, io.EOF},
		"READY cut short":            {ready("Socket-Type", "SUB")[:greetingBytes+9], nil, io.ErrUnexpectedEOF},
		"command of 2^62 bytes":      {append(bytes.Clone(null), "\x06\x40\x00\x00\x00\x00\x00\x00\x00"...), nil, errLimit},
		"command of more than 2^63":  {append(bytes.Clone(null), "\x06\xff\x00\x00\x00\x00\x00\x00\x00"...), nil, errProtocol},
		"flags that are reserved":    {append(bytes.Clone(null), "\x0c\x05\x05READY"...), nil, errProtocol},
		"command that has MORE":      {append(bytes.Clone(null), "\x05\x06\x05READY"...), nil, errProtocol},
		"command without a name":     {append(bytes.Clone(null), "\x04\x00"...), nil, errProtocol},
		"name longer than a command": {append(bytes.Clone(null), "\x04\x03\x05REA"...), nil, errProtocol},
	} {
		r := &role{socketType: "PUB", peers: []string{"SUB", "XSUB"}}
		said, _, err := heard(t, r, c.in)
		if !errors.Is(err, c.want) || !bytes.Equal(said, c.says) {
			t.Errorf("%s: says %q, %v; want %q, %v", name, said, err, c.says, c.want)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\x1b\n") {
			t.Errorf("%s: error %q would print as something else", name, err)
		}
	}
}

// Who has no keys is told nothing but that they are needed: there is no way
// down to a lesser mechanism.
func TestNobodyGetsPastCurveWithoutIt(t *testing.T) {
	r, pair := curveRole()
	subscribe := []byte("\x00\x02\x01x")
	hello := (&curveClient{pair: NewKeyPair(), server: pair.Public}).hello()
	for name, in := range map[string][]byte{
		"NULL":                 append(appendGreeting(nil, mechanismNULL, false), append(appendCommand(nil, "READY", metadata{socketType: "SUB"}.append(nil)), subscribe...)...),
		"PLAIN":                appendCommand(appendGreeting(nil, "PLAIN", false), "HELLO", []byte("\x05admin\x06secret")),
		"READY for HELLO":      appendCommand(appendGreeting(nil, mechanismCURVE, false), "READY", metadata{socketType: "SUB"}.append(nil)),
		"message for HELLO":    append(appendGreeting(nil, mechanismCURVE, false), subscribe...),
		"as server":            appendCommand(appendGreeting(nil, mechanismCURVE, true), "HELLO", hello),
		"HELLO of an older":    appendCommand(appendGreeting(nil, mechanismCURVE, false), "HELLO", hello[:len(hello)-2]),
		"HELLO of only zeros":  appendCommand(appendGreeting(nil, mechanismCURVE, false), "HELLO", make([]byte, helloBytes)),
		"mechanism in between": append(appendGreeting(nil, "CURVENULL", false), subscribe...),
	} {
		if said, _, err := heard(t, r, in); err == nil || len(said) > 0 {
			t.Errorf("%s: says %q, %v", name, said, err)
		}
	}
	// With a good HELLO there is a WELCOME, and then nothing either.
	for name, next := range map[string][]byte{
		"READY":            appendCommand(nil, "READY", metadata{socketType: "SUB"}.append(nil)),
		"message":          subscribe,
		"HELLO again":      appendCommand(nil, "HELLO", hello),
		"INITIATE of zero": appendCommand(nil, "INITIATE", make([]byte, initiateBytes)),
		"MESSAGE":          append([]byte("\x00\x21\x07MESSAGE"), make([]byte, 25)...),
	} {
		in := append(appendCommand(appendGreeting(nil, mechanismCURVE, false), "HELLO", hello), next...)
		said, _, err := heard(t, r, in)
		if want := 2 + 8 + welcomeBytes; err == nil || len(said) != want {
			t.Errorf("%s after HELLO: says %d bytes, want %d; %v", name, len(said), want, err)
		}
	}
}

// FuzzHandshake gives listeners of both mechanisms, and a client, any bytes
// from the first on.
func FuzzHandshake(f *testing.F) {
	good := appendCommand(appendGreeting(nil, mechanismNULL, false), "READY", metadata{socketType: "SUB", identity: "me"}.append(nil))
	r, pair := curveRole()
	hello := appendCommand(appendGreeting(nil, mechanismCURVE, false), "HELLO", (&curveClient{pair: NewKeyPair(), server: pair.Public}).hello())
	f.Add(good)
	f.Add(append(bytes.Clone(good), "\x00\x02\x01x"...))
	f.Add(hello)
	f.Add(appendCommand(hello, "INITIATE", make([]byte, initiateBytes)))
	f.Add(appendCommand(appendGreeting(nil, mechanismNULL, false), "READY", metadata{socketType: "PUB"}.append(nil)))
	f.Add(appendError(appendGreeting(nil, mechanismCURVE, true), "400"))
	f.Fuzz(func(t *testing.T, in []byte) {
		if _, _, err := heard(t, r, in); err == nil {
			t.Error("somebody got past CURVE")
		}
		_, k, err := heard(t, &role{socketType: "PUB", peers: []string{"SUB"}}, in)
		if err == nil && (k.peer.socketType != "SUB" || len(k.peer.identity) > math.MaxUint8) {
			t.Errorf("let in: %+v", k.peer)
		}
		s := &stream{in: bytes.NewReader(in)}
		if k, err := open(s, &role{socketType: "SUB", peers: []string{"PUB"}}, Limits{}.withDefaults(1<<16), false); err == nil && k.peer.socketType != "PUB" {
			t.Errorf("connected to: %+v", k.peer)
		}
		s = &stream{in: bytes.NewReader(in)}
		client := &ClientKeys{NewKeyPair(), pair.Public}
		if _, err := open(s, &role{socketType: "SUB", peers: []string{"PUB"}, client: client}, Limits{}.withDefaults(1<<16), false); err == nil {
			t.Error("somebody passed for the server")
		}
	})
}

// A peer that announces when it is to be taken for dead is held to it, and
// never to more than we allow.
func TestTTLOfAPing(t *testing.T) {
	for _, c := range []struct {
		ttl     string
		silence time.Duration // what we allow
		want    time.Duration
	}{
		{"\x00\x00", time.Minute, time.Minute},
		{"\x00\x01", time.Minute, 100 * time.Millisecond},
		{"\x02\x57", time.Minute, 599 * 100 * time.Millisecond},
		{"\x02\x59", time.Minute, time.Minute},
		{"\xff\xff", time.Minute, time.Minute},
		{"\xff\xff", 0, 65535 * 100 * time.Millisecond},
	} {
		k, s := connOver(t, &routerRole, appendCommand(nil, "PING", []byte(c.ttl+"sixteen bytes of")), Limits{})
		k.guard.pulse.silence = c.silence
		k.receive()
		now := time.Now()
		if got := k.guard.pulse.until(now, now).Sub(now); got != c.want {
			t.Errorf("ttl % x: silence allowed is %s, want %s", c.ttl, got, c.want)
		}
		k.answer(t)
		if want := appendCommand(nil, "PONG", []byte("sixteen bytes of")); !bytes.Equal(s.out.Bytes(), want) {
			t.Errorf("ttl % x: answered %q", c.ttl, s.out.Bytes())
		}
	}
	p := publisher(t, PublisherConfig{Limits: Limits{Heartbeat: time.Hour}})
	k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB", Limits: Limits{Heartbeat: time.Hour}})
	until(t, p.events, Joined)
	if err := k.conn.guard.sendCommand("PING", []byte("\x00\x01")); err != nil {
		t.Fatal(err)
	}
	if e := until(t, p.events, Left); !errors.Is(e.Err, errSilent) {
		t.Errorf("left because of %v", e.Err)
	}
}

// patient counts reads since the deadline was last renewed.
type patient struct {
	stream
	reads int
}

func (p *patient) SetReadDeadline(time.Time) error { p.reads = 0; return nil }

func (p *patient) Read(b []byte) (int, error) {
	p.reads++
	return p.stream.Read(b)
}

// A large frame on a slow line is no silence, NULL or CURVE.
func TestPiecesOfAFrameAreSignsOfLife(t *testing.T) {
	for _, curve := range []bool{false, true} {
		ours, theirs := socketPair()
		in, out := newGuardPair(ours, theirs, curve)
		ours.Close()
		theirs.Close()
		body := bytes.Repeat([]byte("x"), 200<<10)
		frame := append(appendHeader(nil, 0, len(body)), body...)
		if curve {
			var err error
			if frame, err = out.guard.secure.seal(nil, 0, body); err != nil {
				t.Fatal(err)
			}
		}
		worst := 0
		p := &patient{stream: stream{in: iotest.OneByteReader(bytes.NewReader(frame))}}
		in.guard.pulse.Conn, in.guard.pulse.silence = p, time.Hour
		in.guard.in.Reset(readerFunc(func(b []byte) (int, error) {
			n, err := in.guard.pulse.Read(b)
			worst = max(worst, p.reads)
			return n, err
		}))
		parts, err := in.receive()
		if err != nil || len(parts) != 1 || !bytes.Equal(parts[0], body) {
			t.Fatalf("curve %t: %d parts, %v", curve, len(parts), err)
		}
		if worst > 1 {
			t.Errorf("curve %t: %d pieces came under one deadline", curve, worst)
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// A from is a connection of which only the other end's address counts.
type from struct {
	net.Conn
	address net.Addr
}

func (f from) RemoteAddr() net.Addr { return f.address }

func TestAFloodMakesRoomForOthers(t *testing.T) {
	conns := func(addresses ...string) (list []net.Conn) {
		for i, a := range addresses {
			if a == "ipc" {
				list = append(list, from{address: &net.UnixAddr{}})
				continue
			}
			list = append(list, from{address: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(a), uint16(i)))})
		}
		return list
	}
	for _, c := range []struct {
		from []net.Conn
		want int
	}{
		{conns("10.0.0.1"), 0},
		{conns("10.0.0.1", "10.0.0.2", "10.0.0.3"), 0},
		{conns("10.0.0.1", "10.0.0.2", "10.0.0.2", "10.0.0.2"), 1},
		{conns("10.0.0.1", "10.0.0.2", "10.0.0.2", "::ffff:10.0.0.1"), 0},
		{conns("2001:db8:1::1", "2001:db8:2::1", "2001:db8:2::2", "2001:db8:2:0:ffff::"), 1},
		{conns("2001:db8:1::1", "fe80::1%eth0", "fe80::2%eth1"), 1},
		{conns("10.0.0.1", "ipc", "ipc"), 1},
		{conns("10.0.0.1", "10.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.3"), 2},
	} {
		if got := oldestOfMost(c.from); got != c.want {
			t.Errorf("of %v number %d is ended, want %d", c.from, got, c.want)
		}
	}
}
