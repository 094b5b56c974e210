package ecs

// Life returns a node's life, the zero Life if it has died.
func (w *World) Life(n Node) Life {
	if n.IsGroup() {
		return Life{Status: Up}
	}
	p := w.programs[n.Program()]
	if row, ok := p.row(n); ok {
		return p.life.data[row]
	}
	return Life{}
}

// SetStatus moves a node to another status. A node that starts (Up from Down or
// Crashed) has a new incarnation; one that pauses or resumes keeps its own.
func (w *World) SetStatus(n Node, s Status, exit uint8) {
	p, row := w.locate(n)
	l := &p.life.data[row]
	was := l.Status
	if was == s {
		return
	}
	w.mark(p, row)
	if was == Up {
		p.up--
	}
	if s == Up {
		p.up++
		if was != Paused {
			l.Incarnation++
			l.Started = w.tick
		}
	}
	l.Status, l.Exit = s, exit
	p.allUp = p.up == p.lifeTable.rows
	w.batch.exited = true
	w.Fold(6, uint64(n), uint64(s)|uint64(exit)<<8)
}

// Forget takes a node's state back to its birth, but for durable fields: what a
// crash does.
func (w *World) Forget(n Node) {
	p, row := w.locate(n)
	p.forget(w, row)
}

// Wipe takes all of a node's state back to its birth, durable fields too: what the
// loss of a disk does.
func (w *World) Wipe(n Node) {
	p, row := w.locate(n)
	p.wipe(w, row)
}

// Row returns where a node lies in its program's columns, or false if it has
// died.
func (w *World) Row(n Node) (int, bool) {
	row, ok := w.programs[n.Program()].row(n)
	return int(row), ok
}

// NodeAt returns who lies at a row of a program, the zero Node if it is free.
func (w *World) NodeAt(id ProgramID, row int) Node {
	p := w.programs[id]
	if p.life.data[row].Status == Absent {
		return 0
	}
	return p.node(uint32(row))
}

// NodeOfRow returns who lies at a row, or lay there last.
func (w *World) NodeOfRow(id ProgramID, row int) Node { return w.programs[id].node(uint32(row)) }

// LifeAt returns the life at a row of a program, for reading.
func (w *World) LifeAt(id ProgramID, row int) *Life { return &w.programs[id].life.data[row] }

// AllUp reports whether every row of a program is a node that is up.
func (w *World) AllUp(id ProgramID) bool { return w.programs[id].allUp }

// BoxedOf returns who holds a program's boxed state, nil if it has none: for
// looking at.
func (w *World) BoxedOf(id ProgramID) Boxed { return w.programs[id].boxed }

// ProgramRows returns how many rows a program has, free ones included.
func (w *World) ProgramRows(id ProgramID) int { return w.programs[id].lifeTable.rows }

// Programs returns the number of programs, groups included.
func (w *World) Programs() int { return len(w.programs) }

// ProgramName returns what a program was declared as.
func (w *World) ProgramName(id ProgramID) string { return w.programs[id].schema.Name }

// ProgramNamed finds a program.
func (w *World) ProgramNamed(name string) (ProgramID, bool) {
	for _, p := range w.programs {
		if p.schema.Name == name {
			return p.id, true
		}
	}
	return 0, false
}

// Exited reports whether a node changed status since the batch was handed out:
// whoever hands its events out one at a time asks [Batch.Up] then.
func (b *Batch) Exited() bool { return b.exited }

// Up reports whether the node of the i-th event is up now.
func (b *Batch) Up(i int) bool { return b.program.life.data[b.Rows[i]].Status == Up }

// Life returns the life of the node of the i-th event.
func (b *Batch) Life(i int) *Life { return &b.program.life.data[b.Rows[i]] }
