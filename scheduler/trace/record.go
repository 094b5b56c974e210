package trace

import (
	"encoding/binary"

	"github.com/foxglove/mcap/go/mcap"
)

// The records of MCAP, as its specification lays them out. The library's own
// writer ends chunks by their size alone; a trace's end where their content
// says, and what is not yet a chunk can be written as one.

// body is a record being made.
type body []byte

func (b body) uint16(v uint16) body { return binary.LittleEndian.AppendUint16(b, v) }
func (b body) uint32(v uint32) body { return binary.LittleEndian.AppendUint32(b, v) }
func (b body) uint64(all ...uint64) body {
	for _, v := range all {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}
func (b body) text(s string) body { return append(b.uint32(uint32(len(s))), s...) }

// begin starts a record, and end puts its length right.
func (b body) begin(op mcap.OpCode) body { return append(b, byte(op), 0, 0, 0, 0, 0, 0, 0, 0) }
func (b body) end(began int) body {
	binary.LittleEndian.PutUint64(b[began+1:], uint64(len(b)-began-recordHead))
	return b
}

const recordHead = 9 // opcode and length

// pairs appends a map, which its owner gives in order.
func (b body) pairs(list [][2]string) body {
	at := len(b)
	b = b.uint32(0)
	for _, kv := range list {
		b = b.text(kv[0]).text(kv[1])
	}
	binary.LittleEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	return b
}

// A span of the file: where a record lies.
type place struct{ offset, length uint64 }

// chunkEntry is a chunk as the index has it.
type chunkEntry struct {
	place
	start, end    uint64 // log time
	compression   Compression
	packed, size  uint64
	indexes       []indexPlace // by channel, those it has messages of
	indexesLength uint64
}

type indexPlace struct {
	channel uint16
	offset  uint64
}

func (b body) chunkIndex(c *chunkEntry) body {
	at := len(b)
	b = b.begin(mcap.OpChunkIndex).uint64(c.start, c.end, c.offset, c.length)
	b = b.uint32(uint32(len(c.indexes) * 10))
	for _, i := range c.indexes {
		b = b.uint16(i.channel).uint64(i.offset)
	}
	return b.uint64(c.indexesLength).text(string(c.compression)).uint64(c.packed, c.size).end(at)
}

// attachment is a file that goes with the trace.
type attachment struct {
	place
	name, media string
	size        uint64
}

func (b body) attachmentIndex(a *attachment) body {
	at := len(b)
	return b.begin(mcap.OpAttachmentIndex).uint64(a.offset, a.length, 0, 0, a.size).text(a.name).text(a.media).end(at)
}

type metadataEntry struct {
	place
	name string
}

func (b body) metadataIndex(m *metadataEntry) body {
	at := len(b)
	return b.begin(mcap.OpMetadataIndex).uint64(m.offset, m.length).text(m.name).end(at)
}
