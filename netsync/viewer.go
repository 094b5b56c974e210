package netsync

import (
	"slices"
	"sort"
	"strings"
)

// Viewer is what one connection has asked for and how far it has come. Nothing
// waits for it: it is asked for its next frame when the connection can take
// one, and gets what then is the newest.
type Viewer struct {
	hub      *Hub
	prefixes []string
	feeds    []feed // topics that a prefix selects, in order of their making
	at       int    // the feed whose turn it is
	granted  bool   // it has had its bytes of this turn
	missed   uint64
	joined   Nanos // when it subscribed last
	fresh    bool  // it has since the hub was asked what is due
}

// settling is how long after a subscription others of the viewer may be on their
// way: they come one after the other.
const settling = Second / 4

// feed is a topic as one viewer has it.
type feed struct {
	topic   *topic
	seq     uint64 // of the last frame given; 0: none in this epoch
	deficit int64  // bytes that it may send yet, in its turn
}

// Join adds a viewer that has asked for nothing yet.
func (h *Hub) Join() (*Viewer, error) {
	if len(h.viewers) >= h.config.Viewers {
		return nil, &LimitError{"viewers", int64(h.config.Viewers)}
	}
	v := &Viewer{hub: h}
	h.viewers = append(h.viewers, v)
	return v, nil
}

// Leave takes a viewer out. Topics that nobody else has are not made any more.
func (v *Viewer) Leave() {
	v.hub.viewers = slices.DeleteFunc(v.hub.viewers, func(x *Viewer) bool { return x == v })
	for len(v.feeds) > 0 {
		v.drop(len(v.feeds) - 1)
	}
	v.prefixes = nil
}

// Topics is how many topics it has.
func (v *Viewer) Topics() int { return len(v.feeds) }

// Missed is how many frames the viewer was not given, all topics together.
func (v *Viewer) Missed() uint64 { return v.missed }

// Subscribe adds the topics with a prefix. As in ZeroMQ a prefix may be added
// twice and is gone after it was taken away twice.
func (v *Viewer) Subscribe(prefix string) error {
	if len(v.prefixes) == MaxPrefixes {
		return &LimitError{"subscriptions of a viewer", MaxPrefixes}
	}
	if len(prefix) > MaxTopic {
		return &LimitError{"bytes of a topic", MaxTopic}
	}
	for _, t := range v.hub.topics {
		if strings.HasPrefix(t.name, prefix) && !v.selects(t) { // else it has it
			v.add(t)
		}
	}
	v.prefixes, v.fresh = append(v.prefixes, prefix), true
	return nil
}

// Unsubscribe takes a prefix away, if it is there.
func (v *Viewer) Unsubscribe(prefix string) {
	i := slices.Index(v.prefixes, prefix)
	if i < 0 {
		return
	}
	v.prefixes = slices.Delete(v.prefixes, i, i+1)
	for i := len(v.feeds) - 1; i >= 0; i-- {
		if !v.selects(v.feeds[i].topic) {
			v.drop(i)
		}
	}
}

func (v *Viewer) selects(t *topic) bool {
	return slices.ContainsFunc(v.prefixes, func(p string) bool { return strings.HasPrefix(t.name, p) })
}

// meet adds a topic that is new if a prefix selects it.
func (v *Viewer) meet(t *topic) {
	if v.selects(t) {
		v.add(t)
	}
}

// add adds a topic. Invariant: it has the topics that a prefix selects, each once.
func (v *Viewer) add(t *topic) {
	v.feeds = append(v.feeds, feed{topic: t})
	t.wanted++
}

// part takes a topic away.
func (v *Viewer) part(t *topic) {
	if i := slices.IndexFunc(v.feeds, func(f feed) bool { return f.topic == t }); i >= 0 {
		v.drop(i)
	}
}

// drop takes a feed away.
func (v *Viewer) drop(i int) {
	t := v.feeds[i].topic
	if t.wanted--; t.wanted == 0 && t.idle != nil {
		t.idle()
	}
	v.feeds = slices.Delete(v.feeds, i, i+1)
	switch {
	case v.at > i:
		v.at--
	case v.at == i:
		v.granted = false
	}
	if v.at >= len(v.feeds) {
		v.at = 0
	}
}

// Pending reports whether there is a next frame.
func (v *Viewer) Pending() bool {
	return slices.ContainsFunc(v.feeds, func(f feed) bool { return v.isNext(&f) })
}

// Next returns the frame that the viewer is to be given next, and counts it as
// given; false if it has everything. The bytes are shared and not to be changed.
//
// Topics take turns. A turn is a quantum of bytes, and what is left of it is
// kept while more waits (deficit round robin), so that a topic of little
// frames waits at most for one quantum and one frame of each other topic.
func (v *Viewer) Next() (Frame, bool) {
	g, ok := v.Take()
	if !ok {
		return Frame{}, false
	}
	if d := g.Draft(); d != nil {
		d.ready()
	}
	return g.Frame(), true
}

// Take is Next for who writes frames beside the hub.
func (v *Viewer) Take() (Given, bool) {
	for idle := 0; idle <= len(v.feeds); {
		if len(v.feeds) == 0 {
			break
		}
		f := &v.feeds[v.at]
		if !v.isNext(f) {
			f.deficit = 0
			idle++
			v.pass()
			continue
		}
		if !v.granted {
			f.deficit += v.hub.config.Quantum
			v.granted = true
		}
		if cost := f.cost(); cost <= f.deficit {
			f.deficit -= cost
			return v.give(f), true
		}
		v.pass()
		idle = 0
		v.hasten()
	}
	return Given{}, false
}

// pass gives the turn to the next feed.
func (v *Viewer) pass() {
	v.at, v.granted = (v.at+1)%len(v.feeds), false
}

// hasten lets rounds pass in which no feed could send anything: a frame of a
// gigabyte would take 16384 of them.
func (v *Viewer) hasten() {
	quantum := v.hub.config.Quantum
	rounds := int64(-1)
	for i := range v.feeds {
		f := &v.feeds[i]
		if !v.isNext(f) {
			continue
		}
		need := (f.cost() - f.deficit + quantum - 1) / quantum
		if rounds < 0 || need < rounds {
			rounds = need
		}
	}
	for i := range v.feeds {
		if f := &v.feeds[i]; rounds > 1 && f.pending() {
			f.deficit += (rounds - 1) * quantum
		}
	}
}

func (f *feed) pending() bool { return f.topic.has && f.seq != f.topic.seq }

// isNext reports whether a feed has a frame that does not wait for others.
func (v *Viewer) isNext(f *feed) bool {
	return f.pending() && !(f.topic.ends && v.hasToCome())
}

// hasToCome reports whether a topic that does not come last has more for the
// viewer, or may be subscribed to in a moment.
func (v *Viewer) hasToCome() bool {
	ended := v.hub.ended
	return ended && (v.fresh || v.hub.now-v.joined < settling) || slices.ContainsFunc(v.feeds, func(x feed) bool {
		return !x.topic.ends && (x.pending() || ended && !x.topic.settled())
	})
}

// following returns where in the kept frames the feed's next one is.
func (f *feed) following() (int, bool) {
	k := f.topic.kept
	if f.topic.make == nil {
		return sort.Search(len(k)-1, func(i int) bool { return k[i].seq > f.seq }), true
	}
	if len(k) == 0 || f.seq+1 < k[0].seq {
		return 0, false
	}
	i := int(f.seq + 1 - k[0].seq)
	return i, f.seq > 0 // the first frame that a viewer gets is the newest, and complete
}

// overhead is about what topic and header add to a frame that is not made yet.
const overhead = 256

func (f *feed) cost() int64 {
	if i, ok := f.following(); ok {
		return f.topic.kept[i].frame.Bytes()
	}
	return f.topic.cost() + overhead
}

// give chooses the next frame. What is kept follows what the viewer has, of a log
// maybe with others in between; else it gets the newest complete one, and how many
// came before it.
func (v *Viewer) give(f *feed) (g Given) {
	t, before := f.topic, f.seq
	if i, ok := f.following(); ok {
		g.frame, f.seq = t.kept[i].frame, t.kept[i].seq
	} else {
		g.draft, f.seq = t.complete(), t.seq
	}
	if missed := f.seq - before - 1; before > 0 && missed > 0 {
		v.missed += missed
		g.missed = missed
	}
	return g
}
