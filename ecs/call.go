package ecs

// Cohort hands rows of a program to a handler without envelopes: nodes whose
// recurring timer fires, or that start or stop. The root stands for what
// happens: draws and sends derive their identity from it, the node's name and
// the tick. The batch's splits are no more visible than those of [World.Deliver].
func (w *World) Cohort(id ProgramID, rows []uint32, root uint64, h func(*Batch)) {
	p := w.programs[id]
	limit := w.config.BatchLength
	for len(rows) > 0 {
		n := min(limit, len(rows))
		w.cohortBatch(p, rows[:n:n], root, h)
		rows = rows[n:]
	}
}

func (w *World) cohortBatch(p *program, rows []uint32, root uint64, h func(*Batch)) {
	if p.state != nil {
		marks, g := p.state.marks, w.generation
		for _, row := range rows {
			marks[row>>pageShift] = g
		}
	}
	w.digest.deliveries += len(rows)
	b := &w.batch
	b.Tick, b.Envelopes, b.Rows, b.Out = w.tick, nil, rows, b.Out[:0]
	b.world, b.program, b.exited, b.At, b.root, b.counted = w, p, false, -1, root, counted{}
	h(b)
}
