package ecs

import "slices"

// Sent is an envelope that was sent, or dropped, for who watches.
type Sent struct {
	Envelope *Envelope  // good until the watcher returns, its payload too
	Cause    EnvelopeID // of the event that sent it; 0: none did, or it is not known any more
	Due      Tick       // 0 of one that was dropped
	Dropped  bool
	Why      Cause
}

// Watch has f shown every envelope that is sent, and every one that is dropped,
// when it is sent or when it comes due, until what it returns is called. Several
// may watch. f only looks. Messages then take the slow way, to the same end.
func (w *World) Watch(f func(s Sent)) (stop func()) {
	watcher := &f
	w.watchers = append(w.watchers, watcher)
	w.settleWatchers()
	return func() {
		w.watchers = slices.DeleteFunc(w.watchers, func(x *func(s Sent)) bool { return x == watcher })
		w.settleWatchers()
	}
}

// settleWatchers makes all who watch one, so that who sends has one thing to
// look at.
func (w *World) settleWatchers() {
	switch len(w.watchers) {
	case 0:
		w.watcher = nil
	case 1:
		w.watcher = *w.watchers[0]
	default:
		all := slices.Clone(w.watchers)
		w.watcher = func(s Sent) {
			for _, f := range all {
				(*f)(s)
			}
		}
	}
}

func (w *World) watchSent(e *Envelope, due Tick) {
	if w.watcher != nil {
		w.watcher(Sent{Envelope: w.watched(e), Cause: w.scratch.cause, Due: due})
	}
}

func (w *World) watchDropped(e *Envelope, why Cause) {
	if w.watcher != nil {
		w.watcher(Sent{Envelope: w.watched(e), Cause: w.scratch.cause, Dropped: true, Why: why})
	}
}

// watched is a copy of an envelope, which stays on its sender's stack.
func (w *World) watched(e *Envelope) *Envelope {
	w.scratch.watched = *e
	return &w.scratch.watched
}
