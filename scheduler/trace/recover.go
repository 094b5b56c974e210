package trace

import (
	"fmt"
	"io"

	"github.com/foxglove/mcap/go/mcap"
)

// Recovered says what a trace that was cut has still.
type Recovered struct {
	Chunks, Lost int // written, and left out as damaged
	Messages     uint64
}

// Recover writes a whole trace of what there is of one.
func Recover(f *File, to io.Writer) (Recovered, error) {
	var r Recovered
	topics := make([]topic, 0, len(f.topics))
	for id := range uint16(len(f.topics)) {
		t, ok := f.topic(id)
		if !ok {
			return r, fmt.Errorf("its channels are not as a trace has them")
		}
		topics = append(topics, t)
	}
	w, err := newWriter(to, None, topics)
	if err != nil {
		return r, err
	}
	for i := range f.files {
		if data, err := f.attached(&f.files[i]); err == nil {
			w.attach(f.files[i].name, f.files[i].media, data)
		}
	}
	for _, m := range f.metadata {
		if b, err := f.bytes(m.offset, m.length); err == nil {
			w.metadata = append(w.metadata, metadataEntry{place{w.offset, m.length}, m.name})
			w.put(b)
		}
	}
	for i := range f.chunks {
		c := &f.chunks[i]
		records, err := f.chunk(c)
		if err != nil {
			r.Lost++
			continue
		}
		raw, err := f.bytes(c.offset, c.length)
		if err != nil {
			return r, err
		}
		w.copyChunk(c, raw, records)
		r.Chunks++
	}
	r.Messages = w.total
	return r, w.close()
}

// topic returns a channel as it was declared.
func (f *File) topic(id uint16) (topic, bool) {
	name, ok := f.topics[id]
	for _, t := range topicsOf(nil) {
		if t.name == name {
			return t, ok
		}
	}
	return topic{name: name, encoding: f.kinds[id]}, ok
}

// copyChunk takes a chunk over as it is; its indexes are made anew.
func (w *writer) copyChunk(c *chunkEntry, raw, records []byte) {
	w.at = w.at[:0]
	for at := 0; at+recordHead <= len(records); {
		n := uint64At(records[at+1:])
		if n > uint64(len(records)-at-recordHead) {
			break
		}
		p := parser{b: records[at+recordHead : at+recordHead+int(n)]}
		if mcap.OpCode(records[at]) == mcap.OpMessage && n >= 22 {
			channel := p.uint16()
			p.uint32()
			w.note(channel, p.uint64(), at)
		}
		at += recordHead + int(n)
	}
	entry := *c
	entry.offset, entry.indexes, entry.size = w.offset, nil, uint64(len(records))
	b, indexes := w.messageIndexes(nil, w.offset+uint64(len(raw)))
	entry.indexes, entry.indexesLength = indexes, uint64(len(b))
	w.put(raw)
	w.put(b)
	w.chunks, w.at = append(w.chunks, entry), w.at[:0]
}

// note counts a message that is written already.
func (w *writer) note(channel uint16, time uint64, at int) {
	if int(channel) >= len(w.topics) {
		return
	}
	w.at = append(w.at, messagePlace{channel, time, uint64(at)})
	w.counted(channel, time)
}
