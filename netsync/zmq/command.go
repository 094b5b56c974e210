package zmq

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

// maxCommand is the most that a command may take, encrypted or not. READY and
// INITIATE, the longest, carry a socket type, an identity, and what
// properties an application adds.
const maxCommand = 4 << 10

func appendCommand(b []byte, name string, data []byte) []byte {
	b = appendHeader(b, flagCommand, 1+len(name)+len(data))
	return append(appendName(b, name), data...)
}

func appendName(b []byte, name string) []byte {
	return append(append(b, byte(len(name))), name...)
}

// parseCommand splits a command's body into its name, of letters, and data.
func parseCommand(body []byte) (name string, data []byte, err error) {
	if len(body) == 0 || body[0] == 0 || int(body[0]) > len(body)-1 {
		return "", nil, fmt.Errorf("%w: command without a name", errProtocol)
	}
	n := 1 + int(body[0])
	for _, c := range body[1:n] {
		if !(c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z') {
			return "", nil, fmt.Errorf("%w: command is called %q", errProtocol, body[1:n])
		}
	}
	return string(body[1:n]), body[n:], nil
}

// readCommand reads the next command of a handshake.
func readCommand(r *bufio.Reader) (name string, data []byte, err error) {
	flags, size, err := readHeader(r)
	if err != nil {
		return "", nil, err
	}
	if flags&flagCommand == 0 {
		return "", nil, fmt.Errorf("%w: a message before the handshake's end", errProtocol)
	}
	if size > maxCommand {
		return "", nil, fmt.Errorf("%w: command of %d bytes, over the %d allowed", errLimit, size, maxCommand)
	}
	body, err := readBody(r, nil, int(size))
	if err != nil {
		return "", nil, err
	}
	return parseCommand(body)
}

// expectCommand reads the command that must come next, or the ERROR by which
// the peer refuses us.
func expectCommand(r *bufio.Reader, want string) ([]byte, error) {
	name, data, err := readCommand(r)
	switch {
	case err != nil:
		return nil, err
	case name == want:
		return data, nil
	case name == "ERROR":
		return nil, fmt.Errorf("%w: %s", ErrRefused, errorReason(data))
	}
	return nil, fmt.Errorf("%w: %q where %s must come", errProtocol, name, want)
}

// errorReason is what an ERROR command says, made safe to print.
func errorReason(data []byte) string {
	if len(data) == 0 || int(data[0]) != len(data)-1 {
		return "for no readable reason"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, string(data[1:]))
}

// appendError refuses a peer. libzmq puts a status code of ZAP (RFC 27) there.
func appendError(b []byte, reason string) []byte {
	return appendCommand(b, "ERROR", appendName(nil, reason))
}

// metadata is what a peer says of itself.
type metadata struct {
	socketType string
	identity   string
}

// maxProperties bounds the names kept to find doubles.
const maxProperties = 32

func (m metadata) append(b []byte) []byte {
	b = appendProperty(b, "Socket-Type", m.socketType)
	switch m.socketType {
	case "REQ", "DEALER", "ROUTER":
		b = appendProperty(b, "Identity", m.identity)
	}
	return b
}

func appendProperty(b []byte, name, value string) []byte {
	b = appendName(b, name)
	return append(binary.BigEndian.AppendUint32(b, uint32(len(value))), value...)
}

// parseMetadata reads the properties of READY and INITIATE. Names are
// compared without case. Those it does not know are allowed and not kept.
func parseMetadata(b []byte) (metadata, error) {
	var m metadata
	var seen []string
	for len(b) > 0 {
		n := int(b[0])
		if n == 0 || len(b) < 1+n+4 {
			return m, fmt.Errorf("%w: metadata has a property cut short", errProtocol)
		}
		if !isPropertyName(b[1 : 1+n]) {
			return m, fmt.Errorf("%w: metadata has a property %q", errProtocol, b[1:1+n])
		}
		name := strings.ToLower(string(b[1 : 1+n]))
		size := binary.BigEndian.Uint32(b[1+n:])
		b = b[1+n+4:]
		if size > math.MaxInt32 || int64(size) > int64(len(b)) {
			return m, fmt.Errorf("%w: metadata %q has a value of %d bytes in %d", errProtocol, name, size, len(b))
		}
		value := string(b[:size])
		b = b[size:]
		for _, s := range seen {
			if s == name {
				return m, fmt.Errorf("%w: metadata has %q twice", errProtocol, name)
			}
		}
		if seen = append(seen, name); len(seen) > maxProperties {
			return m, fmt.Errorf("%w: metadata of over %d properties", errLimit, maxProperties)
		}
		switch name {
		case "socket-type":
			m.socketType = value
		case "identity":
			m.identity = value
		}
	}
	if len(m.identity) > math.MaxUint8 || strings.HasPrefix(m.identity, "\x00") {
		return m, fmt.Errorf("%w: identity %q", errProtocol, m.identity)
	}
	return m, nil
}

func isPropertyName(name []byte) bool {
	for _, c := range name {
		if !(c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("-_.+", c) >= 0) {
			return false
		}
	}
	return true
}

// parsePing splits a heartbeat into the tenths of seconds after which silence
// means death (0: never), and the context to echo.
func parsePing(data []byte) (ttl uint16, context []byte, err error) {
	if len(data) < 2 || len(data) > 2+16 {
		return 0, nil, fmt.Errorf("%w: PING of %d bytes", errProtocol, len(data))
	}
	return binary.BigEndian.Uint16(data), data[2:], nil
}
