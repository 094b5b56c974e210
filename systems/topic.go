package systems

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"orrery/ecs"
	"orrery/ecs/random"
)

// A feed's name is segments parted by slashes, as sensor/3/temperature. In a
// pattern a segment * stands for any one segment, and ** in the last place for
// one or more.

// CheckFeedName says why a text is no name of a feed.
func CheckFeedName(name string) error {
	if strings.Contains(name, "*") {
		return fmt.Errorf("%q is a pattern, and a value is published to one feed; * is for who subscribes", name)
	}
	return checkSegments(name)
}

// CheckFeedPattern says why a text is neither a name of a feed nor a pattern.
func CheckFeedPattern(pattern string) error {
	if err := checkSegments(pattern); err != nil {
		return err
	}
	parts := strings.Split(pattern, "/")
	for i, p := range parts {
		switch {
		case p == "**" && i < len(parts)-1:
			return fmt.Errorf("%q: ** stands for the rest of a name, and comes last; * stands for one segment", pattern)
		case p != "*" && p != "**" && strings.Contains(p, "*"):
			return fmt.Errorf("%q: * stands for a whole segment between slashes, not for a part of %q", pattern, p)
		}
	}
	return nil
}

func checkSegments(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("a feed has a name, not \"\"")
	case len(name) > MaxFeedName:
		return fmt.Errorf("the name of a feed has at most %d bytes, not %d", MaxFeedName, len(name))
	case slices.Contains(strings.Split(name, "/"), ""):
		return fmt.Errorf("%q: there is nothing between two slashes, or before the first, or after the last", name)
	}
	return nil
}

// MaxFeedName is how long the name of a feed may be, in bytes.
const MaxFeedName = 255

func isPattern(text string) bool { return strings.Contains(text, "*") }

// matches reports whether a pattern stands for a name.
func matches(pattern, name string) bool {
	for {
		p, morePattern, deeper := strings.Cut(pattern, "/")
		if p == "**" {
			return true
		}
		n, moreName, longer := strings.Cut(name, "/")
		switch {
		case p != "*" && p != n, deeper != longer:
			return false
		case !deeper:
			return true
		}
		pattern, name = morePattern, moreName
	}
}

// topicRow is the name of a feed, or a pattern. What a latched feed was given
// last is there until who gave it ends; of other publishers see latchedRow.
type topicRow struct {
	Key      uint64 // of the text
	LastID   ecs.EnvelopeID
	LastA    uint64 // the value, or a hash of bytes
	LastFrom ecs.Node
	Pattern  uint8
	Latched  uint8
	Bytes    uint8 // the last value is bytes
	_        [1]byte
}

// topicText is where a topic's text lies, and the bytes of its last value.
type topicText struct{ Name, Last ecs.Kept }

// FeedFigures are what came of a feed's values so far. Delivered and Dropped
// count a value once for each subscriber.
type FeedFigures struct {
	Published uint64
	Delivered uint64
	Dropped   [ecs.Causes]uint64
}

// subject is what is derived of a topic's row.
type subject struct {
	name    string
	sources []int32 // of a feed: the topics whose subscribers its values are for
	way     int32   // of a feed: one more than the row that says how
	members []subscriber
	version uint64       // of members; no two lists have the same
	joined  []subscriber // since members were brought in line, in order of joining
	gone    []subscriber
	older   []int32 // of a latched feed: the last values of other publishers than the latest, by row, as they were published
}

// subscriber is a subscription, in the order of nodes and, of one node's, of
// subscribing, with what a publish needs to know of it.
type subscriber struct {
	name  uint64 // what draws are keyed by: the node's name, hashed and mixed
	entry uint64 // as payloads name it; see makeEntry
	node  ecs.Node
	wire  int32 // one more than the row of the link on which the last value came; see [fan.wire]
}

func (m *subscriber) serial() uint32 { return uint32(m.entry >> 32) }

func (m subscriber) compare(o subscriber) int {
	if m.node != o.node {
		return cmp.Compare(m.node, o.node)
	}
	return cmp.Compare(m.serial(), o.serial())
}

// subscriber returns what publishes know of a subscription.
func (f *Feeds) subscriber(n ecs.Node, row int, serial uint32) subscriber {
	return subscriber{name: random.Mix(f.world.Life(n).Name), entry: makeEntry(uint32(row), serial), node: n}
}

// settled brings a topic's members in line with who joined and left until the
// end of the last tick.
func (f *Feeds) settled(t *subject) []subscriber {
	if len(t.joined)+len(t.gone) > 0 || t.version == 0 {
		f.versions++
		t.version = f.versions
	}
	if len(t.joined) > 0 {
		sorted := slices.IsSortedFunc(t.joined, subscriber.compare) && (len(t.members) == 0 || t.members[len(t.members)-1].compare(t.joined[0]) < 0)
		t.members = append(t.members, t.joined...)
		if !sorted {
			slices.SortStableFunc(t.members, subscriber.compare) // no two are equal
		}
		t.joined = t.joined[:0]
	}
	if len(t.gone) > 0 {
		slices.SortStableFunc(t.gone, subscriber.compare)
		gone := t.gone
		t.members = slices.DeleteFunc(t.members, func(m subscriber) bool {
			for len(gone) > 0 && gone[0].compare(m) < 0 {
				gone = gone[1:]
			}
			return len(gone) > 0 && gone[0].compare(m) == 0
		})
		t.gone = t.gone[:0]
	}
	return t.members
}

// topicOf finds a topic by its text, or makes it.
func (f *Feeds) topicOf(text string) int {
	key := ServiceKey(text)
	if i := f.byKey.find(key, 0); i >= 0 {
		return i
	}
	if f.topics.Len() == MaxFeeds {
		panic(&ecs.LimitError{Limit: "names of feeds and patterns", Max: MaxFeeds, Where: fmt.Sprintf("feed %q", text)})
	}
	row := topicRow{Key: key}
	if isPattern(text) {
		row.Pattern = 1
	}
	i := f.topics.Add(row)
	at, _ := f.world.Keep([]byte(text))
	f.texts.Add(topicText{Name: at})
	f.figures.Add(FeedFigures{})
	f.derive(i, text)
	f.findWay(i)
	if w := f.way(i); w != nil {
		f.topics.Edit(i).Latched = w.Latched
	}
	return i
}

// derive makes what is derived of a topic, all others before it being there.
func (f *Feeds) derive(i int, text string) {
	f.byKey.put(ServiceKey(text), 0, i)
	f.derived = append(f.derived, subject{name: text})
	d := &f.derived[i]
	if f.topics.At(i).Pattern != 0 {
		f.patterns = append(f.patterns, int32(i))
		for j := range f.derived[:i] {
			if x := &f.derived[j]; f.topics.At(j).Pattern == 0 && matches(text, x.name) {
				x.sources = append(x.sources, int32(i))
			}
		}
		return
	}
	d.sources = append(d.sources, int32(i))
	for _, p := range f.patterns {
		if matches(f.derived[p].name, text) {
			d.sources = append(d.sources, p)
		}
	}
}

// findWay finds the first way that was declared for a feed.
func (f *Feeds) findWay(feed int) {
	d := &f.derived[feed]
	for k := range f.ways.Len() {
		if pattern := f.derived[f.ways.At(k).Topic].name; d.way == 0 && f.topics.At(feed).Pattern == 0 && matches(pattern, d.name) {
			d.way = int32(k) + 1
		}
	}
}

// audience returns whom a feed's values are for: the subscribers of its name and
// of patterns that stand for it. It is good until the next is asked for.
func (f *Feeds) audience(feed int) []subscriber {
	var only []subscriber
	lists := f.lists[:0]
	for _, source := range f.derived[feed].sources {
		t := &f.derived[source]
		if all := f.settled(t); len(all) > 0 {
			only, lists, f.listed = all, append(lists, all), t.version
		}
	}
	f.lists = lists
	if len(lists) < 2 {
		return only
	}
	f.listed = 0
	f.merged = f.merged[:0]
	for _, list := range lists {
		f.merged = append(f.merged, list...)
	}
	slices.SortStableFunc(f.merged, subscriber.compare)
	return f.merged
}
