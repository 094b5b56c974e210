package scheduler

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"orrery/ecs"
)

// boxedPair is the boxed state of one program in two worlds.
type boxedPair struct {
	a, b ecs.Boxed
	x, y []byte
}

// named is boxed state that can say of what it consists.
type named interface {
	// EachField calls do with a row's fields and their values as text.
	EachField(row int, do func(name, value string))
}

// compareRow returns the first field in which two rows differ, or nil.
func (p *boxedPair) compareRow(i, j int) *Divergence {
	if p.a == nil || p.b == nil {
		return nil
	}
	p.x, p.y = p.a.AppendRow(i, p.x[:0]), p.b.AppendRow(j, p.y[:0])
	if bytes.Equal(p.x, p.y) {
		return nil
	}
	d := &Divergence{Field: "boxed", A: fmt.Sprintf("%x", p.x), B: fmt.Sprintf("%x", p.y)}
	if v, w, ok := p.fields(i, j); ok {
		at := firstDifferent(v, w)
		if at < 0 { // the same to read: what is shared, or frozen, differs
			d.A, d.B = fmt.Sprintf("%d bytes", len(p.x)), fmt.Sprintf("%d bytes that read the same", len(p.y))
			return d
		}
		d.Field, d.A, d.B = v[at].name, v[at].text, w[at].text
	}
	d.A, d.B = shortened(d.A, d.B)
	return d
}

type fieldValue struct{ name, text string }

func (p *boxedPair) fields(i, j int) (v, w []fieldValue, ok bool) {
	a, ok := p.a.(named)
	b, also := p.b.(named)
	if !ok || !also {
		return nil, nil, false
	}
	a.EachField(i, func(name, text string) { v = append(v, fieldValue{name, text}) })
	b.EachField(j, func(name, text string) { w = append(w, fieldValue{name, text}) })
	return v, w, len(v) == len(w)
}

func firstDifferent(v, w []fieldValue) int {
	for i := range v {
		if v[i] != w[i] {
			return i
		}
	}
	return -1
}

const (
	longText   = 160 // of a value, in bytes
	beforeText = 40  // of it before where two differ
)

// shortened cuts two long values to where they differ, as a person would read
// them.
func shortened(a, b string) (string, string) {
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	return window(a, same), window(b, same)
}

// window is the part of a text around a place.
func window(s string, at int) string {
	if len(s) <= longText {
		return s
	}
	from := max(0, min(at-beforeText, len(s)-longText))
	to := min(len(s), from+longText)
	for from > 0 && !utf8.RuneStart(s[from]) {
		from--
	}
	for to < len(s) && !utf8.RuneStart(s[to]) {
		to++
	}
	out := s[from:to]
	if from > 0 {
		out = "…" + out
	}
	if to < len(s) {
		out += "…"
	}
	return out
}
