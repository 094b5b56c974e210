// Proves the corners of a hub that the model does not visit: topics that come
// back, logs that were lagged behind, tables that nobody has, limits.
package netsync

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"orrery/ecs"
)

// A table that was taken back and comes again under its name is no older than
// the one before, and its layout is another.
func TestTableComesBack(t *testing.T) {
	w := newWorld(t, Config{Run: "r"}, 1)
	e := w.join(t, "columns/")
	for w.tick = 1; w.tick < 5; w.tick++ {
		w.now += Second / 30
		w.remember()
		w.publish(t, w.hub.Due(w.now, w.tick, nil))
		w.take(t, e)
	}
	old := w.tables[0].layout
	w.tables[0].Remove()
	if n := wanted(w.hub); n != 0 || len(e.viewer.feeds) != 0 || len(w.hub.Topics()) != 0 {
		t.Fatalf("%d feeds of nothing", n)
	}
	table, err := w.hub.Table("t/a", w.columns, Rate{})
	if err != nil {
		t.Fatal(err)
	}
	w.tables[0] = table
	table.SetKeys(w.names, w.tick)
	if table.layout <= old {
		t.Errorf("layout %d after %d", table.layout, old)
	}
	clear(e.told) // frames of the time between are nobody's
	w.remember()
	w.publish(t, w.hub.Due(w.now, w.tick, nil))
	w.settled(t, e, 0)
}

// A log gives every item once, and says what was missed, to frames and items.
func TestLogSaysWhatIsMissed(t *testing.T) {
	h, _ := NewHub(Config{Run: "r", Log: 4096, Every: 1})
	l, _ := h.Log("events/all", Rate{})
	v, _ := h.Join()
	if err := v.Subscribe("events/"); err != nil {
		t.Fatal(err)
	}
	var items, missedItems, frames, missed uint64
	take := func() {
		for f, ok := v.Next(); ok; f, ok = v.Next() {
			head, err := ParseHeader(f.Header, len(f.Body))
			if err != nil {
				t.Fatal(err)
			}
			missedItems += head.Base - items - missedItems
			items += uint64(head.Rows)
			frames++
			missed += head.Missed
			if head.Seq != frames+missed {
				t.Fatalf("frame %d after %d and %d missed", head.Seq, frames-1, missed)
			}
		}
	}
	item := []byte(`"` + strings.Repeat("x", 98) + `"`)
	for i := range 300 {
		now := Nanos(i + 1)
		l.Add(item, now, ecs.Tick(i))
		h.Due(now, ecs.Tick(i), nil)
		if i < 50 {
			take()
		}
	}
	if items != 50 || missed != 0 {
		t.Fatalf("%d items, %d frames missed", items, missed)
	}
	take()
	if items+missedItems != 300 || missed == 0 || v.Missed() != missed {
		t.Errorf("%d items and %d missed of 300; %d frames missed, %d counted", items, missedItems, missed, v.Missed())
	}
	// What waits is bounded too.
	for range 300 {
		l.Add(item, 301, 301)
		if len(l.items) > 4096 {
			t.Fatal("a log's pending items grow without a bound")
		}
	}
}

// What nobody has is not due, and who comes later is not given what is old.
func TestNobodyCostsNothing(t *testing.T) {
	w := newWorld(t, Config{Run: "r"}, 1)
	if due := w.hub.Due(0, 5, nil); len(due) != 0 {
		t.Error("a table is due that nobody has")
	}
	e := w.join(t, "json/")
	w.publish(t, w.hub.Due(w.now, w.tick, nil))
	w.settled(t, e)
	if !strings.Contains(e.docs["json/t/a"], `"key":"node[0]"`) {
		t.Errorf("%v", e.docs)
	}
	e.viewer.Leave()
	w.tick, w.now = 9, w.now+Second/1000
	if v := w.join(t, "columns/", "json/").viewer; v.Pending() {
		t.Error("a viewer is given what is old")
	}
	if due := w.hub.Due(w.now, w.tick, nil); len(due) != 1 {
		t.Error("a table that has no state is not due at once")
	}
}

// Rows may be fewer before the image of them is there: what is shown until then
// is what was, by its own names.
func TestRowsKeepTheirNames(t *testing.T) {
	w := newWorld(t, Config{Run: "r"}, 1)
	e := w.join(t, "json/")
	w.publish(t, w.hub.Due(w.now, w.tick, nil))
	w.tables[0].SetKeys(w.names[:1], w.tick)
	for f, ok := e.viewer.Next(); ok; f, ok = e.viewer.Next() {
		if strings.HasPrefix(f.Topic, TopicRows) && !strings.Contains(string(f.Body), fmt.Sprintf("%q", w.names[len(w.names)-1])) {
			t.Errorf("rows have lost their names: %.200s", f.Body)
		}
	}
}

// A document that is forgotten is given to nobody until it is set again, be it
// to what it was.
func TestDocumentIsForgotten(t *testing.T) {
	h, _ := NewHub(Config{Run: "r"})
	d, _ := h.Document("clock", Rate{})
	v, _ := h.Join()
	if err := v.Subscribe("clock"); err != nil {
		t.Fatal(err)
	}
	d.Set([]byte("1"), 5)
	h.Due(0, 5, nil)
	d.Forget()
	h.Fork("r", 2, 3)
	h.Due(Second, 3, nil)
	if f, ok := v.Next(); ok {
		t.Fatalf("what is forgotten is given: %s", f.Header)
	}
	d.Set([]byte("1"), 3)
	h.Due(2*Second, 3, nil)
	f, ok := v.Next()
	if !ok {
		t.Fatal("what is set again is not given")
	}
	if head, err := ParseHeader(f.Header, len(f.Body)); err != nil || head.Epoch != 2 || head.Tick != 3 || head.Seq != 1 {
		t.Errorf("%s, %v", f.Header, err)
	}
}

func TestLimitsAreSaid(t *testing.T) {
	h, _ := NewHub(Config{Run: "r", Viewers: 1, Frame: 1000})
	v, err := h.Join()
	if err != nil {
		t.Fatal(err)
	}
	said := func(err error, want string) {
		t.Helper()
		var limit *LimitError
		if !errors.As(err, &limit) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	_, err = h.Join()
	said(err, "more than 1 viewers")
	for i := range MaxPrefixes {
		if err := v.Subscribe(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	said(v.Subscribe("columns/"), "more than 256 subscriptions of a viewer")
	v.Unsubscribe("7")
	said(v.Subscribe(strings.Repeat("x", 256)), "more than 255 bytes of a topic")
	table, err := h.Table("big", everyType(), Rate{})
	if err != nil {
		t.Fatal(err)
	}
	table.SetKeys(make([]string, 100), 0)
	im := table.Image()
	said(table.Publish(0, im), "table big: 100 rows are 4300 bytes: more than 1000 bytes of a frame")
	if _, err := h.Table("big", everyType(), Rate{}); err == nil || !strings.Contains(err.Error(), `topic "columns/big" already`) {
		t.Error(err)
	}
	if _, err := h.Document("", Rate{}); err == nil {
		t.Error("a topic without a name")
	}
	if _, err := NewHub(Config{}); err == nil || !strings.Contains(err.Error(), "needs a name") {
		t.Error(err)
	}
	if _, err := ParseFrame([][]byte{{}, {}}); err == nil || !strings.Contains(err.Error(), "a frame of 2 parts") {
		t.Error(err)
	}
}

// What comes last comes when a viewer has all else, however large that is and
// whatever comes meanwhile; and in its turn again when it does not any more.
func TestWhatComesLastWaits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, _ := NewHub(Config{Run: "r", Every: 1})
		clock, _ := h.Document("a clock", Rate{})
		others := make([]*Document, rapid.IntRange(0, 4).Draw(t, "others"))
		for i := range others {
			others[i], _ = h.Document("b"+string(rune('a'+i)), Rate{})
		}
		v, _ := h.Join()
		if err := v.Subscribe(""); err != nil {
			t.Fatal(err)
		}
		set := func(i int, now Nanos) {
			others[i].Set(append(make([]byte, rapid.IntRange(0, 1<<20).Draw(t, "size")), byte(now)), ecs.Tick(now))
		}
		clock.ComesLast(true)
		clock.Set([]byte("1"), 1)
		for i := range others {
			set(i, 1)
		}
		h.Due(1, 1, nil)
		late := len(others) > 0 && rapid.Bool().Draw(t, "late")
		for f, ok := v.Next(); ; f, ok = v.Next() {
			if !ok {
				t.Fatal("nothing comes, and not the last")
			}
			if late {
				late = false
				set(0, 2)
				h.Due(2, 2, nil)
				continue
			}
			if f.Topic == "a clock" {
				break
			}
		}
		if f, ok := v.Next(); ok {
			t.Fatalf("%s comes after the last", f.Topic)
		}
		clock.ComesLast(false)
		clock.Set([]byte("2"), 3)
		for i := range others {
			set(i, 3)
		}
		h.Due(3, 3, nil)
		v.at, v.granted = 0, false
		if f, _ := v.Next(); f.Topic != "a clock" {
			t.Fatalf("%s comes before a clock whose turn it is", f.Topic)
		}
	})
}

// Subscriptions come one after the other. The first of a world that has ended may
// be to what comes last: it waits for those after it.
func TestWhatComesLastWaitsForSubscriptions(t *testing.T) {
	h, _ := NewHub(Config{Run: "r"})
	clock, _ := h.Document("clock", Rate{})
	other, _ := h.Document("other", Rate{})
	clock.ComesLast(true)
	clock.Set([]byte("1"), 1)
	other.Set([]byte("2"), 1)
	other.Final()
	h.End(1)
	h.Flush(1, 1, nil)
	now := 1000 * Second // nobody was there to look for it
	v, _ := h.Join()
	got := ""
	for _, topic := range []string{"clock", "other", ""} {
		if topic != "" {
			if err := v.Subscribe(topic); err != nil {
				t.Fatal(err)
			}
		}
		for range 8 {
			now += Second / 30
			h.Flush(now, 1, nil)
			for f, ok := v.Next(); ok; f, ok = v.Next() {
				got += f.Topic + " "
			}
			if topic != "" {
				break
			}
		}
	}
	if got != "other clock " {
		t.Errorf("it is given %s", got)
	}
}

// Who has a gap is whole again without asking, while the world stands still too;
// nothing comes again of one that has ended.
func TestAGapHealsWhileTheWorldStands(t *testing.T) {
	w := newWorld(t, Config{Run: "r"}, 1)
	v, _ := w.hub.Join()
	if err := v.Subscribe("columns/"); err != nil {
		t.Fatal(err)
	}
	r := NewReplica("columns/t/a")
	w.publish(t, w.hub.Due(w.now, w.tick, nil))
	take := func(lost bool) (n int) {
		for f, ok := v.Next(); ok; f, ok = v.Next() {
			if n++; lost {
				continue
			}
			if verdict, err := r.Apply(f); verdict == Refused {
				t.Fatal(err)
			}
		}
		return n
	}
	take(false)
	for i, lost := range []bool{true, false} { // the delta after the lost one is a gap
		w.tick++
		w.now += Second / 30
		w.images[0].Columns[0][0] ^= byte(i + 1)
		w.publish(t, w.hub.Due(w.now, w.tick, nil))
		take(lost)
	}
	if r.Whole() {
		t.Fatal("no gap is there to heal")
	}
	for range 90 {
		w.now += Second / 30
		w.publish(t, w.hub.Due(w.now, w.tick, nil))
		take(r.Whole()) // what follows is not needed
	}
	if !r.Whole() || r.Digest() != w.images[0].Digest() {
		t.Error("three seconds of a world that stands leave the gap")
	}
	w.hub.End(w.tick)
	for range 90 {
		w.now += Second / 30
		w.publish(t, w.hub.Due(w.now, w.tick, nil))
	}
	if n := take(true); n != 0 {
		t.Errorf("%d frames of a world that has ended", n)
	}
}

// A number of a log that was skipped is no frame: it is missed, by who has it all
// and by who lags alike.
func TestLogTellsOfWhatIsSkipped(t *testing.T) {
	h, _ := NewHub(Config{Run: "r", Every: 1})
	l, _ := h.Log("events/all", Rate{})
	quick, _ := h.Join()
	slow, _ := h.Join()
	late, _ := h.Join()
	for _, v := range []*Viewer{quick, slow} {
		if err := v.Subscribe("events/"); err != nil {
			t.Fatal(err)
		}
	}
	got := func(v *Viewer) (text string) {
		for f, ok := v.Next(); ok; f, ok = v.Next() {
			h, err := ParseHeader(f.Header, len(f.Body))
			if err != nil {
				t.Fatal(err)
			}
			text += fmt.Sprintf("%d+%d missed %d; ", h.Base, h.Rows, h.Missed)
		}
		return text
	}
	var all string
	for i, skip := range []int{0, 100, 0, 0, 50, 7} {
		now := Nanos(i + 1)
		l.Skip(skip, now, 1)
		if i != 4 { // twice in a row, with no item between
			l.Add([]byte("1"), now, 1)
		}
		h.Due(now, 1, nil)
		all += got(quick)
	}
	want := "0+1 missed 0; 101+1 missed 1; 102+1 missed 0; 103+1 missed 0; 161+1 missed 1; "
	if all != want || got(slow) != want {
		t.Errorf("a log that skipped is %s", all)
	}
	if err := late.Subscribe(""); err != nil {
		t.Fatal(err)
	}
	if all := got(late); all != want {
		t.Errorf("a log that skipped is, late, %s", all)
	}
}
