package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/scenario/value"
)

// boxes is the boxed state of one program's nodes: Starlark values, by row.
type boxes struct {
	program *program
	rows    [][]starlark.Value // by row, then box
	birth   [][]starlark.Value // what a row was born with; nil: the program's defaults
	encoder value.Encoder
}

var _ ecs.Boxed = (*boxes)(nil)

func (b *boxes) grow(row int) {
	for len(b.rows) <= row {
		b.rows = append(b.rows, make([]starlark.Value, b.program.schema.boxed))
		b.birth = append(b.birth, nil)
	}
}

// Reset gives a row its values at birth, or keeps what is durable of it.
func (b *boxes) Reset(row int, crashed bool) {
	b.grow(row)
	for i := range b.program.schema.fields {
		f := &b.program.schema.fields[i]
		if f.kind != boxedField || crashed && b.program.isDurable(f.name) {
			continue
		}
		v := f.initial
		if b.birth[row] != nil {
			v = b.birth[row][f.at]
		}
		b.rows[row][f.at] = value.Copy(v)
	}
	if crashed && b.program.syncs {
		b.program.takeBack(row)
	}
}

// bear makes a row's present values those it was born with.
func (b *boxes) bear(row int) {
	b.birth[row] = make([]starlark.Value, len(b.rows[row]))
	for i, v := range b.rows[row] {
		b.birth[row][i] = value.Copy(v)
		b.birth[row][i].Freeze()
	}
}

// AppendRow appends a row's canonical bytes: one value, so that sharing between
// fields is kept.
func (b *boxes) AppendRow(row int, to []byte) []byte {
	b.encoder.Reset(to, b.program.script.stored)
	if err := b.encoder.Append(starlark.Tuple(b.rows[row])); err != nil {
		panic(b.unkept(row, err))
	}
	return b.encoder.Bytes()
}

// unkept is the error of state that was changed in place, by an append or the
// like, to what cannot be kept. Where that was done is not known any more.
func (b *boxes) unkept(row int, err error) *Error {
	w := b.program.script.run.World
	name := w.NodeName(w.NodeAt(b.program.id, row))
	what := err.Error()
	var inner *value.Error
	if errors.As(err, &inner) {
		what = b.path(inner.Path) + ": " + inner.What
	}
	return &Error{What: fmt.Sprintf("state of %s at %s: %s", name, value.Duration(w.Time(w.Tick())), what)}
}

// path turns the path into a row, as [2].x, into one that begins with the
// field's name.
func (b *boxes) path(in string) string {
	var i int
	if _, err := fmt.Sscanf(in, "[%d]", &i); err != nil {
		return "all of it"
	}
	for _, f := range b.program.schema.fields {
		if f.kind == boxedField && f.at == i {
			return f.name + in[strings.IndexByte(in, ']')+1:]
		}
	}
	return in
}

// LoadRow sets a row from its canonical bytes.
func (b *boxes) LoadRow(row int, from []byte) error {
	b.grow(row)
	v, err := value.Decode(from, b.program.script.stored)
	if err != nil {
		return err
	}
	t, ok := v.(starlark.Tuple)
	if !ok || len(t) != b.program.schema.boxed {
		return fmt.Errorf("it is not that of %d fields", b.program.schema.boxed)
	}
	copy(b.rows[row], t)
	return b.program.checkSynced(row)
}

// EachField names a row's values, for who compares two runs.
func (b *boxes) EachField(row int, do func(name, text string)) {
	for _, f := range b.program.schema.fields {
		if f.kind == boxedField {
			do(f.name, b.rows[row][f.at].String())
		}
	}
}

func (p *program) isDurable(name string) bool {
	return name == syncedField || slices.Contains(p.durable, name)
}
