package zmq

import (
	"bytes"
	"fmt"
)

// A greeting opens each connection, both ways, in 64 bytes: the signature
// FF, 8 bytes of no meaning, 7F; the version; the mechanism padded with zeros;
// whether the sender is the server; 31 zeros (RFC 37, "Formal Grammar").
const greetingBytes = 64

// We speak ZMTP 3.1.
const zmtpMajor, zmtpMinor = 3, 1

const (
	mechanismNULL  = "NULL"
	mechanismCURVE = "CURVE"
)

type greeting struct {
	major, minor byte
	mechanism    string
	server       bool
}

func appendGreeting(b []byte, mechanism string, server bool) []byte {
	var g [greetingBytes]byte
	g[0], g[9], g[10], g[11] = 0xff, 0x7f, zmtpMajor, zmtpMinor
	copy(g[12:32], mechanism)
	if server {
		g[32] = 1
	}
	return append(b, g[:]...)
}

func parseGreeting(b *[greetingBytes]byte) (greeting, error) {
	g := greeting{major: b[10], minor: b[11], server: b[32] == 1}
	if b[0] != 0xff || b[9] != 0x7f {
		return g, fmt.Errorf("%w: no ZMTP greeting (it begins with % x)", errProtocol, b[:10])
	}
	if g.major < zmtpMajor {
		return g, fmt.Errorf("%w: ZMTP %d, and %d.0 is the least we speak", errProtocol, g.major, zmtpMajor)
	}
	name, padding, _ := bytes.Cut(b[12:32], []byte{0})
	if len(bytes.Trim(padding, "\x00")) > 0 || !isMechanism(name) {
		return g, fmt.Errorf("%w: greeting names no mechanism: %q", errProtocol, b[12:32])
	}
	g.mechanism = string(name)
	if b[32] > 1 {
		return g, fmt.Errorf("%w: greeting has as-server %d", errProtocol, b[32])
	}
	// Later versions may put something there, and must be accepted.
	known := g.major == zmtpMajor && g.minor <= zmtpMinor
	if known && len(bytes.Trim(b[33:], "\x00")) > 0 {
		return g, fmt.Errorf("%w: greeting has a filler that is not zero", errProtocol)
	}
	return g, nil
}

func isMechanism(name []byte) bool {
	for _, c := range name {
		if !(c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' || c == '+') {
			return false
		}
	}
	return len(name) > 0
}
