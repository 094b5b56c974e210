package systems

import "orrery/ecs"

// Deliver hands out what is due at a tick and sends what comes of it.
type Deliver struct {
	world     *ecs.World
	programs  *Programs
	links     *Links
	lifecycle *Lifecycle
	waiting   *Waiting
	timers    *Timers
	epidemic  *Epidemic
	feeds     *Feeds
	acted     ecs.Tick       // the last tick in which something acted
	lost      []ecs.Envelope // timers that found no room to wait
}

// NewDeliver wires delivery to what it passes envelopes on to.
func NewDeliver(w *ecs.World, p *Programs, l *Links, c *Lifecycle, h *Waiting, t *Timers, e *Epidemic) *Deliver {
	d := &Deliver{world: w, programs: p, links: l, lifecycle: c, waiting: h, timers: t, epidemic: e, acted: neverActed}
	c.deliver = d
	return d
}

const neverActed ecs.Tick = -2 // a run begins at tick -1

// Act is the system's part of the act phase.
func (d *Deliver) Act() {
	d.waiting.settle()
	d.feeds.begin()
	d.world.Deliver(d)
	for i := range d.lost {
		d.timers.fire(&d.lost[i])
	}
	d.lost = d.lost[:0]
}

// Handle gives a batch to its program and sends what the program left in Out.
func (d *Deliver) Handle(b *ecs.Batch) {
	d.acted = b.Tick
	p := d.programs.list[b.Program()]
	if d.epidemic.opened {
		d.apart(p, b)
		return
	}
	if p.Act == nil {
		return
	}
	p.Act(b)
	d.send(p, b)
}

func (d *Deliver) act(p *Program, b *ecs.Batch) {
	if p.Act == nil {
		return
	}
	p.Act(b)
	d.send(p, b)
}

// apart takes what nodes say to each other so that entries spread out of a
// batch: a program is handed what lies between.
func (d *Deliver) apart(p *Program, b *ecs.Batch) {
	whole := *b // which parts of itself it becomes
	spreads := func(i int) bool { return whole.Envelopes[i].Kind() == d.epidemic.kind }
	for from, to := 0, 0; from < len(whole.Envelopes); from = to {
		for to = from + 1; to < len(whole.Envelopes) && spreads(to) == spreads(from); to++ {
		}
		b.Part(from, to, &whole)
		if !spreads(from) {
			d.act(p, b)
			continue
		}
		d.epidemic.receive(b)
		d.send(p, b)
	}
}

func (d *Deliver) send(p *Program, b *ecs.Batch) {
	if len(b.Out) == 0 {
		return
	}
	if p.Direct {
		d.world.Commit(b)
		return
	}
	d.links.Route(b)
}

// flush sends what the events in hand so far have left in Out, for who is
// about to do what the digest sees: else its order would depend on where the
// batch ends.
func (d *Deliver) flush(b *ecs.Batch) {
	d.send(d.programs.list[b.Program()], b)
	b.Out = b.Out[:0]
}

// Call gives rows to one of a program's functions that has no envelopes.
func (d *Deliver) Call(id ecs.ProgramID, rows []uint32, root uint64, act func(*ecs.Batch)) {
	if act == nil || len(rows) == 0 {
		return
	}
	d.acted = d.world.Tick()
	p := d.programs.list[id]
	d.world.Cohort(id, rows, root, func(b *ecs.Batch) {
		act(b)
		d.send(p, b)
	})
}

// Acted reports whether something acted in the tick under way. A tick may be
// there for a series or a check alone: if predicates were asked then, a figure
// more would change what they see.
func (d *Deliver) Acted() bool { return d.acted == d.world.Tick() }

// Control carries out an envelope of the engine's own.
func (d *Deliver) Control(e *ecs.Envelope) {
	d.acted = d.world.Tick()
	d.lifecycle.Control(e)
}

// Hold keeps what is due for a paused node. A timer that finds no room frees
// its key, but after all is delivered: what is ahead of it in the batch has not
// been handled yet.
func (d *Deliver) Hold(e *ecs.Envelope) {
	d.acted = d.world.Tick()
	if !d.waiting.hold(e) && e.IsTimer() {
		d.lost = append(d.lost, *e)
	}
}

// Down has a request refused that has come due for a node that is down.
func (d *Deliver) Down(e *ecs.Envelope) { d.lifecycle.services.refuseRequest(e) }

// rebuild forgets a tick that a restore has undone.
func (d *Deliver) rebuild() { d.acted, d.lost = neverActed, d.lost[:0] }
