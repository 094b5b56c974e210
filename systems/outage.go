package systems

import (
	"slices"

	"orrery/ecs"
)

// outages are what keeps nodes down, paused or slow for a while, each until its
// own end: a node is up again only when no outage of it lasts. Who starts or
// resumes a node ends them all.
//
// A node that is down and has none is down for good: it has been stopped, has
// ended by itself or was crashed without an end, and no outage's end starts it.
// Its table is outside the digest, which has each action that begins or ends one
// and what comes of it for the node.
type outages struct {
	pool[outageRow, *outageRow]
	found []int
}

type outageSort uint8

const (
	downOutage outageSort = iota
	pauseOutage
	slowOutage
)

type outageRow struct {
	Label  uint64   // of what began it; 0: its end is Until, or nothing of its own
	Factor uint64   // of a slow one
	Until  ecs.Tick // 0: none
	Node   ecs.Node
	Sort   outageSort
	_      [3]byte
	slot
	_ [4]byte
}

func (r *outageRow) place() (*slot, ecs.Node) { return &r.slot, r.Node }

func newOutages(w *ecs.World) *outages {
	o := &outages{pool: pool[outageRow, *outageRow]{rows: ecs.NewRows[outageRow](w, "outage")}}
	o.rows.Table().OutsideDigest()
	return o
}

func (o *outages) begin(n ecs.Node, x outageRow) {
	i := o.take()
	r := o.rows.Edit(i)
	x.Node, x.slot = n, r.slot
	*r = x
	o.own(i)
}

// of returns the rows of a node's outages of a sort, good until asked again.
func (o *outages) of(n ecs.Node, s outageSort) []int {
	o.found = o.found[:0]
	for i := o.first(n); i >= 0; i = o.next(i) {
		if o.rows.At(i).Sort == s {
			o.found = append(o.found, i)
		}
	}
	return o.found
}

func (o *outages) any(n ecs.Node, s outageSort) bool { return len(o.of(n, s)) > 0 }

// endAll ends all outages of a sort.
func (o *outages) endAll(n ecs.Node, s outageSort) {
	for _, i := range o.of(n, s) {
		o.drop(i)
	}
}

// end ends an outage by its label; it reports whether it lasted until now.
func (o *outages) end(n ecs.Node, s outageSort, label uint64) bool {
	rows := o.of(n, s)
	k := slices.IndexFunc(rows, func(i int) bool { return o.rows.At(i).Label == label })
	if k >= 0 {
		o.drop(rows[k])
	}
	return k >= 0
}

// expire ends the outages whose time is over, and reports whether any did.
func (o *outages) expire(n ecs.Node, now ecs.Tick) (any bool) {
	for _, i := range o.of(n, downOutage) {
		if r := o.rows.At(i); r.Until != 0 && r.Until <= now {
			o.drop(i)
			any = true
		}
	}
	return any
}

// endsAt reports whether an outage is over in a tick.
func (o *outages) endsAt(n ecs.Node, t ecs.Tick) bool {
	return slices.ContainsFunc(o.of(n, downOutage), func(i int) bool { return o.rows.At(i).Until == t })
}

// slowness is the worst factor of a node, in thousandths.
func (o *outages) slowness(n ecs.Node) uint64 {
	worst := uint64(usual)
	for _, i := range o.of(n, slowOutage) {
		worst = max(worst, o.rows.At(i).Factor)
	}
	return worst
}

// fell has a node go down, or be kept down if it is so by other outages: until the
// action's end, or for good if it has none.
func (f *Faults) fell(n ecs.Node, a *Action) {
	l, o := f.lifecycle, f.lifecycle.outages
	was := l.world.Life(n).Status
	switch a.Verb {
	case Crash:
		l.Crash(n)
	case LoseDisk:
		l.LoseDisk(n)
	case Stop:
		l.Stop(n, a.Code)
	}
	wasUp := was == ecs.Up || was == ecs.Paused && a.Verb != Stop
	switch {
	case !wasUp && !o.any(n, downOutage): // for good, or a stop of one that is paused
	case a.Label != 0 || a.Down > 0:
		x := outageRow{Sort: downOutage, Label: a.Label}
		if a.Down > 0 {
			x.Until = l.world.Tick() + max(1, l.world.TicksCeil(a.Down))
			if !o.endsAt(n, x.Until) { // one start is enough, and two of a tick would be the same message
				l.startAgain(x.Until, n)
			}
		}
		o.begin(n, x)
	case a.Verb == Crash: // what is down is not stopped, and may lose its disk alone
		o.endAll(n, downOutage)
	}
}

// start starts a node, or ends the outage that has the action's label.
func (f *Faults) start(n ecs.Node, label uint64) {
	if label == 0 {
		f.lifecycle.Start(n)
	} else if o := f.lifecycle.outages; o.end(n, downOutage, label) && !o.any(n, downOutage) {
		f.lifecycle.recover(n)
	}
}

// pause holds a node, now or when it is up again.
func (f *Faults) pause(n ecs.Node, label uint64) {
	l, o := f.lifecycle, f.lifecycle.outages
	switch s := l.world.Life(n).Status; {
	case s == ecs.Absent, label == 0 && s != ecs.Up && s != ecs.Paused:
		return
	case label == 0:
		o.end(n, pauseOutage, 0)
	case s == ecs.Paused && !o.any(n, pauseOutage): // by Lifecycle.Pause
		o.begin(n, outageRow{Sort: pauseOutage})
	}
	o.begin(n, outageRow{Sort: pauseOutage, Label: label})
	l.Pause(n)
}

// resume lets a node go on, or ends the pause that has the action's label.
func (f *Faults) resume(n ecs.Node, label uint64) {
	o := f.lifecycle.outages
	switch {
	case label == 0:
		o.endAll(n, pauseOutage)
	case !o.end(n, pauseOutage, label) || o.any(n, pauseOutage):
		return
	}
	f.lifecycle.Resume(n)
}

// slow makes a node as slow as the worst that lasts. Without a label the factor
// takes the place of the last such, and the usual one ends all.
func (f *Faults) slow(n ecs.Node, factor, label uint64) {
	o := f.lifecycle.outages
	if label == 0 && factor <= usual {
		o.endAll(n, slowOutage)
	} else if label == 0 || factor <= usual {
		o.end(n, slowOutage, label)
	}
	if factor > usual {
		o.begin(n, outageRow{Sort: slowOutage, Label: label, Factor: factor})
	}
	f.links.slow.set(n, o.slowness(n))
}
