package value

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"

	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/ecs/detmath"
)

// Decode reads one value, which must be all of from. Its lists, dicts and sets
// can be changed.
func Decode(from []byte, c *Codec) (starlark.Value, error) {
	d := newDecoder(from, c)
	return d.whole()
}

// DecodeFrozen is Decode with a result that cannot be changed.
func DecodeFrozen(from []byte, c *Codec) (starlark.Value, error) {
	d := newDecoder(from, c)
	v, err := d.whole()
	if err == nil && len(d.seen) > 0 {
		v.Freeze()
	}
	return v, err
}

type decoder struct {
	codec *Codec
	from  []byte
	at    int
	depth int
	// spare is how many values may still be announced. Each takes a byte at
	// least, so nested announcements together may not exceed the bytes there
	// are: that bounds what is allocated before it is there.
	spare int
	seen  []starlark.Value
	// frozen is how many frozen containers the place lies in, and icy which of
	// seen are frozen: what lies in a frozen one is.
	frozen int
	icy    []bool
	// announced says that the container to come is frozen.
	announced bool
}

func newDecoder(from []byte, c *Codec) decoder {
	if c != nil && c.interned == nil {
		c.interned = &interned{}
	}
	return decoder{codec: c, from: from, spare: len(from)}
}

// wrong is the error of bytes that no value has.
func (d *decoder) wrong(format string, a ...any) error {
	return fmt.Errorf("byte %d: "+format, append([]any{d.at}, a...)...)
}

func (d *decoder) whole() (starlark.Value, error) {
	v, err := d.value()
	if err == nil && d.at != len(d.from) {
		err = d.wrong("%d bytes are left over", len(d.from)-d.at)
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

func (d *decoder) byte() (byte, error) {
	if d.at == len(d.from) {
		return 0, d.wrong("the end is missing")
	}
	b := d.from[d.at]
	d.at++
	return b, nil
}

func (d *decoder) uvarint() (uint64, error) {
	if d.at < len(d.from) && d.from[d.at] < 0x80 {
		d.at++
		return uint64(d.from[d.at-1]), nil
	}
	n, size := binary.Uvarint(d.from[d.at:])
	if size <= 0 {
		return 0, d.wrong("a number has no end")
	}
	if d.from[d.at+size-1] == 0 {
		return 0, d.wrong("a number is longer than it must be")
	}
	d.at += size
	return n, nil
}

func (d *decoder) signed() (int64, error) {
	n, err := d.uvarint()
	return int64(n>>1) ^ -int64(n&1), err
}

// take returns the next n bytes, of which there must be as many.
func (d *decoder) take(n uint64) ([]byte, error) {
	if n > uint64(len(d.from)-d.at) {
		return nil, d.wrong("%d bytes are announced, %d are left", n, len(d.from)-d.at)
	}
	b := d.from[d.at : d.at+int(n)]
	d.at += int(n)
	return b, nil
}

func (d *decoder) text() ([]byte, error) {
	n, err := d.uvarint()
	if err != nil {
		return nil, err
	}
	return d.take(n)
}

// length reads the count of what takes each bytes or more.
func (d *decoder) length(each int) (int, error) {
	n, err := d.uvarint()
	if err != nil {
		return 0, err
	}
	if n > uint64(d.spare/each) {
		return 0, d.wrong("%d values are announced, there are not as many bytes left", n)
	}
	d.spare -= int(n) * each
	return int(n), nil
}

func (d *decoder) value() (starlark.Value, error) {
	tag, err := d.byte()
	if err != nil {
		return nil, err
	}
	switch tag {
	case tagNone:
		return starlark.None, nil
	case tagFalse:
		return starlark.False, nil
	case tagTrue:
		return starlark.True, nil
	case tagInt:
		n, err := d.signed()
		return starlark.MakeInt64(n), err
	case tagBig, tagNegativeBig:
		return d.big(tag == tagNegativeBig)
	case tagFloat:
		return d.float()
	case tagString:
		b, err := d.text()
		return d.string(b), err
	case tagBytes:
		b, err := d.text()
		return starlark.Bytes(b), err
	case tagDuration:
		n, err := d.signed()
		return Duration(n), err
	case tagNode:
		return d.node()
	case tagFunction:
		return d.function()
	case tagAgain:
		i, err := d.uvarint()
		if err != nil {
			return nil, err
		}
		if i >= uint64(len(d.seen)) {
			return nil, d.wrong("container %d is not met before", i)
		}
		if d.frozen > 0 && !d.icy[i] {
			return nil, d.wrong("container %d is not frozen, but what it lies in is", i)
		}
		return d.seen[i], nil
	}
	return d.nested(tag)
}

func (d *decoder) big(negative bool) (starlark.Value, error) {
	b, err := d.text()
	if err != nil {
		return nil, err
	}
	n := new(big.Int).SetBytes(b)
	if negative {
		n.Neg(n)
	}
	if n.IsInt64() || b[0] == 0 {
		return nil, d.wrong("an int is longer than it must be")
	}
	return starlark.MakeBigInt(n), nil
}

func (d *decoder) float() (starlark.Value, error) {
	b, err := d.take(8)
	if err != nil {
		return nil, err
	}
	bits := binary.LittleEndian.Uint64(b)
	f := math.Float64frombits(bits)
	if f != f && bits != detmath.NaNBits {
		return nil, d.wrong("a NaN is not the canonical one")
	}
	return starlark.Float(f), nil
}

// string returns short strings without an allocation if they were met lately.
func (d *decoder) string(b []byte) starlark.Value {
	if d.codec == nil || len(b) > maxInterned {
		return starlark.String(b)
	}
	slot := &d.codec.interned.values[slotOf(b)]
	if s, ok := (*slot).(starlark.String); !ok || string(s) != string(b) {
		*slot = starlark.String(b)
	}
	return *slot
}

// intern is string for what is one already.
func (d *decoder) intern(text string) starlark.Value {
	if d.codec == nil || len(text) > maxInterned {
		return starlark.String(text)
	}
	slot := &d.codec.interned.values[slotOf(text)]
	if s, ok := (*slot).(starlark.String); !ok || string(s) != text {
		*slot = starlark.String(text)
	}
	return *slot
}

// name is string for the name of a field.
func (d *decoder) name() (string, error) {
	b, err := d.text()
	if err != nil || d.codec == nil || len(b) > maxInterned {
		return string(b), err
	}
	slot := &d.codec.interned.names[slotOf(b)]
	if *slot != string(b) {
		*slot = string(b)
	}
	return *slot, nil
}

func (d *decoder) node() (starlark.Value, error) {
	b, err := d.take(4)
	if err != nil {
		return nil, err
	}
	n := ecs.Node(binary.LittleEndian.Uint32(b))
	if d.codec != nil && d.codec.Node != nil {
		if v, ok := d.codec.Node(n); ok {
			return v, nil
		}
	}
	return nil, d.wrong("there is no node %d", n)
}

func (d *decoder) function() (starlark.Value, error) {
	b, err := d.text()
	if err != nil {
		return nil, err
	}
	name := string(b)
	if d.codec != nil && d.codec.Functions != nil {
		if fn, ok := d.codec.Functions.Function(name); ok {
			if canonical, _ := d.codec.Functions.FunctionName(fn); canonical == name {
				return fn, nil
			}
		}
	}
	return nil, d.wrong("there is no function %s", quote(name))
}
