// Proves that every call ends once, with a reply or a reason, whatever its
// caller, its provider, the link, cuts and views of who provides what do
// meanwhile; that no reply is lost or told twice without a cause that is counted;
// that reasons are told apart;
// and that services are the same for any split into batches, straight, restored
// and forked. The worlds that are drawn do a bit of everything: what is called
// and what ended is written down beside the world and compared.
package systems

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
)

// quiet is the tick after which nobody calls.
const quiet ecs.Tick = 250

// office is a world of callers and providers, and the story of their calls.
type office struct {
	*rig
	tape
	add, slow, desk Service
	far             ecs.Node            // whom no link joins to anybody
	pending         map[string]ecs.Node // calls that have not ended, by caller's life and ID
	wrong           []string
	reasons         [reasons]int
	single          map[string]bool   // calls of one provider, by caller and ID
	ends            map[string]Reason // how they ended
}

// clerk is what providers and callers keep.
type clerk struct {
	Sum      uint64
	Deferred [4]uint64
	Last     uint64
}

func newOffice(c ecs.Config, link Link) (*office, []ecs.Node) {
	o := &office{rig: newRig(c), pending: map[string]ecs.Node{}, single: map[string]bool{}, ends: map[string]Reason{}}
	o.add, o.slow, o.desk = o.Services.Declare("add"), o.Services.Declare("slow"), o.Services.Declare("desk")
	p := AddNode(o.Set, o.clerk())
	nodes := o.World.Nodes(p, "n", 5)
	o.World.Group("all", nodes)
	o.Links.Mesh(nodes, link)
	o.far = o.World.Node(AddNode(o.Set, Node[word]{Name: "hermit"}), "far")
	o.start(nodes...)
	return o, nodes
}

// clerk is a program that calls by draws, and provides all services.
func (o *office) clerk() Node[clerk] {
	draws := o.World.Stream("clerk")
	return Node[clerk]{
		Name: "clerk",
		Provides: []Provide[clerk]{
			{Service: o.add, Do: func(me *Me, s *clerk, a uint64) uint64 {
				if a%7 == 3 {
					me.Refuse(a)
				}
				s.Sum += a
				return a + 1
			}},
			{Service: o.slow, Do: func(me *Me, s *clerk, a uint64) uint64 {
				s.Deferred[a%4] = uint64(me.Defer())
				return 0
			}},
			{Service: o.desk, Do: func(me *Me, s *clerk, a uint64) uint64 {
				d := me.Draws(draws)
				if s.Sum += a; d.Below(20) == 0 {
					me.Exit(2)
				}
				if a%5 == 1 {
					s.Deferred[a%4] = uint64(me.Defer())
				}
				return s.Sum
			}, Serve: &Serve[clerk]{
				TimeOf: func(me *Me, _ *clerk, a uint64) ecs.Nanoseconds {
					d := me.Draws(draws)
					return ecs.Nanoseconds(d.Below(a%20*3_000_000 + 1))
				},
				Serving: deskSize,
			}},
		},
		Replies: []func(*Me, *clerk, *Reply){func(me *Me, s *clerk, r *Reply) { o.ended(me, s, r) }},
		Every: []EveryNode[clerk]{{Name: "work", Period: 3 * ms, Do: func(me *Me, s *clerk) {
			if me.Tick() > quiet {
				return
			}
			d := me.Draws(draws)
			others := me.World().Members(o.everybody(me))
			c := Call{Service: o.add, A: d.Below(20), Timeout: ecs.Nanoseconds(d.Below(30)) * ms, Then: 1, Tag: d.Below(1000)}
			switch d.Below(4) {
			case 0:
				c.Service = o.slow
			case 1, 2:
				c.Service = o.desk
			}
			switch d.Below(9) {
			case 0:
				c.To = others[d.Below(5)]
				fallthrough
			case 1:
				o.called(me, me.Call(c), c.Tag)
			case 2:
				asked := others[:d.Below(5)]
				if d.Below(3) == 0 { // a node that is there twice is asked once
					asked = slices.Concat(asked, asked)
				}
				if d.Below(3) == 0 {
					asked = append(slices.Clone(asked), o.far)
				}
				o.called(me, me.Gather(c, asked, int(d.Below(4))+1), c.Tag)
			case 3:
				o.called(me, me.Discover(c, int(d.Below(6))), c.Tag)
			case 4:
				me.CancelCall(ecs.EnvelopeID(s.Last))
			case 5:
				me.Withhold(c.Service)
			case 6:
				me.Provide(c.Service)
			default:
				me.Reply(ecs.EnvelopeID(s.Deferred[d.Below(4)]), d.Uint64())
			}
			if d.Below(200) == 0 {
				me.Exit(1)
			}
		}}},
	}
}

// deskSize is little, so that queues are full at times.
var deskSize = Serving{Slots: 2, Queue: 1}

func (o *office) everybody(me *Me) ecs.Node { n, _ := me.World().NodeNamed("all"); return n }

func (o *office) key(w *ecs.World, n ecs.Node, id ecs.EnvelopeID) string {
	return fmt.Sprintf("%s/%d/%x", w.NodeName(n), w.Life(n).Incarnation, uint64(id))
}

func (o *office) called(me *Me, id ecs.EnvelopeID, tag uint64) {
	ecs.Edit[clerk](me.World(), me.Self()).Last = uint64(id)
	key := o.key(me.World(), me.Self(), id)
	if _, twice := o.pending[key]; twice {
		o.wrong = append(o.wrong, "two calls are "+key)
	}
	o.pending[key], o.single[fmt.Sprintf("%s %x", me.Name(), uint64(id))] = me.Self(), true
	o.note("%d %s calls %x, tag %d", me.Tick(), me.Name(), uint64(id), tag)
}

func (o *office) ended(me *Me, s *clerk, r *Reply) {
	key := o.key(me.World(), me.Self(), r.ID)
	if _, ok := o.pending[key]; !ok {
		o.wrong = append(o.wrong, fmt.Sprintf("%s ends at %d, and was not under way", key, me.Tick()))
	}
	delete(o.pending, key)
	if o.reasons[r.Why]++; r.Sort == "call" {
		o.ends[fmt.Sprintf("%s %x", me.Name(), uint64(r.ID))] = r.Why
	}
	for i, x := range r.Answers {
		if slices.ContainsFunc(r.Answers[:i], func(y Answer) bool { return x.Provider == y.Provider }) {
			o.wrong = append(o.wrong, fmt.Sprintf("%s is answered twice by one node: %v", key, r.Answers))
		}
	}
	if d := o.Services.Station(me.Self(), o.desk.Key); d.Busy > deskSize.Slots || d.Queued > deskSize.Queue {
		o.wrong = append(o.wrong, fmt.Sprintf("%s serves %+v", me.Name(), d))
	}
	s.Sum += r.A + uint64(len(r.Answers)) + uint64(len(r.Found))
	o.note("%d %s: %x, tag %d: %s %d of %s after %d, %v %v", me.Tick(), me.Name(), uint64(r.ID), r.Tag, r.Why, r.A, me.World().NodeName(r.Provider), r.Took, r.Answers, r.Found)
}

// officePlan is what is drawn of a world.
type officePlan struct {
	seed   uint64
	link   Link
	faults []input
	splits []ecs.Tick // when a partition begins
}

func drawOffice(t *rapid.T) officePlan {
	p := officePlan{seed: rapid.Uint64().Draw(t, "seed")}
	p.link = Link{Latency: ecs.Nanoseconds(rapid.IntRange(0, 9).Draw(t, "latency")) * ms, Jitter: 5 * ms, Loss: ratio(1, 10), Duplicate: ratio(1, 10), Corrupt: ratio(1, 20)}
	for i := range rapid.IntRange(0, 6).Draw(t, "faults") {
		at, n := ecs.Tick(rapid.IntRange(2, 150).Draw(t, "at")), ecs.Node(1<<24+1+rapid.IntRange(0, 4).Draw(t, "node"))
		verb := rapid.SampledFrom([]Verb{Crash, Pause}).Draw(t, "verb")
		back := map[Verb]Verb{Crash: Restart, Pause: Resume}[verb]
		p.faults = append(p.faults, input{at, Action{Verb: verb, Target: n}}, input{at + ecs.Tick(5*i) + 1, Action{Verb: back, Target: n}})
	}
	for range rapid.IntRange(0, 2).Draw(t, "cuts") {
		p.splits = append(p.splits, ecs.Tick(rapid.IntRange(2, 200).Draw(t, "cut")))
	}
	return p
}

func (p officePlan) build(batch int) *office {
	o, nodes := newOffice(ecs.Config{Seed: p.seed, BatchLength: batch}, p.link)
	p.plan(o.rig, nodes)
	return o
}

// plan has faults done to a world's nodes.
func (p officePlan) plan(r *rig, nodes []ecs.Node) {
	r.inputs = slices.Clone(p.faults)
	for _, at := range p.splits {
		r.at(at, Action{Verb: Partition, Lists: [][]ecs.Node{nodes[:2], nodes[2:]}})
		r.at(at+60, Action{Verb: Heal})
	}
}

// ledger is what was asked and answered, as it was sent and dropped.
type ledger struct {
	calls   map[string]uint64 // by caller and ID: the part of it that replies say
	replies map[reply]int     // copies that were sent, less those that were dropped
}

// reply is told from others by what it answers too: a copy that a link makes of
// an envelope has the ID of what is sent first because of it.
type reply struct {
	id  ecs.EnvelopeID
	ref uint64
}

// keep has a ledger kept of an office.
func (o *office) keep() *ledger {
	x := &ledger{map[string]uint64{}, map[reply]int{}}
	_, answer, failed := o.Services.Kinds()
	o.World.Watch(func(s ecs.Sent) {
		switch e := s.Envelope; e.Kind() {
		case answer, failed:
			switch r := (reply{e.ID(), e.B}); {
			case !s.Dropped:
				x.replies[r]++
			case s.Why != ecs.DroppedLoss && s.Why != ecs.DroppedCut: // those never set out
				x.replies[r]--
			}
		case o.add.Kind, o.slow.Kind, o.desk.Kind:
			x.calls[fmt.Sprintf("%s %x", o.World.NodeName(e.From), uint64(e.ID()))] = uint64(e.ID()) & idMask
		}
	})
	return x
}

// taken returns how many replies came to each call and were not dropped.
func (x *ledger) taken() map[uint64]int {
	all := map[uint64]int{}
	for r, copies := range x.replies {
		all[r.ref&idMask] += copies
	}
	return all
}

func TestEveryCallEndsOnce(t *testing.T) {
	var reasons [reasons]int
	var dropped [ecs.Causes]uint64
	rapid.Check(t, func(t *rapid.T) {
		p := drawOffice(t)
		o := p.build(126)
		if rapid.Bool().Draw(t, "by gossip") {
			o = p.bazaar(126)
		}
		book := o.keep()
		o.run(quiet)
		o.at(quiet+1, Action{Verb: Heal})
		for n := range ecs.Node(5) {
			o.at(quiet+1, Action{Verb: Resume, Target: 1<<24 + 1 + n})
		}
		o.run(quiet + 100)
		if len(o.wrong) > 0 {
			t.Fatal(strings.Join(o.wrong, "\n"))
		}
		for key, n := range o.pending {
			if life := o.World.Life(n); life.Status == ecs.Up && strings.HasPrefix(key, fmt.Sprintf("%s/%d/", o.World.NodeName(n), life.Incarnation)) {
				t.Fatalf("%s never ended", key)
			}
		}
		for n := range ecs.Node(5) {
			if k := o.Services.InFlight(1<<24 + 1 + n); k != 0 {
				t.Fatalf("%d calls are left", k)
			}
		}
		o.audit(t, book)
		for n := range ecs.Node(5) {
			o.Lifecycle.Crash(1<<24 + 1 + n)
		}
		if c := o.Services.Counts(); c.UnderWay() != 0 || c.Made == 0 {
			t.Fatalf("of calls %+v are under way", c)
		}
		if left := o.used(); left != 0 {
			t.Fatalf("nodes that ended have left %d rows", left)
		}
		for r, n := range o.reasons {
			reasons[r] += n
		}
		for why, n := range o.World.Counts().Dropped {
			dropped[why] += n
		}
	})
	for r, n := range reasons {
		if n == 0 && Reason(r) != Corrupted { // which is rare
			t.Errorf("no call ended with %q: the test tests little", Reason(r))
		}
	}
	for _, why := range []ecs.Cause{ecs.DroppedLate, ecs.DroppedCut, ecs.DroppedLoss, ecs.DroppedDown} {
		if dropped[why] == 0 {
			t.Errorf("nothing was dropped as %v: the test tests little", why)
		}
	}
}

// audit fails if a reply came to nobody, or two to one, of those that were not
// dropped for a cause. Each call ended by a reply took one, any other none.
func (o *office) audit(t *rapid.T, book *ledger) {
	byReply := [reasons]bool{NoReason: true, UnknownService: true, Crashed: true, QueueFull: true, Failed: true, Corrupted: true}
	taken := book.taken()
	for ref, n := range taken {
		if n < 0 || n > 1 {
			t.Fatalf("%d replies were taken by one call, %x", n, ref)
		}
	}
	for call, ref := range book.calls {
		why, ended := o.ends[call]
		want := 0
		if ended && byReply[why] {
			want = 1
		}
		if o.single[call] && taken[ref] != want {
			t.Fatalf("%s ended (%v) with %q, and took %d replies", call, ended, why, taken[ref])
		}
	}
}

// The story and the digest of a world are one for any length of batches, and of
// a run that is taken back, or goes on in another world.
func TestServicesAreInvisiblySplitAndRestored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawOffice(t)
		at := ecs.Tick(rapid.IntRange(0, 200).Draw(t, "snapshot"))
		straight := p.build(126)
		straight.run(at)
		done := len(straight.lines)
		straight.run(quiet)
		for _, batch := range []int{1, 7} {
			o := p.build(batch)
			o.run(at) // the tick at which a run stops is counted
			o.run(quiet)
			if diff := cmp.Diff(append(straight.lines, straight.sum()), append(o.lines, o.sum())); diff != "" {
				t.Fatalf("batches of %d: (- of 126, + of these)\n%s", batch, diff)
			}
		}
		there, other := p.build(126), p.build(126)
		there.run(at)
		snap := there.snapshot()
		there.run(at + 40)
		there.restore(t, snap)
		other.restore(t, snap)
		for _, o := range []*office{there, other} {
			o.take()
			o.run(quiet)
			if diff := cmp.Diff(append(straight.lines[done:], straight.sum()), append(o.lines, o.sum())); diff != "" {
				t.Fatalf("(- straight, + restored at %d)\n%s", at, diff)
			}
		}
	})
}

// A fork has handlers of its own, which know the fork's services.
func TestServicesOfForks(t *testing.T) {
	o, _ := newOffice(ecs.Config{Seed: 4}, Link{Latency: 3 * ms, Jitter: 4 * ms, Loss: ratio(1, 10)})
	o.run(100)
	snap := o.snapshot()
	f := o.fork(t, snap)
	o.run(quiet)
	f.run(quiet)
	if diff := cmp.Diff(o.sum(), f.sum()); diff != "" {
		t.Errorf("(- straight, + forked)\n%s", diff)
	}
}

// used counts the rows of services in use.
func (o *office) used() (n int32) {
	s := o.Services
	for i := range s.provided.rows.Len() {
		n += s.provided.rows.At(i).Used
	}
	for i := range s.requests.rows.Len() {
		n += s.requests.rows.At(i).Used
	}
	for i := range s.turns.rows.Len() {
		n += s.turns.rows.At(i).Used
	}
	for i := range s.calls.pool.rows.Len() {
		n += s.calls.pool.rows.At(i).Used
	}
	for i := range s.stations.pool.rows.Len() {
		n += s.stations.pool.rows.At(i).Used
	}
	for i := range s.stations.jobs.rows.Len() {
		n += s.stations.jobs.rows.At(i).Used
	}
	return n + int32(len(s.watching)+s.stations.count)
}

// A call goes to those in reach only: each as often as the others, one after the
// other, or the nearest.
func TestPolicies(t *testing.T) {
	r := newRig(ecs.Config{Seed: 1})
	service := r.Services.Declare("service")
	picked := map[Policy]map[string]int{AnyProvider: {}, RoundRobin: {}, Nearest: {}}
	ids := map[string]ecs.ProgramID{}
	ids["provider"] = AddNode(r.Set, Node[word]{Name: "provider", Provides: []Provide[word]{{Service: service, Do: func(*Me, *word, uint64) uint64 { return 0 }}}})
	ids["caller"] = AddNode(r.Set, Node[word]{
		Name:    "caller",
		Replies: []func(*Me, *word, *Reply){nil},
		Every: []EveryNode[word]{{Name: "e", Period: ms, Do: func(me *Me, _ *word) {
			for p, seen := range picked {
				seen[me.World().NodeName(me.Pick(service, p))]++
			}
		}}},
	})
	p := r.World.Nodes(ids["provider"], "p", 6)
	c := r.World.Node(ids["caller"], "c")
	for i, n := range p[2:] {
		r.Links.Connect(c, n, Link{Latency: ecs.Nanoseconds(9-i) * ms})
	}
	r.start(append(p, c)...)
	r.run(1200)
	for policy, seen := range picked {
		switch {
		case policy == Nearest:
			if diff := cmp.Diff(map[string]int{"p[5]": 1200}, seen); diff != "" {
				t.Error(diff)
			}
			continue
		case len(seen) != 4:
			t.Errorf("policy %d: picked %v, want the four that are linked", policy, seen)
		}
		for n, times := range seen {
			if times < 240 || times > 360 || policy == RoundRobin && times != 300 {
				t.Errorf("policy %d: %s was picked %d times of 1200", policy, n, times)
			}
		}
	}
}

// A provider that comes takes keys, as many from each as it ought to, and one
// that goes leaves its own: no other key moves.
func TestKeysStayWithTheirProviders(t *testing.T) {
	const keys = 6000
	r := newRig(ecs.Config{Seed: 1})
	service := r.Services.Declare("service")
	provider := AddNode(r.Set, Node[word]{Name: "provider", Provides: []Provide[word]{{Service: service, Do: func(*Me, *word, uint64) uint64 { return 0 }}}})
	var picked [keys]ecs.Node
	caller := AddNode(r.Set, Node[word]{
		Name: "caller", Replies: []func(*Me, *word, *Reply){nil},
		Every: []EveryNode[word]{{Name: "e", Period: ms, Do: func(me *Me, _ *word) {
			for key := range uint64(keys) {
				picked[key] = me.PickBy(service, key)
			}
		}}},
	})
	p, c := r.World.Nodes(provider, "p", 6), r.World.Node(caller, "c")
	for _, n := range p[:5] { // the sixth has no link
		r.Links.Connect(c, n, Link{})
	}
	r.start(append(slices.Clone(p[:4]), p[5], c)...)
	r.run(5)
	four := picked
	r.Lifecycle.StartAt(6, p[4])
	r.run(10)
	five := picked
	r.at(11, Action{Verb: Crash, Target: p[4]}, Action{Verb: Crash, Target: p[0]})
	r.run(15)
	counts := map[ecs.Node]int{}
	for key := range keys {
		counts[five[key]]++
		if five[key] != p[4] && five[key] != four[key] {
			t.Fatalf("key %d went from %s to %s when another came", key, r.World.NodeName(four[key]), r.World.NodeName(five[key]))
		}
		if four[key] != p[0] && picked[key] != four[key] {
			t.Fatalf("key %d went from %s to %s when others went", key, r.World.NodeName(four[key]), r.World.NodeName(picked[key]))
		}
	}
	for _, n := range p[:5] {
		if k := counts[n]; k < keys/5*9/10 || k > keys/5*11/10 {
			t.Errorf("%s has %d keys of %d", r.World.NodeName(n), k, keys)
		}
	}
	if len(counts) != 5 || counts[p[5]] > 0 {
		t.Errorf("keys lie with %v", counts)
	}
}

func TestLimitOfCalls(t *testing.T) {
	r := newRig(ecs.Config{Seed: 1})
	service := r.Services.Declare("service")
	id := AddNode(r.Set, Node[word]{
		Name: "caller", Replies: []func(*Me, *word, *Reply){nil},
		Every: []EveryNode[word]{{Name: "e", Period: ms, Do: func(me *Me, _ *word) {
			for range 1000 {
				me.Call(Call{Service: service, Timeout: ms})
			}
			for range 1 << 13 {
				me.Discover(Call{Service: service, Timeout: 1000 * ms}, 1)
			}
		}}},
	})
	r.start(r.World.Node(id, "greedy"))
	defer func() {
		if e, ok := recover().(*ecs.LimitError); !ok || e.Error() != "limit reached: calls in flight of a node: at most 65536, met by greedy" {
			t.Errorf("got %v", e)
		}
	}()
	r.run(100)
}

// The ID that a call is given is that of the envelope that carries it, however
// much a handler sends, and whatever lies between.
func TestCallsAreKnownByTheirRequests(t *testing.T) {
	r := newRig(ecs.Config{})
	service := r.Services.Declare("service")
	k := r.World.Kind("k", 8)
	var given []ecs.EnvelopeID
	id := AddNode(r.Set, Node[word]{
		Name: "p", Direct: true, Replies: []func(*Me, *word, *Reply){nil},
		On: []On[word]{{k, func(me *Me, _ *word, e *ecs.Envelope) {
			for i := range int(e.A) {
				given = append(given, me.Call(Call{Service: service, To: 1<<24 + 1, Timeout: 99 * ms}))
				for range i % 3 {
					me.Send(me.Self(), k, 0, 0)
				}
			}
			for range e.B {
				me.Send(me.Self(), k, 0, 0)
			}
		}}},
	})
	n := r.World.Nodes(id, "n", 3)
	r.start(n...)
	r.run(0)
	for i := range 6 {
		e := r.World.Outside(n[i%3], k, uint64(i+2), 0, fmt.Sprint(i))
		r.World.Post(&e, 1)
	}
	r.run(1)
	// The batch before this one ended with an event of the same place, and had
	// fewer sends by then.
	given = nil
	for i := range 6 {
		e := r.World.Outside(n[i%3], k, uint64(i/5*9), uint64(50-i/5*50), fmt.Sprint("again ", i))
		r.World.Post(&e, 3)
	}
	r.run(2)
	r.run(3)
	var sent []ecs.EnvelopeID
	r.World.EachInFlight(func(e *ecs.Envelope, _ ecs.Tick) {
		if e.Kind() == service.Kind && slices.Contains(given, e.ID()) {
			sent = append(sent, e.ID())
		}
	})
	if diff := cmp.Diff(given, sent); diff != "" || len(given) != 9 {
		t.Errorf("%d calls: (- given, + sent)\n%s", len(given), diff)
	}
}

func TestLimitOfWhatWaitsToBeServed(t *testing.T) {
	r := newRig(ecs.Config{})
	service := r.Services.Declare("service")
	AddNode(r.Set, Node[word]{Name: "desk", Direct: true, Provides: []Provide[word]{{
		Service: service, Do: func(*Me, *word, uint64) uint64 { return 0 }, Serve: &Serve[word]{Time: 1 << 50, Serving: Serving{Slots: 9, Queue: -1}},
	}}})
	p, _ := r.World.ProgramNamed("desk")
	r.Services.stations.count = MaxServed - 11
	d := r.World.Node(p, "desk")
	c := AddNode(r.Set, Node[word]{
		Name: "c", Direct: true, Replies: []func(*Me, *word, *Reply){nil},
		Every: []EveryNode[word]{{Name: "e", Period: ms, Do: func(me *Me, _ *word) { me.Call(Call{Service: service, To: d, Timeout: 50 * ms}) }}},
	})
	r.start(d, r.World.Node(c, "c"))
	defer func() {
		if e, ok := recover().(*ecs.LimitError); !ok || e.Error() != "limit reached: requests that wait to be served: at most 1048576, met by desk, which is asked for another" {
			t.Errorf("got %v", e)
		}
		if s := r.Services.Station(d, service.Key); s != (Station{Busy: 9, Queued: 2}) {
			t.Errorf("%+v", s)
		}
	}()
	r.run(100)
}
