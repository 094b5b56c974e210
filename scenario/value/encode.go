package value

import (
	"encoding/binary"
	"strconv"

	"go.starlark.net/starlark"

	"orrery/ecs/detmath"
)

// What a value begins with; see the package comment.
const (
	tagNone byte = iota
	tagFalse
	tagTrue
	tagInt
	tagBig
	tagNegativeBig
	tagFloat
	tagString
	tagBytes
	tagList
	tagTuple
	tagDict
	tagSet
	tagAgain
	tagDuration
	tagRecord
	tagNode
	tagBound
	tagFunction
	tagMessage
	tagOther
	tagFrozen
)

// Encoder appends canonical bytes. It is reused: it takes memory only while
// values grow. The zero Encoder is ready.
type Encoder struct {
	codec  *Codec
	bytes  []byte
	start  int // of the value being appended
	limit  int // length at which it is too large
	depth  int
	seen   []starlark.Value // lists, dicts and sets in order of meeting
	index  map[starlark.Value]int
	byName bool                           // nodes are written as their names
	entry  func(k, x starlark.Value) bool // appendEntry
	err    error                          // of appendEntry
}

// Reset has what is appended follow to.
func (e *Encoder) Reset(to []byte, c *Codec) { e.bytes, e.codec = to, c }

// Bytes returns what Reset was given, and all that was appended since.
func (e *Encoder) Bytes() []byte { return e.bytes }

// Append appends one value. After an error, which is an *Error, nothing has
// been appended.
func (e *Encoder) Append(v starlark.Value) error {
	return e.whole(func() error { return e.value(v) })
}

// whole appends something within which identity is kept.
func (e *Encoder) whole(append func() error) error {
	e.start, e.depth = len(e.bytes), 0
	e.limit = e.start + e.codec.maxBytes()
	err := append()
	if err == nil && len(e.bytes) > e.limit {
		err = e.codec.tooLarge()
	}
	if err != nil {
		e.bytes = e.bytes[:e.start]
	}
	clear(e.seen) // what was met may be garbage now
	e.seen = e.seen[:0]
	clear(e.index)
	return err
}

func (e *Encoder) uvarint(n uint64) { e.bytes = binary.AppendUvarint(e.bytes, n) }

func (e *Encoder) tagged(tag byte, n int) {
	e.bytes = append(e.bytes, tag)
	e.uvarint(uint64(n))
}

func (e *Encoder) signed(tag byte, n int64) {
	e.bytes = binary.AppendVarint(append(e.bytes, tag), n)
}

// text leaves out what would be too large anyway: it may be much too large.
func (e *Encoder) text(s string) {
	e.uvarint(uint64(len(s)))
	if len(s) > e.limit-len(e.bytes) {
		e.limit = -1
		return
	}
	e.bytes = append(e.bytes, s...)
}

func (e *Encoder) value(v starlark.Value) error {
	if len(e.bytes) > e.limit {
		return e.codec.tooLarge()
	}
	switch v := v.(type) {
	case starlark.NoneType:
		e.bytes = append(e.bytes, tagNone)
	case starlark.Bool:
		if v {
			e.bytes = append(e.bytes, tagTrue)
		} else {
			e.bytes = append(e.bytes, tagFalse)
		}
	case starlark.Int:
		e.int(v)
	case starlark.Float:
		e.bytes = binary.LittleEndian.AppendUint64(append(e.bytes, tagFloat), detmath.Bits(float64(v)))
	case starlark.String:
		e.bytes = append(e.bytes, tagString)
		e.text(string(v))
	case starlark.Bytes:
		e.bytes = append(e.bytes, tagBytes)
		e.text(string(v))
	case Duration:
		e.signed(tagDuration, int64(v))
	case Node:
		e.node(v)
	default:
		return e.nested(v)
	}
	return nil
}

func (e *Encoder) int(v starlark.Int) {
	if i, ok := v.Int64(); ok {
		e.signed(tagInt, i)
		return
	}
	tag := tagBig
	if v.Sign() < 0 {
		tag = tagNegativeBig
	}
	magnitude := v.BigInt().Bytes()
	e.tagged(tag, len(magnitude))
	e.bytes = append(e.bytes, magnitude...)
}

// node writes a number as 4 bytes whatever it is: the size of a message may
// not depend on how many nodes were declared before.
func (e *Encoder) node(n Node) {
	e.bytes = append(e.bytes, tagNode)
	if e.byName {
		e.text(n.String())
		return
	}
	e.bytes = binary.LittleEndian.AppendUint32(e.bytes, uint32(n.number))
}

// nested writes what has values within.
func (e *Encoder) nested(v starlark.Value) error {
	if e.depth == maxDepth {
		return tooDeep()
	}
	e.depth++
	defer func() { e.depth-- }()
	switch v := v.(type) {
	case *starlark.List:
		return e.list(v)
	case starlark.Tuple:
		e.tagged(tagTuple, len(v))
		return e.all(v, "[", 0, true)
	case *starlark.Dict:
		return e.dict(v)
	case *starlark.Set:
		return e.set(v)
	case *Record:
		e.bytes = append(e.bytes, tagRecord)
		return e.fields(v.fields)
	case *Message:
		e.bytes = append(e.bytes, tagMessage)
		kind, _ := starlark.AsString(v.kind)
		e.text(kind)
		if err := e.value(v.source); err != nil {
			return within(err, ".source")
		}
		return e.fields(v.fields)
	case Keepable:
		kind, state := v.Keep()
		e.bytes = append(e.bytes, tagOther)
		e.text(kind)
		if t, ok := state.(starlark.Tuple); ok { // of which no tuple is made that is kept
			e.tagged(tagTuple, len(t))
			return e.all(t, "[", 0, false)
		}
		return e.value(state)
	case *Bound:
		e.bytes = append(e.bytes, tagBound)
		if err := e.value(v.fn); err != nil {
			return within(err, ".bind[0]")
		}
		e.uvarint(uint64(len(v.args)))
		return e.all(v.args, ".bind[", 1, false)
	case *starlark.Function, *starlark.Builtin:
		name, err := e.codec.name(v.(starlark.Callable))
		e.bytes = append(e.bytes, tagFunction)
		e.text(name)
		return err
	}
	return &Error{What: "a " + v.Type() + " cannot be kept"}
}

// all appends values, which may be elements of a tuple; a step into them is open
// and their number from base on.
func (e *Encoder) all(values []starlark.Value, open string, base int, elements bool) error {
	for i, x := range values {
		err := e.value(x)
		if err == nil && elements {
			err = element(x)
		}
		if err != nil {
			return within(err, open+strconv.Itoa(base+i)+"]")
		}
	}
	return nil
}

// element is value of what lies in a list, dict, set or tuple.
func (e *Encoder) element(v starlark.Value) error {
	if err := e.value(v); err != nil {
		return err
	}
	return element(v)
}

func (e *Encoder) list(v *starlark.List) error {
	if e.again(v) {
		return nil
	}
	e.frozen(v)
	e.tagged(tagList, v.Len())
	for i := range v.Len() {
		if err := e.element(v.Index(i)); err != nil {
			return within(err, "["+strconv.Itoa(i)+"]")
		}
	}
	return nil
}

func (e *Encoder) fields(of fields) error {
	e.uvarint(uint64(len(of)))
	for i := range of {
		e.text(of[i].name)
		if err := e.value(of[i].value); err != nil {
			return within(err, "."+of[i].name)
		}
	}
	return nil
}

func (e *Encoder) dict(v *starlark.Dict) error {
	if e.again(v) {
		return nil
	}
	e.frozen(v)
	e.tagged(tagDict, v.Len())
	if e.entry == nil {
		e.entry = e.appendEntry
	}
	v.Entries()(e.entry)
	err := e.err
	e.err = nil
	return err
}

// appendEntry appends one entry of a dict. It is called through a function made
// once, and its error left in the encoder, since the body of a range over a
// dict is allocated anew each time.
func (e *Encoder) appendEntry(k, x starlark.Value) bool {
	if err := e.element(k); err != nil {
		e.err = within(err, ".key"+key(k))
	} else if err := e.element(x); err != nil {
		e.err = within(err, key(k))
	}
	return e.err == nil
}

func (e *Encoder) set(v *starlark.Set) error {
	if e.again(v) {
		return nil
	}
	e.frozen(v)
	e.tagged(tagSet, v.Len())
	for x := range v.Elements() {
		if err := e.element(x); err != nil {
			return within(err, ".key"+key(x))
		}
	}
	return nil
}

// again writes the index of a container that was met before.
func (e *Encoder) again(v starlark.Value) bool {
	i, met := find(e.seen, &e.index, v)
	if met {
		e.tagged(tagAgain, i)
		return true
	}
	e.seen = append(e.seen, v)
	return false
}

// fewSeen is how many containers are found by a scan faster than in a map.
const fewSeen = 16

// find returns the place of v in seen. From fewSeen on it keeps an index, to
// which v is added, since the caller will.
func find(seen []starlark.Value, index *map[starlark.Value]int, v starlark.Value) (int, bool) {
	if len(seen) < fewSeen {
		for i, w := range seen {
			if v == w {
				return i, true
			}
		}
		return 0, false
	}
	if *index == nil {
		*index = make(map[starlark.Value]int, 4*fewSeen)
	}
	if len(*index) == 0 {
		for i, w := range seen {
			(*index)[w] = i
		}
	}
	i, met := (*index)[v]
	if !met {
		(*index)[v] = len(seen)
	}
	return i, met
}
