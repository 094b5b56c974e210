package scheduler_test

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"unsafe"

	"orrery/ecs"
	"orrery/scheduler"
	"orrery/systems"
)

// letters is boxed state: the payloads that a node got, with their order.
type letters struct{ rows [][]string }

func (l *letters) row(row int) *[]string {
	for len(l.rows) <= row {
		l.rows = append(l.rows, nil)
	}
	return &l.rows[row]
}

func (l *letters) Reset(row int, _ bool) { *l.row(row) = nil }

func (l *letters) AppendRow(row int, to []byte) []byte {
	for _, s := range *l.row(row) {
		to = append(binary.AppendUvarint(to, uint64(len(s))), s...)
	}
	return to
}

func (l *letters) LoadRow(row int, from []byte) error {
	*l.row(row) = nil
	for len(from) > 0 {
		n, size := binary.Uvarint(from)
		if size <= 0 || n > uint64(len(from)-size) {
			return fmt.Errorf("a letter of %d bytes, of which %d are there", n, len(from)-size)
		}
		*l.row(row) = append(*l.row(row), string(from[size:size+int(n)]))
		from = from[size+int(n):]
	}
	return nil
}

// boxedOf finds the holder that a world made for a program. A handler cannot
// keep it: a fork has one of its own.
func boxedOf[B ecs.Boxed](w *ecs.World, id ecs.ProgramID) B {
	field := reflect.ValueOf(w).Elem().FieldByName("programs").Index(int(id)).Elem().FieldByName("boxed")
	return reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem().Interface().(B)
}

type motherState struct{ Born, Heard, Hash uint64 }

type childState struct {
	Mother ecs.Node
	Beats  uint32
	Weight float64
}

// life has mothers bear children, which live for a while: some stop, some die
// and leave their rows to others, each with recurring timers and with state
// that is not columns.
func life(c ecs.Config) *scheduler.Run {
	run := scheduler.New(c)
	l := &living{letter: run.World.Kind("letter", 0), hello: run.World.Kind("hello", 8), end: run.World.TimerKind("end"), fate: run.World.Stream("fate")}
	l.child = systems.AddNode(run.Set, systems.Node[childState]{
		Name: "child", Direct: true, Boxed: func() ecs.Boxed { return &letters{} },
		Start: l.grow,
		On:    []systems.On[childState]{{Kind: l.hello, Do: l.adopt}, {Kind: l.letter, Do: l.read}, {Kind: l.end, Do: l.finish}},
		Every: []systems.EveryNode[childState]{{Name: "beat", Period: 5 * ms, Do: l.beat}, {Name: "write", Period: 13 * ms, Do: l.write}},
	})
	mother := systems.AddNode(run.Set, systems.Node[motherState]{
		Name: "mother", Direct: true, Durable: []string{"Born"},
		On:    []systems.On[motherState]{{Kind: l.letter, Do: l.answer}},
		Every: []systems.EveryNode[motherState]{{Name: "bear", Period: 7 * ms, Do: l.bear}, {Name: "bear more", Period: 31 * ms, Do: l.bear}},
	})
	mothers := run.World.Nodes(mother, "m", 3)
	run.Start(mothers[:2]...)
	run.At(40, systems.Action{Verb: systems.Start, Target: mothers[2]})
	run.At(200, systems.Action{Verb: systems.Crash, Target: mothers[0], Down: 30 * ms}, systems.Action{Verb: systems.Pause, Target: mothers[1]})
	run.At(260, systems.Action{Verb: systems.Resume, Target: mothers[1]})
	run.Measures.Series("nodes", 20*ms, func(w *ecs.World) float64 { return float64(w.LiveNodes()) })
	return run
}

type living struct {
	letter, hello, end ecs.Kind
	fate               ecs.Stream
	child              ecs.ProgramID
}

func (l *living) bear(me *systems.Me, s *motherState) {
	me.SendBytes(me.Self(), l.letter, []byte("a child"))
	child := me.Bear(l.child, fmt.Sprintf("%s's %d", me.Name(), s.Born))
	s.Born++
	me.SendAfter(2, child, l.hello, s.Born, 0)
}

func (l *living) answer(me *systems.Me, s *motherState, m *ecs.Envelope) {
	s.Heard++
	for _, b := range me.Bytes(m) {
		s.Hash = (s.Hash ^ uint64(b)) * 0x9e3779b97f4a7c15
	}
	if m.From != me.Self() {
		me.SendBytes(m.From, l.letter, append([]byte("thanks for "), me.Bytes(m)...))
	}
}

func (l *living) grow(me *systems.Me, s *childState) {
	draws := me.Draws(l.fate)
	me.After(ecs.Nanoseconds(10+draws.Below(90))*ms, l.end, draws.Below(3))
	s.Weight = draws.Normal()
}

func (l *living) adopt(me *systems.Me, s *childState, m *ecs.Envelope) { s.Mother = m.From }

func (l *living) beat(me *systems.Me, s *childState) {
	s.Beats++
	s.Weight += float64(s.Weight*0.01) + 1/float64(s.Beats)
}

func (l *living) write(me *systems.Me, s *childState) {
	if s.Mother != 0 {
		me.SendBytes(s.Mother, l.letter, fmt.Appendf(nil, "%s at %d", me.Name(), me.Tick()))
	}
}

func (l *living) read(me *systems.Me, s *childState, m *ecs.Envelope) {
	row, _ := me.World().Row(me.Self())
	box := boxedOf[*letters](me.World(), l.child).row(row)
	*box = append(*box, string(me.Bytes(m)))
}

// finish ends a child: it stops, or dies and leaves its row to another.
func (l *living) finish(me *systems.Me, s *childState, m *ecs.Envelope) {
	if m.A == 0 {
		me.Exit(7)
		return
	}
	me.SendBytes(me.Self(), l.letter, []byte("never read"))
	me.Die(uint8(m.A))
}
