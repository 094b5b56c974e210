package ecs

import "fmt"

// Handler is who deals with what comes due: package systems implements it.
type Handler interface {
	// Handle is given a batch for a program; what it leaves in Out is sent.
	Handle(b *Batch)
	// Control is given an envelope of the engine's own kinds.
	Control(e *Envelope)
	// Hold is given what comes due for a paused node.
	Hold(e *Envelope)
	// Down is given what wants a reply, see [World.Asks], and comes due for a
	// node that is down or has died, once all that is ahead of it has been
	// handled. It is dropped.
	Down(e *Envelope)
}

// scratch is memory that delivery reuses; nothing in it outlives a tick.
type scratch struct {
	rows      [maxBatch]uint32
	kept      [maxBatch]Envelope
	ahead     []Envelope // released from waiting: they go before the tick's own
	sorted    []Envelope // a tick's envelopes, program by program
	ends      [1 << 8]int
	touched   byte
	sending   Envelope    // the one that Sends hands out
	published Envelope    // the one that fans are given
	nobody    [1]Envelope // the event of what comes from outside
	nowhere   [1]uint32
	leaving   Envelope   // the one that goes out
	watched   Envelope   // the one that watchers are shown
	cause     EnvelopeID // of the event that sends, while somebody watches
	direct    func(e *Envelope, delay Tick)
}

// Release puts an envelope ahead of what the tick has due. It is for use
// before [World.Deliver], in the input phase.
func (w *World) Release(e *Envelope) { w.scratch.ahead = append(w.scratch.ahead, *e) }

// Deliver hands out everything due at the tick: program by program in order of
// declaration, within a program in send order.
func (w *World) Deliver(h Handler) {
	s := w.wheel.takeSlot(0, int(w.tick)&(levelSlots-1))
	if only := w.onlyProgram(s); only != nil {
		for c := s.head; c >= 0; {
			run := w.wheel.chunks.near(s, c)
			w.wheel.count -= len(run)
			w.touchChunk(w.wheel.chunks.next[c])
			w.deliverRun(only, run, h)
			c = w.wheel.chunks.free(c)
		}
		return
	}
	sorted := w.sortByProgram(s)
	from := 0
	for p, to := range w.scratch.ends[:len(w.programs)] {
		if to > from {
			w.deliverRun(w.programs[p], sorted[from:to:to], h)
			from = to
		}
	}
}

// touchChunk reads a chunk's lines ahead: the processor sees no stride from
// one chunk to the next.
func (w *World) touchChunk(c int32) {
	if c < 0 {
		return
	}
	var x Node
	run := w.wheel.chunks.envelopes[c*nearLength:][:nearLength]
	for i := 0; i < nearLength; i += 2 {
		x |= run[i].To
	}
	w.scratch.touched = byte(x)
}

// onlyProgram returns the program that everything due is for, if there is one,
// and otherwise counts what is due for each.
func (w *World) onlyProgram(s slot) *program {
	x := &w.scratch
	if len(w.programs) == 2 && len(x.ahead) == 0 {
		return w.programs[1]
	}
	ends := x.ends[:len(w.programs)]
	clear(ends)
	total := len(x.ahead)
	w.countPrograms(x.ahead)
	for c := s.head; c >= 0; c = w.wheel.chunks.next[c] {
		run := w.wheel.chunks.near(s, c)
		total += len(run)
		w.countPrograms(run)
	}
	if len(x.ahead) > 0 {
		return nil
	}
	for p, n := range ends {
		if n == total {
			return w.programs[p]
		}
	}
	return nil
}

func (w *World) countPrograms(run []Envelope) {
	for i := range run {
		w.scratch.ends[w.programIndex(&run[i])]++
	}
}

// sortByProgram is a stable counting sort of a tick's envelopes, after
// onlyProgram has counted; it leaves in ends where each program's end.
func (w *World) sortByProgram(s slot) []Envelope {
	x := &w.scratch
	total := 0
	for p := range w.programs {
		n := x.ends[p]
		x.ends[p] = total
		total += n
	}
	if cap(x.sorted) < total {
		x.sorted = make([]Envelope, total+total/4)
	}
	sorted := x.sorted[:total]
	w.scatter(x.ahead, sorted)
	x.ahead = x.ahead[:0]
	for c := s.head; c >= 0; {
		run := w.wheel.chunks.near(s, c)
		w.wheel.count -= len(run)
		w.scatter(run, sorted)
		c = w.wheel.chunks.free(c)
	}
	return sorted
}

func (w *World) scatter(run, to []Envelope) {
	ends := &w.scratch.ends
	for i := range run {
		p := run[i].To.Program()
		to[ends[p]] = run[i]
		ends[p]++
	}
}

func (w *World) programIndex(e *Envelope) int {
	p := int(e.To.Program())
	if p == 0 || p >= len(w.programs) {
		w.badTarget(e)
	}
	return p
}

func (w *World) badTarget(e *Envelope) {
	panic(fmt.Sprintf("ecs: an envelope of kind %q from %s was sent to %s, which was never born", w.KindName(e.Kind()), w.NodeName(e.From), w.NodeName(e.To)))
}

// deliverRun hands out envelopes that are all for one program.
func (w *World) deliverRun(p *program, run []Envelope, h Handler) {
	w.digest.deliveries += len(run)
	limit := w.config.BatchLength
	for len(run) > limit {
		w.deliverBatch(p, run[:limit:limit], h)
		run = run[limit:]
	}
	if len(run) > 0 {
		w.deliverBatch(p, run, h)
	}
}

// deliverBatch resolves rows and marks their pages, then touches, then hands
// over: the loads of one loop overlap, those of a handler do not.
func (w *World) deliverBatch(p *program, run []Envelope, h Handler) {
	if p.rowOf != nil || !p.allUp {
		w.deliverEach(p, run, h)
		return
	}
	rows := w.scratch.rows[:len(run)]
	base := uint32(makeNode(p.id, 1))
	count := uint32(p.lifeTable.rows)
	var flags uint64
	for i := range run {
		e := &run[i]
		flags |= e.tag
		row := uint32(e.To) - base
		if row >= count {
			w.deliverFans(p, run, e, h)
			return
		}
		rows[i] = row
	}
	if flags&timerFlag != 0 {
		w.deliverEach(p, run, h)
		return
	}
	w.handBatch(p, run, rows, flags, h)
}

// deliverFans is deliverBatch where the target of an envelope has no row: all is
// well if it is a fan.
func (w *World) deliverFans(p *program, run []Envelope, e *Envelope, h Handler) {
	if !e.IsFan() {
		w.badTarget(e)
	}
	w.deliverEach(p, run, h)
}

func (w *World) handBatch(p *program, run []Envelope, rows []uint32, flags uint64, h Handler) {
	if p.state != nil {
		marks, g := p.state.marks, w.generation
		for _, row := range rows {
			marks[row>>pageShift] = g
		}
		if p.touchable {
			w.touch(p.state, rows)
		}
	}
	w.counts.Delivered += uint64(len(run))
	b := &w.batch
	b.Tick, b.Envelopes, b.Rows, b.Out = w.tick, run, rows, b.Out[:0]
	b.world, b.program, b.exited, b.At, b.counted = w, p, false, -1, counted{}
	h.Handle(b)
	if flags&slabFlag != 0 {
		for i := range run {
			if run[i].tag&slabFlag != 0 {
				w.slab.release(run[i].A)
			}
		}
	}
}

// touch reads one byte of each row, so that the cache misses of a batch
// overlap instead of following each other.
func (w *World) touch(t *Table, rows []uint32) {
	var x byte
	for _, row := range rows {
		x |= *t.byteAt(row)
	}
	w.scratch.touched = x
}

// deliverEach is deliverBatch where an envelope may be a timer or the
// engine's, or a node not up.
func (w *World) deliverEach(p *program, run []Envelope, h Handler) {
	x := &w.scratch
	n, flags := 0, uint64(0)
	for i := range run {
		e := &run[i]
		if e.Kind().IsControl() {
			w.handKept(p, n, flags, h)
			n, flags = 0, 0
			h.Control(e)
			continue
		}
		if e.IsFan() {
			w.handKept(p, n, flags, h)
			n, flags = 0, 0
			w.digest.deliveries-- // those it is for count
			w.fans.Due(e, h)
			w.slab.release(e.A)
			continue
		}
		row, to, why := w.judge(p, e)
		switch to {
		case Up:
			x.kept[n], x.rows[n] = *e, row
			flags |= e.tag
			w.counts.Timers.Delivered += e.tag & timerFlag / timerFlag
			n++
		case Paused:
			h.Hold(e)
		default:
			if !w.WantsReply(e.Kind()) {
				w.Drop(e, why)
				continue
			}
			w.handKept(p, n, flags, h)
			n, flags = 0, 0
			w.dropped(e, why)
			h.Down(e)
			w.Unshare(e)
		}
	}
	w.handKept(p, n, flags, h)
}

func (w *World) handKept(p *program, n int, flags uint64, h Handler) {
	if n > 0 {
		w.handBatch(p, w.scratch.kept[:n:n], w.scratch.rows[:n], flags, h)
	}
}

// judge returns the row of an envelope's target and whether it is handed out, to
// who is up, held, or else to be dropped, and why.
func (w *World) judge(p *program, e *Envelope) (uint32, Status, Cause) {
	row, ok := p.row(e.To)
	if !ok {
		if o := e.To.Ordinal(); o == 0 || o > p.births {
			w.badTarget(e)
		}
		return 0, Absent, DroppedGone
	}
	life := &p.life.data[row]
	switch {
	case e.tag&timerFlag != 0 && life.Incarnation != uint32(e.B>>32):
		return 0, Absent, DroppedStale
	case life.Status != Up && life.Status != Paused:
		return 0, Absent, DroppedDown
	}
	return row, life.Status, 0
}

// Drop counts an envelope that will not be delivered and frees its payload.
func (w *World) Drop(e *Envelope, c Cause) {
	w.dropped(e, c)
	w.Unshare(e)
}

func (w *World) dropped(e *Envelope, c Cause) {
	w.countDropped(e, c)
	w.watchDropped(e, c)
}

// countDropped leaves out the engine's own, which were not counted when sent.
func (w *World) countDropped(e *Envelope, c Cause) {
	if e.Kind().IsControl() {
		return
	}
	w.counts.Dropped[c]++
	if e.Kind().IsTimer() {
		w.counts.Timers.Dropped[c]++
	}
}

// Refuse counts an envelope of the batch in hand as dropped, though it was
// handed out: its handler was not called. Its payload is freed with the batch.
func (w *World) Refuse(e *Envelope, c Cause) {
	w.counts.Delivered--
	if e.Kind().IsTimer() {
		w.counts.Timers.Delivered--
	}
	w.dropped(e, c)
}

// Payload returns the bytes of an envelope's payload, nil if it has none but
// A and B. They are for reading, until the handler ends.
func (w *World) Payload(e *Envelope) []byte {
	if e.tag&slabFlag == 0 {
		return nil
	}
	return w.slab.get(e.A)
}
