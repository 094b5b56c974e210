// Proves what a viewer is given, against the simplest model: viewers that join,
// stall, subscribe and leave at any moment, a world that goes on, forks and
// ends. Whatever happens: a replica is never wrong and never finds a gap that
// was not announced, a viewer that takes all it is given has the newest state
// then, throttled or not, and a late one has it at once.
package netsync

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
)

// world is a table that changes and a hub that publishes it.
type world struct {
	hub     *Hub
	tables  []*Table
	columns []Column
	now     Nanos
	tick    ecs.Tick
	images  []*Image // the truth
	names   []string
	digests map[[3]uint64]uint32 // by table, epoch and tick
}

func newWorld(t rapid.TB, c Config, tables int) *world {
	h, err := NewHub(c)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{hub: h, columns: everyType(), names: namesOf(20), digests: map[[3]uint64]uint32{}}
	for i := range tables {
		table, err := h.Table("t/"+string(rune('a'+i)), w.columns, Rate{})
		if err != nil {
			t.Fatal(err)
		}
		table.SetKeys(w.names, 0)
		w.tables = append(w.tables, table)
		w.images = append(w.images, imageOf(w.columns, len(w.names)))
	}
	w.remember()
	return w
}

func namesOf(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = "node[" + string(rune('0'+i%10)) + "]"
	}
	return names
}

func (w *world) remember() {
	_, epoch := w.hub.Run()
	for i, im := range w.images {
		w.digests[[3]uint64{uint64(i), epoch, uint64(w.tick)}] = im.Digest()
	}
}

// step goes on by a tick, and lets time pass.
func (w *world) step(t *rapid.T) {
	w.tick++
	w.now += Nanos(rapid.Int64Range(0, int64(Second)/10).Draw(t, "passes"))
	for i := range w.images {
		if rapid.Bool().Draw(t, "changes") {
			mutate(t, w.images[i], w.columns)
		}
	}
	w.remember()
}

// publish does what a run does between ticks.
func (w *world) publish(t rapid.TB, due []*Table) {
	for _, table := range due {
		for i := range w.tables {
			if w.tables[i] == table {
				im := table.Image()
				im.Tick = w.tick
				for c := range im.Columns {
					copy(im.Columns[c], w.images[i].Columns[c])
				}
				if err := table.Publish(w.now, im); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// eye is a viewer and its replicas.
type eye struct {
	viewer   *Viewer
	replicas map[string]*Replica
	told     map[string]uint64 // the last seq by topic
	epoch    uint64
	docs     map[string]string
}

func (w *world) join(t rapid.TB, prefixes ...string) *eye {
	v, err := w.hub.Join()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range prefixes {
		if err := v.Subscribe(p); err != nil {
			t.Fatal(err)
		}
	}
	return &eye{viewer: v, replicas: map[string]*Replica{}, told: map[string]uint64{}, docs: map[string]string{}}
}

// take has the eye take a frame.
func (w *world) take(t rapid.TB, e *eye) bool {
	f, ok := e.viewer.Next()
	if !ok {
		return false
	}
	h, err := ParseHeader(f.Header, len(f.Body))
	if err != nil {
		t.Fatal(err)
	}
	if h.Epoch != e.epoch {
		e.epoch = h.Epoch
		clear(e.told)
	}
	if last := e.told[f.Topic]; last > 0 && h.Seq != last+1+h.Missed {
		t.Fatalf("%s: frame %d after %d, and %d announced as missed", f.Topic, h.Seq, last, h.Missed)
	}
	e.told[f.Topic] = h.Seq
	if !json.Valid(f.Header) {
		t.Fatalf("%s", f.Header)
	}
	for i, table := range w.tables {
		if table.Topic() == f.Topic {
			r := e.replicas[f.Topic]
			if r == nil {
				r = NewReplica(f.Topic)
				e.replicas[f.Topic] = r
			}
			mustApply(t, r, f)
			if want, ok := w.digests[[3]uint64{uint64(i), h.Epoch, uint64(h.Tick)}]; !ok || want != r.Digest() {
				t.Fatalf("%s at tick %d: digest %08x, want %08x", f.Topic, h.Tick, r.Digest(), want)
			}
			return true
		}
	}
	if !json.Valid(f.Body) {
		t.Fatalf("%s: %s", f.Topic, f.Body)
	}
	e.docs[f.Topic] = string(f.Body)
	return true
}

// settled demands that an eye which has taken everything has the newest state.
func (w *world) settled(t rapid.TB, e *eye, tables ...int) {
	for w.take(t, e) {
	}
	for _, i := range tables {
		r := e.replicas[w.tables[i].Topic()]
		if r == nil || !r.Whole() || r.Tick() != w.tick {
			t.Fatalf("%s is not at tick %d: %+v", w.tables[i].Topic(), w.tick, r)
		}
	}
}

func TestViewersAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, Config{Run: "r", Keep: rapid.IntRange(1, 4).Draw(t, "keep"), Quantum: 1024, Digests: 3, Viewers: 100}, 2)
		doc, err := w.hub.Document("clock", Rate{})
		if err != nil {
			t.Fatal(err)
		}
		var eyes []*eye
		any := func(t *rapid.T) *eye {
			if len(eyes) == 0 {
				t.Skip()
			}
			return rapid.SampledFrom(eyes).Draw(t, "eye")
		}
		t.Repeat(map[string]func(*rapid.T){
			"step": func(t *rapid.T) {
				w.step(t)
				doc.Set([]byte(`{"tick":`+string(rune('0'+w.tick%10))+`}`), w.tick)
				w.publish(t, w.hub.Due(w.now, w.tick, nil))
			},
			"ask again": func(t *rapid.T) { w.publish(t, w.hub.Due(w.now, w.tick, nil)) },
			"take": func(t *rapid.T) {
				e := any(t)
				for range rapid.IntRange(1, 5).Draw(t, "frames") {
					w.take(t, e)
				}
			},
			"join": func(t *rapid.T) {
				if len(eyes) == 10 {
					t.Skip()
				}
				e := w.join(t, "columns/", "clock", "keys/")
				eyes = append(eyes, e)
				w.publish(t, w.hub.Due(w.now, w.tick, nil))
				frames := 0
				for w.take(t, e) {
					frames++
				}
				if frames > len(e.viewer.feeds) {
					t.Fatalf("a late viewer got %d frames of %d topics", frames, len(e.viewer.feeds))
				}
				for _, table := range w.tables {
					if r := e.replicas[table.Topic()]; r == nil || !r.Whole() {
						t.Fatal("a late viewer has no complete state at once")
					}
				}
			},
			"rows": func(t *rapid.T) {
				if err := any(t).viewer.Subscribe("json/t/a"); err != nil {
					t.Fatal(err)
				}
			},
			"rename": func(t *rapid.T) {
				w.names = append([]string{}, w.names...)
				w.names[rapid.IntRange(0, len(w.names)-1).Draw(t, "row")] += "'"
				for _, table := range w.tables {
					table.SetKeys(w.names, w.tick)
				}
			},
			"leave": func(t *rapid.T) {
				if len(eyes) == 0 {
					t.Skip()
				}
				eyes[0].viewer.Leave()
				eyes = eyes[1:]
			},
			"fork": func(t *rapid.T) {
				_, epoch := w.hub.Run()
				w.tick -= ecs.Tick(rapid.IntRange(0, int(w.tick)).Draw(t, "back"))
				w.hub.Fork("r", epoch+1, w.tick)
				w.remember()
				w.publish(t, w.hub.Due(w.now, w.tick, nil))
			},
			"end": func(t *rapid.T) {
				w.publish(t, w.hub.Flush(w.now, w.tick, nil))
				for _, e := range eyes {
					w.settled(t, e, 0, 1)
				}
			},
			"wait": func(t *rapid.T) {
				for {
					w.publish(t, w.hub.Due(w.now, w.tick, nil))
					wait, any := w.hub.Wait(w.now, w.tick)
					if !any {
						break
					}
					if wait == 0 {
						t.Fatal("something waits for no time and is not due")
					}
					w.now += wait
				}
				for _, e := range eyes {
					w.settled(t, e, 0, 1)
				}
			},
		})
		if wanted(w.hub) != len(feedsOf(eyes)) {
			t.Fatal("topics are wanted by who is not there")
		}
	})
}

func wanted(h *Hub) (n int) {
	for _, t := range h.topics {
		n += t.wanted
	}
	return n
}

func feedsOf(eyes []*eye) (feeds []feed) {
	for _, e := range eyes {
		feeds = append(feeds, e.viewer.feeds...)
	}
	return feeds
}

// A topic of little frames waits for at most a quantum and a frame of each
// other topic, however long those are, and no topic is starved by it.
func TestBigTopicsDoNotStarveSmall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, err := NewHub(Config{Run: "r", Quantum: 1 << rapid.IntRange(10, 13).Draw(t, "quantum"), Every: 1})
		if err != nil {
			t.Fatal(err)
		}
		n := rapid.IntRange(1, 4).Draw(t, "big")
		var big []*Document
		var longest, bound int64
		for i := range n {
			d, _ := h.Document("big/"+string(rune('a'+i)), Rate{})
			big = append(big, d)
		}
		small, _ := h.Document("small", Rate{})
		v, _ := h.Join()
		if err := v.Subscribe(""); err != nil {
			t.Fatal(err)
		}
		text := make([]byte, 1<<15)
		var waited int64
		given := map[string]int{}
		seed, shift := rapid.Uint64().Draw(t, "seed"), rapid.IntRange(0, 15).Draw(t, "shift")
		for i := range 600 {
			for _, d := range big {
				size := 1 + int(splitmix(&seed)%uint64(len(text)))>>shift
				text[0] = byte(i)
				d.Set(text[:size], ecs.Tick(i))
				longest = max(longest, int64(size)+overhead)
			}
			small.Set([]byte{byte(i), byte(i >> 8)}, ecs.Tick(i))
			h.Due(Nanos(i*1000), ecs.Tick(i), nil)
			bound = int64(n) * (longest + h.config.Quantum)
			f, ok := v.Next()
			if !ok {
				t.Fatal("nothing is pending")
			}
			given[f.Topic]++
			if f.Topic == "small" {
				waited = 0
			} else if waited += f.Bytes(); waited > bound {
				t.Fatalf("small waited for %d bytes, more than %d", waited, bound)
			}
		}
		for _, name := range h.Topics() {
			if given[name] == 0 {
				t.Fatalf("%s was starved: %v", name, given)
			}
		}
	})
}

func TestKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.StringMatching(`[a-z\[\]"é]{0,3}[0-9]{0,11}[a-z\[\]]{0,2}`), rapid.SampledFrom([]string{"c[0]", "c[1]", "c[2]", "c[3]", "c[01]"}))
		names := rapid.SliceOf(name).Draw(t, "names")
		text := AppendKeys(nil, 7, names)
		layout, back, err := ParseKeys(text, len(names))
		if err != nil || layout != 7 || !cmp.Equal(append([]string{}, names...), append([]string{}, back...)) {
			t.Fatalf("%s\n%v, %v", text, back, err)
		}
		if len(names) > 0 {
			if _, _, err := ParseKeys(text, len(names)-1); err == nil {
				t.Fatal("more rows than allowed")
			}
		}
	})
	if got, want := string(AppendKeys(nil, 1, []string{"Denver", "client[0]", "client[1]", "client[2]", "x"})), `{"layout":1,"n":5,"keys":["Denver",["client[",0,3,"]"],"x"]}`; got != want {
		t.Errorf("%s\n%s", got, want)
	}
}

func FuzzKeys(f *testing.F) {
	f.Add([]byte(`{"layout":1,"n":5,"keys":["Denver",["client[",0,3,"]"],"x"]}`))
	f.Add([]byte(`{"layout":1,"n":1,"keys":[["a",18446744073709551615,1,""]]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, names, err := ParseKeys(b, 1000)
		if err == nil && len(names) > 1000 {
			t.Fatal("more rows than allowed")
		}
	})
}

// splitmix is the next of a row of numbers.
func splitmix(seed *uint64) uint64 {
	*seed += 0x9e3779b97f4a7c15
	z := *seed
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
