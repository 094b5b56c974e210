package netsync

import (
	"fmt"
	"slices"

	"orrery/ecs"
)

// Table is rows that are exported as columns: the state of a program's nodes,
// links' measures, services. What it means is said by its schema alone.
type Table struct {
	hub          *Hub
	name         string
	columns      []Column
	names        []string // of rows
	encoder      *Encoder
	layout       uint64 // raised with the keys
	shown        uint64 // layout of the latest image
	scratch      []byte
	keyed        Nanos // when the last keyframe was made
	free         *Image
	columnsTopic *topic
	rowsTopic    *topic
	keys         *Document
}

// Table adds a table: topics columns/NAME, json/NAME and keys/NAME.
func (h *Hub) Table(name string, columns []Column, rate Rate) (*Table, error) {
	if len(columns) == 0 || len(columns) > MaxColumns {
		return nil, fmt.Errorf("netsync: table %q has %d columns; there are 1 to %d", name, len(columns), MaxColumns)
	}
	for i, c := range columns {
		if c.Name == "" || slices.ContainsFunc(columns[:i], func(d Column) bool { return d.Name == c.Name }) {
			return nil, fmt.Errorf("netsync: table %q: column %d needs a name of its own", name, i)
		}
	}
	t := &Table{hub: h, name: name, columns: slices.Clone(columns), encoder: NewEncoder(columns)}
	t.columnsTopic = &topic{name: TopicColumns + name, kind: Keyframe, idle: t.idle}
	t.columnsTopic.make, t.columnsTopic.cost = t.keyframe, func() int64 { return t.encoder.Latest().bytes() }
	t.rowsTopic = &topic{name: TopicRows + name, kind: Keyframe, idle: t.idle}
	t.SetRate(rate)
	t.rowsTopic.make, t.rowsTopic.cost = t.rowsFrame, func() int64 { return t.encoder.Latest().bytes() }
	if err := h.add(t.columnsTopic); err != nil {
		return nil, err
	}
	if err := h.add(t.rowsTopic); err != nil {
		h.remove(t.columnsTopic)
		return nil, err
	}
	var err error
	if t.keys, err = h.Document(TopicKeys+name, Rate{}); err != nil {
		h.remove(t.columnsTopic)
		h.remove(t.rowsTopic)
		return nil, err
	}
	h.tables = append(h.tables, t)
	return t, nil
}

// Remove takes a table and its topics back.
func (t *Table) Remove() {
	t.hub.remove(t.columnsTopic)
	t.hub.remove(t.rowsTopic)
	t.keys.Remove()
	t.hub.tables = slices.DeleteFunc(t.hub.tables, func(x *Table) bool { return x == t })
}

// Name is the table's, as its topics end.
func (t *Table) Name() string { return t.name }

// Topic is where its columns go.
func (t *Table) Topic() string { return t.columnsTopic.name }

// Columns are the table's.
func (t *Table) Columns() []Column { return t.columns }

// idle lets go of the state when nobody has the table: it is not filled any
// more, is soon old, and who comes next must not be given it.
func (t *Table) idle() {
	if !t.isWanted() {
		t.columnsTopic.forget()
		t.rowsTopic.forget()
	}
}

func (t *Table) isWanted() bool { return t.columnsTopic.wanted+t.rowsTopic.wanted > 0 }

// SetRate has the table published at another rate from now on.
func (t *Table) SetRate(rate Rate) {
	t.columnsTopic.rate = rate
	t.rowsTopic.rate = Rate{max(rate.Every, t.hub.config.Rows), rate.Ticks}
}

// Has reports whether the state of a tick is published.
func (t *Table) Has(tick ecs.Tick) bool { return t.columnsTopic.has && t.columnsTopic.tick == tick }

// SetKeys says what the rows are called from the next image on.
func (t *Table) SetKeys(names []string, tick ecs.Tick) {
	if slices.Equal(names, t.names) && t.layout > 0 {
		return
	}
	t.names = slices.Clone(names)
	t.hub.layouts++
	t.layout = t.hub.layouts
	t.keys.Set(AppendKeys(nil, t.layout, names), tick)
}

// Image returns an image to fill for the next Publish: of the table's columns,
// with rows as the keys are, and in them what they were some frames ago.
func (t *Table) Image() *Image {
	im := t.free
	t.free = nil
	if im == nil {
		im = newImage(len(t.columns))
	}
	im.Resize(t.columns, len(t.names))
	return im
}

// Publish makes the next frame out of an image, which then is the hub's.
func (t *Table) Publish(now Nanos, im *Image) error {
	if im.Rows != len(t.names) {
		panic(fmt.Sprintf("netsync: table %s: an image of %d rows, of which %d have keys", t.name, im.Rows, len(t.names)))
	}
	c := &t.hub.config
	if n := im.bytes(); n > c.Frame {
		t.free = im
		return fmt.Errorf("netsync: table %s: %d rows are %d bytes: %w", t.name, im.Rows, n, &LimitError{"bytes of a frame", c.Frame})
	}
	top := t.columnsTopic
	same := t.encoder.now != nil && t.shown == t.layout
	t.shown = t.layout
	t.free = t.encoder.Next(im)
	top.seq++
	top.tick, top.last = im.Tick, now
	switch {
	case top.wanted == 0: // rows alone are, and whoever comes takes a keyframe
		top.forget()
		top.has = true
	case !same || !top.has || !t.encoder.CanDelta() || now-t.keyed >= c.Refresh || !t.delta():
		t.keyed = now
		top.has = true
		top.keep(top.complete(), c.Keep, 2*im.bytes())
	}
	t.tendRows(now, false)
	return nil
}

// tendRows counts a frame of JSON rows, if somebody has them and they differ.
func (t *Table) tendRows(now Nanos, hurry bool) {
	r, top := t.rowsTopic, t.columnsTopic
	if r.wanted == 0 || !top.has || r.has && r.tick == top.tick || !hurry && !r.due(now, top.tick, &t.hub.config) {
		return
	}
	r.seq++
	r.tick, r.last, r.has = top.tick, now, true
}

// delta keeps the delta to the latest image, unless a keyframe is no longer.
func (t *Table) delta() bool {
	top := t.columnsTopic
	h := t.hub.header(top)
	h.Base, h.Layout = top.seq-1, t.layout
	t.scratch = t.encoder.Delta(&h, t.scratch[:0])
	all := t.encoder.Latest().bytes()
	if int64(len(t.scratch)) >= all && all > 0 {
		return false
	}
	var sum uint32
	if top.seq%t.hub.config.Digests == 0 {
		sum = t.encoder.Latest().Digest()
		h.CRC = &sum
	}
	top.keep(Frame{top.name, appendHeader(nil, &h), slices.Clone(t.scratch)}, t.hub.config.Keep, 2*all)
	return true
}

// keyframe is the complete frame of the latest image.
func (t *Table) keyframe() Frame {
	h := t.hub.header(t.columnsTopic)
	h.Layout = t.layout
	sum := t.encoder.Latest().Digest()
	h.CRC = &sum
	body := t.encoder.Keyframe(&h, make([]byte, 0, t.encoder.Latest().bytes()+int64(8*len(t.columns))))
	return Frame{t.columnsTopic.name, appendHeader(nil, &h), body}
}
