package publish

import (
	"encoding/json"

	"orrery/ecs"
	"orrery/systems"
)

// someLasts is of how many feeds the last value is told.
const someLasts = 256

// lastItem is the last value that was published to a feed.
type lastItem struct {
	Name  string          `json:"name"`
	From  string          `json:"from,omitempty"` // absent: from outside
	Tick  *ecs.Tick       `json:"tick,omitempty"` // absent: it was published before the run began, or went back
	Value json.RawMessage `json:"value,omitempty"`
	Bytes int             `json:"bytes,omitempty"` // of a value that is too long
}

// lasts are the last values of feeds, whether somebody looks or not: a world keeps
// none but those of latched feeds, and who comes late would see nothing of a feed
// that is seldom published to. That takes some 20 ns of a handler's microsecond.
type lasts struct {
	list []last
	at   map[string]int // by name: numbers are others after a restore
}

type last struct {
	systems.Publication
	name, from string
	tick       ecs.Tick
	size       int // of the value, of which no more is kept than can be told
}

// begin has the last values kept from now on.
func (l *lasts) begin(w *World) {
	*l = lasts{at: map[string]int{}}
	w.Run.Feeds.EachLast(func(p *systems.Publication) { l.keep(w, p, -1) })
	w.Run.Feeds.Watch(func(p *systems.Publication) { l.keep(w, p, max(0, w.Run.World.Tick())) })
}

func (l *lasts) keep(w *World, p *systems.Publication, tick ecs.Tick) {
	name := w.Run.Feeds.Name(p.Feed)
	i, known := l.at[name]
	if !known {
		if len(l.list) == someLasts {
			return
		}
		i = len(l.list)
		l.at[name], l.list = i, append(l.list, last{})
	}
	x := &l.list[i]
	kept := append(x.Bytes[:0], p.Bytes[:min(len(p.Bytes), longValue)]...)
	x.Publication, x.name, x.from, x.tick, x.size = *p, name, "", tick, len(p.Bytes)
	if p.From != 0 {
		x.from = w.Run.World.NodeName(p.From)
	}
	if x.Bytes = kept; p.Bytes == nil {
		x.Bytes = nil
	}
}

// items is for the simulation's thread.
func (l *lasts) items(w *World) []lastItem {
	all := make([]lastItem, 0, len(l.list))
	for i := range l.list {
		x := &l.list[i]
		item := lastItem{Name: x.name, From: x.from}
		switch {
		case x.Bytes == nil:
			item.Value = mustJSON(x.A)
		case x.size > len(x.Bytes):
			item.Bytes = x.size
		default:
			item.Value, item.Bytes = w.value(x.Bytes)
		}
		if tick := x.tick; tick >= 0 {
			item.Tick = &tick
		}
		all = append(all, item)
	}
	return all
}
