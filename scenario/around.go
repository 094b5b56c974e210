package scenario

import (
	"fmt"

	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/scenario/value"
)

// A node that shows fields tells its neighbours their values when it starts
// and whenever a handler has changed one, in a message over each link. What a
// node has been told lies in two boxes of its own that no script can name.
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
	shown := &p.boxes.rows[row][p.schema.fields[p.schema.index[shownField]].at]
	if same, err := starlark.Equal(*shown, now); same || err != nil {
		return err
	}
	kept, err := s.codec.Copy(now)
	if err != nil {
		return err
	}
	*shown = kept
	s.encoder.Reset(s.encoder.Bytes()[:0], s.codec)
	if err := s.encoder.Append(kept); err != nil {
		return err
	}
	for _, n := range s.run.Links.Neighbours(s.at.node) {
		if q := s.programs[n.Program()]; q != nil && len(q.shows) > 0 {
			b.SendBytes(b.At, n, s.kinds.show, 0, s.encoder.Bytes())
		}
	}
	return nil
}

// see keeps what a neighbour shows.
func (s *script) see(p *program, b *ecs.Batch, e *ecs.Envelope) error {
	v, err := value.DecodeFrozen(b.World().Payload(e), s.codec)
	if err != nil {
		return err
	}
	seen := p.boxes.rows[b.Rows[b.At]][p.schema.fields[p.schema.index[seenField]].at].(*starlark.Dict)
	return seen.SetKey(s.handle(e.From), v)
}

// around is me.around(field): what neighbours show, as last seen, in the order
// of neighbours; those that have shown nothing yet are left out.
func (s *script) around(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	if err := starlark.UnpackArgs("me.around", args, kwargs, "field", &name); err != nil {
		return nil, err
	}
	p := s.at.program
	at := -1
	for i, shown := range p.shows {
		if shown == name {
			at = i
		}
	}
	if at < 0 {
		return nil, fmt.Errorf("me.around: %s does not show %q; write shows = [%q]%s", p.name, name, name, didYouMean(name, p.shows))
	}
	seen := p.boxes.rows[s.at.row][p.schema.fields[p.schema.index[seenField]].at].(*starlark.Dict)
	var values []starlark.Value
	for _, n := range s.run.Links.Neighbours(s.at.node) {
		v, found, err := seen.Get(s.handle(n))
		if err != nil {
			return nil, err
		}
		if t, ok := v.(starlark.Tuple); found && ok && at < len(t) {
			values = append(values, t[at])
		}
	}
	return starlark.NewList(values), nil
}
