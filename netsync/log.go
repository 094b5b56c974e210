package netsync

import (
	"slices"

	"orrery/ecs"
)

// Log is JSON items each of which counts. The last of them are kept for who
// comes late; a viewer that lags behind those is told how many it missed.
type Log struct {
	hub     *Hub
	topic   *topic
	items   []byte // pending, with commas
	pending int
	count   uint64 // items in frames so far
	skipped bool   // some were, since the latest frame
	final   bool   // no more will come in this epoch
}

// Log adds a log's topic.
func (h *Hub) Log(name string, rate Rate) (*Log, error) {
	l := &Log{hub: h, topic: &topic{name: name, kind: Items, rate: rate}}
	l.topic.settled = func() bool { return l.final && l.pending == 0 }
	if err := h.add(l.topic); err != nil {
		return nil, err
	}
	h.logs = append(h.logs, l)
	return l, nil
}

// Remove takes the log and its topic back.
func (l *Log) Remove() {
	l.hub.remove(l.topic)
	l.hub.logs = slices.DeleteFunc(l.hub.logs, func(x *Log) bool { return x == l })
}

// Add appends an item, which is copied: JSON. Before a frame is due, items
// wait; when there are more than a log keeps, the next frame is made at once.
func (l *Log) Add(item []byte, now Nanos, tick ecs.Tick) {
	if l.pending > 0 {
		l.items = append(l.items, ',')
	}
	l.items = append(l.items, item...)
	l.pending++
	if int64(len(l.items)) > l.hub.config.Log/4 {
		l.frame(now, tick)
	}
}

func (l *Log) tend(now Nanos, tick ecs.Tick) {
	if l.pending > 0 && l.topic.due(now, tick, &l.hub.config) {
		l.frame(now, tick)
	}
}

// keptFrames bounds the frames of a log that are kept beside their bytes.
const keptFrames = 1024

func (l *Log) frame(now Nanos, tick ecs.Tick) {
	t := l.topic
	if l.skipped { // the number of a frame that nobody is given
		t.seq++
		l.skipped = false
	}
	t.seq++
	t.tick, t.last, t.has = tick, now, true
	h := l.hub.header(t)
	h.Base, h.Rows = l.count, l.pending
	body := make([]byte, 0, len(l.items)+2)
	body = append(body, '[')
	body = append(body, l.items...)
	body = append(body, ']')
	t.keep(Frame{t.name, appendHeader(nil, &h), body}, keptFrames, l.hub.config.Log)
	l.count += uint64(l.pending)
	l.items, l.pending = l.items[:0], 0
}

// IsWanted reports whether a viewer has the topic.
func (l *Log) IsWanted() bool { return l.topic.wanted > 0 }

// Skip counts items that nobody is given, as a frame that viewers have missed:
// the base of the next one says how many.
func (l *Log) Skip(n int, now Nanos, tick ecs.Tick) {
	if n <= 0 {
		return
	}
	if l.pending > 0 {
		l.frame(now, tick)
	}
	l.count += uint64(n)
	l.skipped = true
}

// Final says that no more items will come before another epoch.
func (l *Log) Final() { l.final = true }
