package trace

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"orrery/ecs"
	"orrery/scheduler"
)

// Mismatch is the first tick at which a run is not what its trace says. A
// digest says that they differ, not in what. A trace has more at some ticks
// only: at checkpoints what state is hashed as, table by table; columns that
// are exported; and snapshots, which are all.
type Mismatch struct {
	Tick      ecs.Tick
	Want, Got string
	// Same is the latest tick before at which all state was the same for
	// certain: a checkpoint's, or that at which the run began.
	Same ecs.Tick
	// Parts is what differs at the first checkpoint that does, at PartsTick.
	Parts     []string
	PartsTick ecs.Tick
	// Found is where a value differs, at the first tick after Same of whose
	// values the trace has any that do; nil if it has none.
	Found *scheduler.Divergence
}

func (m *Mismatch) Error() string {
	s := fmt.Sprintf("the run parts from its trace at tick %d: the trace has %s, the run %s", m.Tick, m.Want, m.Got)
	if m.Found != nil {
		s += fmt.Sprintf("; at %s", m.Found)
		if m.Found.Tick > m.Tick {
			s += " (the first values after it that the trace has)"
		}
	}
	if len(m.Parts) > 0 {
		same := "the start"
		if m.Same >= 0 {
			same = fmt.Sprintf("tick %d", m.Same)
		}
		s += fmt.Sprintf("; all state was the same at %s, and %s %s at tick %d", same, listed(m.Parts), differs(m.Parts), m.PartsTick)
	}
	return s
}

func differs(parts []string) string {
	if len(parts) == 1 {
		return "differs"
	}
	return "differ"
}

func listed(parts []string) string {
	const most = 5
	if n := len(parts); n > most {
		parts = append(slices.Clone(parts[:most]), fmt.Sprintf("%d more", n-most))
	}
	if n := len(parts); n > 1 {
		return strings.Join(parts[:n-1], ", ") + " and " + parts[n-1]
	}
	return parts[0]
}

// Locate says in what a run that has parted from the trace differs. It goes that
// way again, with runs that anew makes.
func (f *File) Locate(m *Mismatch, anew func() (*scheduler.Run, error)) error {
	run, err := anew()
	if err != nil {
		return err
	}
	m.Same = f.Begin()
	err = f.eachCheckpoint(run, -1, func(t ecs.Tick, _ *Frame, _ int) error {
		if t >= m.Tick {
			return ErrStop
		}
		m.Same = t
		return nil
	})
	if err != nil {
		return err
	}
	for _, look := range []func(m *Mismatch, run *scheduler.Run, anew func() (*scheduler.Run, error)) error{f.locateValue, f.locateColumn, f.locateParts} {
		err := f.Guard(func() error {
			run, err := anew()
			if err != nil {
				return err
			}
			if _, err := f.Restore(run, m.Same); err != nil {
				return err
			}
			if err := run.RunUntil(m.Same); err != nil {
				return err
			}
			return look(m, run, anew)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// locateValue looks for the first value that differs at a snapshot, up to the
// first one from the tick on at which digests differ.
func (f *File) locateValue(m *Mismatch, run *scheduler.Run, anew func() (*scheduler.Run, error)) error {
	other, err := anew() // holds what the trace has
	if err != nil {
		return err
	}
	for _, t := range f.Moments(other) {
		if t <= m.Same {
			continue
		}
		if at, err := f.Restore(other, t); err != nil || at != t {
			continue // it is damaged
		}
		if m.Found, err = differenceAt(other, run, t); err != nil || m.Found != nil || t >= m.Tick {
			return err
		}
	}
	return nil
}

// differenceAt takes a run to the tick of another and compares them.
func differenceAt(other, run *scheduler.Run, t ecs.Tick) (*scheduler.Divergence, error) {
	if err := run.RunUntil(t); err != nil {
		return &scheduler.Divergence{Tick: run.World.Tick(), Table: "failure", A: "no failure", B: err.Error()}, nil
	}
	return scheduler.Compare(other, run, t)
}

// locateColumn looks for one in the columns before that.
func (f *File) locateColumn(m *Mismatch, run *scheduler.Run, _ func() (*scheduler.Run, error)) error {
	until := f.last(run)
	if m.Found != nil {
		until = min(until, m.Found.Tick-1)
	}
	columns := map[string]*columnReader{}
	return f.Each("", 0, uint64(max(1, run.World.Time(until))), func(e *Entry) error {
		if !strings.HasPrefix(e.Topic, columnsPrefix) {
			return nil
		}
		c := columns[e.Topic]
		if c == nil {
			c = f.newColumnReader(run, e.Topic)
			columns[e.Topic] = c
		}
		frame, err := ParseFrame(e.Data)
		if err != nil {
			return err
		}
		if err := c.take(frame); err != nil || frame.Tick <= m.Same {
			return err
		}
		if err := run.RunUntil(frame.Tick); err != nil {
			return ErrStop
		}
		if found := c.difference(run, frame); found != nil {
			m.Found = found
			return ErrStop
		}
		return nil
	})
}

// columnReader puts the frames of a topic together.
type columnReader struct {
	topic  string
	nodes  []ecs.Node
	values map[string][]byte // by column, all rows; looked up only
}

func (f *File) newColumnReader(run *scheduler.Run, topic string) *columnReader {
	c := &columnReader{topic: topic, values: map[string][]byte{}}
	for _, name := range f.Nodes(topic) {
		n, _ := run.World.NodeNamed(name)
		c.nodes = append(c.nodes, n)
	}
	return c
}

// take notes what a frame says.
func (c *columnReader) take(f *Frame) error {
	at := f.Column("row")
	for i := range f.Columns {
		name, size := f.Columns[i].Name, typeSizes[f.Columns[i].Type]
		values := f.Column(name)
		switch {
		case f.Kind == keyframe:
			c.values[name] = bytes.Clone(values)
		case name != "row":
			for row := range len(at) / 4 {
				to := int(binary.LittleEndian.Uint32(at[4*row:])) * size
				if to < 0 || to > len(c.values[name])-size || (row+1)*size > len(values) {
					return fmt.Errorf("%s at tick %d is a delta to rows that it has not", c.topic, f.Tick)
				}
				copy(c.values[name][to:to+size], values[row*size:])
			}
		}
	}
	return nil
}

// difference returns the first value of the run that is another.
func (c *columnReader) difference(run *scheduler.Run, f *Frame) *scheduler.Divergence {
	w := run.World
	for i, n := range c.nodes {
		row, ok := w.Row(n)
		if !ok || n.Program() >= ecs.ProgramID(w.Programs()) {
			continue
		}
		table := w.StateTable(n.Program())
		for _, field := range table.Fields() {
			values, size := c.values[field.Name], field.Type.Size()
			if (i+1)*size > len(values) {
				continue // it is not exported
			}
			at := row*table.Stride() + field.Offset
			is, was := appendLittle(nil, table.Bytes()[at:at+size]), values[i*size:(i+1)*size]
			if !bytes.Equal(is, was) {
				return &scheduler.Divergence{
					Tick: f.Tick, Table: table.Name(), Node: w.NodeName(n), Field: field.Name,
					A: fmt.Sprint(valueOf(field.Type.String(), was)), B: fmt.Sprint(valueOf(field.Type.String(), is)),
				}
			}
		}
	}
	return nil
}

// eachCheckpoint calls do with the checkpoints after a tick, each a row of a
// frame.
func (f *File) eachCheckpoint(run *scheduler.Run, after ecs.Tick, do func(t ecs.Tick, frame *Frame, row int) error) error {
	return f.Each(Checkpoints, uint64(max(0, run.World.Time(after+1))), 0, func(e *Entry) error {
		frame, err := ParseFrame(e.Data)
		if err != nil {
			return err
		}
		ticks := frame.Column("tick")
		for row := range len(ticks) / 8 {
			t := ecs.Tick(binary.LittleEndian.Uint64(ticks[8*row:]))
			if t <= after {
				continue
			}
			if err := do(t, frame, row); err != nil {
				return err
			}
		}
		return nil
	})
}

// locateParts finds the first checkpoint at which state is hashed as something
// else, and what differs there.
func (f *File) locateParts(m *Mismatch, run *scheduler.Run, _ func() (*scheduler.Run, error)) error {
	names := run.World.PartNames()
	return f.eachCheckpoint(run, m.Same, func(t ecs.Tick, frame *Frame, row int) error {
		if err := run.RunUntil(t); err != nil {
			return ErrStop
		}
		run.World.StateHash()
		for i, part := range run.World.Parts() {
			if was := frame.Column(names[i]); len(was) >= 8*(row+1) && binary.LittleEndian.Uint64(was[8*row:]) != part {
				m.Parts = append(m.Parts, names[i])
			}
		}
		if len(m.Parts) > 0 {
			m.PartsTick = t
			return ErrStop
		}
		return nil
	})
}
