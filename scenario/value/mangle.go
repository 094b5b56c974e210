package value

import (
	"encoding/binary"
	"math"

	"orrery/ecs/detmath"
)

// Mangle returns the payload of a message with one bit of one of its values
// changed, chosen by any number: an int, float, bool, duration or text that a
// field holds, or what it holds does. The names, the types and the number of
// values stay, as do nodes, functions, and keys and elements of sets: what a
// link corrupts is still a message of its kind, which only says something else.
// A payload without such values is returned as it is.
func Mangle(payload []byte, n uint64) []byte {
	w := walker{from: payload}
	w.fields()
	return w.mangle(payload, n)
}

// MangleValue is Mangle for the bytes of one value.
func MangleValue(payload []byte, n uint64) []byte {
	w := walker{from: payload}
	w.value(true)
	return w.mangle(payload, n)
}

// mangle changes one of the values that were found.
func (w *walker) mangle(payload []byte, n uint64) []byte {
	if w.wrong || len(w.leaves) == 0 {
		return payload
	}
	at := w.leaves[n%uint64(len(w.leaves))]
	end := walker{from: payload, at: at}
	end.value(false)
	out := append([]byte(nil), payload[:at]...)
	out = appendChanged(out, payload[at:end.at], n/uint64(len(w.leaves)))
	return append(out, payload[end.at:]...)
}

// appendChanged appends a value with one bit changed.
func appendChanged(to, leaf []byte, n uint64) []byte {
	switch tag := leaf[0]; tag {
	case tagFalse:
		return append(to, tagTrue)
	case tagTrue:
		return append(to, tagFalse)
	case tagInt, tagDuration:
		v, _ := binary.Varint(leaf[1:])
		return binary.AppendVarint(append(to, tag), v^1<<(n%63))
	case tagFloat:
		f := math.Float64frombits(binary.LittleEndian.Uint64(leaf[1:]) ^ 1<<(n%64))
		return binary.LittleEndian.AppendUint64(append(to, tag), detmath.Bits(f))
	}
	_, size := binary.Uvarint(leaf[1:])
	to = append(to, leaf...)
	if text := to[len(to)-len(leaf)+1+size:]; len(text) > 0 {
		text[n/5%uint64(len(text))] ^= 1 << (n % 5) // of a letter, it makes another letter or sign
	}
	return to
}

// walker finds what can be changed in an encoding.
type walker struct {
	from   []byte
	at     int
	depth  int
	leaves []int // where they begin
	wrong  bool
}

func (w *walker) uvarint() uint64 {
	n, size := binary.Uvarint(w.from[min(w.at, len(w.from)):])
	if size <= 0 {
		w.wrong = true
		return 0
	}
	w.at += size
	return n
}

func (w *walker) skip(n uint64) {
	if n > uint64(len(w.from)-w.at) {
		w.wrong = true
		return
	}
	w.at += int(n)
}

func (w *walker) text() { w.skip(w.uvarint()) }

func (w *walker) fields() {
	for n := w.uvarint(); n > 0 && !w.wrong; n-- {
		w.text()
		w.value(true)
	}
}

func (w *walker) values(n uint64, may bool) {
	for ; n > 0 && !w.wrong; n-- {
		w.value(may)
	}
}

// value steps over a value, and notes it if it may be changed.
func (w *walker) value(may bool) {
	if w.wrong || w.at >= len(w.from) || w.depth > maxDepth {
		w.wrong = true
		return
	}
	w.depth++
	begins, tag := w.at, w.from[w.at]
	w.at++
	if may && isLeaf(tag) {
		w.leaves = append(w.leaves, begins)
	}
	w.within(tag, may)
	w.depth--
}

func isLeaf(tag byte) bool {
	switch tag {
	case tagFalse, tagTrue, tagInt, tagFloat, tagString, tagBytes, tagDuration:
		return true
	}
	return false
}

func (w *walker) within(tag byte, may bool) {
	switch tag {
	case tagNone, tagFalse, tagTrue:
	case tagInt, tagDuration, tagAgain:
		w.uvarint()
	case tagFloat:
		w.skip(8)
	case tagNode:
		w.skip(4)
	case tagBig, tagNegativeBig, tagString, tagBytes, tagFunction:
		w.text()
	case tagList, tagTuple:
		w.values(w.uvarint(), may)
	case tagSet:
		w.values(w.uvarint(), false)
	case tagDict:
		for n := w.uvarint(); n > 0 && !w.wrong; n-- {
			w.value(false)
			w.value(may)
		}
	case tagRecord:
		w.fields()
	case tagBound:
		w.value(false)
		w.values(w.uvarint(), may)
	case tagMessage:
		w.text()
		w.value(false)
		w.fields()
	case tagOther:
		w.text()
		w.value(false)
	default:
		w.wrong = true
	}
}
