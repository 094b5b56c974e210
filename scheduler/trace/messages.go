package trace

import (
	"errors"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/foxglove/mcap/go/mcap"
)

// Entry is a message of a trace.
type Entry struct {
	Topic    string
	Encoding string
	Time     uint64 // simulated, in nanoseconds
	Data     []byte
}

// ErrStop, returned by what an iteration calls, ends it without an error.
var ErrStop = errors.New("stop")

// Each calls do with the messages of a topic, or of all if it is empty, whose
// time is from one to another, 0 being no end, in the order in which they were
// written. A chunk that is damaged is left out, and is in [File.Damaged].
func (f *File) Each(name string, from, to uint64, do func(m *Entry) error) error {
	if to == 0 {
		to = math.MaxUint64
	}
	for i := range f.chunks {
		c := &f.chunks[i]
		if c.end < from || c.start > to || !f.wanted(c, name) {
			continue
		}
		records, err := f.chunk(c)
		if err != nil {
			f.passed++
			f.damage(fmt.Errorf("the chunk at byte %d: %w", c.offset, err))
			continue
		}
		if err := f.inChunk(records, name, from, to, do); err != nil {
			if err == ErrStop {
				return nil
			}
			return err
		}
	}
	return nil
}

func (f *File) damage(err error) {
	if f.known[err.Error()] {
		return
	}
	if f.known == nil {
		f.known = map[string]bool{}
	}
	f.known[err.Error()] = true
	f.damaged = append(f.damaged, err)
}

// wanted reports whether a chunk may have messages of a topic.
func (f *File) wanted(c *chunkEntry, name string) bool {
	if name == "" || len(c.indexes) == 0 {
		return true
	}
	for _, i := range c.indexes {
		if f.topics[i.channel] == name {
			return true
		}
	}
	return false
}

// chunk reads a chunk's records and checks their sum.
func (f *File) chunk(c *chunkEntry) ([]byte, error) {
	op, n, err := f.head(c.offset)
	if err != nil || op != mcap.OpChunk || n+recordHead != c.length {
		return nil, errors.New("it is cut short, or is none")
	}
	b, err := f.bytes(c.offset+recordHead, n)
	if err != nil {
		return nil, err
	}
	p := parser{b: b}
	p.uint64()
	p.uint64()
	size, sum := p.uint64(), p.uint32()
	kind := Compression(p.text())
	packed := p.take(p.uint64())
	if p.short {
		return nil, errors.New("it is cut short")
	}
	records, err := decompress(kind, packed, size)
	if err != nil {
		return nil, err
	}
	if crc32.ChecksumIEEE(records) != sum {
		return nil, errors.New("it is damaged: its sum does not fit")
	}
	return records, nil
}

func (f *File) inChunk(records []byte, name string, from, to uint64, do func(m *Entry) error) error {
	p := parser{b: records}
	for len(p.b) > 0 {
		head := p.take(recordHead)
		if head == nil {
			break
		}
		r := parser{b: p.take(uint64At(head[1:]))}
		if mcap.OpCode(head[0]) != mcap.OpMessage || p.short {
			continue
		}
		channel := r.uint16()
		r.uint32()
		time := r.uint64()
		r.uint64()
		topic, ok := f.topics[channel]
		if r.short || !ok || name != "" && topic != name || time < from || time > to {
			continue
		}
		if err := do(&Entry{topic, f.kinds[channel], time, r.b}); err != nil {
			return err
		}
	}
	return nil
}
