package trace

import "encoding/binary"

func uint64At(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }
func uint32At(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }

// parser takes values off the front of a record; past its end it gives zeros
// and says that it was short.
type parser struct {
	b     []byte
	short bool
}

func (p *parser) take(n uint64) []byte {
	if n > uint64(len(p.b)) {
		p.short, p.b = true, nil
		return nil
	}
	b := p.b[:n:n]
	p.b = p.b[n:]
	return b
}

func (p *parser) uint16() uint16 {
	if b := p.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (p *parser) uint32() uint32 {
	if b := p.take(4); b != nil {
		return uint32At(b)
	}
	return 0
}

func (p *parser) uint64() uint64 {
	if b := p.take(8); b != nil {
		return uint64At(b)
	}
	return 0
}

func (p *parser) text() string { return string(p.take(uint64(p.uint32()))) }
