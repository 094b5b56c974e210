package zmq

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"
)

// A role is what one side of a connection is.
type role struct {
	socketType string   // ours
	peers      []string // theirs, by the table of RFC 37
	identity   string

	server *ServerKeys // CURVE, of who listens
	jar    *cookieJar
	client *ClientKeys // CURVE, of who dials
}

func (r *role) mechanism() string {
	if r.server != nil || r.client != nil {
		return mechanismCURVE
	}
	return mechanismNULL
}

// A peer is who is at the other end.
type peer struct {
	metadata
	minor byte // of ZMTP 3
	key   Key  // of a client by CURVE
}

// shake has the whole handshake. Its caller sets a deadline.
func (r *role) shake(c net.Conn, in *bufio.Reader, listening bool) (peer, *cipher, error) {
	theirs, err := r.greet(c, in, listening)
	if err != nil {
		return peer{}, nil, err
	}
	p := peer{minor: theirs.minor}
	if theirs.major > zmtpMajor {
		p.minor = zmtpMinor
	}
	var secure *cipher
	switch {
	case r.mechanism() == mechanismNULL && listening:
		err = r.nullServer(c, in, &p)
	case r.mechanism() == mechanismNULL:
		err = r.nullClient(c, in, &p)
	case listening:
		secure, err = r.curveServer(c, in, &p)
	default:
		secure, err = r.curveClient(c, in, &p)
	}
	return p, secure, err
}

func (r *role) greet(c net.Conn, in *bufio.Reader, listening bool) (greeting, error) {
	mechanism := r.mechanism()
	if _, err := c.Write(appendGreeting(nil, mechanism, listening && mechanism == mechanismCURVE)); err != nil {
		return greeting{}, err
	}
	var b [greetingBytes]byte
	// A peer of something else may never send 64 bytes: its first is enough.
	first, err := in.Peek(1)
	if err == nil && first[0] != 0xff {
		return greeting{}, fmt.Errorf("%w: no ZMTP greeting (it begins with %#x)", errProtocol, first[0])
	}
	if _, err := io.ReadFull(in, b[:]); err != nil {
		return greeting{}, within(err)
	}
	theirs, err := parseGreeting(&b)
	if err != nil {
		return greeting{}, err
	}
	if theirs.mechanism != mechanism {
		return greeting{}, fmt.Errorf("%w: peer speaks %s, and here it is %s", errProtocol, theirs.mechanism, mechanism)
	}
	if want := mechanism == mechanismCURVE && !listening; theirs.server != want {
		return greeting{}, fmt.Errorf("%w: peer has as-server %t", errProtocol, theirs.server)
	}
	return theirs, nil
}

// meet reads what the peer says of itself. A listener tells one that fits not.
func (r *role) meet(properties []byte, p *peer) error {
	m, err := parseMetadata(properties)
	if err != nil {
		return err
	}
	if !slices.Contains(r.peers, m.socketType) {
		return fmt.Errorf("%w: a %q cannot connect to a %s", errProtocol, m.socketType, r.socketType)
	}
	p.metadata = m
	return nil
}

func (r *role) ours() []byte {
	return metadata{socketType: r.socketType, identity: r.identity}.append(nil)
}

func (r *role) nullServer(c net.Conn, in *bufio.Reader, p *peer) error {
	properties, err := expectCommand(in, "READY")
	if err != nil {
		return err
	}
	if err := r.meet(properties, p); err != nil {
		c.Write(appendError(nil, "Invalid metadata"))
		return err
	}
	_, err = c.Write(appendCommand(nil, "READY", r.ours()))
	return err
}

func (r *role) nullClient(c net.Conn, in *bufio.Reader, p *peer) error {
	if _, err := c.Write(appendCommand(nil, "READY", r.ours())); err != nil {
		return err
	}
	properties, err := expectCommand(in, "READY")
	if err != nil {
		return err
	}
	return r.meet(properties, p)
}

func (r *role) curveServer(c net.Conn, in *bufio.Reader, p *peer) (*cipher, error) {
	s := curveServer{pair: r.server.KeyPair, jar: r.jar, allow: r.server.allows}
	hello, err := expectCommand(in, "HELLO")
	if err != nil {
		return nil, err
	}
	r.jar.work.Lock()
	welcome, err := s.welcome(hello, time.Now())
	r.jar.work.Unlock()
	if err != nil {
		return nil, err
	}
	if _, err := c.Write(appendCommand(nil, "WELCOME", welcome)); err != nil {
		return nil, err
	}
	initiate, err := expectCommand(in, "INITIATE")
	if err != nil {
		return nil, err
	}
	r.jar.work.Lock()
	properties, err := s.initiate(initiate, time.Now())
	r.jar.work.Unlock()
	if errors.Is(err, errNotAllowed) {
		c.Write(appendError(nil, "400")) // so that it does not try again
	}
	if err != nil {
		return nil, err
	}
	if err := r.meet(properties, p); err != nil {
		c.Write(appendError(nil, "Invalid metadata"))
		return nil, err
	}
	p.key = s.client
	if _, err = c.Write(appendCommand(nil, "READY", s.ready(r.ours()))); err != nil {
		return nil, err
	}
	return &s.session, nil
}

func (r *role) curveClient(c net.Conn, in *bufio.Reader, p *peer) (*cipher, error) {
	k := curveClient{pair: r.client.KeyPair, server: r.client.Server}
	if _, err := c.Write(appendCommand(nil, "HELLO", k.hello())); err != nil {
		return nil, err
	}
	welcome, err := expectCommand(in, "WELCOME")
	if err != nil {
		return nil, err
	}
	initiate, err := k.initiate(welcome, r.ours())
	if err != nil {
		return nil, err
	}
	if _, err := c.Write(appendCommand(nil, "INITIATE", initiate)); err != nil {
		return nil, err
	}
	ready, err := expectCommand(in, "READY")
	if err != nil {
		return nil, err
	}
	properties, err := k.ready(ready)
	if err != nil {
		return nil, err
	}
	if err := r.meet(properties, p); err != nil {
		return nil, err
	}
	return &k.session, nil
}
