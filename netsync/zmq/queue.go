package zmq

import "slices"

// A Message is parts that do not change any more: viewers share them. The
// first is the topic.
type Message struct {
	Parts [][]byte
	// Whole says that nothing before is needed to understand it, so that
	// it may replace what is pending of its topic. Any other message is of
	// use only to who has had all since the last whole one.
	Whole bool
}

func (m Message) topic() string { return string(m.Parts[0]) }

// partBytes is what a part is counted for beside its content.
const partBytes = 64

func (m Message) size() int {
	n := 0
	for _, p := range m.Parts {
		n += len(p) + partBytes
	}
	return n
}

// A queue is what one viewer is still to be sent: a lane a topic, which take
// turns. It is bounded, and what does not fit is dropped so that
//
//   - nobody gets a message whose predecessor it has missed,
//   - the newest whole message of a topic wins over older ones,
//   - who has much pending makes room for who has less,
//   - of each topic something is known to be missed, and how much.
type queue struct {
	limit    int // bytes
	perTopic int // messages
	bytes    int
	lanes    map[string]*lane
	ring     []*lane // those with something pending, in turn
	lagging  []*lane // those that have missed something not told yet
}

type lane struct {
	topic   string
	pending []Message
	bytes   int
	live    bool // the viewer has, or will have had, all since a whole message
	begun   bool // it was live once
	asked   bool // a whole message was asked for and has not come
	missed  uint64
	listed  bool // in lagging
}

// A lag is what a viewer has missed of a topic.
type lag struct {
	topic  string
	missed uint64
	whole  bool // it goes on only with a whole message
}

func newQueue(limit, perTopic int) *queue {
	return &queue{limit: limit, perTopic: perTopic, lanes: map[string]*lane{}}
}

func (q *queue) lane(topic string) *lane {
	l := q.lanes[topic]
	if l == nil {
		l = &lane{topic: topic}
		q.lanes[topic] = l
	}
	return l
}

// push takes a message or counts it as missed.
func (q *queue) push(m Message) {
	l, size := q.lane(m.topic()), m.size()
	if !m.Whole && !l.live {
		if l.begun { // before the first whole message nothing is missed
			q.miss(l, 1)
		}
		return
	}
	full := len(l.pending) >= q.perTopic
	if m.Whole && len(l.pending) > 0 && (full || q.bytes+size > q.limit) {
		q.drop(l)
		full = false
	}
	if full || !q.room(l, size, m.Whole && l.begun && !l.live) {
		q.lose(l, 1)
		return
	}
	if len(l.pending) == 0 {
		q.ring = append(q.ring, l)
	}
	l.pending = append(l.pending, m)
	l.bytes += size
	q.bytes += size
	l.live, l.begun, l.asked = true, true, false
}

// room makes some by dropping what is pending of the topics with the most. A
// message that was waited for goes before any.
func (q *queue) room(l *lane, size int, waited bool) bool {
	for q.bytes > 0 && q.bytes+size > q.limit {
		most := slices.MaxFunc(q.ring, func(a, b *lane) int { return a.bytes - b.bytes })
		if most == l || most.bytes <= size && !waited {
			return false
		}
		q.lose(most, 0)
	}
	return true
}

// lose ends a lane's run: what is pending is dropped, and a whole message is
// needed.
func (q *queue) lose(l *lane, more uint64) {
	q.drop(l)
	q.miss(l, more)
	l.live, l.begun, l.asked = false, true, false
}

// drop forgets what is pending of a lane.
func (q *queue) drop(l *lane) {
	if len(l.pending) == 0 {
		return
	}
	q.miss(l, uint64(len(l.pending)))
	q.forget(l)
}

func (q *queue) forget(l *lane) {
	if len(l.pending) == 0 {
		return
	}
	q.bytes -= l.bytes
	l.pending, l.bytes = nil, 0
	q.ring = slices.DeleteFunc(q.ring, func(r *lane) bool { return r == l })
}

func (q *queue) miss(l *lane, n uint64) {
	l.missed += n
	if !l.listed {
		l.listed = true
		q.lagging = append(q.lagging, l)
	}
}

// take gives the next messages, one a lane in turn, until they have most
// bytes.
func (q *queue) take(most int) [][][]byte {
	var batch [][][]byte
	for len(q.ring) > 0 && most > 0 {
		l := q.ring[0]
		m := l.pending[0]
		l.pending[0] = Message{}
		l.pending = l.pending[1:]
		size := m.size()
		l.bytes -= size
		q.bytes -= size
		most -= size
		q.ring = q.ring[1:]
		if len(l.pending) > 0 {
			q.ring = append(q.ring, l)
		} else {
			l.pending = nil
		}
		batch = append(batch, m.Parts)
	}
	return batch
}

// lags tells what was missed, once there is room for whole messages again.
func (q *queue) lags() []lag {
	if q.bytes > q.limit/2 || len(q.lagging) == 0 {
		return nil
	}
	var lags []lag
	waiting := q.lagging[:0]
	for _, l := range q.lagging {
		if l.asked {
			waiting = append(waiting, l) // told with what comes next
			continue
		}
		lags = append(lags, lag{l.topic, l.missed, !l.live})
		l.missed, l.listed, l.asked = 0, false, !l.live
	}
	clear(q.lagging[len(waiting):])
	q.lagging = waiting
	return lags
}

// keep forgets the topics that are not wanted any more, as if they had never
// begun.
func (q *queue) keep(wanted func(topic string) bool) {
	for topic, l := range q.lanes {
		if !wanted(topic) {
			q.forget(l)
			delete(q.lanes, topic)
		}
	}
	q.lagging = slices.DeleteFunc(q.lagging, func(l *lane) bool { return q.lanes[l.topic] != l })
}
