package value

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Message is what a handler is given: the fields that were sent, frozen, and
// source and kind.
type Message struct {
	kind   starlark.Value
	source starlark.Value
	fields fields
	frozen bool
}

// newMessage returns a message with room for some fields, of a few in the same
// allocation.
func newMessage(n int) *Message {
	switch n {
	case 0:
		return &Message{}
	case 1:
		m := &struct {
			Message
			room [1]field
		}{}
		m.fields = m.room[:0]
		return &m.Message
	case 2:
		m := &struct {
			Message
			room [2]field
		}{}
		m.fields = m.room[:0]
		return &m.Message
	case 3, 4:
		m := &struct {
			Message
			room [4]field
		}{}
		m.fields = m.room[:0]
		return &m.Message
	}
	return &Message{fields: make(fields, 0, n)}
}

var (
	_ starlark.HasAttrs   = (*Message)(nil)
	_ starlark.Comparable = (*Message)(nil)
)

// isReserved names the attributes of a message that no field may hide.
func isReserved(name string) bool { return name == "source" || name == "kind" }

func (m *Message) String() string       { return printed(m) }
func (m *Message) Type() string         { return "message" }
func (m *Message) Truth() starlark.Bool { return true }

// Source returns the sender: a Node, or None if it came from outside.
func (m *Message) Source() starlark.Value { return m.source }

// Attr returns a field, source or kind; nil for anything else.
func (m *Message) Attr(name string) (starlark.Value, error) {
	if v := m.fields.get(name); v != nil {
		return v, nil
	}
	switch name {
	case "source":
		return m.source, nil
	case "kind":
		return m.kind, nil
	}
	return nil, nil
}

func (m *Message) AttrNames() []string { return append(m.fields.names(), "kind", "source") }

func (m *Message) Hash() (uint32, error) {
	h, err := m.fields.hash()
	if err != nil {
		return 0, err
	}
	source, err := m.source.Hash()
	if err != nil {
		return 0, err
	}
	kind, _ := m.kind.Hash()
	return h ^ source*0x9e3779b1 ^ kind*0x85ebca77, nil
}

func (m *Message) Freeze() {
	if !m.frozen {
		m.frozen = true
		m.source.Freeze()
		m.fields.freeze()
	}
}

// CompareSameType knows == and != only.
func (m *Message) CompareSameType(op syntax.Token, y starlark.Value, depth int) (bool, error) {
	other, ok := y.(*Message)
	if !ok {
		return op == syntax.NEQ, nil
	}
	return equality("messages", op, func() (bool, error) {
		if m.kind != other.kind {
			return false, nil
		}
		if same, err := starlark.EqualDepth(m.source, other.source, depth-1); !same || err != nil {
			return false, err
		}
		return m.fields.equal(other.fields, depth)
	})
}

// AppendFields appends the payload of a message. It sorts both slices by name.
func (e *Encoder) AppendFields(names []string, values []starlark.Value) error {
	for i := 1; i < len(names); i++ {
		for j := i; j > 0 && names[j] < names[j-1]; j-- {
			names[j], names[j-1] = names[j-1], names[j]
			values[j], values[j-1] = values[j-1], values[j]
		}
	}
	return e.whole(func() error {
		e.uvarint(uint64(len(names)))
		for i, name := range names {
			if isReserved(name) {
				return &Error{Path: "." + name, What: "every message has it already; give the field another name"}
			}
			if i > 0 && name == names[i-1] {
				return &Error{Path: "." + name, What: "the field is given twice"}
			}
			e.text(name)
			if err := e.value(values[i]); err != nil {
				return within(err, "."+name)
			}
		}
		return nil
	})
}

// DecodeMessage reads what AppendFields wrote, and freezes it.
func DecodeMessage(payload []byte, c *Codec, source starlark.Value, kind string) (*Message, error) {
	d := newDecoder(payload, c)
	m, err := d.message()
	if err == nil && d.at != len(payload) {
		err = d.wrong("%d bytes are left over", len(payload)-d.at)
	}
	if err != nil {
		return nil, fmt.Errorf("payload: %w", err)
	}
	m.kind, m.source = d.intern(kind), source
	if len(d.seen) > 0 {
		m.Freeze()
	}
	m.frozen = true
	return m, nil
}

// message reads the fields of a message.
func (d *decoder) message() (*Message, error) {
	n, err := d.length(2)
	if err != nil {
		return nil, err
	}
	m := newMessage(n)
	for range n {
		if m.fields, err = d.field(m.fields); err != nil {
			return nil, err
		}
		if name := m.fields[len(m.fields)-1].name; isReserved(name) {
			return nil, d.wrong("a message has a field %q", name)
		}
	}
	return m, nil
}
