package netsync

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"orrery/ecs"
)

// everyType is a table with a column of each type.
func everyType() []Column {
	var columns []Column
	for t := ecs.Bool; t <= ecs.Float64; t++ {
		columns = append(columns, Column{Name: t.String(), Type: t})
	}
	return columns
}

// put writes a value into an image.
func put(im *Image, columns []Column, column, row int, v uint64) {
	t := columns[column].Type
	putWord(t, im.Columns[column][row*t.Size():], v)
}

// copyOf is an image like another.
func copyOf(im *Image) *Image {
	c := &Image{Tick: im.Tick, Rows: im.Rows}
	for _, b := range im.Columns {
		c.Columns = append(c.Columns, append([]byte{}, b...))
	}
	return c
}

// imageOf is an image of rows that are zero.
func imageOf(columns []Column, rows int) *Image {
	im := newImage(len(columns))
	im.Resize(columns, rows)
	return im
}

// anyValue draws values that tell widths apart: near powers of two, both signs.
func anyValue(t *rapid.T) uint64 {
	v := uint64(1)<<rapid.IntRange(0, 63).Draw(t, "bit") + uint64(rapid.Int64Range(-2, 2).Draw(t, "near"))
	if rapid.Bool().Draw(t, "negative") {
		v = -v
	}
	return v
}

// mutate changes some of an image's values.
func mutate(t *rapid.T, im *Image, columns []Column) {
	if im.Rows == 0 {
		return
	}
	for range rapid.IntRange(0, 20).Draw(t, "changes") {
		c := rapid.IntRange(0, len(columns)-1).Draw(t, "column")
		row := rapid.IntRange(0, im.Rows-1).Draw(t, "row")
		v := anyValue(t)
		if columns[c].Type == ecs.Bool {
			v &= 1
		}
		if columns[c].Type == ecs.Int64 && rapid.Bool().Draw(t, "little") {
			v = binary.LittleEndian.Uint64(im.Columns[c][row*8:]) + v&127
		}
		put(im, columns, c, row, v)
	}
}

// source is a table with its encoder, as a hub has.
type source struct {
	columns []Column
	encoder *Encoder
	header  Header
	bare    bool // deltas have no digest
}

func newSource(columns []Column) *source {
	return &source{columns: columns, encoder: NewEncoder(columns), header: Header{Version: Version, Run: "r", Epoch: 1, Layout: 1}}
}

// next makes an image the latest and returns the delta to it, if there can be one.
func (s *source) next(im *Image) (delta Frame, ok bool) {
	s.encoder.Next(im)
	s.header.Seq++
	s.header.Tick = im.Tick
	if !s.encoder.CanDelta() {
		s.header.Layout++
		return Frame{}, false
	}
	h := s.header
	h.Base = h.Seq - 1
	body := s.encoder.Delta(&h, nil)
	if sum := im.Digest(); !s.bare {
		h.CRC = &sum
	}
	return Frame{"columns/t/all", appendHeader(nil, &h), body}, true
}

func (s *source) keyframe() Frame {
	h := s.header
	body := s.encoder.Keyframe(&h, nil)
	sum := s.encoder.Latest().Digest()
	h.CRC = &sum
	return Frame{"columns/t/all", appendHeader(nil, &h), body}
}

func mustApply(t rapid.TB, r *Replica, f Frame) {
	t.Helper()
	if v, err := r.Apply(f); v != Applied {
		t.Fatalf("%v, %v: %s", v, err, f.Header)
	}
}

// JSON rows are what any parser reads, whatever columns are called.
func TestRowsOfAColumnCalledKey(t *testing.T) {
	h, _ := NewHub(Config{Run: "r"})
	table, err := h.Table("x", []Column{{Name: "key", Type: ecs.Int64}, {Name: "y", Type: ecs.Bool}}, Rate{})
	if err != nil {
		t.Fatal(err)
	}
	table.SetKeys([]string{"a[0]"}, 0)
	v, _ := h.Join()
	if err := v.Subscribe(TopicRows); err != nil {
		t.Fatal(err)
	}
	im := table.Image()
	im.Columns[0][0] = 17
	if err := table.Publish(1, im); err != nil {
		t.Fatal(err)
	}
	f, _ := v.Next()
	if want := `[{"$key":"a[0]","key":17,"y":false}]`; string(f.Body) != want {
		t.Errorf("%s, and not %s", f.Body, want)
	}
}

// A float in rows is read as one, and as the same, whatever its value.
func TestFloatsAreSpelledAsFloats(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(rapid.Float64(), rapid.Map(rapid.Int64(), func(n int64) float64 { return float64(n) })).Draw(t, "v")
		single := float64(float32(v))
		for _, x := range []struct {
			column Column
			bits   uint64
			value  float64
		}{{Column{Type: ecs.Float64}, math.Float64bits(v), v}, {Column{Type: ecs.Float32}, uint64(math.Float32bits(float32(v))), single}} {
			b := binary.LittleEndian.AppendUint64(nil, x.bits)
			text := string(appendValue(nil, &x.column, b[:x.column.Type.Size()]))
			switch got, err := strconv.ParseFloat(text, 8*x.column.Type.Size()); {
			case math.IsInf(x.value, 0) || math.IsNaN(x.value):
				if text != "null" {
					t.Fatalf("%v is written %s", x.value, text)
				}
			case err != nil || got != x.value || !strings.ContainsAny(text, ".e") || !json.Valid([]byte(text)):
				t.Fatalf("%v is written %s: %v", x.value, text, err)
			}
		}
	})
}
