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
	layout       uint64   // raised with the keys
	latest       *Image   // that viewers are given; nil: none
	shown        uint64   // its layout
	tooLarge     bool     // for a frame
	shownNames   []string // of its rows
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
	t.columnsTopic.make, t.columnsTopic.cost = t.keyframe, func() int64 { return t.latest.bytes() }
	t.rowsTopic = &topic{name: TopicRows + name, kind: Keyframe, idle: t.idle}
	t.SetRate(rate)
	t.rowsTopic.make, t.rowsTopic.cost = t.rowsFrame, func() int64 { return t.latest.bytes() }
	t.columnsTopic.settled = func() bool {
		return t.tooLarge || t.columnsTopic.has && t.columnsTopic.tick == h.end && t.shown == t.layout
	}
	t.rowsTopic.settled = func() bool {
		return t.tooLarge || t.rowsTopic.has && t.rowsTopic.tick == h.end && t.columnsTopic.settled()
	}
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
	t.keys.topic.settled = func() bool { return !t.keys.dirty }
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

// Seq is how many frames its columns have had in this epoch.
func (t *Table) Seq() uint64 { return t.columnsTopic.seq }

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
	p, err := t.Begin(now, im)
	if err != nil {
		return err
	}
	p.Write()
	p.Commit()
	return nil
}

// A Publication is a frame of a table under way. Begin and Commit are for who
// owns the hub, as all else. Write takes as long as the table is large, and
// reads nothing that viewers change when they are asked for their next: so it
// may run while they are, if nothing else is done to the hub.
type Publication struct {
	table    *Table
	now      Nanos
	header   Header
	wanted   bool   // a frame is: somebody has the columns
	delta    []byte // its body; nil: it is a keyframe
	keyframe *Draft
	free     *Image
}

// Begin begins the next frame. The image is the hub's, unless there is an error.
func (t *Table) Begin(now Nanos, im *Image) (*Publication, error) {
	if im.Rows != len(t.names) {
		panic(fmt.Sprintf("netsync: table %s: an image of %d rows, of which %d have keys", t.name, im.Rows, len(t.names)))
	}
	if n, most := im.bytes(), t.hub.config.Frame; n > most {
		t.free, t.tooLarge = im, true
		return nil, fmt.Errorf("netsync: table %s: %d rows are %d bytes: %w", t.name, im.Rows, n, &LimitError{"bytes of a frame", most})
	}
	p := &Publication{table: t, now: now, header: t.hub.header(t.columnsTopic), wanted: t.columnsTopic.wanted > 0}
	p.header.Seq++
	p.header.Tick, p.header.Layout, t.tooLarge = im.Tick, t.layout, false
	p.free = t.encoder.Next(im)
	return p, nil
}

// Write writes the frame: what changed, or all if it is time for that, or no
// longer.
func (p *Publication) Write() {
	t := p.table
	switch {
	case !p.wanted: // rows alone are, and whoever comes takes a keyframe
	case t.latest == nil || t.shown != t.layout || !t.columnsTopic.has || !t.encoder.CanDelta() || p.now-t.keyed >= t.hub.config.Refresh || !p.writeDelta():
		p.keyframe = newKeyframe(t.columnsTopic.name, t.columns, t.encoder.Latest(), p.header)
		p.keyframe.ready()
	}
}

// writeDelta reports whether the delta to the latest image is shorter than it.
func (p *Publication) writeDelta() bool {
	t := p.table
	p.header.Base = p.header.Seq - 1
	t.scratch = t.encoder.Delta(&p.header, t.scratch[:0])
	if all := t.encoder.Latest().bytes(); int64(len(t.scratch)) >= all && all > 0 {
		return false
	}
	if p.header.Seq%t.hub.config.Digests == 0 {
		sum := t.encoder.Latest().Digest()
		p.header.CRC = &sum
	}
	p.delta = slices.Clone(t.scratch)
	return true
}

// Commit has viewers get the frame.
func (p *Publication) Commit() {
	t, top, c := p.table, p.table.columnsTopic, &p.table.hub.config
	t.latest, t.shown, t.shownNames = t.encoder.Latest(), t.layout, t.names
	if p.free.lent > 0 { // somebody writes a frame of it yet
		p.free = nil
	}
	t.free = p.free
	top.seq, top.tick, top.last = p.header.Seq, p.header.Tick, p.now
	switch {
	case !p.wanted:
		top.forget()
		top.has = true
	case p.keyframe != nil:
		t.keyed, top.has, top.whole = p.now, true, p.keyframe
		top.keep(p.keyframe.frame, c.Keep, 2*t.latest.bytes())
	default:
		top.keep(Frame{top.name, appendHeader(nil, &p.header), p.delta}, c.Keep, 2*t.latest.bytes())
	}
	t.tendRows(p.now, false)
}

// refresh has the columns come again, complete, of a world that stands still: who
// has a gap need not ask. Once it has ended nothing comes again.
func (t *Table) refresh(now Nanos, tick ecs.Tick) {
	top := t.columnsTopic
	if t.hub.ended || top.wanted == 0 || !t.Has(tick) || t.latest == nil || now-max(t.keyed, top.last) < max(t.hub.config.Refresh, top.every(&t.hub.config)) {
		return
	}
	top.seq++
	top.last, t.keyed = now, now
	clear(top.kept)
	top.kept, top.whole = top.kept[:0], nil
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

// keyframe begins the complete frame of the latest image.
func (t *Table) keyframe() *Draft {
	h := t.hub.header(t.columnsTopic)
	h.Layout = t.shown
	return newKeyframe(t.columnsTopic.name, t.columns, t.latest, h)
}

func newKeyframe(topic string, columns []Column, im *Image, h Header) *Draft {
	d := &Draft{seq: h.Seq, image: im}
	d.make = func() Frame {
		var sum uint32
		body := appendKeyframe(make([]byte, 0, im.bytes()+int64(8*len(columns))), &h, columns, im, nil, &sum)
		h.Base, h.CRC = 0, &sum
		return Frame{topic, appendHeader(nil, &h), body}
	}
	return d
}
