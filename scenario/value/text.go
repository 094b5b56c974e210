package value

import (
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// maxText is about how long a printed value may be. A tuple of itself, twice
// and so on, prints exponentially long otherwise.
const maxText = 1 << 20

// A printer writes values as Starlark does. It walks Starlark's own containers
// by itself: those look for cycles only among themselves, and would print one
// that leads through a record until the stack ends.
type printer struct {
	text strings.Builder
	path []starlark.Value // lists and dicts being printed
	deep int
	full bool
}

// Text returns a value as Starlark writes it.
func Text(v starlark.Value) string { return printed(v) }

func printed(v starlark.Value) string {
	var p printer
	p.value(v)
	return p.text.String()
}

func (p *printer) write(s string) { p.text.WriteString(s) }

// isFull says, and writes once, that there is no room for more.
func (p *printer) isFull() bool {
	if p.text.Len() > maxText && !p.full {
		p.full = true
		p.write("…")
	}
	return p.full
}

func (p *printer) value(v starlark.Value) {
	switch {
	case p.isFull():
		return
	case p.deep > maxDepth:
		p.write("…")
		return
	}
	p.deep++
	switch v := v.(type) {
	case starlark.String:
		p.write(syntax.Quote(string(v), false))
	case *starlark.List:
		p.within(v, "[", "]", func() { p.elements(v) })
	case starlark.Tuple:
		p.write("(")
		p.elements(v)
		if len(v) == 1 {
			p.write(",")
		}
		p.write(")")
	case *starlark.Dict:
		p.within(v, "{", "}", func() { p.entries(v) })
	case *starlark.Set:
		p.write("set([")
		separator := ""
		for x := range v.Elements() {
			p.write(separator)
			p.value(x)
			separator = ", "
		}
		p.write("])")
	case *Record:
		p.fields("struct(", v.fields)
	case *Message:
		p.message(v)
	case *Bound:
		p.write("bind(" + v.fn.Name())
		for _, x := range v.args {
			p.write(", ")
			p.value(x)
		}
		p.write(")")
	default:
		p.write(v.String())
	}
	p.deep--
}

// within prints a container that may contain itself.
func (p *printer) within(v starlark.Value, open, end string, inside func()) {
	p.write(open)
	defer p.write(end)
	for _, outer := range p.path {
		if outer == v {
			p.write("...")
			return
		}
	}
	p.path = append(p.path, v)
	inside()
	p.path = p.path[:len(p.path)-1]
}

func (p *printer) elements(of starlark.Indexable) {
	for i := range of.Len() {
		if p.isFull() {
			return
		}
		if i > 0 {
			p.write(", ")
		}
		p.value(of.Index(i))
	}
}

func (p *printer) entries(of *starlark.Dict) {
	separator := ""
	for k, x := range of.Entries() {
		if p.isFull() {
			return
		}
		p.write(separator)
		p.value(k)
		p.write(": ")
		p.value(x)
		separator = ", "
	}
}

func (p *printer) message(m *Message) {
	p.write("message(kind = ")
	p.value(m.kind)
	p.write(", source = ")
	p.value(m.source)
	if len(m.fields) == 0 {
		p.write(")")
		return
	}
	p.fields(", ", m.fields)
}

func (p *printer) fields(open string, of fields) {
	p.write(open)
	for i := range of {
		if i > 0 {
			p.write(", ")
		}
		p.write(of[i].name + " = ")
		p.value(of[i].value)
	}
	p.write(")")
}
