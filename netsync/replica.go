package netsync

import (
	"errors"
	"fmt"
	"math/bits"

	"orrery/ecs"
)

// Verdict is what a replica did with a frame.
type Verdict uint8

const (
	Refused Verdict = iota // malformed, or not of this table: an error says why
	Applied
	Stale // older than what is held, or a repetition
	Gap   // it does not follow: a keyframe is needed
)

func (v Verdict) String() string {
	return [...]string{"refused", "applied", "stale", "gap"}[v]
}

// Replica mirrors a table from its frames. While it is Whole, its columns are
// those of its source at Tick; when it is not, it knows, and Request is what to
// send.
type Replica struct {
	topic   string
	run     string
	epoch   uint64
	seq     uint64
	tick    ecs.Tick
	layout  uint64
	rows    int
	whole   bool
	columns []Column
	values  [][]byte
	missed  uint64
	changes []change // scratch
}

// change is a cell of a delta that was found good.
type change struct {
	cell   *Cell
	column int
	packed ecs.Type
}

// NewReplica returns an empty replica of the table with a topic.
func NewReplica(topic string) *Replica { return &Replica{topic: topic} }

// Whole reports whether the columns are the source's at Tick.
func (r *Replica) Whole() bool { return r.whole }

// Tick is that of the last frame applied.
func (r *Replica) Tick() ecs.Tick { return r.tick }

// Seq is the number of the last frame applied, in Epoch.
func (r *Replica) Seq() uint64 { return r.seq }

// Epoch is that of the last keyframe.
func (r *Replica) Epoch() uint64 { return r.epoch }

// Layout is the revision of the table's rows: topic keys/… of the same
// revision names them.
func (r *Replica) Layout() uint64 { return r.layout }

// Missed is how many frames were announced as left out.
func (r *Replica) Missed() uint64 { return r.missed }

// Rows is how many rows there are.
func (r *Replica) Rows() int { return r.rows }

// Columns are the table's. Unit and Labels are in the schema.
func (r *Replica) Columns() []Column { return r.columns }

// Values is a column's bytes, little-endian and of full width, for reading
// until the next frame; nil if there is none of the name.
func (r *Replica) Values(name string) []byte {
	for i := range r.columns {
		if r.columns[i].Name == name {
			return r.values[i]
		}
	}
	return nil
}

// Digest is Image.Digest of what the replica holds.
func (r *Replica) Digest() uint32 { return digest(r.values) }

// Request is the request that makes it whole, false if it is.
func (r *Replica) Request(id uint64) (Request, bool) {
	return Request{Version: Version, ID: id, Do: DoKeyframe, Topic: r.topic}, !r.whole
}

// Apply takes a frame. One that is refused, stale or does not follow changes
// no column; but an error in what should have followed, or a digest that is
// not ours, makes the replica not whole.
func (r *Replica) Apply(f Frame) (Verdict, error) {
	if f.Topic != r.topic {
		return Refused, fmt.Errorf("a frame of %q; the replica is of %q", f.Topic, r.topic)
	}
	h, err := ParseHeader(f.Header, len(f.Body))
	if err == nil && h.Kind == Items {
		err = errors.New("items are no columns")
	}
	if err != nil {
		r.whole = false
		return Refused, err
	}
	switch {
	case h.Run == r.run && h.Epoch == r.epoch && h.Seq <= r.seq && (r.whole || h.Seq < r.seq):
		return Stale, nil
	case h.Run == r.run && h.Epoch < r.epoch:
		return Stale, nil
	case h.Kind == Keyframe:
		err = r.keyframe(h, f.Body)
	case !r.whole || h.Run != r.run || h.Epoch != r.epoch || h.Base != r.seq || h.Layout != r.layout || h.Rows != r.rows:
		r.whole = false
		return Gap, nil
	default:
		err = r.delta(h, f.Body)
	}
	if err != nil {
		r.whole = false
		return Refused, fmt.Errorf("%s, frame %d: %w", r.topic, h.Seq, err)
	}
	r.missed += h.Missed
	r.run, r.epoch, r.seq, r.tick, r.whole = h.Run, h.Epoch, h.Seq, h.Tick, true
	if sum := h.CRC; sum != nil && *sum != r.Digest() {
		r.whole = false
		return Refused, fmt.Errorf("%s, frame %d: the columns' digest is %08x, and should be %08x", r.topic, h.Seq, r.Digest(), *sum)
	}
	return Applied, nil
}

// keyframe takes the columns of a complete frame. A column is at most 8 times
// as long as its part of the body, which is here already.
func (r *Replica) keyframe(h *Header, body []byte) error {
	columns := make([]Column, len(h.Columns))
	for i := range h.Columns {
		c := &h.Columns[i]
		for _, before := range columns[:i] {
			if before.Name == c.Name {
				return fmt.Errorf("two columns %q", c.Name)
			}
		}
		columns[i] = Column{Name: c.Name, Type: fullType(c)}
	}
	values := make([][]byte, len(columns))
	for i := range columns {
		c, n := &h.Columns[i], h.Rows*columns[i].Type.Size()
		if i < len(r.values) && cap(r.values[i]) >= n {
			values[i] = r.values[i][:n]
		} else {
			values[i] = make([]byte, n)
		}
		packed, _ := typeOf(c.Type)
		widen(values[i], columns[i].Type, body[c.Offset:c.Offset+c.Length], packed)
	}
	r.columns, r.values, r.rows, r.layout = columns, values, h.Rows, h.Layout
	return nil
}

func fullType(c *Cell) ecs.Type {
	name := c.Type
	if c.Of != "" {
		name = c.Of
	}
	t, _ := typeOf(name)
	return t
}

// delta changes columns, after all of the frame was found good.
func (r *Replica) delta(h *Header, body []byte) error {
	counts := make([]int64, len(h.Sets))
	for i := range h.Sets {
		n, err := countRows(&h.Sets[i], body, h.Rows)
		if err != nil {
			return fmt.Errorf("set %d %w", i, err)
		}
		counts[i] = n
	}
	r.changes = r.changes[:0]
	for i := range h.Columns {
		c := &h.Columns[i]
		at := r.column(c.Name)
		packed, _ := typeOf(c.Type)
		switch {
		case at < 0:
			return fmt.Errorf("there is no column %q", c.Name)
		case i > 0 && at <= r.changes[i-1].column:
			return fmt.Errorf("column %q is out of order", c.Name)
		case r.columns[at].Type != fullType(c):
			return fmt.Errorf("column %q is of %s, and was of %s", c.Name, fullType(c), r.columns[at].Type)
		case c.Length/int64(packed.Size()) != counts[c.Set]:
			return fmt.Errorf("column %q has %d values for %d rows", c.Name, c.Length/int64(packed.Size()), counts[c.Set])
		}
		r.changes = append(r.changes, change{c, at, packed})
	}
	for _, c := range r.changes {
		r.change(c, &h.Sets[c.cell.Set], body)
	}
	return nil
}

func (r *Replica) column(name string) int {
	for i := range r.columns {
		if r.columns[i].Name == name {
			return i
		}
	}
	return -1
}

// countRows counts the rows of a set, which must be of the table, and rising.
func countRows(s *Span, body []byte, rows int) (int64, error) {
	b := body[s.Offset : s.Offset+s.Length]
	var n int64
	if s.Type == setBits {
		for _, v := range b {
			n += int64(bits.OnesCount8(v))
		}
		if rows%8 != 0 && b[len(b)-1]>>(rows%8) != 0 {
			return 0, fmt.Errorf("has bits beyond %d rows", rows)
		}
		return n, nil
	}
	last := int64(-1)
	for ; len(b) >= 4; b = b[4:] {
		row := int64(little.Uint32(b))
		if row <= last || row >= int64(rows) {
			return 0, fmt.Errorf("has row %d after %d, of %d", row, last, rows)
		}
		last = row
		n++
	}
	return n, nil
}

func (r *Replica) change(c change, s *Span, body []byte) {
	set, from := body[s.Offset:s.Offset+s.Length], body[c.cell.Offset:]
	to, full, packed := r.values[c.column], r.columns[c.column].Type, c.packed
	size, step := full.Size(), packed.Size()
	put := func(row int) {
		v, at := word(packed, from), to[row*size:]
		if c.cell.Add {
			v += little.Uint64(at)
		}
		putWord(full, at, v)
		from = from[step:]
	}
	if s.Type == setRows {
		for ; len(set) >= 4; set = set[4:] {
			put(int(little.Uint32(set)))
		}
		return
	}
	for i, b := range set {
		for ; b != 0; b &= b - 1 {
			put(i*8 + bits.TrailingZeros8(b))
		}
	}
}
