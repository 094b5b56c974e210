package zmq

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

// Z85 writes 4 bytes as 5 characters that need no quoting (RFC 32).
const z85Alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"

// encodeZ85 panics if b is not made of whole groups of 4 bytes.
func encodeZ85(b []byte) string {
	if len(b)%4 != 0 {
		panic(fmt.Sprintf("zmq: %d bytes as Z85, which takes 4 at a time", len(b)))
	}
	text := make([]byte, 0, len(b)/4*5)
	for ; len(b) > 0; b = b[4:] {
		n := binary.BigEndian.Uint32(b)
		for _, place := range [5]uint32{85 * 85 * 85 * 85, 85 * 85 * 85, 85 * 85, 85, 1} {
			text = append(text, z85Alphabet[n/place%85])
		}
	}
	return string(text)
}

func decodeZ85(text string) ([]byte, error) {
	if len(text)%5 != 0 {
		return nil, fmt.Errorf("not Z85: %d characters, which is no multiple of 5", len(text))
	}
	b := make([]byte, 0, len(text)/5*4)
	for i := 0; i < len(text); i += 5 {
		var n uint64
		for _, c := range []byte(text[i : i+5]) {
			digit := strings.IndexByte(z85Alphabet, c)
			if digit < 0 {
				return nil, fmt.Errorf("not Z85: character %d", i+1)
			}
			n = n*85 + uint64(digit)
		}
		if n > math.MaxUint32 {
			return nil, fmt.Errorf("not Z85: over 32 bits from character %d on", i+1)
		}
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	return b, nil
}
