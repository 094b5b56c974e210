package scenario

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/scenario/value"
)

// A node that shows fields tells its neighbours their values when it starts
// and whenever a handler has changed one, in a message over each link. One that
// starts again has forgotten what it was told: its first message says so, and
// who gets it answers. What a node has been told lies in two boxes of its own
// that no script can name.
const (
	showKind   = "(show)"
	seenField  = "(seen)"  // dict of neighbour to a tuple of values
	shownField = "(shown)" // the tuple told last
)

// addShows adds the boxes to a schema whose program shows something.
func (s *schema) addShows() {
	for _, name := range []string{seenField, shownField} {
		var initial starlark.Value = starlark.None
		if name == seenField {
			initial = starlark.NewDict(0)
		}
		s.index[name] = len(s.fields)
		s.fields = append(s.fields, field{name: name, kind: boxedField, at: s.boxed, initial: initial})
		s.boxed++
	}
}

// show tells the neighbours of the node in hand what it shows, if that has
// changed.
func (s *script) show(p *program, b *ecs.Batch, row int) error {
	now := make(starlark.Tuple, len(p.shows))
	for i, name := range p.shows {
		now[i] = p.get(&p.schema.fields[p.schema.index[name]], row)
	}
	shown := p.box(row, shownField)
	if same, err := starlark.Equal(*shown, now); same || err != nil {
		return err
	}
	kept, err := s.codec.Copy(now)
	if err != nil {
		return err
	}
	told := kept
	if *shown == starlark.None && b.Life(b.At).Incarnation > 1 {
		told = append(slices.Clone(kept.(starlark.Tuple)), asks)
	}
	*shown = kept
	if err := s.encodeShown(told); err != nil {
		return err
	}
	for _, n := range s.run.Links.Neighbours(s.at.node) {
		if q := s.programs[n.Program()]; q != nil && len(q.shows) > 0 {
			b.SendBytes(b.At, n, s.kinds.show, 0, s.encoder.Bytes())
		}
	}
	return nil
}

// asks is what a node adds to what it shows if it wants to be told in turn.
const asks = starlark.String("and you?")

// box is one of the boxes of a row that no script can name.
func (p *program) box(row int, name string) *starlark.Value {
	return &p.boxes.rows[row][p.schema.fields[p.schema.index[name]].at]
}

func (s *script) encodeShown(v starlark.Value) error {
	s.encoder.Reset(s.encoder.Bytes()[:0], s.codec)
	return s.encoder.Append(v)
}

// see keeps what a neighbour shows.
func (s *script) see(p *program, b *ecs.Batch, e *ecs.Envelope) error {
	v, err := value.DecodeFrozen(b.World().Payload(e), s.codec)
	if err != nil {
		return err
	}
	row := int(b.Rows[b.At])
	seen := (*p.box(row, seenField)).(*starlark.Dict)
	told, of := v.(starlark.Tuple), len(s.programs[e.From.Program()].shows)
	if err := seen.SetKey(s.handle(e.From), told[:of]); err != nil || len(told) == of {
		return err
	}
	own := *p.box(row, shownField)
	if own == starlark.None || !s.run.Links.Joins(e.To, e.From) {
		return nil
	}
	if err := s.encodeShown(own); err != nil {
		return err
	}
	b.SendBytes(b.At, e.From, s.kinds.show, 0, s.encoder.Bytes())
	return nil
}

// around is me.around(field): what neighbours show, as last seen, in the order
// of neighbours, and after them what nodes show that have a link to this one
// alone, in the order in which they were first seen. Those that do not show the
// field, or have shown nothing yet, are left out.
func (s *script) around(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	if err := starlark.UnpackArgs("me.around", args, kwargs, "field", &name); err != nil {
		return nil, err
	}
	p := s.at.program
	if err := s.canSee(p, name); err != nil {
		return nil, fmt.Errorf("me.around: %w", err)
	}
	seen := (*p.box(s.at.row, seenField)).(*starlark.Dict)
	var values []starlark.Value
	add := func(n ecs.Node, told starlark.Value) {
		at := slices.Index(s.programs[n.Program()].shows, name)
		if t, ok := told.(starlark.Tuple); ok && at >= 0 {
			values = append(values, t[at])
		}
	}
	near := s.run.Links.Neighbours(s.at.node)
	for _, n := range near {
		told, _, err := seen.Get(s.handle(n))
		if err != nil {
			return nil, err
		}
		add(n, told)
	}
	if len(values) == seen.Len() {
		return starlark.NewList(values), nil
	}
	for from, told := range seen.Entries() {
		if n := from.(value.Node).Number(); !s.run.Links.Joins(s.at.node, n) {
			add(n, told)
		}
	}
	return starlark.NewList(values), nil
}

// canSee says why a program sees nothing of a field.
func (s *script) canSee(p *program, name string) error {
	if len(p.shows) == 0 {
		return fmt.Errorf("%s shows nothing, and is shown nothing; write shows = [%q]", p.name, name)
	}
	var known []string
	for _, q := range s.declared {
		known = append(known, q.shows...)
	}
	if !slices.Contains(known, name) {
		return fmt.Errorf("no program shows %q; write shows = [%q]%s", name, name, didYouMean(name, known))
	}
	return nil
}
