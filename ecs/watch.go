package ecs

// Sent is an envelope that was sent, or dropped, for who watches.
type Sent struct {
	Envelope *Envelope  // good until the watcher returns, its payload too
	Cause    EnvelopeID // of the event that sent it; 0: none did, or it is not known any more
	Due      Tick       // 0 of one that was dropped
	Dropped  bool
	Why      Cause
}

// Watch has f shown every envelope that is sent, and every one that is dropped,
// when it is sent or when it comes due; nil ends it. f only looks. Messages
// then take the slow way, to the same end.
func (w *World) Watch(f func(s Sent)) { w.watcher = f }

func (w *World) watchSent(e *Envelope, due Tick) {
	if w.watcher != nil {
		copied := *e // e stays on its sender's stack
		w.watcher(Sent{Envelope: &copied, Cause: w.scratch.cause, Due: due})
	}
}

func (w *World) watchDropped(e *Envelope, why Cause) {
	if w.watcher != nil {
		copied := *e
		w.watcher(Sent{Envelope: &copied, Cause: w.scratch.cause, Dropped: true, Why: why})
	}
}
