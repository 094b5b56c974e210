package main

import (
	"encoding/json"
	"fmt"
	"slices"

	"orrery/cmd/sim/internal/publish"
	"orrery/ecs"
	"orrery/netsync"
	"orrery/systems"
)

// maxUnderWay bounds the acts of which it is not known yet what comes, whether
// their clients wait for it, were told that they are pending, or have left.
const maxUnderWay = 1024

// maxOutcomes is of how many acts that were pending it is kept what came of them,
// and maxOutcomeBytes how much that may be.
const (
	maxOutcomes     = 1024
	maxOutcomeBytes = 16 << 20
)

// waiting is an act of which it is not known yet what comes.
type waiting struct {
	label uint64
	at    ecs.Tick // in which it takes effect
	calls bool
	name  string   // of what is acted on
	node  ecs.Node // that does it
	by    publish.Client
	asked []*publish.Command // who waits for what comes of it

	promised  bool // somebody was told that it is pending
	cancelled bool
	all       []replyOf // of a call to all
	of        int       // so many replies are to come; 0: one
}

// replyOf is one of several replies to a call.
type replyOf struct {
	replied
	at ecs.Tick
}

// outcome is what came of an act.
type outcome struct {
	*waiting
	tick   ecs.Tick
	result json.RawMessage
	failed *netsync.Error
}

// standing says why the run goes no further until somebody has it go on; it is
// empty if it goes on. Where a paused run is to go, by steps or to a moment, it
// goes.
func (l *live) standing() string {
	switch {
	case l.awaits:
		return "the run waits for viewers"
	case l.paused && l.steps <= max(0, l.run.World.Tick()):
		return "the run is paused"
	}
	return ""
}

// due is a reply that is true once a tick is over: what it says is done is in the
// trace then, whatever becomes of sim.
type due struct {
	to     *publish.Command
	tick   ecs.Tick
	result any
	failed *netsync.Error
}

// reply tells a client what came of something at a tick, when that is over.
func (l *live) reply(c *publish.Command, at ecs.Tick, result any, failed *netsync.Error) {
	if failed != nil || at <= l.run.World.Tick() {
		c.Done(max(0, at), result, failed)
		return
	}
	l.dues = append(l.dues, due{c, at, result, nil})
}

// pay gives the replies that are due up to a tick, which is over.
func (l *live) pay(tick ecs.Tick) {
	l.dues = slices.DeleteFunc(l.dues, func(d due) bool {
		if d.tick <= tick {
			d.to.Done(d.tick, d.result, d.failed)
		}
		return d.tick <= tick
	})
}

// hold tells those who wait, while the run stands, that they would wait for who
// has it go on. Of what nothing comes but that it is done, they are told that.
func (l *live) hold() {
	why := l.standing()
	if why == "" {
		return
	}
	l.pay(ecs.Never)
	for _, w := range l.waits {
		for _, c := range w.asked {
			w.promised = true
			c.Done(w.at, netsync.Pending{Error: why, Act: w.label}, nil)
		}
		w.asked = nil
	}
}

// makeRoom bounds what is under way. Calls last as long as they like, and who has
// left keeps nobody from acting: the oldest of its calls is given up.
func (l *live) makeRoom() *netsync.Error {
	n, oldest := 0, (*waiting)(nil)
	for _, w := range l.waits {
		if w.cancelled {
			continue
		}
		if n++; oldest == nil && w.calls && w.by.Left() {
			oldest = w
		}
	}
	switch {
	case n < maxUnderWay:
		return nil
	case oldest == nil:
		return publish.Refuse(netsync.CodeBusy, fmt.Sprintf("%d acts are under way", n), "wait for replies, or resume the run if it is paused, then send it again")
	}
	oldest.cancelled = true
	l.command(l.nextAct(), systems.Action{Verb: systems.CancelCall, Name: oldest.name, Target: oldest.node, Label: oldest.label})
	return nil
}

// outcome looks for what came of an act that was pending. Who asks for what is not
// known yet waits for it.
func (l *live) outcome(c *publish.Command) (at ecs.Tick, pending bool, result any, failed *netsync.Error) {
	for _, w := range l.waits {
		if w.label == c.Act {
			w.asked = slices.DeleteFunc(w.asked, func(c *publish.Command) bool { return c.Client().Left() })
			if len(w.asked) >= maxUnderWay {
				return w.at, false, nil, publish.Refuse(netsync.CodeBusy, fmt.Sprintf("%d requests wait for what comes of act %d", len(w.asked), c.Act), "ask again when one is replied to")
			}
			w.asked = append(w.asked, c)
			return w.at, true, nil, nil
		}
	}
	for _, o := range l.outcomes {
		if o.label == c.Act {
			return o.tick, false, o.result, o.failed
		}
	}
	return l.run.World.Tick(), false, nil, publish.Refuse(netsync.CodeNone, fmt.Sprintf("nothing is known of an act %d", c.Act), fmt.Sprintf("a reply that is pending has the number; what came of the last %d such acts is kept", maxOutcomes))
}

// told passes on what came of an act.
func (l *live) told(x *systems.Upshot) {
	i := slices.IndexFunc(l.waits, func(w *waiting) bool { return w.label == x.Label })
	if i < 0 {
		return
	}
	w := l.waits[i]
	if x.Of > 0 {
		w.of, w.all = x.Of, nil
		return
	}
	result := l.result(x, w)
	if r, ok := result.(replied); ok && w.of > 0 {
		if w.all = append(w.all, replyOf{r, l.run.World.Tick()}); len(w.all) < w.of {
			return
		}
		result = together(w.all)
	}
	l.waits = slices.Delete(l.waits, i, i+1)
	text, _ := json.Marshal(result) // of texts and numbers
	l.close(outcome{w, l.run.World.Tick(), text, nil})
}

// close tells who waits what came of an act, once the tick is over, and keeps it for
// who was told that it is pending.
func (l *live) close(o outcome) {
	for _, c := range o.asked {
		l.dues = append(l.dues, due{c, o.tick, o.result, o.failed})
	}
	o.asked = nil
	if !o.promised {
		return
	}
	l.outcomes = append(l.outcomes, o)
	first, bytes := len(l.outcomes), 0
	for n := 0; first > 0 && n < maxOutcomes && (n == 0 || bytes+len(l.outcomes[first-1].result) <= maxOutcomeBytes); n++ {
		first--
		bytes += len(l.outcomes[first].result)
	}
	l.outcomes = slices.Delete(l.outcomes, 0, first)
}

// together is the result of a call to all: what each replied.
func together(all []replyOf) replied {
	if len(all) == 1 && all[0].Provider == "" {
		return all[0].replied // there was nobody to call
	}
	whole := replied{OK: true}
	for _, r := range all {
		whole.Took = max(whole.Took, r.Took)
		if r.OK {
			whole.Values = append(whole.Values, [2]any{r.Provider, r.Value})
			continue
		}
		if whole.OK {
			whole.OK, whole.Error = false, r.Error
		}
		whole.Errors = append(whole.Errors, [2]any{r.Provider, r.Error})
	}
	return whole
}

// wentBack brings what is known of acts in line with a run that is at an earlier
// moment: they come again.
func (l *live) wentBack() {
	now := max(0, l.run.World.Tick())
	l.owed = -1 // what was owed was done before the run left
	l.outcomes = slices.DeleteFunc(l.outcomes, func(o outcome) bool {
		if o.tick <= now {
			return false
		}
		l.waits = append(l.waits, o.waiting)
		return true
	})
	for _, w := range l.waits {
		w.all = slices.DeleteFunc(w.all, func(r replyOf) bool { return r.at > now })
	}
}

// giveUp tells who still waits that the run has ended.
func (l *live) giveUp() {
	failed := publish.Refuse(netsync.CodeEnded, fmt.Sprintf("the run ended at %s, before there was a reply", momentOf(l.scenario, max(0, l.run.World.Tick()))), "")
	if err := l.run.Failed(); err != nil {
		failed = publish.Refuse(netsync.CodeFailed, "the run has failed: "+err.Error(), "")
	}
	for i := range l.dues { // else it was told
		l.dues[i].result, l.dues[i].failed = nil, failed
	}
	for _, w := range l.waits {
		l.close(outcome{w, max(0, l.run.World.Tick()), nil, failed})
	}
	l.waits = nil
	l.pay(ecs.Never)
}
