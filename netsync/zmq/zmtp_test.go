// These tests and fuzz targets hold what is read from a peer to ZMTP 3.1 (RFC
// 37): what the grammar has is taken, and everything else refused, without a
// panic and without memory for what a peer only announces.
package zmq

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestGreeting(t *testing.T) {
	good := [greetingBytes]byte(appendGreeting(nil, "CURVE", true))
	if g, err := parseGreeting(&good); err != nil || g != (greeting{3, 1, "CURVE", true}) {
		t.Errorf("got %+v, %v", g, err)
	}
	for name, c := range map[string]struct {
		at   int
		to   byte
		good bool
	}{
		"padding is not significant":   {5, 77, true},
		"higher versions are accepted": {10, 4, true},
		"and higher minor ones":        {11, 9, true},
		"signature begins with FF":     {0, 0xfe, false},
		"and ends with 7F":             {9, 0x7e, false},
		"lower versions are not":       {10, 2, false},
		"mechanism is uppercase":       {13, 'u', false},
		"mechanism is padded by zeros": {20, 'X', false},
		"mechanism is not empty":       {12, 0, false},
		"as-server is 0 or 1":          {32, 2, false},
		"filler is zero":               {40, 1, false},
	} {
		b := good
		b[c.at] = c.to
		if _, err := parseGreeting(&b); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzGreeting(f *testing.F) {
	f.Add(appendGreeting(nil, mechanismNULL, false))
	f.Add(appendGreeting(nil, mechanismCURVE, true))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != greetingBytes {
			return
		}
		g, err := parseGreeting((*[greetingBytes]byte)(b))
		if err != nil {
			return
		}
		if g.major < 3 || g.mechanism == "" || strings.ContainsAny(g.mechanism, "\x00\n ") {
			t.Errorf("accepted %+v", g)
		}
	})
}

func TestFrameHeaders(t *testing.T) {
	for name, c := range map[string]struct {
		bytes string
		flags byte
		size  uint64
		err   error
	}{
		"short":              {"\x00\x05", 0, 5, nil},
		"short with MORE":    {"\x01\xff", 1, 255, nil},
		"long":               {"\x02\x00\x00\x00\x00\x00\x00\x01\x00", 2, 256, nil},
		"long and short":     {"\x03\x00\x00\x00\x00\x00\x00\x00\x01", 3, 1, nil},
		"command":            {"\x04\x05", 4, 5, nil},
		"greatest":           {"\x02\x7f\xff\xff\xff\xff\xff\xff\xff", 2, math.MaxInt64, nil},
		"over 2^63-1":        {"\x02\x80\x00\x00\x00\x00\x00\x00\x00", 0, 0, errProtocol},
		"reserved flag":      {"\x08\x05", 0, 0, errProtocol},
		"command with MORE":  {"\x05\x05", 0, 0, errProtocol},
		"nothing":            {"", 0, 0, io.EOF},
		"cut short":          {"\x00", 0, 0, io.ErrUnexpectedEOF},
		"cut short and long": {"\x02\x00\x00\x00", 0, 0, io.ErrUnexpectedEOF},
	} {
		flags, size, err := readHeader(bufio.NewReader(strings.NewReader(c.bytes)))
		if !errors.Is(err, c.err) || err == nil && (flags != c.flags || size != c.size) {
			t.Errorf("%s: %#x %d %v", name, flags, size, err)
		}
	}
}

// Who announces much and sends little costs little.
func TestBodiesGrowAsTheyArrive(t *testing.T) {
	const announced, sent = 1 << 30, 300 << 10
	most, left := 0, sent
	_, err := readBody(readerFunc(func(b []byte) (int, error) {
		most = max(most, len(b))
		n := min(left, len(b))
		if left -= n; n == 0 {
			return 0, io.EOF
		}
		return n, nil
	}), nil, announced)
	if err != io.ErrUnexpectedEOF || most > 2*sent {
		t.Errorf("room was made for %d bytes at once, and %d came; %v", most, sent, err)
	}
}

func TestCommandsOfAHandshakeAreShort(t *testing.T) {
	for _, size := range []uint64{maxCommand + 1, 1 << 40} {
		b := binary.BigEndian.AppendUint64([]byte{flagCommand | flagLong}, size)
		if _, _, err := readCommand(bufio.NewReader(bytes.NewReader(b))); !errors.Is(err, errLimit) {
			t.Errorf("of %d bytes: %v", size, err)
		}
	}
}

func TestMetadata(t *testing.T) {
	property := func(name, value string) string { return string(appendProperty(nil, name, value)) }
	for name, c := range map[string]struct {
		bytes string
		want  metadata
		good  bool
	}{
		"nothing":             {"", metadata{}, true},
		"names without case":  {property("SOCKET-type", "SUB") + property("identity", "me"), metadata{"SUB", "me"}, true},
		"others are allowed":  {property("X-colour", "red") + property("Resource", ""), metadata{}, true},
		"empty name":          {property("", "SUB"), metadata{}, false},
		"name of other bytes": {property("a b", ""), metadata{}, false},
		"name beyond ASCII":   {property("\u212ae", ""), metadata{}, false}, // in lower case it is "ke"
		"longest name":        {property(strings.Repeat("x", 255), ""), metadata{}, true},
		"name and no size":    {"\x01a\x00\x00\x00", metadata{}, false},
		"name cut short":      {"\x05abc", metadata{}, false},
		"longest identity":    {property("identity", strings.Repeat("x", 255)), metadata{"", strings.Repeat("x", 255)}, true},
		"identity of any":     {property("identity", "\xff\x00\n"), metadata{"", "\xff\x00\n"}, true},
		"most properties":     {manyProperties(maxProperties), metadata{}, true},
		"twice":               {property("identity", "a") + property("Identity", "b"), metadata{}, false},
		"cut short":           {property("identity", "abc")[:14], metadata{}, false},
		"size over 2^31-1":    {"\x01a\x80\x00\x00\x00", metadata{}, false},
		"size over the rest":  {"\x01a\x00\x00\x00\x02x", metadata{}, false},
		"reserved identity":   {property("identity", "\x00x"), metadata{}, false},
		"long identity":       {property("identity", strings.Repeat("x", 256)), metadata{}, false},
		"many properties":     {manyProperties(maxProperties + 1), metadata{}, false},
	} {
		got, err := parseMetadata([]byte(c.bytes))
		if (err == nil) != c.good || err == nil && got != c.want {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
}

func manyProperties(n int) string {
	var b []byte
	for i := range n {
		b = appendProperty(b, "x"+strings.Repeat("y", i), "")
	}
	return string(b)
}

func FuzzCommand(f *testing.F) {
	f.Add(append(appendName(nil, "READY"), metadata{socketType: "DEALER", identity: "me"}.append(nil)...))
	f.Add([]byte("\x04PING\x00\x00context"))
	f.Add(append(appendName(nil, "ERROR"), "\x03400"...))
	f.Fuzz(func(t *testing.T, body []byte) {
		name, data, err := parseCommand(body)
		if err != nil {
			return
		}
		if again := append(appendName(nil, name), data...); !bytes.Equal(again, body) {
			t.Errorf("% x became % x", body, again)
		}
		if m, err := parseMetadata(data); err == nil && len(m.identity) > 255 {
			t.Error("identity is too long")
		}
		parsePing(data)
		for _, r := range errorReason(data) {
			if r < ' ' || r > '~' {
				t.Errorf("reason has %q", r)
			}
		}
	})
}

// A stream is a net.Conn of given bytes, in given pieces, that keeps what is
// written.
type stream struct {
	net.Conn // nil: the rest is not called
	in       io.Reader
	out      bytes.Buffer
}

func (s *stream) Read(p []byte) (int, error)       { return s.in.Read(p) }
func (s *stream) Write(p []byte) (int, error)      { return s.out.Write(p) }
func (s *stream) Close() error                     { return nil }
func (s *stream) SetDeadline(time.Time) error      { return nil }
func (s *stream) SetReadDeadline(time.Time) error  { return nil }
func (s *stream) SetWriteDeadline(time.Time) error { return nil }
func (s *stream) RemoteAddr() net.Addr             { return &net.TCPAddr{} }

// connOver is what open gives for a peer that sends these bytes after a good
// handshake. Not to be a test of the handshake it is NULL; secure is set by
// who wants it.
func connOver(t testing.TB, r *role, in []byte, limits Limits) (*conn, *stream) {
	t.Helper()
	hello := appendGreeting(nil, mechanismNULL, false)
	hello = appendCommand(hello, "READY", metadata{socketType: r.peers[0]}.append(nil))
	s := &stream{in: bytes.NewReader(append(hello, in...))}
	k, err := open(s, r, limits.withDefaults(1<<16), true)
	if err != nil {
		t.Fatal(err)
	}
	s.out.Reset()
	return k, s
}

// answer is what whoever writes does about a PING.
func (c *conn) answer(t testing.TB) {
	t.Helper()
	select {
	case context := <-c.guard.pongs:
		if err := c.guard.sendCommand("PONG", context); err != nil {
			t.Error(err)
		}
	default:
		t.Error("no PONG is to be sent")
	}
}

var pubRole = role{socketType: "PUB", peers: []string{"SUB"}}
var routerRole = role{socketType: "ROUTER", peers: []string{"DEALER"}}

// FuzzFrames gives a connection any bytes. No message may be over the limits,
// whatever they say.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x00\x05\x01abcd"), false)
	f.Add([]byte("\x01\x01a\x02\x00\x00\x00\x00\x00\x00\x00\x02bc"), false)
	f.Add([]byte("\x02\x40\x00\x00\x00\x00\x00\x00\x00bc"), true)
	f.Add(appendCommand(nil, "SUBSCRIBE", []byte("topic")), true)
	f.Add(appendCommand(appendCommand(nil, "PING", []byte("\x00\x01abc")), "CANCEL", nil), true)
	limits := Limits{FrameBytes: 300, MessageBytes: 500, Parts: 5}
	f.Fuzz(func(t *testing.T, in []byte, publisher bool) {
		r := &routerRole
		if publisher {
			r = &pubRole
		}
		k, _ := connOver(t, r, in, limits)
		receiveWithin(t, k, limits)
	})
}

// receiveWithin receives all that there is. Of what is over the limits and read
// past, one byte too many is shown.
func receiveWithin(t *testing.T, k *conn, limits Limits) {
	if k.guard.past > 0 {
		limits.FrameBytes, limits.MessageBytes = limits.FrameBytes+1, limits.MessageBytes+1
	}
	for {
		parts, err := k.receive()
		if err != nil {
			return
		}
		total := 0
		for _, p := range parts {
			if total += len(p); int64(len(p)) > limits.FrameBytes {
				t.Fatalf("part of %d bytes", len(p))
			}
		}
		if int64(total) > limits.MessageBytes || len(parts) > limits.Parts {
			t.Fatalf("message of %d bytes in %d parts", total, len(parts))
		}
	}
}

// FuzzSealedFrames is of what an allowed CURVE client may say: frames of any
// flags and content, well encrypted, and then anything.
func FuzzSealedFrames(f *testing.F) {
	f.Add([]byte("\x01\x01a\x00\x02bc"), []byte{}, false)
	f.Add([]byte("\x04\x0e\x09SUBSCRIBEx\x04\x07\x04PING\x00\x01\x04\x06\x06CANCEL"), []byte("\x00\x01x"), true)
	f.Add([]byte("\x05\x05\x04PONG"), []byte("\x02\x40"), false)
	limits := Limits{FrameBytes: 100, MessageBytes: 150, Parts: 5}
	p := newHandshakePair().upTo(f, "MESSAGE")
	f.Fuzz(func(t *testing.T, frames, after []byte, publisher bool) {
		client, server := p.client.session, p.server.session
		var in []byte
		for len(frames) > 1 {
			flags, n := frames[0]&(flagMore|flagCommand), min(int(frames[1]), len(frames)-2)
			sealed, err := client.seal(nil, flags, frames[2:2+n])
			if err != nil {
				t.Fatal(err)
			}
			in, frames = append(in, sealed...), frames[2+n:]
		}
		r := &routerRole
		if publisher {
			r = &pubRole
		}
		k, _ := connOver(t, r, append(in, after...), limits)
		k.guard.secure = &server
		receiveWithin(t, k, limits)
	})
}

// FuzzCurveCommands gives both halves of a handshake, at each of its steps,
// any bytes.
func FuzzCurveCommands(f *testing.F) {
	p := newHandshakePair().upTo(f, "MESSAGE")
	message, _ := p.client.session.seal(nil, flagMore, []byte("payload"))
	for _, body := range [][]byte{p.hello, p.welcome, p.initiate, p.ready, message[2:]} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p := newHandshakePair().upTo(t, "WELCOME")
		if _, err := p.server.initiate(body, p.now); err == nil {
			t.Error("a forged INITIATE is good")
		}
		if _, err := p.client.initiate(body, nil); err == nil {
			t.Error("a forged WELCOME is good")
		}
		p.server.welcome(body, p.now)
		p = newHandshakePair().upTo(t, "MESSAGE")
		if _, err := p.client.ready(body); err == nil {
			t.Error("a forged READY is good")
		}
		if _, _, err := p.server.session.open(nil, body); err == nil {
			t.Error("a forged MESSAGE is good")
		}
	})
}

func FuzzSubscriptions(f *testing.F) {
	f.Add([]byte("\x01a\n\x01a\n\x00a\n\x00a\n\x01\n"))
	f.Fuzz(func(t *testing.T, script []byte) {
		s := subscriptions{most: 4, mostBytes: 8}
		model := map[string]int{}
		for _, line := range bytes.Split(script, []byte("\n")) {
			c, changed, err := s.apply([][]byte{line})
			if err != nil {
				continue
			}
			before := model[c.prefix]
			if c.on {
				model[c.prefix]++
			} else if before > 0 {
				model[c.prefix]--
			}
			if after := model[c.prefix]; changed != ((before == 0) != (after == 0)) {
				t.Fatalf("%+v changed %t, from %d to %d", c, changed, before, after)
			}
			total := 0
			for prefix, n := range model {
				total += n
				if s.prefixes[prefix] != n {
					t.Fatalf("%q is wanted %d times; want %v", prefix, s.prefixes[prefix], model)
				}
			}
			if total != s.count || total > 4 {
				t.Fatalf("%d subscriptions; want %v", s.count, model)
			}
		}
	})
}

func TestPingIsAnswered(t *testing.T) {
	in := appendCommand(nil, "PING", []byte("\x00\x64context"))
	in = append(in, "\x00\x01x"...)
	k, s := connOver(t, &routerRole, in, Limits{})
	if parts, err := k.receive(); err != nil || len(parts) != 1 || string(parts[0]) != "x" {
		t.Errorf("got %q %v", parts, err)
	}
	k.answer(t)
	if want := appendCommand(nil, "PONG", []byte("context")); !bytes.Equal(s.out.Bytes(), want) {
		t.Errorf("answered % x", s.out.Bytes())
	}
	if k.guard.pulse.ttl != 10*time.Second {
		t.Errorf("silence allowed: %s", k.guard.pulse.ttl)
	}
}

func TestBreachesEndAConnection(t *testing.T) {
	long := binary.BigEndian.AppendUint64([]byte{2}, 1<<40)
	for name, c := range map[string]struct {
		role  *role
		bytes []byte
		want  error
	}{
		"frame over the limit":           {&routerRole, long, errLimit},
		"frame over its own limit":       {&routerRole, append([]byte("\x02\x00\x00\x00\x00\x00\x00\x9c\x41"), make([]byte, 40001)...), errLimit},
		"frame over it to a PUB":         {&pubRole, append([]byte("\x02\x00\x00\x00\x00\x00\x00\x17\x70"), make([]byte, 6000)...), errLimit},
		"endless MORE":                   {&routerRole, bytes.Repeat([]byte("\x01\x00"), 1000), errLimit},
		"message over the limit":         {&routerRole, bytes.Repeat(append([]byte("\x01\xff"), make([]byte, 255)...), 157), errLimit},
		"unknown command":                {&routerRole, appendCommand(nil, "JOIN", nil), errProtocol},
		"command over the limit":         {&routerRole, appendCommand(nil, "PONG", make([]byte, 5000)), errLimit},
		"PONG of too much":               {&routerRole, appendCommand(nil, "PONG", make([]byte, 17)), errProtocol},
		"SUBSCRIBE to a ROUTER":          {&routerRole, appendCommand(nil, "SUBSCRIBE", nil), errProtocol},
		"CANCEL to a ROUTER":             {&routerRole, appendCommand(nil, "CANCEL", nil), errProtocol},
		"MESSAGE without CURVE":          {&routerRole, appendCommand(nil, "MESSAGE", make([]byte, 40)), errProtocol},
		"SUBSCRIBE within a message":     {&pubRole, append([]byte("\x01\x00"), appendCommand(nil, "SUBSCRIBE", nil)...), errProtocol},
		"PING without a ttl":             {&pubRole, appendCommand(nil, "PING", []byte{0}), errProtocol},
		"PING of too much":               {&pubRole, appendCommand(nil, "PING", make([]byte, 19)), errProtocol},
		"PING without end":               {&pubRole, bytes.Repeat(appendCommand(nil, "PING", []byte{0, 0}), 1000), errLimit},
		"ERROR after the handshake":      {&pubRole, appendCommand(nil, "ERROR", []byte("\x02no")), ErrRefused},
		"end in the midst of a body":     {&pubRole, []byte("\x00\x05ab"), io.ErrUnexpectedEOF},
		"READY again, and so a command":  {&pubRole, appendCommand(nil, "READY", nil), errProtocol},
		"name that is not letters":       {&pubRole, []byte("\x04\x03\x02P1"), errProtocol},
		"command without a name":         {&pubRole, []byte("\x04\x00"), errProtocol},
		"command with a name of nothing": {&pubRole, []byte("\x04\x02\x00\x00"), errProtocol},
	} {
		k, _ := connOver(t, c.role, c.bytes, Limits{FrameBytes: 5000, MessageBytes: 10000, Parts: 500})
		if parts, err := k.receive(); !errors.Is(err, c.want) {
			t.Errorf("%s: %.100q %v", name, parts, err)
		}
	}
}

// Bytes are the same however messages are split over frames and calls, NULL
// or CURVE.
func TestWhatIsSentIsReceived(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ours, theirs := socketPair()
		defer ours.Close()
		defer theirs.Close()
		in, out := newGuardPair(ours, theirs, rapid.Bool().Draw(t, "curve"))
		sizes := rapid.SliceOfN(rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 300), rapid.SampledFrom([]int{2047, 2048, 16384, 70000})), 1, 5), 1, 10).Draw(t, "sizes")
		go func() {
			for i, message := range sizes {
				parts := make([][]byte, len(message))
				for j, n := range message {
					parts[j] = bytes.Repeat([]byte{byte(i*5 + j)}, n)
				}
				out.send(parts, i%2 == 0 || i == len(sizes)-1)
			}
		}()
		for i, message := range sizes {
			parts, err := in.receive()
			if err != nil || len(parts) != len(message) {
				t.Fatalf("message %d: %d parts, %v", i, len(parts), err)
			}
			for j, n := range message {
				if !bytes.Equal(parts[j], bytes.Repeat([]byte{byte(i*5 + j)}, n)) {
					t.Fatalf("part %d of message %d differs", j, i)
				}
			}
		}
	})
}

// newGuardPair has a handshake over two ends of a connection.
func newGuardPair(ours, theirs net.Conn, curve bool) (listener, dialler *conn) {
	server := &role{socketType: "ROUTER", peers: []string{"DEALER"}}
	client := &role{socketType: "DEALER", peers: []string{"ROUTER"}}
	if curve {
		pair := NewKeyPair()
		server.server, server.jar = &ServerKeys{KeyPair: pair, Any: true}, &cookieJar{}
		client.client = &ClientKeys{NewKeyPair(), pair.Public}
	}
	limits := Limits{}.withDefaults(1 << 20)
	made := make(chan *conn)
	go func() {
		k, err := open(theirs, client, limits, false)
		if err != nil {
			panic(err)
		}
		made <- k
	}()
	k, err := open(ours, server, limits, true)
	if err != nil {
		panic(err)
	}
	return k, <-made
}

func socketPair() (ours, theirs net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer l.Close()
	theirs, err = net.Dial("tcp", l.Addr().String())
	if err != nil {
		panic(err)
	}
	if ours, err = l.Accept(); err != nil {
		panic(err)
	}
	return ours, theirs
}
