package systems

import "orrery/ecs"

// Deliver hands out what is due at a tick and sends what comes of it.
type Deliver struct {
	world     *ecs.World
	programs  *Programs
	links     *Links
	lifecycle *Lifecycle
	waiting   *Waiting
}

// NewDeliver wires delivery to what it passes envelopes on to.
func NewDeliver(w *ecs.World, p *Programs, l *Links, c *Lifecycle, h *Waiting) *Deliver {
	d := &Deliver{world: w, programs: p, links: l, lifecycle: c, waiting: h}
	c.deliver = d
	return d
}

// Act is the system's part of the act phase.
func (d *Deliver) Act() { d.world.Deliver(d) }

// Handle gives a batch to its program and sends what the program left in Out.
func (d *Deliver) Handle(b *ecs.Batch) {
	p := d.programs.list[b.Program()]
	if p.Act == nil {
		return
	}
	p.Act(b)
	d.send(p, b)
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

// Call gives rows to one of a program's functions that has no envelopes.
func (d *Deliver) Call(id ecs.ProgramID, rows []uint32, root uint64, act func(*ecs.Batch)) {
	if act == nil {
		return
	}
	p := d.programs.list[id]
	d.world.Cohort(id, rows, root, func(b *ecs.Batch) {
		act(b)
		d.send(p, b)
	})
}

// Control carries out an envelope of the engine's own.
func (d *Deliver) Control(e *ecs.Envelope) { d.lifecycle.Control(e) }

// Hold keeps what is due for a paused node.
func (d *Deliver) Hold(e *ecs.Envelope) { d.waiting.Hold(e) }
