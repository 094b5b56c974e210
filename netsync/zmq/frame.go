package zmq

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// Flags of a frame (RFC 37, "Framing"). The other bits must be zero.
const (
	flagMore    = 1
	flagLong    = 2
	flagCommand = 4
)

// maxHeader is the length of a long frame's header.
const maxHeader = 9

// appendHeader begins a frame of n bytes.
func appendHeader(b []byte, flags byte, n int) []byte {
	if n > math.MaxUint8 {
		return binary.BigEndian.AppendUint64(append(b, flags|flagLong), uint64(n))
	}
	return append(b, flags, byte(n))
}

// readHeader reads where a frame begins. It allocates nothing: the size is
// what the peer says, to be judged before anything is done about it.
func readHeader(r *bufio.Reader) (flags byte, size uint64, err error) {
	flags, err = r.ReadByte()
	if err != nil {
		return 0, 0, err
	}
	if flags&^(flagMore|flagLong|flagCommand) != 0 {
		return 0, 0, fmt.Errorf("%w: frame has reserved flags %#x", errProtocol, flags)
	}
	if flags&(flagMore|flagCommand) == flagMore|flagCommand {
		return 0, 0, fmt.Errorf("%w: a command is one frame, and this one has MORE", errProtocol)
	}
	if flags&flagLong == 0 {
		n, err := r.ReadByte()
		return flags, uint64(n), within(err)
	}
	var long [8]byte
	if _, err := io.ReadFull(r, long[:]); err != nil {
		return 0, 0, within(err)
	}
	size = binary.BigEndian.Uint64(long[:])
	if size > math.MaxInt64 {
		return 0, 0, fmt.Errorf("%w: frame of %d bytes", errProtocol, size)
	}
	return flags, size, nil
}

// within says that an end of the stream inside a frame is no orderly end.
func within(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// readBody appends n bytes to b, which grows as they arrive: who announces
// much and sends little costs little.
func readBody(r io.Reader, b []byte, n int) ([]byte, error) {
	const step = 64 << 10
	for n > 0 {
		take := min(n, max(step, len(b)))
		at := len(b)
		b = append(b, make([]byte, take)...)
		if _, err := io.ReadFull(r, b[at:]); err != nil {
			return nil, within(err)
		}
		n -= take
	}
	return b, nil
}
