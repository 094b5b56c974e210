package netsync

// A Draft is the complete frame of a topic's state at a moment, which may not be
// written yet: a million rows take tens of milliseconds, and whoever shares the
// hub should not wait for that. Write reads what nobody changes, so it may run
// beside all else, once; all other methods are the hub's.
type Draft struct {
	seq   uint64
	image *Image       // that Write reads; nil: none
	make  func() Frame // nil once it is written
	frame Frame
}

// written returns a draft of a frame that is there.
func written(seq uint64, f Frame) *Draft { return &Draft{seq: seq, frame: f} }

// Write writes the frame.
func (d *Draft) Write() { d.frame = d.make() }

// Lend has the image stay as it is until it is returned: for who writes the
// draft later.
func (d *Draft) Lend() {
	if d.image != nil {
		d.image.lent++
	}
}

// Return ends a Lend, once the draft is written.
func (d *Draft) Return() {
	d.make = nil
	if d.image != nil {
		d.image.lent--
	}
}

// IsWritten reports whether the frame is there.
func (d *Draft) IsWritten() bool { return d.make == nil }

// Frame is the frame that was written.
func (d *Draft) Frame() Frame { return d.frame }

// ready writes the frame here and now, if it is not there.
func (d *Draft) ready() Frame {
	if d.make != nil {
		d.Write()
		d.make = nil
	}
	return d.frame
}

// Given is what a viewer gets next: a frame, which may have to be written.
type Given struct {
	frame  Frame
	draft  *Draft // nil: it is the frame
	missed uint64
}

// Draft is what is to be written before the frame is there; nil if it is.
func (g *Given) Draft() *Draft {
	if g.draft == nil || g.draft.IsWritten() {
		return nil
	}
	return g.draft
}

// Frame is the frame, once it is written. The bytes are shared and not to be
// changed.
func (g *Given) Frame() Frame {
	f := g.frame
	if g.draft != nil {
		f = g.draft.frame
	}
	if g.missed > 0 {
		f.Header = appendMissed(nil, f.Header, g.missed)
	}
	return f
}
