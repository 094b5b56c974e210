// These tests go through CurveZMQ (RFC 26) clause by clause: each subtest is
// named after the section and what it demands, and does what the clause
// forbids or sees what it demands.
package zmq

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/nacl/box"
	"golang.org/x/crypto/nacl/secretbox"
)

// A handshakePair is both halves with the keys of both sides, and each
// command as it was exchanged.
type handshakePair struct {
	server curveServer
	client curveClient
	now    time.Time

	hello, welcome, initiate, ready []byte
}

func newHandshakePair() *handshakePair {
	server, client := NewKeyPair(), NewKeyPair()
	return &handshakePair{
		server: curveServer{pair: server, jar: &cookieJar{}, allow: func(k Key) bool { return k == client.Public }},
		client: curveClient{pair: client, server: server.Public},
		now:    time.Unix(1e9, 0),
	}
}

// upTo runs the handshake until a command has been made.
func (p *handshakePair) upTo(t testing.TB, command string) *handshakePair {
	t.Helper()
	fail := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	p.hello = p.client.hello()
	if command == "HELLO" {
		return p
	}
	p.welcome, err = p.server.welcome(p.hello, p.now)
	fail(err)
	if command == "WELCOME" {
		return p
	}
	p.initiate, err = p.client.initiate(p.welcome, []byte("client's"))
	fail(err)
	if command == "INITIATE" {
		return p
	}
	got, err := p.server.initiate(p.initiate, p.now)
	fail(err)
	if string(got) != "client's" || p.server.client != p.client.pair.Public {
		t.Fatalf("got metadata %q of %s", got, p.server.client)
	}
	p.ready = p.server.ready([]byte("server's"))
	if command == "READY" {
		return p
	}
	got, err = p.client.ready(p.ready)
	fail(err)
	if string(got) != "server's" {
		t.Fatalf("got metadata %q", got)
	}
	return p
}

// flipped are copies of b with one bit of each byte changed.
func flipped(b []byte) [][]byte {
	var list [][]byte
	for i := range b {
		c := bytes.Clone(b)
		c[i] ^= 1 << (i % 8)
		list = append(list, c)
	}
	return list
}

func refusedBy(t *testing.T, err error, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

func TestRFC26Hello(t *testing.T) {
	t.Run("SHALL be 200 octets long", func(t *testing.T) {
		p := newHandshakePair().upTo(t, "HELLO")
		if n := len(appendName(nil, "HELLO")) + len(p.hello); n != 200 {
			t.Errorf("it has %d", n)
		}
		for _, other := range [][]byte{nil, p.hello[:len(p.hello)-1], append(bytes.Clone(p.hello), 0)} {
			_, err := p.server.welcome(other, p.now)
			refusedBy(t, err, errProtocol)
		}
	})
	t.Run("version SHALL be 1 and 0", func(t *testing.T) {
		p := newHandshakePair().upTo(t, "HELLO")
		if p.hello[0] != 1 || p.hello[1] != 0 {
			t.Errorf("it is %d.%d", p.hello[0], p.hello[1])
		}
		for i := range 2 {
			other := bytes.Clone(p.hello)
			other[i]++
			_, err := p.server.welcome(other, p.now)
			refusedBy(t, err, errProtocol)
		}
	})
	t.Run("anti-amplification padding SHALL be all zero", func(t *testing.T) {
		p := newHandshakePair().upTo(t, "WELCOME")
		for i := 2; i < 74; i++ {
			other := bytes.Clone(p.hello)
			if other[i] != 0 {
				t.Errorf("byte %d is %d", i, other[i])
			}
			other[i] = 1
			_, err := p.server.welcome(other, p.now)
			refusedBy(t, err, errProtocol)
		}
		if len(p.welcome) >= len(p.hello) {
			t.Error("WELCOME is not shorter than HELLO")
		}
	})
	t.Run("client SHALL generate a unique key pair for each connection", func(t *testing.T) {
		p := newHandshakePair()
		if a, b := p.client.hello(), p.client.hello(); bytes.Equal(a[74:106], b[74:106]) {
			t.Error("two have one C'")
		}
	})
	t.Run("signature box SHALL contain 64 zero octets from C' to S", func(t *testing.T) {
		p := newHandshakePair().upTo(t, "HELLO")
		for _, other := range flipped(p.hello)[74:] {
			_, err := p.server.welcome(other, p.now)
			refusedBy(t, err, errAuth)
		}
		body := append(bytes.Clone(p.hello[:106]), p.hello[106:114]...)
		body = box.Seal(body, append(make([]byte, 63), 1), shortNonce("CurveZMQHELLO---", 1), (*[32]byte)(&p.client.server), p.client.secret)
		_, err := p.server.welcome(body, p.now)
		refusedBy(t, err, errAuth)
	})
	t.Run("made for another server key is refused", func(t *testing.T) {
		p := newHandshakePair()
		p.client.server = NewKeyPair().Public
		_, err := p.server.welcome(p.client.hello(), p.now)
		refusedBy(t, err, errAuth)
	})
}

func TestRFC26Welcome(t *testing.T) {
	t.Run("SHALL be 168 octets long", func(t *testing.T) {
		p := newHandshakePair().upTo(t, "WELCOME")
		if n := len(appendName(nil, "WELCOME")) + len(p.welcome); n != 168 {
			t.Errorf("it has %d", n)
		}
		for _, other := range [][]byte{nil, p.welcome[1:], append(bytes.Clone(p.welcome), 0)} {
			_, err := p.client.initiate(other, nil)
			refusedBy(t, err, errProtocol)
		}
	})
	t.Run("long nonces SHALL be unique, cookies new", func(t *testing.T) {
		p := newHandshakePair().upTo(t, "WELCOME")
		cookie := p.server.issued
		again, err := p.server.welcome(p.hello, p.now)
		if err != nil || bytes.Equal(again[:16], p.welcome[:16]) || cookie == p.server.issued || bytes.Equal(cookie[:16], p.server.issued[:16]) {
			t.Error("used twice", err)
		}
	})
	t.Run("box is from S to C', and client SHALL disconnect from others", func(t *testing.T) {
		p := newHandshakePair().upTo(t, "WELCOME")
		for _, other := range flipped(p.welcome) {
			_, err := p.client.initiate(other, nil)
			refusedBy(t, err, errAuth)
		}
		stranger := curveServer{pair: NewKeyPair()}
		forged := box.Seal(make([]byte, 16), make([]byte, 128), longNonce("WELCOME-", make([]byte, 16)), p.client.public, (*[32]byte)(&stranger.pair.Secret))
		_, err := p.client.initiate(forged, nil)
		refusedBy(t, err, errAuth)
	})
	t.Run("cookie is C' and s' in a box of the cookie key", func(t *testing.T) {
		p := newHandshakePair().upTo(t, "WELCOME")
		key, _ := p.server.jar.keys(p.now)
		plain, ok := secretbox.Open(nil, p.server.issued[16:], longNonce("COOKIE--", p.server.issued[:16]), &key)
		if !ok || len(plain) != 64 || !bytes.Equal(plain[:32], p.client.public[:]) {
			t.Error("it is not")
		}
	})
	t.Run("server SHALL not keep the transient key pair", func(t *testing.T) {
		p := newHandshakePair().upTo(t, "WELCOME")
		if p.server.session.shared != [32]byte{} || p.server.client != (Key{}) {
			t.Error("it keeps something")
		}
		// All it has besides is what it sent, and a number.
		p.server.jar = &cookieJar{}
		p.initiate, _ = p.client.initiate(p.welcome, nil)
		_, err := p.server.initiate(p.initiate, p.now)
		refusedBy(t, err, errAuth)
	})
	t.Run("server MUST discard the cookie key after a short interval", func(t *testing.T) {
		for _, c := range []struct {
			after time.Duration
			opens bool
		}{{0, true}, {cookieLife - 1, true}, {cookieLife + 1, true}, {2*cookieLife + 1, false}, {time.Hour, false}, {-time.Second, false}} {
			p := newHandshakePair().upTo(t, "INITIATE")
			if _, err := p.server.initiate(p.initiate, p.now.Add(c.after)); (err == nil) != c.opens {
				t.Errorf("after %s: %v", c.after, err)
			}
		}
		// Nor does the key's age shorten what the cookie is given.
		for _, age := range []time.Duration{0, cookieLife - 1, cookieLife, 2*cookieLife - 1} {
			p := newHandshakePair()
			p.server.jar.keys(p.now)
			p.now = p.now.Add(age)
			p.upTo(t, "INITIATE")
			if _, err := p.server.initiate(p.initiate, p.now.Add(cookieLife-1)); err != nil {
				t.Errorf("with a key of %s: %v", age, err)
			}
		}
		// A rotation in between does not lengthen its life.
		p := newHandshakePair().upTo(t, "INITIATE")
		p.server.jar.keys(p.now.Add(cookieLife))
		p.server.jar.keys(p.now.Add(2 * cookieLife))
		_, err := p.server.initiate(p.initiate, p.now.Add(2*cookieLife))
		refusedBy(t, err, errAuth)
	})
}

func TestRFC26Initiate(t *testing.T) {
	t.Run("SHALL be at least 257 octets long", func(t *testing.T) {
		p := newHandshakePair().upTo(t, "WELCOME")
		initiate, err := p.client.initiate(p.welcome, nil)
		if n := len(appendName(nil, "INITIATE")) + len(initiate); err != nil || n != 257 {
			t.Errorf("without metadata it has %d, %v", n, err)
		}
		_, err = p.server.initiate(initiate[:len(initiate)-1], p.now)
		refusedBy(t, err, errProtocol)
		if _, err = p.server.initiate(initiate, p.now); err != nil {
			t.Error(err)
		}
	})
	t.Run("cookie is the one provided by the server", func(t *testing.T) {
		p := newHandshakePair().upTo(t, "INITIATE")
		for _, other := range flipped(p.initiate)[:cookieBytes] {
			_, err := p.server.initiate(other, p.now)
			refusedBy(t, err, errAuth)
		}
	})
	t.Run("replay of another connection's commands is discarded", func(t *testing.T) {
		p := newHandshakePair().upTo(t, "MESSAGE")
		second := curveServer{pair: p.server.pair, jar: p.server.jar, allow: p.server.allow}
		if _, err := second.welcome(p.hello, p.now); err != nil {
			t.Fatal(err)
		}
		_, err := second.initiate(p.initiate, p.now)
		refusedBy(t, err, errAuth)
	})
	t.Run("server SHALL disconnect clients that reuse a short nonce", func(t *testing.T) {
		p := newHandshakePair().upTo(t, "INITIATE")
		for _, n := range []uint64{0, 1} {
			other := bytes.Clone(p.initiate)
			binary.BigEndian.PutUint64(other[cookieBytes:], n)
			_, err := p.server.initiate(other, p.now)
			if refusedBy(t, err, errAuth); err == nil || !strings.Contains(err.Error(), "nonce") {
				t.Errorf("nonce %d: %v", n, err)
			}
		}
	})
	t.Run("box is from C' to S'", func(t *testing.T) {
		p := newHandshakePair().upTo(t, "INITIATE")
		for _, other := range flipped(p.initiate)[cookieBytes:] {
			_, err := p.server.initiate(other, p.now)
			refusedBy(t, err, errAuth)
		}
	})
	t.Run("vouch of another connection is refused", func(t *testing.T) {
		// Its own client's, or that of one who is allowed: both were for another C'.
		for _, whose := range []string{"the same client's", "another client's"} {
			victim, p := newHandshakePair().upTo(t, "INITIATE"), newHandshakePair()
			p.server.pair, p.client.server = victim.server.pair, victim.client.server
			p.server.allow = func(Key) bool { return true }
			if whose == "the same client's" {
				p.client.pair = victim.client.pair
			}
			p.upTo(t, "WELCOME")
			welcome, _ := box.Open(nil, p.welcome[16:], longNonce("WELCOME-", p.welcome[:16]), (*[32]byte)(&p.client.server), p.client.secret)
			server := [32]byte(welcome[:32])
			// As the victim made it, to its own S'; and as if this S' were its.
			recorded, _ := box.Open(nil, victim.initiate[cookieBytes+8:], shortNonce("CurveZMQINITIATE", 2), victimTransient(victim), victim.client.secret)
			nonce := make([]byte, 16)
			remade := append(bytes.Clone(nonce), box.Seal(nil, append(bytes.Clone(victim.client.public[:]), p.client.server[:]...), longNonce("VOUCH---", nonce), &server, (*[32]byte)(&victim.client.pair.Secret))...)
			for what, vouch := range map[string][]byte{"recorded": recorded[32:128], "remade": remade} {
				body := binary.BigEndian.AppendUint64(bytes.Clone(welcome[32:]), 2)
				body = box.Seal(body, append(bytes.Clone(victim.client.pair.Public[:]), vouch...), shortNonce("CurveZMQINITIATE", 2), &server, p.client.secret)
				again := p.server
				_, err := again.initiate(body, p.now)
				if refusedBy(t, err, errAuth); err == nil || !strings.Contains(err.Error(), "vouch") {
					t.Errorf("%s, %s: %v", whose, what, err)
				}
			}
		}
	})
	t.Run("metadata is validated", func(t *testing.T) {
		// It is the client's own, so that only its form can be wrong.
		for _, metadata := range []string{"\x0bSocket-Type\x00\x00\x00\x09SUB", "\x00\x00\x00\x00\x00", "\x0bSocket-Type\xff\xff\xff\xffSUB", "\x05ab"} {
			p := newHandshakePair().upTo(t, "WELCOME")
			initiate, err := p.client.initiate(p.welcome, []byte(metadata))
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.server.initiate(initiate, p.now)
			if err != nil || string(got) != metadata {
				t.Fatalf("got %q, %v", got, err)
			}
			_, err = parseMetadata(got)
			refusedBy(t, err, errProtocol)
		}
	})
	t.Run("vouch is [C',S] from C to S'", func(t *testing.T) {
		for name, forge := range map[string]func(p *handshakePair){
			"by another key": func(p *handshakePair) { p.client.pair.Secret = NewKeyPair().Secret },
			"for another S":  func(p *handshakePair) { p.client.server = NewKeyPair().Public },
		} {
			p := newHandshakePair().upTo(t, "WELCOME")
			own := p.client.server
			plain, _ := box.Open(nil, p.welcome[16:], longNonce("WELCOME-", p.welcome[:16]), (*[32]byte)(&own), p.client.secret)
			forge(p)
			nonce := make([]byte, 16)
			p.welcome = box.Seal(nonce, plain, longNonce("WELCOME-", nonce), p.client.public, (*[32]byte)(&p.server.pair.Secret))
			if p.client.server != own { // it must open WELCOME, and vouch for another
				forgeVouch(t, p, plain)
				continue
			}
			initiate, err := p.client.initiate(p.welcome, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.server.initiate(initiate, p.now)
			if refusedBy(t, err, errAuth); err == nil || !strings.Contains(err.Error(), "vouch") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("server MAY authenticate the client by C", func(t *testing.T) {
		p := newHandshakePair().upTo(t, "INITIATE")
		p.server.allow = func(Key) bool { return false }
		_, err := p.server.initiate(p.initiate, p.now)
		refusedBy(t, err, errNotAllowed)
		if p.server.session.shared != [32]byte{} {
			t.Error("there is a session with who is not allowed")
		}
	})
}

// victimTransient is S' of its connection.
func victimTransient(p *handshakePair) *[32]byte {
	welcome, _ := box.Open(nil, p.welcome[16:], longNonce("WELCOME-", p.welcome[:16]), (*[32]byte)(&p.client.server), p.client.secret)
	return (*[32]byte)(welcome[:32])
}

// forgeVouch sends a vouch that is the client's, but names another server.
func forgeVouch(t *testing.T, p *handshakePair, welcome []byte) {
	t.Helper()
	server := [32]byte(welcome[:32])
	nonce := make([]byte, 16)
	vouch := box.Seal(nonce, append(bytes.Clone(p.client.public[:]), p.client.server[:]...), longNonce("VOUCH---", nonce), &server, (*[32]byte)(&p.client.pair.Secret))
	body := binary.BigEndian.AppendUint64(bytes.Clone(welcome[32:]), 2)
	body = box.Seal(body, append(bytes.Clone(p.client.pair.Public[:]), vouch...), shortNonce("CurveZMQINITIATE", 2), &server, p.client.secret)
	_, err := p.server.initiate(body, p.now)
	if refusedBy(t, err, errAuth); err == nil || !strings.Contains(err.Error(), "vouch") {
		t.Errorf("vouch for another server: %v", err)
	}
}

func TestRFC26Ready(t *testing.T) {
	t.Run("SHALL be at least 30 octets long", func(t *testing.T) {
		p := newHandshakePair().upTo(t, "INITIATE")
		p.server.initiate(p.initiate, p.now)
		if n := len(appendName(nil, "READY")) + len(p.server.ready(nil)); n != 30 {
			t.Errorf("without metadata it has %d", n)
		}
		_, err := p.client.ready(make([]byte, 23))
		refusedBy(t, err, errProtocol)
	})
	t.Run("client SHALL disconnect from who sends a malformed one", func(t *testing.T) {
		p := newHandshakePair().upTo(t, "READY")
		for _, other := range flipped(p.ready) {
			_, err := p.client.ready(other)
			refusedBy(t, err, errAuth)
		}
	})
	t.Run("client SHALL verify that nonces increase from READY on", func(t *testing.T) {
		p := newHandshakePair().upTo(t, "MESSAGE")
		p.server.session.sent = 0 // so that the next is READY's again
		sealed, _ := p.server.session.seal(nil, 0, nil)
		_, _, err := p.client.session.open(nil, sealed[2:])
		refusedBy(t, err, errAuth)
	})
}

func TestRFC26Message(t *testing.T) {
	sealed := func(t *testing.T, flags byte, text string) (*handshakePair, []byte) {
		p := newHandshakePair().upTo(t, "MESSAGE")
		b, err := p.client.session.seal(nil, flags, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return p, b[2:]
	}
	t.Run("SHALL be at least 33 octets long", func(t *testing.T) {
		p, body := sealed(t, 0, "")
		if len(body) != 33 {
			t.Errorf("empty it has %d", len(body))
		}
		_, _, err := p.server.session.open(nil, body[:32])
		refusedBy(t, err, errProtocol)
	})
	t.Run("both ways, payload and MORE", func(t *testing.T) {
		p, body := sealed(t, flagMore, "hello")
		flags, plain, err := p.server.session.open([]byte("before"), body)
		if err != nil || flags != flagMore || string(plain) != "hello" {
			t.Errorf("got %d %q %v", flags, plain, err)
		}
		back, _ := p.server.session.seal(nil, 0, []byte("there"))
		flags, plain, err = p.client.session.open(nil, back[2:])
		if err != nil || flags != 0 || string(plain) != "there" {
			t.Errorf("got %d %q %v", flags, plain, err)
		}
	})
	t.Run("from server and from client differ by nonce prefix", func(t *testing.T) {
		p, body := sealed(t, 0, "hello")
		_, _, err := p.client.session.open(nil, body) // its own, reflected
		refusedBy(t, err, errAuth)
	})
	t.Run("recipient SHALL validate all fields", func(t *testing.T) {
		p, body := sealed(t, 0, "hello")
		for _, other := range flipped(body) {
			if _, _, err := p.server.session.open(nil, other); err == nil {
				t.Error("a changed one opens")
			}
		}
		if _, _, err := p.server.session.open(nil, body); err != nil {
			t.Errorf("what was refused has changed the session: %v", err)
		}
	})
	t.Run("reused and falling nonces are refused", func(t *testing.T) {
		p, first := sealed(t, 0, "first")
		second, _ := p.client.session.seal(nil, 0, []byte("second"))
		if _, _, err := p.server.session.open(nil, second[2:]); err != nil {
			t.Fatal(err)
		}
		for _, old := range [][]byte{first, second[2:]} {
			_, _, err := p.server.session.open(nil, old)
			refusedBy(t, err, errAuth)
		}
	})
	t.Run("nonces may skip, and after the last none is good", func(t *testing.T) {
		p := newHandshakePair().upTo(t, "MESSAGE")
		for _, n := range []uint64{3, 1 << 32, math.MaxUint64} {
			p.client.session.sent = n - 1
			b, err := p.client.session.seal(nil, 0, []byte("x"))
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := p.server.session.open(nil, b[2:]); err != nil {
				t.Errorf("nonce %d: %v", n, err)
			}
		}
		for _, n := range []uint64{1, 3, math.MaxUint64} {
			p.client.session.sent = n - 1
			b, err := p.client.session.seal(nil, 0, []byte("x"))
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = p.server.session.open(nil, b[2:])
			refusedBy(t, err, errAuth)
		}
	})
	t.Run("no more than 2^64-1 commands", func(t *testing.T) {
		p := newHandshakePair().upTo(t, "MESSAGE")
		p.client.session.sent = math.MaxUint64 - 1
		if _, err := p.client.session.seal(nil, 0, nil); err != nil {
			t.Error(err)
		}
		_, err := p.client.session.seal(nil, 0, nil)
		refusedBy(t, err, errProtocol)
	})
	t.Run("reserved flags MUST be zero", func(t *testing.T) {
		// But for libzmq's own commands, by bit 1.
		for flags := 0; flags < 256; flags++ {
			p := newHandshakePair().upTo(t, "MESSAGE")
			body := binary.BigEndian.AppendUint64(appendName(nil, "MESSAGE"), 9)
			body = box.SealAfterPrecomputation(body, []byte{byte(flags), 'x'}, shortNonce("CurveZMQMESSAGEC", 9), &p.client.session.shared)
			_, _, err := p.server.session.open(nil, body)
			if allowed := flags <= 2; allowed != (err == nil) {
				t.Errorf("flags %#x: %v", flags, err)
			}
		}
	})
}

// talk runs a server's handshake against what a client does by hand, and
// gives the server's error and all that it sent.
func talk(t *testing.T, r *role, client func(c net.Conn, k *curveClient)) (sent []byte, err error) {
	t.Helper()
	ours, theirs := net.Pipe()
	result := make(chan error, 1)
	go func() {
		k, err := open(ours, r, Limits{HandshakeTime: 5 * time.Second}.withDefaults(1000), true)
		if err == nil {
			k.close()
		}
		result <- err
	}()
	log := &loggedConn{Conn: theirs}
	client(log, &curveClient{pair: NewKeyPair(), server: r.server.Public})
	theirs.Close()
	return log.read.Bytes(), <-result
}

type loggedConn struct {
	net.Conn
	read bytes.Buffer
}

func (c *loggedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Write(p[:n])
	return n, err
}

// What an allowed client says after a good handshake is held to the RFC too,
// and a breach is met with silence: "a server SHALL NOT send an ERROR command in
// response to an invalid MESSAGE command".
func TestRFC26BreachesAfterTheHandshake(t *testing.T) {
	good := func(k *conn, text string) []byte {
		b, err := k.guard.secure.seal(nil, 0, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	command := func(k *conn, name, data string) []byte {
		b, err := k.guard.secure.seal(nil, flagCommand, append(appendName(nil, name), data...))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, c := range map[string]struct {
		sent func(k *conn) []byte
		want error
	}{
		"in clear":             {func(*conn) []byte { return []byte("\x00\x02\x01x") }, errProtocol},
		"in clear, and long":   {func(*conn) []byte { return append([]byte("\x00\x40"), make([]byte, 64)...) }, errProtocol},
		"command in clear":     {func(*conn) []byte { return appendCommand(nil, "PING", []byte{0, 0}) }, errProtocol},
		"replayed":             {func(k *conn) []byte { b := good(k, "x"); return append(b, b...) }, errAuth},
		"out of order":         {func(k *conn) []byte { a, b := good(k, "a"), good(k, "b"); return append(b, a...) }, errAuth},
		"changed on the way":   {func(k *conn) []byte { b := good(k, "x"); b[len(b)-1] ^= 1; return b }, errAuth},
		"cut short":            {func(k *conn) []byte { b := good(k, "x"); b[1]--; return b[:len(b)-1] }, errAuth},
		"nonce of the future":  {func(k *conn) []byte { b := good(k, "x"); b[10] = 0xff; return b }, errAuth},
		"MORE outside":         {func(k *conn) []byte { b := good(k, "x"); b[0] |= flagMore; return b }, errProtocol},
		"announced, not sent":  {func(*conn) []byte { return binary.BigEndian.AppendUint64([]byte{flagLong}, 1<<40) }, errLimit},
		"over the limit":       {func(k *conn) []byte { return good(k, strings.Repeat("x", 4<<20+1)) }, errLimit},
		"unknown command":      {func(k *conn) []byte { return command(k, "JOIN", "x") }, errProtocol},
		"PING of too much":     {func(k *conn) []byte { return command(k, "PING", "\x00\x00"+strings.Repeat("x", 17)) }, errProtocol},
		"SUBSCRIBE, to ROUTER": {func(k *conn) []byte { return command(k, "SUBSCRIBE", "x") }, errProtocol},
		"HELLO again":          {func(k *conn) []byte { return appendCommand(nil, "HELLO", make([]byte, helloBytes)) }, errProtocol},
		"ERROR, encrypted":     {func(k *conn) []byte { return command(k, "ERROR", "\x03400") }, ErrRefused},
	} {
		ours, theirs := socketPair()
		in, out := newGuardPair(ours, theirs, true)
		sent := c.sent(out)
		go func() {
			theirs.Write(sent)
			theirs.(*net.TCPConn).CloseWrite()
		}()
		var err error
		for err == nil {
			_, err = in.receive()
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		in.close()
		theirs.SetReadDeadline(time.Now().Add(patience))
		if said, err := io.ReadAll(theirs); len(said) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: it said % x, %v", name, said, err)
		}
		theirs.Close()
	}
}

func TestLargeBuffersAreNotKept(t *testing.T) {
	ours, theirs := socketPair()
	defer ours.Close()
	defer theirs.Close()
	in, out := newGuardPair(ours, theirs, true)
	in.guard.limits.FrameBytes, in.guard.limits.MessageBytes = 4*keepBytes, 4*keepBytes
	go out.send([][]byte{make([]byte, 3*keepBytes), []byte("small")}, true)
	parts, err := in.receive()
	if err != nil || len(parts) != 2 {
		t.Fatalf("%d parts, %v", len(parts), err)
	}
	if kept := cap(in.guard.crypt) + cap(in.guard.plain); kept > keepBytes {
		t.Errorf("%d bytes are kept", kept)
	}
}

func TestRFC26Error(t *testing.T) {
	pair := NewKeyPair()
	begin := func(c net.Conn, k *curveClient) []byte {
		c.Read(make([]byte, greetingBytes))
		c.Write(appendGreeting(nil, mechanismCURVE, false))
		c.Write(appendCommand(nil, "HELLO", k.hello()))
		welcome := make([]byte, 2+8+welcomeBytes)
		c.Read(welcome)
		initiate, err := k.initiate(welcome[10:], metadata{socketType: "SUB"}.append(nil))
		if err != nil {
			t.Fatal(err)
		}
		return initiate
	}
	t.Run("server SHALL indicate an authentication failure by ERROR", func(t *testing.T) {
		r := &role{socketType: "PUB", peers: []string{"SUB"}, server: &ServerKeys{KeyPair: pair}, jar: &cookieJar{}}
		sent, err := talk(t, r, func(c net.Conn, k *curveClient) {
			c.Write(appendCommand(nil, "INITIATE", begin(c, k)))
			c.Read(make([]byte, 100))
		})
		refusedBy(t, err, errNotAllowed)
		if !bytes.HasSuffix(sent, append([]byte("\x05ERROR"), "\x03400"...)) {
			t.Errorf("it ends with %q", sent[max(0, len(sent)-20):])
		}
	})
	t.Run("malformed commands are met with silence", func(t *testing.T) {
		r := &role{socketType: "PUB", peers: []string{"SUB"}, server: &ServerKeys{KeyPair: pair, Any: true}, jar: &cookieJar{}}
		sent, err := talk(t, r, func(c net.Conn, k *curveClient) {
			initiate := begin(c, k)
			initiate[len(initiate)-1] ^= 1
			c.Write(appendCommand(nil, "INITIATE", initiate))
			c.Read(make([]byte, 100))
		})
		refusedBy(t, err, errAuth)
		if bytes.Contains(sent, []byte("ERROR")) || bytes.Contains(sent, []byte("READY")) {
			t.Errorf("it sent %q", sent)
		}
	})
	t.Run("client peer SHALL NOT send ERROR, commands come in order", func(t *testing.T) {
		r := &role{socketType: "PUB", peers: []string{"SUB"}, server: &ServerKeys{KeyPair: pair, Any: true}, jar: &cookieJar{}}
		for _, name := range []string{"ERROR", "INITIATE", "READY", "MESSAGE"} {
			sent, err := talk(t, r, func(c net.Conn, k *curveClient) {
				c.Read(make([]byte, greetingBytes))
				c.Write(appendGreeting(nil, mechanismCURVE, false))
				c.Write(appendCommand(nil, name, make([]byte, 300)))
				c.Read(make([]byte, 100))
			})
			if err == nil || len(sent) > greetingBytes {
				t.Errorf("%s as the first: %v, sent %d bytes", name, err, len(sent))
			}
		}
	})
	t.Run("is a hard error for the client", func(t *testing.T) {
		p := publisher(t, PublisherConfig{Keys: &ServerKeys{KeyPair: pair, Clients: []Key{pair.Public}}})
		_, err := Dial(t.Context(), DialConfig{Endpoint: p.Endpoint(), Type: "SUB", Keys: &ClientKeys{NewKeyPair(), pair.Public}})
		refusedBy(t, err, ErrRefused)
	})
}
