package netsync

import (
	"bytes"
	"slices"

	"orrery/ecs"
)

// Document is one JSON value of which the latest counts.
type Document struct {
	hub   *Hub
	topic *topic
	value []byte
	tick  ecs.Tick
	dirty bool // value is newer than the latest frame
	final bool // and the last before another epoch
	fades bool // there is none while nobody has the topic
}

// Document adds a document's topic.
func (h *Hub) Document(name string, rate Rate) (*Document, error) {
	d := &Document{hub: h, topic: &topic{name: name, kind: Keyframe, rate: rate}}
	d.topic.settled = func() bool { return d.final && !d.dirty }
	d.topic.make, d.topic.cost = d.complete, func() int64 { return int64(len(d.value)) }
	if err := h.add(d.topic); err != nil {
		return nil, err
	}
	h.docs = append(h.docs, d)
	return d, nil
}

// Remove takes the document and its topic back.
func (d *Document) Remove() {
	d.hub.remove(d.topic)
	d.hub.docs = slices.DeleteFunc(d.hub.docs, func(x *Document) bool { return x == d })
}

// Set gives the document another value, which is copied: JSON.
func (d *Document) Set(value []byte, tick ecs.Tick) {
	if d.fades && d.topic.wanted == 0 && !d.hub.ended {
		return // and nobody would be told what comes after it
	}
	if d.value != nil && bytes.Equal(value, d.value) {
		return
	}
	d.value, d.tick, d.dirty = slices.Clone(value), tick, true
}

// Fades has the document be without a value while nobody has its topic, unless
// the world has ended: for one that is brought up to date for viewers alone. Who
// comes next waits for the next value, and is given no old one.
func (d *Document) Fades() {
	d.fades = true
	d.topic.idle = func() {
		if !d.hub.ended {
			d.Forget()
		}
	}
}

// Final says that the value, or none, is the last before another epoch.
func (d *Document) Final() { d.final = true }

// IsFinal reports whether Final was said.
func (d *Document) IsFinal() bool { return d.final }

// ComesLast has viewers be given the value when they have the latest of all
// their other topics, and the last if the world has ended: for one that says
// that nothing more will come.
func (d *Document) ComesLast(last bool) { d.topic.ends = last }

// Forget drops the value: viewers are given none until it is set again. It is
// for what was true of another moment.
func (d *Document) Forget() {
	d.value, d.dirty = nil, false
	d.topic.forget()
}

// begin has the value, if there is one, sent again as the first of an epoch.
func (d *Document) begin(tick ecs.Tick) { d.tick, d.dirty, d.final = tick, d.value != nil, false }

func (d *Document) tend(now Nanos, tick ecs.Tick) {
	if d.dirty && d.topic.due(now, max(tick, d.tick), &d.hub.config) {
		d.frame(now)
	}
}

func (d *Document) frame(now Nanos) {
	t := d.topic
	t.seq++
	t.tick, t.last, t.has, d.dirty = d.tick, now, true, false
}

// complete is made when it is first wanted. A value that is newer by then goes
// with it: the next frame has it again.
func (d *Document) complete() *Draft {
	h := d.hub.header(d.topic)
	h.Rows = 1
	return written(h.Seq, Frame{d.topic.name, appendHeader(nil, &h), d.value})
}

// IsWanted reports whether a viewer has the topic.
func (d *Document) IsWanted() bool { return d.topic.wanted > 0 }

// IsSet reports whether there is a value, and viewers are given it.
func (d *Document) IsSet() bool { return d.topic.has }
