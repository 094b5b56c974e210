package zmq

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/crypto/nacl/box"
	"golang.org/x/crypto/nacl/secretbox"
)

// What follows is CurveZMQ (RFC 26) as values: each step takes the body of
// one command and gives the next. C and S are the permanent keys of client
// and server, C' and S' those of one connection; a small letter is the secret
// half. "Box [X](C->S)" is made with c and S, and opened with C and s.

// Lengths of what the RFC fixes, without the commands' names.
const (
	helloBytes    = 2 + 72 + 32 + 8 + 80
	welcomeBytes  = 16 + 144
	cookieBytes   = 16 + 80
	vouchBytes    = 16 + 80
	initiateBytes = cookieBytes + 8 + box.Overhead + 32 + vouchBytes // and metadata
	readyBytes    = 8 + box.Overhead                                 // and metadata
	messageBytes  = 8 + 8 + box.Overhead + 1                         // with its name, and payload
)

func longNonce(prefix string, tail []byte) *[24]byte {
	var n [24]byte
	copy(n[:], prefix)
	copy(n[24-len(tail):], tail)
	return &n
}

func shortNonce(prefix string, n uint64) *[24]byte {
	var nonce [24]byte
	copy(nonce[:16], prefix)
	binary.BigEndian.PutUint64(nonce[16:], n)
	return &nonce
}

// randomBytes never fails: without entropy the process ends.
func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func newTransient() (public, secret *[32]byte) {
	public, secret, err := box.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return public, secret
}

// cookieLife is how long a cookie key seals; it opens for as long again. RFC
// 26 has it discarded "after a short interval, for example 60 seconds".
const cookieLife = 30 * time.Second

// A cookieJar has the key that seals servers' transient keys while they are
// with the clients. It is used by all handshakes at once.
type cookieJar struct {
	// work makes handshakes take turns at what they compute, so that a flood
	// of HELLOs takes one core at most.
	work sync.Mutex

	mu            sync.Mutex
	key, previous [32]byte
	since         time.Time
}

func (j *cookieJar) keys(now time.Time) (key, previous [32]byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch age := now.Sub(j.since); {
	case j.since.IsZero() || age >= 2*cookieLife || age < 0:
		rand.Read(j.key[:])
		rand.Read(j.previous[:])
		j.since = now
	case age >= cookieLife:
		j.previous = j.key
		rand.Read(j.key[:])
		j.since = now
	}
	return j.key, j.previous
}

func (j *cookieJar) seal(client, secret *[32]byte, now time.Time) []byte {
	key, _ := j.keys(now)
	nonce := randomBytes(16)
	plain := append(client[:len(client):len(client)], secret[:]...)
	return secretbox.Seal(nonce, plain, longNonce("COOKIE--", nonce), &key)
}

func (j *cookieJar) open(cookie []byte, now time.Time) (client, secret [32]byte, ok bool) {
	key, previous := j.keys(now)
	nonce := longNonce("COOKIE--", cookie[:16])
	plain, ok := secretbox.Open(nil, cookie[16:], nonce, &key)
	if !ok {
		plain, ok = secretbox.Open(nil, cookie[16:], nonce, &previous)
	}
	if ok {
		copy(client[:], plain)
		copy(secret[:], plain[32:])
	}
	return client, secret, ok
}

// A curveServer is the server's half of one handshake. Between WELCOME and
// INITIATE it keeps what says that the cookie is this connection's, and no
// key: those are in the cookie.
type curveServer struct {
	pair  KeyPair
	jar   *cookieJar
	allow func(Key) bool

	clientNonce uint64
	issued      [cookieBytes]byte

	client  Key // C, once INITIATE was good
	session cipher
}

// welcome answers HELLO.
func (s *curveServer) welcome(hello []byte, now time.Time) ([]byte, error) {
	if len(hello) != helloBytes {
		return nil, fmt.Errorf("%w: HELLO of %d bytes", errProtocol, len(hello))
	}
	if hello[0] != 1 || hello[1] != 0 {
		return nil, fmt.Errorf("%w: CurveZMQ %d.%d, and we speak 1.0", errProtocol, hello[0], hello[1])
	}
	if len(bytes.Trim(hello[2:74], "\x00")) > 0 {
		return nil, fmt.Errorf("%w: HELLO has a padding that is not zero", errProtocol)
	}
	client := [32]byte(hello[74:106])
	s.clientNonce = binary.BigEndian.Uint64(hello[106:114])
	signature, ok := box.Open(nil, hello[114:], shortNonce("CurveZMQHELLO---", s.clientNonce), &client, (*[32]byte)(&s.pair.Secret))
	if !ok || subtle.ConstantTimeCompare(signature, make([]byte, 64)) == 0 {
		return nil, fmt.Errorf("%w: HELLO was made for another server key", errAuth)
	}
	public, secret := newTransient()
	copy(s.issued[:], s.jar.seal(&client, secret, now))
	nonce := randomBytes(16)
	plain := append(public[:], s.issued[:]...)
	return box.Seal(nonce, plain, longNonce("WELCOME-", nonce), &client, (*[32]byte)(&s.pair.Secret)), nil
}

// initiate judges INITIATE and gives the client's metadata. The error is
// errNotAllowed if all is well but for who the client is.
func (s *curveServer) initiate(body []byte, now time.Time) ([]byte, error) {
	if len(body) < initiateBytes {
		return nil, fmt.Errorf("%w: INITIATE of %d bytes", errProtocol, len(body))
	}
	// A cookie of another connection, though we sealed it, would let whoever
	// recorded that one play it again.
	if subtle.ConstantTimeCompare(body[:cookieBytes], s.issued[:]) == 0 {
		return nil, fmt.Errorf("%w: INITIATE has another cookie than WELCOME", errAuth)
	}
	transient, secret, ok := s.jar.open(body[:cookieBytes], now)
	if !ok {
		return nil, fmt.Errorf("%w: INITIATE has a cookie of over %s ago", errAuth, cookieLife)
	}
	nonce := binary.BigEndian.Uint64(body[cookieBytes:])
	if nonce <= s.clientNonce {
		return nil, fmt.Errorf("%w: INITIATE uses a nonce again", errAuth)
	}
	s.clientNonce = nonce
	plain, ok := box.Open(nil, body[cookieBytes+8:], shortNonce("CurveZMQINITIATE", nonce), &transient, &secret)
	if !ok {
		return nil, fmt.Errorf("%w: INITIATE does not open", errAuth)
	}
	s.client = Key(plain[:32])
	vouch, ok := box.Open(nil, plain[48:128], longNonce("VOUCH---", plain[32:48]), (*[32]byte)(&s.client), &secret)
	vouched := append(transient[:len(transient):len(transient)], s.pair.Public[:]...)
	if !ok || subtle.ConstantTimeCompare(vouch, vouched) == 0 {
		return nil, fmt.Errorf("%w: vouch is not the client's for this connection", errAuth)
	}
	if !s.allow(s.client) {
		return nil, fmt.Errorf("%w: %s", errNotAllowed, s.client)
	}
	s.session = cipher{received: nonce, sendPrefix: "CurveZMQMESSAGES", receivePrefix: "CurveZMQMESSAGEC"}
	box.Precompute(&s.session.shared, &transient, &secret)
	return plain[128:], nil
}

// ready ends a good handshake.
func (s *curveServer) ready(metadata []byte) []byte {
	s.session.sent = 1
	body := binary.BigEndian.AppendUint64(nil, 1)
	return box.SealAfterPrecomputation(body, metadata, shortNonce("CurveZMQREADY---", 1), &s.session.shared)
}

// A curveClient is the client's half of one handshake.
type curveClient struct {
	pair   KeyPair
	server Key

	public, secret *[32]byte // C' and c'
	session        cipher
}

func (c *curveClient) hello() []byte {
	c.public, c.secret = newTransient()
	body := make([]byte, 2+72, helloBytes)
	body[0] = 1
	body = binary.BigEndian.AppendUint64(append(body, c.public[:]...), 1)
	return box.Seal(body, make([]byte, 64), shortNonce("CurveZMQHELLO---", 1), (*[32]byte)(&c.server), c.secret)
}

// initiate answers WELCOME.
func (c *curveClient) initiate(welcome, metadata []byte) ([]byte, error) {
	if len(welcome) != welcomeBytes {
		return nil, fmt.Errorf("%w: WELCOME of %d bytes", errProtocol, len(welcome))
	}
	plain, ok := box.Open(nil, welcome[16:], longNonce("WELCOME-", welcome[:16]), (*[32]byte)(&c.server), c.secret)
	if !ok {
		return nil, fmt.Errorf("%w: WELCOME is not by the server key we have", errAuth)
	}
	server, cookie := [32]byte(plain[:32]), plain[32:]
	c.session = cipher{sent: 2, sendPrefix: "CurveZMQMESSAGEC", receivePrefix: "CurveZMQMESSAGES"}
	box.Precompute(&c.session.shared, &server, c.secret)
	nonce := randomBytes(16)
	vouched := append(c.public[:len(c.public):len(c.public)], c.server[:]...)
	vouch := box.Seal(nonce, vouched, longNonce("VOUCH---", nonce), &server, (*[32]byte)(&c.pair.Secret))
	body := binary.BigEndian.AppendUint64(bytes.Clone(cookie), 2)
	inside := append(append(bytes.Clone(c.pair.Public[:]), vouch...), metadata...)
	return box.SealAfterPrecomputation(body, inside, shortNonce("CurveZMQINITIATE", 2), &c.session.shared), nil
}

// ready opens READY and gives the server's metadata.
func (c *curveClient) ready(body []byte) ([]byte, error) {
	if len(body) < readyBytes {
		return nil, fmt.Errorf("%w: READY of %d bytes", errProtocol, len(body))
	}
	c.session.received = binary.BigEndian.Uint64(body)
	plain, ok := box.OpenAfterPrecomputation(nil, body[8:], shortNonce("CurveZMQREADY---", c.session.received), &c.session.shared)
	if !ok {
		return nil, fmt.Errorf("%w: READY does not open", errAuth)
	}
	return plain, nil
}

// A cipher is a connection after its handshake. Sending and receiving halves
// are independent: each may have a goroutine.
type cipher struct {
	shared         [32]byte // of S' and C'
	sent, received uint64   // the last nonces
	sendPrefix     string
	receivePrefix  string
	plain          []byte
}

// Flags inside a MESSAGE. libzmq sends its own commands (PING, SUBSCRIBE) in
// it, by a flag that RFC 26 has reserved.
const (
	curveMore    = 1
	curveCommand = 2
)

// seal appends a frame as MESSAGE. Its own frame is no command: the RFC would
// have it one, and libzmq neither sends nor wants that.
func (c *cipher) seal(b []byte, flags byte, body []byte) ([]byte, error) {
	if c.sent == math.MaxUint64 {
		return nil, fmt.Errorf("%w: out of nonces", errProtocol)
	}
	c.sent++
	inside := byte(0)
	if flags&flagMore != 0 {
		inside |= curveMore
	}
	if flags&flagCommand != 0 {
		inside |= curveCommand
	}
	c.plain = append(append(c.plain[:0], inside), body...)
	b = appendHeader(b, 0, messageBytes+len(body))
	b = binary.BigEndian.AppendUint64(appendName(b, "MESSAGE"), c.sent)
	b = box.SealAfterPrecomputation(b, c.plain, shortNonce(c.sendPrefix, c.sent), &c.shared)
	if cap(c.plain) > keepBytes {
		c.plain = nil
	}
	return b, nil
}

// open appends what a MESSAGE's body has inside to out, and gives the flags
// that the frame would have had without encryption.
func (c *cipher) open(out, body []byte) (flags byte, plain []byte, err error) {
	if len(body) < messageBytes || string(body[:8]) != "\x07MESSAGE" {
		return 0, nil, fmt.Errorf("%w: no MESSAGE", errProtocol)
	}
	nonce := binary.BigEndian.Uint64(body[8:])
	if nonce <= c.received {
		return 0, nil, fmt.Errorf("%w: MESSAGE uses a nonce again", errAuth)
	}
	plain, ok := box.OpenAfterPrecomputation(out, body[16:], shortNonce(c.receivePrefix, nonce), &c.shared)
	if !ok {
		return 0, nil, fmt.Errorf("%w: MESSAGE does not open", errAuth)
	}
	c.received = nonce
	inside := plain[len(out)]
	switch {
	case inside&^(curveMore|curveCommand) != 0, inside == curveMore|curveCommand:
		return 0, nil, fmt.Errorf("%w: MESSAGE has flags %#x", errProtocol, inside)
	case inside&curveMore != 0:
		flags = flagMore
	case inside&curveCommand != 0:
		flags = flagCommand
	}
	return flags, plain[len(out)+1:], nil
}
