package trace

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"

	"github.com/foxglove/mcap/go/mcap"
)

// File is a trace to be read.
type File struct {
	from     io.ReaderAt
	size     int64
	chunks   []chunkEntry
	files    []attachment
	metadata []metadataEntry
	topics   map[uint16]string // looked up only
	kinds    map[uint16]string // encodings
	cut      string            // what is wrong with the end; empty if the file is whole
	damaged  []error           // chunks that could not be read
	known    map[string]bool   // what is in damaged already; looked up only
	trusted  bool              // a run was taken to one of its snapshots, or given its commands
	passed   int               // how often one was left out
	lost     bool              // one that had commands, of those that a run is given
	front    [recordHead]byte  // of the record in hand
}

// Magic is what a trace begins with, and ends with.
const Magic = string("\x89MCAP0\r\n")

var errNoTrace = errors.New("it is no trace: it does not begin as an MCAP file does")

// maxRecord bounds records that are read whole: indexes, names, metadata.
const maxRecord = 64 << 20

// Open looks at what is in a trace: by its index if it is whole, and else from
// the front, up to the last record that is whole.
func Open(from io.ReaderAt, size int64) (*File, error) {
	f := &File{from: from, size: size, topics: map[uint16]string{}, kinds: map[uint16]string{}}
	magic, err := f.bytes(0, uint64(len(mcap.Magic)))
	if err != nil || !bytes.Equal(magic, mcap.Magic) {
		return nil, errNoTrace
	}
	if err := f.summary(); err != nil {
		f.cut = err.Error()
		*f = File{from: from, size: size, topics: map[uint16]string{}, kinds: map[uint16]string{}, cut: f.cut}
		f.scan()
		if n := len(f.chunks); n > 0 { // its message indexes may be cut: it may have any topic
			f.chunks[n-1].indexes = nil
		}
	}
	slices.SortStableFunc(f.chunks, func(a, b chunkEntry) int { return compare(a.offset, b.offset) })
	return f, f.accepted()
}

func compare(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Cut says in what way a trace is not whole; empty if it is.
func (f *File) Cut() string { return f.cut }

// Damaged returns what could not be read of it so far.
func (f *File) Damaged() []error { return f.damaged }

// Size returns the length of the file.
func (f *File) Size() int64 { return f.size }

// bytes reads a part of the file, if it has it.
func (f *File) bytes(offset, length uint64) ([]byte, error) {
	if offset > uint64(f.size) || length > uint64(f.size)-offset {
		return nil, io.ErrUnexpectedEOF
	}
	b := make([]byte, length)
	_, err := f.from.ReadAt(b, int64(offset))
	if err == io.EOF {
		err = nil
	}
	return b, err
}

// head reads a record's opcode and length.
func (f *File) head(offset uint64) (mcap.OpCode, uint64, error) {
	if offset > uint64(f.size) || uint64(f.size)-offset < recordHead {
		return 0, 0, io.ErrUnexpectedEOF
	}
	b := f.front[:]
	if n, err := f.from.ReadAt(b, int64(offset)); n < recordHead {
		return 0, 0, err
	}
	n := uint64At(b[1:])
	if n > uint64(f.size)-offset-recordHead {
		return 0, 0, io.ErrUnexpectedEOF
	}
	return mcap.OpCode(b[0]), n, nil
}

func (f *File) record(offset uint64) (mcap.OpCode, []byte, error) {
	op, n, err := f.head(offset)
	if err != nil || n > maxRecord {
		return 0, nil, errors.Join(err, errors.New("a record is cut short, or too long"))
	}
	b, err := f.bytes(offset+recordHead, n)
	return op, b, err
}

// summary reads the index at the end.
func (f *File) summary() error {
	const tail = recordHead + 20 + 8
	if f.size < tail+8 {
		return errors.New("it ends before its index")
	}
	b, err := f.bytes(uint64(f.size)-tail, tail)
	if err != nil {
		return err
	}
	if mcap.OpCode(b[0]) != mcap.OpFooter || uint64At(b[1:]) != 20 || !bytes.Equal(b[tail-8:], mcap.Magic) {
		return errors.New("it ends before its index")
	}
	start, sum := uint64At(b[recordHead:]), uint32At(b[recordHead+16:])
	end := uint64(f.size) - 8
	if start == 0 || start >= end-4 || end-4-start > maxRecord {
		return errors.New("its index is not where it should be")
	}
	all, err := f.bytes(start, end-4-start)
	if err != nil {
		return err
	}
	if crc32.ChecksumIEEE(all) != sum {
		return errors.New("its index is damaged")
	}
	for len(all) >= recordHead {
		n := uint64At(all[1:])
		if n > uint64(len(all)-recordHead) {
			break // the footer, whose sum is left out
		}
		if err := f.entry(mcap.OpCode(all[0]), parser{b: all[recordHead : recordHead+n]}); err != nil {
			return err
		}
		all = all[recordHead+n:]
	}
	return nil
}

// entry takes a record of the summary, or of the front.
func (f *File) entry(op mcap.OpCode, p parser) error {
	switch op {
	case mcap.OpChannel:
		id := p.uint16()
		p.uint16()
		f.topics[id], f.kinds[id] = p.text(), p.text()
	case mcap.OpChunkIndex:
		c := chunkEntry{start: p.uint64(), end: p.uint64(), place: place{p.uint64(), p.uint64()}}
		list := parser{b: p.take(uint64(p.uint32()))}
		for len(list.b) >= 10 {
			c.indexes = append(c.indexes, indexPlace{list.uint16(), list.uint64()})
		}
		c.indexesLength, c.compression, c.packed, c.size = p.uint64(), Compression(p.text()), p.uint64(), p.uint64()
		f.chunks = append(f.chunks, c)
	case mcap.OpAttachmentIndex:
		a := attachment{place: place{p.uint64(), p.uint64()}}
		p.uint64()
		p.uint64()
		a.size, a.name, a.media = p.uint64(), p.text(), p.text()
		f.files = append(f.files, a)
	case mcap.OpMetadataIndex:
		f.metadata = append(f.metadata, metadataEntry{place{p.uint64(), p.uint64()}, p.text()})
	}
	if p.short {
		return fmt.Errorf("a record of its index (%s) is cut short", op)
	}
	return nil
}

// scan goes over all records from the front. What does not fit what follows
// ends it, since there is no telling where another would begin.
func (f *File) scan() {
	at := uint64(len(mcap.Magic))
	for {
		op, n, err := f.head(at)
		if err != nil {
			return
		}
		whole := place{at, recordHead + n}
		at += whole.length
		switch op {
		case mcap.OpChunk:
			f.scanChunk(whole)
		case mcap.OpMessageIndex:
			f.scanIndex(whole)
		case mcap.OpAttachment:
			f.scanAttachment(whole)
		case mcap.OpHeader, mcap.OpChannel, mcap.OpSchema, mcap.OpMetadata:
			_, b, err := f.record(whole.offset)
			if err != nil {
				return
			}
			p := parser{b: b}
			if op == mcap.OpMetadata {
				f.metadata = append(f.metadata, metadataEntry{whole, p.text()})
			} else {
				f.entry(op, p)
			}
		default: // the summary, or what cannot be
			return
		}
	}
}

const chunkHead = 8 + 8 + 8 + 4 + 4

func (f *File) scanChunk(at place) {
	b, err := f.bytes(at.offset+recordHead, min(at.length-recordHead, chunkHead+64))
	if err != nil {
		return
	}
	p := parser{b: b}
	c := chunkEntry{place: at, start: p.uint64(), end: p.uint64(), size: p.uint64()}
	p.uint32()
	c.compression, c.packed = Compression(p.text()), p.uint64()
	if !p.short {
		f.chunks = append(f.chunks, c)
	}
}

// scanIndex notes that the latest chunk has messages of a channel.
func (f *File) scanIndex(at place) {
	b, err := f.bytes(at.offset+recordHead, 2)
	if err != nil || len(f.chunks) == 0 || at.length < recordHead+2 {
		return
	}
	p := parser{b: b}
	last := &f.chunks[len(f.chunks)-1]
	last.indexes = append(last.indexes, indexPlace{p.uint16(), at.offset})
}

func (f *File) scanAttachment(at place) {
	b, err := f.bytes(at.offset+recordHead, min(at.length-recordHead, 64<<10))
	if err != nil {
		return
	}
	p := parser{b: b}
	p.uint64()
	p.uint64()
	a := attachment{place: at, name: p.text(), media: p.text(), size: p.uint64()}
	if !p.short {
		f.files = append(f.files, a)
	}
}

// accepted refuses what is no trace of ours, or of another revision.
func (f *File) accepted() error {
	about, err := f.Metadata("run")
	if err != nil && f.cut != "" {
		return errors.New("it was cut before it says of what run it is: nothing can be made of what is there")
	}
	if err != nil {
		return errors.New("it is no trace of a run: it has no metadata \"run\"")
	}
	if about["trace"] != fmt.Sprint(Revision) {
		return &RevisionError{"trace", about["trace"], Revision}
	}
	return nil
}

// RevisionError refuses a trace of another revision.
type RevisionError struct {
	Of    string // trace or engine
	Is    string
	Known int
}

func (e *RevisionError) Error() string {
	return fmt.Sprintf("it was written by %s revision %q, and this is revision %d: use the sim that wrote it", e.Of, e.Is, e.Known)
}

// Metadata returns the latest metadata of a name.
func (f *File) Metadata(name string) (map[string]string, error) {
	for _, m := range slices.Backward(f.metadata) {
		if m.name != name {
			continue
		}
		op, b, err := f.record(m.offset)
		p := parser{b: b}
		if err != nil || op != mcap.OpMetadata || p.text() != name {
			break
		}
		all := map[string]string{}
		list := parser{b: p.take(uint64(p.uint32()))}
		for len(list.b) > 0 && !list.short {
			key := list.text()
			all[key] = list.text()
		}
		if p.short || list.short {
			break
		}
		return all, nil
	}
	return nil, fmt.Errorf("it has no metadata %q", name)
}

// Span returns the log times of the first and the last message, in
// nanoseconds.
func (f *File) Span() (from, to uint64) {
	from = math.MaxUint64
	for i := range f.chunks {
		from, to = min(from, f.chunks[i].start), max(to, f.chunks[i].end)
	}
	return min(from, to), to
}

// Chunks returns how many chunks there are.
func (f *File) Chunks() int { return len(f.chunks) }
