package publish

import (
	"encoding/binary"
	"fmt"

	"orrery/ecs"
	"orrery/netsync"
	"orrery/scheduler"
)

const (
	linksTable    = ".links"
	networksTable = ".networks"
)

// underWay is how many envelopes are under way on each link and network. No
// world keeps that: it is counted for who looks, once for both tables.
type underWay struct {
	run             *scheduler.Run
	counted         bool
	tick            ecs.Tick
	digest          ecs.Digest
	links, networks []uint64
}

func (u *underWay) count() {
	w, links := u.run.World, u.run.Links
	if u.counted && u.tick == w.Tick() && u.digest == w.Digest() && len(u.links) == links.Len() {
		return
	}
	u.counted, u.tick, u.digest = true, w.Tick(), w.Digest()
	u.links, u.networks = resized(u.links, links.Len()), resized(u.networks, links.Networks())
	u.run.UnderWay(u.links, u.networks)
}

func resized(list []uint64, n int) []uint64 {
	if cap(list) < n {
		return make([]uint64, n)
	}
	return list[:n]
}

// countingEvery is how often what is under way is counted at most, so that it
// takes about 3% of the simulation's thread: 60 ns an envelope.
func countingEvery(inFlight int) netsync.Nanos { return netsync.Nanos(inFlight) * 2000 }

// linkSource is a row a link, called FROM -> TO.
type linkSource struct {
	under  *underWay
	table  *ecs.Table
	fields []ecs.Field // sent, dropped, bytes, and when the wire is free
	asked  bool
	count  int
}

func newLinkSource(under *underWay) *linkSource {
	s := &linkSource{under: under}
	for _, t := range under.run.World.Tables() {
		if t.Name() == "link" {
			s.table = t
		}
	}
	for _, name := range []string{"Sent", "Dropped", "Bytes", "Free"} {
		s.fields = append(s.fields, fieldNamed(s.table, name))
	}
	return s
}

func fieldNamed(t *ecs.Table, name string) ecs.Field {
	for _, f := range t.Fields() {
		if f.Name == name {
			return f
		}
	}
	panic(fmt.Sprintf("publish: table %s has no field %s", t.Name(), name))
}

// columns are in the order of fields; the last is reckoned in its place.
func (s *linkSource) columns() []netsync.Column {
	return []netsync.Column{
		{Name: "sent", Type: ecs.Uint64}, {Name: "dropped", Type: ecs.Uint64}, {Name: "bytes", Type: ecs.Uint64},
		{Name: "queue", Type: ecs.Int64, Unit: "ns"}, {Name: "in_flight", Type: ecs.Uint64},
	}
}

func (s *linkSource) forget() { s.asked, s.under.counted = false, false }

// keys names the rows anew when there are more or fewer of them.
func (s *linkSource) keys(w *ecs.World) ([]string, bool) {
	if s.asked && s.count == s.table.Rows() {
		return nil, false
	}
	s.asked, s.count = true, s.table.Rows()
	from, to := fieldNamed(s.table, "From"), fieldNamed(s.table, "To")
	names := make([]string, s.count)
	for row := range names {
		b := s.table.Bytes()[row*s.table.Stride():]
		end := func(f ecs.Field) string { return w.NodeName(ecs.Node(binary.NativeEndian.Uint32(b[f.Offset:]))) }
		names[row] = end(from) + " -> " + end(to)
	}
	return names, true
}

// fill has in the column of the queue how long what is sent now would wait for
// the wire: from when the wire is free, and the time that it is.
func (s *linkSource) fill(w *ecs.World, columns [][]byte, _ ecs.Reading) {
	gatherAll(columns[:len(s.fields)], s.table, s.fields, rows{count: s.count}, 0)
	now := w.Time(max(0, w.Tick()))
	for c := columns[3]; len(c) >= 8; c = c[8:] {
		free := ecs.Nanoseconds(binary.LittleEndian.Uint64(c))
		binary.LittleEndian.PutUint64(c, uint64(max(0, free-now)))
	}
	s.under.count()
	putAll(columns[4], s.under.links)
}

func putAll(column []byte, values []uint64) {
	for i, v := range values {
		binary.LittleEndian.PutUint64(column[8*i:], v)
	}
}

// networkSource is a row a network, in which no link has a row of its own.
type networkSource struct {
	under *underWay
	count int
}

func (s *networkSource) columns() []netsync.Column {
	return append([]netsync.Column{{Name: "nodes", Type: ecs.Int64}}, (&linkSource{}).columns()...)
}

func (s *networkSource) forget() { s.count, s.under.counted = -1, false }

// keys numbers networks from 1, as a scenario declares them.
func (s *networkSource) keys(*ecs.World) ([]string, bool) {
	n := s.under.run.Links.Networks()
	if n == s.count {
		return nil, false
	}
	s.count = n
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint("network ", i+1)
	}
	return names, true
}

func (s *networkSource) fill(_ *ecs.World, columns [][]byte, _ ecs.Reading) {
	s.under.count()
	for i := range s.count {
		x := s.under.run.Links.NetworkFigures(i)
		for c, v := range []uint64{uint64(x.Nodes), x.Sent, x.Dropped, x.Bytes, uint64(x.Queue), s.under.networks[i]} {
			binary.LittleEndian.PutUint64(columns[c][8*i:], v)
		}
	}
}
