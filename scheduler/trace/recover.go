package trace

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/foxglove/mcap/go/mcap"
)

// Recovered says what a trace that was cut has still.
type Recovered struct {
	Chunks, Lost int // written, and left out as damaged
	Messages     uint64
	Missing      []Missing // files of the scenario, without which it cannot be replayed
}

// Recover writes a whole trace of what there is of one. Files of the scenario
// that are missing in it are taken from what is given, if their sums fit; to give
// one that fits none is an error, before anything is written.
func Recover(f *File, to io.Writer, given ...Source) (Recovered, error) {
	var r Recovered
	files, err := f.fitting(given)
	if err != nil {
		return r, err
	}
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
		data, err := f.attached(&f.files[i])
		if err != nil {
			if f.files[i].ofColumns() { // others are missing
				f.damage(err)
			}
			continue
		}
		w.attach(f.files[i].name, f.files[i].media, data)
	}
	for _, s := range files {
		w.attach(s.Name, "text/plain", s.Data)
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
			f.damage(fmt.Errorf("the chunk at byte %d: %w", c.offset, err))
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
	_, err = f.Sources()
	if missing := new(MissingError); errors.As(err, &missing) {
		has := func(m Missing) bool {
			return slices.ContainsFunc(files, func(s Source) bool { return s.Name == m.Name })
		}
		r.Missing = slices.DeleteFunc(missing.Files, has)
	}
	return r, w.close()
}

// UnfitError refuses a file that is none of those that are missing.
type UnfitError struct{ text string }

func (e *UnfitError) Error() string { return e.text }

// fitting returns what is given as the files that are missing, by sum: where
// somebody has them, and what they are called there, is another matter.
func (f *File) fitting(given []Source) (all []Source, err error) {
	if len(given) == 0 {
		return nil, nil
	}
	_, err = f.Sources()
	missing := new(MissingError)
	if !errors.As(err, &missing) {
		return nil, &UnfitError{fmt.Sprintf("%s is not needed: no file is missing", given[0].Name)}
	}
	for _, s := range given {
		fits, sum := false, fileSum(s.Data)
		for _, m := range missing.Files {
			if m.sum == sum {
				fits = true
				all = append(all, Source{m.Name, s.Data})
			}
		}
		if !fits {
			return nil, &UnfitError{fmt.Sprintf("%s (%d bytes) is none of the files that are missing, or has been changed since: %s", s.Name, len(s.Data), allMissing(missing.Files))}
		}
	}
	return all, nil
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
