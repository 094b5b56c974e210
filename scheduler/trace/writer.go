package trace

import (
	"fmt"
	"hash/crc32"
	"io"

	"github.com/foxglove/mcap/go/mcap"
)

const (
	// chunkSize is from where on a chunk ends: little enough to be read in
	// passing, enough to compress well.
	chunkSize = 512 << 10
	// maxChunk is how large a chunk is read: a snapshot of millions of nodes.
	maxChunk = 4 << 30
)

// writer puts records into an MCAP file.
type writer struct {
	to        io.Writer
	err       error
	offset    uint64
	data      uint32 // sum of the data section
	packer    *compressor
	topics    []topic
	chunk     body // records of the chunk under way
	at        []messagePlace
	start     uint64
	end       uint64
	scratch   body
	counts    []uint64 // messages a channel
	total     uint64
	from      uint64 // log time of the first message
	until     uint64
	chunks    []chunkEntry
	files     []attachment
	metadata  []metadataEntry
	sequences []uint32
}

type messagePlace struct {
	channel uint16
	time    uint64
	offset  uint64
}

// topic is a channel and its schema. A channel's number is its place.
type topic struct {
	name     string
	encoding string
	schema   string // of JSON; empty for none
	metadata [][2]string
}

func newWriter(to io.Writer, kind Compression, topics []topic) (*writer, error) {
	packer, err := newCompressor(kind)
	if err != nil {
		return nil, err
	}
	w := &writer{to: to, packer: packer, topics: topics, counts: make([]uint64, len(topics)), sequences: make([]uint32, len(topics))}
	var b body
	b = append(b, mcap.Magic...)
	at := len(b)
	b = b.begin(mcap.OpHeader).text("").text(fmt.Sprintf("orrery trace %d", Revision)).end(at)
	w.put(b.channels(topics))
	return w, w.err
}

// channels appends schemas and channels: at the front, for who reads from
// there, and in the summary.
func (b body) channels(topics []topic) body {
	for i, t := range topics {
		if t.schema != "" {
			at := len(b)
			b = b.begin(mcap.OpSchema).uint16(uint16(i + 1)).text("orrery." + t.name).text("jsonschema").text(t.schema).end(at)
		}
	}
	for i, t := range topics {
		schema := uint16(0)
		if t.schema != "" {
			schema = uint16(i + 1)
		}
		at := len(b)
		b = b.begin(mcap.OpChannel).uint16(uint16(i)).uint16(schema).text(t.name).text(t.encoding).pairs(t.metadata).end(at)
	}
	return b
}

// put writes, unless writing has failed before.
func (w *writer) put(b []byte) {
	if w.err != nil {
		return
	}
	_, w.err = w.to.Write(b)
	w.offset += uint64(len(b))
	w.data = crc32.Update(w.data, crc32.IEEETable, b)
}

// attach writes a file. Attachments lie between chunks.
func (w *writer) attach(name, media string, data []byte) {
	w.seal()
	a := attachment{name: name, media: media, size: uint64(len(data))}
	a.offset = w.offset
	b := w.scratch[:0].begin(mcap.OpAttachment).uint64(0, 0).text(name).text(media).uint64(uint64(len(data)))
	b = append(b, data...)
	b = b.uint32(crc32.ChecksumIEEE(b[recordHead:])).end(0)
	a.length = uint64(len(b))
	w.put(b)
	w.scratch, w.files = b, append(w.files, a)
}

// describe writes metadata.
func (w *writer) describe(name string, pairs [][2]string) {
	w.seal()
	m := metadataEntry{place: place{offset: w.offset}, name: name}
	b := w.scratch[:0].begin(mcap.OpMetadata).text(name).pairs(pairs).end(0)
	m.length = uint64(len(b))
	w.put(b)
	w.scratch, w.metadata = b, append(w.metadata, m)
}

// message adds a message to the chunk under way.
func (w *writer) message(channel uint16, time uint64, data []byte) {
	w.addMessage(channel, time, data)
	w.sequences[channel]++
	w.counted(channel, time)
}

// counted keeps the file's statistics.
func (w *writer) counted(channel uint16, time uint64) {
	w.counts[channel]++
	if w.total == 0 {
		w.from = time
	}
	w.total++
	w.from = min(w.from, time)
	w.until = max(w.until, time)
}

func (w *writer) addMessage(channel uint16, time uint64, data []byte) {
	if len(w.at) == 0 {
		w.start = time
	}
	w.start, w.end = min(w.start, time), max(w.end, time)
	at := len(w.chunk)
	w.at = append(w.at, messagePlace{channel, time, uint64(at)})
	w.chunk = w.chunk.begin(mcap.OpMessage).uint16(channel).uint32(w.sequences[channel]).uint64(time, time)
	w.chunk = append(w.chunk, data...).end(at)
}

// seal ends the chunk under way.
func (w *writer) seal() {
	if len(w.at) == 0 || w.err != nil {
		return
	}
	b, entry, err := w.sealed()
	if err != nil {
		w.err = err
		return
	}
	w.put(b)
	w.chunks = append(w.chunks, entry)
	w.chunk, w.at, w.end = w.chunk[:0], w.at[:0], 0
}

// sealed returns the chunk under way as records, with its message indexes.
func (w *writer) sealed() (body, chunkEntry, error) {
	packed, err := w.packer.compress(w.chunk)
	if err != nil {
		return nil, chunkEntry{}, err
	}
	c := chunkEntry{start: w.start, end: w.end, compression: w.packer.kind, packed: uint64(len(packed)), size: uint64(len(w.chunk))}
	c.offset = w.offset
	b := w.scratch[:0].begin(mcap.OpChunk).uint64(c.start, c.end, c.size).uint32(crc32.ChecksumIEEE(w.chunk)).text(string(c.compression)).uint64(c.packed)
	b = append(b, packed...).end(0)
	c.length = uint64(len(b))
	b, c.indexes = w.messageIndexes(b, w.offset)
	c.indexesLength = uint64(len(b)) - c.length
	w.scratch = b
	return b, c, nil
}

// messageIndexes appends where the chunk's messages are, a record a channel; b
// begins at an offset of the file.
func (w *writer) messageIndexes(b body, offset uint64) (body, []indexPlace) {
	var all []indexPlace
	for channel := range w.topics {
		at := len(b)
		for _, m := range w.at {
			if int(m.channel) != channel {
				continue
			}
			if len(b) == at {
				b = b.begin(mcap.OpMessageIndex).uint16(m.channel).uint32(0)
			}
			b = b.uint64(m.time, m.offset)
		}
		if len(b) > at {
			b.end(at)
			b[at+recordHead+2:][:0].uint32(uint32(len(b) - at - recordHead - 6))
			all = append(all, indexPlace{uint16(channel), offset + uint64(at)})
		}
	}
	return b, all
}

// close ends the file with its summary.
func (w *writer) close() error {
	w.seal()
	w.put(w.scratch[:0].begin(mcap.OpDataEnd).uint32(w.data).end(0))
	start := w.offset
	var b, offsets body
	group := func(op mcap.OpCode, add func()) {
		at := len(b)
		if add(); len(b) > at {
			o := len(offsets)
			offsets = append(offsets.begin(mcap.OpSummaryOffset), byte(op)).uint64(start+uint64(at), uint64(len(b)-at)).end(o)
		}
	}
	all := body(nil).channels(w.topics)
	first := 0 // of the channels, after the schemas
	for first < len(all) && mcap.OpCode(all[first]) == mcap.OpSchema {
		first += recordHead + int(uint64At(all[first+1:]))
	}
	group(mcap.OpSchema, func() { b = append(b, all[:first]...) })
	group(mcap.OpChannel, func() { b = append(b, all[first:]...) })
	group(mcap.OpStatistics, func() { b = w.statistics(b) })
	group(mcap.OpChunkIndex, func() {
		for i := range w.chunks {
			b = b.chunkIndex(&w.chunks[i])
		}
	})
	group(mcap.OpAttachmentIndex, func() {
		for i := range w.files {
			b = b.attachmentIndex(&w.files[i])
		}
	})
	group(mcap.OpMetadataIndex, func() {
		for i := range w.metadata {
			b = b.metadataIndex(&w.metadata[i])
		}
	})
	offset := start + uint64(len(b))
	b = append(b, offsets...)
	at := len(b)
	b = b.begin(mcap.OpFooter).uint64(start, offset)
	b[at+1] = 20
	b = b.uint32(crc32.ChecksumIEEE(b))
	w.put(append(b, mcap.Magic...))
	return w.err
}

func (w *writer) statistics(b body) body {
	at, schemas := len(b), uint16(0)
	for _, t := range w.topics {
		if t.schema != "" {
			schemas++
		}
	}
	b = b.begin(mcap.OpStatistics).uint64(w.total).uint16(schemas).uint32(uint32(len(w.topics)))
	b = b.uint32(uint32(len(w.files))).uint32(uint32(len(w.metadata))).uint32(uint32(len(w.chunks)))
	b = b.uint64(w.from, w.until)
	list := len(b)
	b = b.uint32(0)
	for channel, n := range w.counts {
		if n > 0 {
			b = b.uint16(uint16(channel)).uint64(n)
		}
	}
	b[list:][:0].uint32(uint32(len(b) - list - 4))
	return b.end(at)
}
