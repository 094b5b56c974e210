package netsync

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"orrery/ecs"
)

// Kinds of frames.
const (
	Keyframe = "keyframe" // complete
	Delta    = "delta"    // what changed since the frame numbered Base
	Items    = "items"    // of a log: what came to it since
)

// Header is the second part of a frame.
type Header struct {
	Version int      `json:"v"`
	Run     string   `json:"run"`
	Epoch   uint64   `json:"epoch"` // raised by a fork and a jump
	Seq     uint64   `json:"seq"`   // of the topic's frames in this epoch, from 1
	Tick    ecs.Tick `json:"tick"`
	Kind    string   `json:"kind"`
	Base    uint64   `json:"base"`   // of a delta: the frame it changes; of items: how many came before
	Rows    int      `json:"n"`      // of the table, or how many items
	Layout  uint64   `json:"layout"` // of the table: raised when its rows or columns change
	Missed  uint64   `json:"missed"` // frames of this topic that this viewer was not given before this one
	CRC     *uint32  `json:"crc"`    // of the columns after this frame, in some frames: see Digest
	Sets    []Span   `json:"sets"`   // of a delta: sets of rows
	Columns []Cell   `json:"cols"`
}

// Span is where something lies in the body, from its start.
type Span struct {
	Type   string `json:"type"` // of a set: "bits" or "uint32"
	Offset int64  `json:"off"`  // a multiple of 8
	Length int64  `json:"len"`
}

// Cell is one column of a frame.
type Cell struct {
	Name   string `json:"name"`
	Type   string `json:"type"` // as it lies here
	Of     string `json:"of"`   // as it is, if that is wider
	Offset int64  `json:"off"`
	Length int64  `json:"len"`
	Set    int    `json:"set"` // of a delta: which rows, an index of Sets
	Add    bool   `json:"add"` // of a delta: to be added to what was, and not put in its place
}

// Sets of rows.
const (
	setBits = "bits"   // bit r%8 of byte r/8 stands for row r
	setRows = "uint32" // rows, rising
)

// appendHeader writes a header as JSON, without what is zero by nature of its
// kind. It is written by hand: a header a frame must not allocate.
func appendHeader(to []byte, h *Header) []byte {
	to = append(to, `{"v":`...)
	to = strconv.AppendInt(to, int64(h.Version), 10)
	to = append(to, `,"run":`...)
	to = appendString(to, h.Run)
	to = appendUint(to, `,"epoch":`, h.Epoch)
	to = appendUint(to, `,"seq":`, h.Seq)
	to = append(to, `,"tick":`...)
	to = strconv.AppendInt(to, int64(h.Tick), 10)
	to = append(to, `,"kind":"`...)
	to = append(to, h.Kind...)
	to = append(to, '"')
	if h.Kind != Keyframe {
		to = appendUint(to, `,"base":`, h.Base)
	}
	to = appendUint(to, `,"n":`, uint64(h.Rows))
	if h.Layout != 0 {
		to = appendUint(to, `,"layout":`, h.Layout)
	}
	if h.CRC != nil {
		to = appendUint(to, `,"crc":`, uint64(*h.CRC))
	}
	if len(h.Sets) > 0 {
		to = append(to, `,"sets":[`...)
		for i := range h.Sets {
			to = appendSpan(to, i, &h.Sets[i])
		}
		to = append(to, ']')
	}
	if h.Layout != 0 {
		to = append(to, `,"cols":[`...)
		for i := range h.Columns {
			to = appendCell(to, i, h.Kind, &h.Columns[i])
		}
		to = append(to, ']')
	}
	return append(to, '}')
}

// appendMissed writes a header anew with what one viewer has missed.
func appendMissed(to, header []byte, missed uint64) []byte {
	to = append(to, header[:len(header)-1]...)
	to = appendUint(to, `,"missed":`, missed)
	return append(to, '}')
}

func appendSpan(to []byte, i int, s *Span) []byte {
	if i > 0 {
		to = append(to, ',')
	}
	to = append(to, `{"type":"`...)
	to = append(to, s.Type...)
	to = appendUint(to, `","off":`, uint64(s.Offset))
	to = appendUint(to, `,"len":`, uint64(s.Length))
	return append(to, '}')
}

func appendCell(to []byte, i int, kind string, c *Cell) []byte {
	if i > 0 {
		to = append(to, ',')
	}
	to = append(to, `{"name":`...)
	to = appendString(to, c.Name)
	to = append(to, `,"type":"`...)
	to = append(to, c.Type...)
	if c.Of != "" {
		to = append(to, `","of":"`...)
		to = append(to, c.Of...)
	}
	to = appendUint(to, `","off":`, uint64(c.Offset))
	to = appendUint(to, `,"len":`, uint64(c.Length))
	if kind == Delta {
		to = appendUint(to, `,"set":`, uint64(c.Set))
		if c.Add {
			to = append(to, `,"add":true`...)
		}
	}
	return append(to, '}')
}

func appendUint(to []byte, name string, v uint64) []byte {
	to = append(to, name...)
	return strconv.AppendUint(to, v, 10)
}

// appendString writes JSON text. What is not UTF-8 becomes U+FFFD, as
// encoding/json has it.
func appendString(to []byte, s string) []byte {
	to = append(to, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			to = append(to, '\\', byte(r))
		case r < 0x20:
			to = append(to, `\u00`...)
			to = append(to, hexDigits[r>>4], hexDigits[r&15])
		default:
			to = utf8.AppendRune(to, r)
		}
	}
	return append(to, '"')
}

const hexDigits = "0123456789abcdef"

// ParseHeader reads a header and holds it against the length of its body:
// after it every span lies in the body and is as long as its rows need, but
// for sets of rows, which are looked at when they are used. Fields that this
// revision does not know are passed over.
func ParseHeader(b []byte, body int) (*Header, error) {
	if len(b) > MaxHeader {
		return nil, fmt.Errorf("a frame's header: %w", &LimitError{"bytes", MaxHeader})
	}
	if err := checkJSON(b, MaxDepth); err != nil {
		return nil, fmt.Errorf("a frame's header: %w", err)
	}
	h := &Header{}
	if err := json.Unmarshal(b, h); err != nil {
		return nil, fmt.Errorf("a frame's header: %w", err)
	}
	if err := h.check(uint64(body)); err != nil {
		return nil, fmt.Errorf("a frame's header: %w", err)
	}
	return h, nil
}

func (h *Header) check(body uint64) error {
	switch {
	case h.Version != Version:
		return fmt.Errorf("version %d of the wire; this reads %d", h.Version, Version)
	case h.Kind != Keyframe && h.Kind != Delta && h.Kind != Items:
		return fmt.Errorf("a kind %q", h.Kind)
	case h.Rows < 0 || h.Rows > MaxRows:
		return fmt.Errorf("%d rows; there are up to %d", h.Rows, MaxRows)
	case len(h.Columns) > MaxColumns || len(h.Sets) > MaxColumns:
		return &LimitError{"columns", MaxColumns}
	case h.Seq == 0:
		return fmt.Errorf("no seq")
	case h.Kind == Delta && h.Base >= h.Seq:
		return fmt.Errorf("delta %d of base %d", h.Seq, h.Base)
	case h.Kind != Delta && len(h.Sets) > 0:
		return fmt.Errorf("a %s with sets of rows", h.Kind)
	case h.Kind == Items && len(h.Columns) > 0:
		return fmt.Errorf("items with columns")
	}
	for i := range h.Sets {
		if err := h.checkSet(&h.Sets[i], body); err != nil {
			return fmt.Errorf("set %d %w", i, err)
		}
	}
	end := int64(0)
	for i := range h.Columns {
		c := &h.Columns[i]
		if err := h.checkCell(c, body); err != nil {
			return fmt.Errorf("column %q %w", c.Name, err)
		}
		// Columns that shared bytes would be more than the body that is here.
		if c.Offset < end {
			return fmt.Errorf("column %q lies over the one before", c.Name)
		}
		end = c.Offset + c.Length
	}
	return nil
}

func (h *Header) checkSet(s *Span, body uint64) error {
	if !inBody(s.Offset, s.Length, body) {
		return fmt.Errorf("does not lie in the body")
	}
	switch {
	case s.Type == setBits && s.Length == int64(h.Rows+7)/8:
	case s.Type == setRows && s.Length%4 == 0 && s.Length/4 <= int64(h.Rows):
	default:
		return fmt.Errorf("is of %d bytes of %q for %d rows", s.Length, s.Type, h.Rows)
	}
	return nil
}

func (h *Header) checkCell(c *Cell, body uint64) error {
	packed, ok := typeOf(c.Type)
	full, fullOK := packed, true
	if c.Of != "" {
		full, fullOK = typeOf(c.Of)
	}
	switch {
	case !ok || !fullOK || !fits(packed, full):
		return fmt.Errorf("is %q of %q, which is no packing", c.Type, c.Of)
	case !inBody(c.Offset, c.Length, body):
		return fmt.Errorf("does not lie in the body")
	case h.Kind == Keyframe && c.Length != int64(h.Rows)*int64(packed.Size()):
		return fmt.Errorf("has %d bytes for %d rows of %s", c.Length, h.Rows, packed)
	case h.Kind == Delta && (c.Set < 0 || c.Set >= len(h.Sets)):
		return fmt.Errorf("is of set %d, of which there are %d", c.Set, len(h.Sets))
	case h.Kind == Keyframe && (c.Add || c.Set != 0):
		return fmt.Errorf("of a keyframe is a change")
	case c.Add && full != ecs.Int64:
		return fmt.Errorf("is a difference of %s; only those of int64 are", full)
	case c.Length%int64(packed.Size()) != 0:
		return fmt.Errorf("has %d bytes, which is no number of %s", c.Length, packed)
	}
	return nil
}

// inBody reports whether a span lies in a body and is aligned.
func inBody(offset, length int64, body uint64) bool {
	return offset >= 0 && length >= 0 && offset%8 == 0 && uint64(offset) <= body && uint64(length) <= body-uint64(offset)
}

// typeOf finds a type by its name.
func typeOf(name string) (ecs.Type, bool) {
	for t := ecs.Bool; t <= ecs.Float64; t++ {
		if t.String() == name {
			return t, true
		}
	}
	return 0, false
}

// fits reports whether a type may stand for a wider one: of its own sort, and
// not wider.
func fits(packed, full ecs.Type) bool {
	return packed == full || isSigned(packed) && isSigned(full) && packed < full || isUnsigned(packed) && isUnsigned(full) && packed < full
}

func isSigned(t ecs.Type) bool   { return t >= ecs.Int8 && t <= ecs.Int64 }
func isUnsigned(t ecs.Type) bool { return t >= ecs.Uint8 && t <= ecs.Uint64 }
