package ecs

import "orrery/ecs/random"

// Everyone is whom something is sent to that goes to whoever takes it: a send
// to it is given to [Fans], in the order of sends.
const Everyone = Node(ordinalMask)

// Fans is who deals with what is sent to [Everyone]. It puts into flight one
// envelope, a fan, for all who take the same thing in the same tick, and makes
// an envelope for each of them when it is due: package systems implements it.
type Fans interface {
	// Publish is given what was sent to Everyone. Its payload is the world's:
	// it is freed afterwards.
	Publish(e *Envelope)
	// Due is given a fan that has come due; [World.Hand] hands out what it makes
	// of it.
	Due(e *Envelope, h Handler)
}

// SetFans says who deals with what is sent to [Everyone].
func (w *World) SetFans(f Fans) { w.fans = f }

// FanOf is the target of fans for nodes of a program.
func FanOf(p ProgramID) Node { return makeNode(p, 0) }

// IsFan reports whether an envelope is for several nodes of a program.
func (e *Envelope) IsFan() bool { return e.To.Ordinal() == 0 && e.To != 0 }

// MakeEnvelope returns an envelope of an identity, without a payload.
func MakeEnvelope(to, from Node, id EnvelopeID, k Kind) Envelope {
	return Envelope{To: to, From: from, tag: uint64(id)<<idShift | uint64(k)}
}

// Fanned returns what one node is given of a fan: its identity derives from the
// fan's and a number that only this node has, so that who else is given it
// changes nothing.
func (e *Envelope) Fanned(to Node, own, b uint64) Envelope {
	return Envelope{To: to, From: e.From, tag: random.Mix(uint64(e.ID())^own)&^flagsMask | e.tag&flagsMask, A: e.A, B: b}
}

// PostFan puts a fan in flight, whose payload is bytes: it counts as a number of
// envelopes sent.
func (w *World) PostFan(e *Envelope, payload []byte, due Tick, count int) {
	w.WithBytes(e, payload)
	w.digest.add(hashEnvelope(e, due))
	w.watchSent(e, due)
	w.wheel.push(e, due)
	w.counts.Sent += uint64(count)
	if w.wheel.count > w.config.MaxEnvelopes {
		w.tooMany(w.NodeName(e.From))
	}
}

// LoseFanned counts what some that a fan was for are not given, and folds how
// many they are.
func (w *World) LoseFanned(e *Envelope, c Cause, count int) {
	w.digest.add(random.Mix(uint64(e.ID())^k3) + uint64(c)<<32 + uint64(count))
	w.counts.Sent += uint64(count)
	w.counts.Dropped[c] += uint64(count)
	w.watchDropped(e, c)
}

// DropFanned counts what some that a fan was for are not given when it is due.
func (w *World) DropFanned(c Cause, count int) { w.counts.Dropped[c] += uint64(count) }

// Hand hands envelopes to nodes of a program that are up, one batch of at most
// [Config.BatchLength]. Payloads stay as they are unless release.
func (w *World) Hand(id ProgramID, run []Envelope, rows []uint32, h Handler, release bool) {
	flags := uint64(0)
	if release {
		flags = slabFlag
	}
	w.digest.deliveries += len(run)
	w.handBatch(w.programs[id], run, rows, flags, h)
}

// Place returns where a node of a program lies, and its life; nil if it has died.
func (w *World) Place(id ProgramID, n Node) (uint32, *Life) {
	p := w.programs[id]
	row, ok := p.row(n)
	if !ok || int(row) >= len(p.life.data) {
		return 0, nil
	}
	return row, &p.life.data[row]
}

// FirstRows returns the node at row 0 of a program and of how many that follow
// the row is by how much the number is higher: of all, until one has died, and
// then of none.
func (w *World) FirstRows(id ProgramID) (first Node, rows uint32) {
	p := w.programs[id]
	if p.rowOf != nil {
		return 0, 0
	}
	return makeNode(id, 1), uint32(p.lifeTable.rows)
}

// NameHash returns the hash of a live node's name, 0 if it has died.
func (w *World) NameHash(n Node) uint64 {
	if _, life := w.Place(n.Program(), n); life != nil {
		return life.Name
	}
	return 0
}

// Share adds a holder to the payload of an envelope.
func (w *World) Share(e *Envelope) {
	if e.tag&slabFlag != 0 {
		w.slab.share(e.A)
	}
}

// Unshare drops a holder of the payload of an envelope.
func (w *World) Unshare(e *Envelope) {
	if e.tag&slabFlag != 0 {
		w.slab.release(e.A)
	}
}

func (w *World) publish(e *Envelope) {
	if w.fans == nil {
		panic("ecs: something was sent to everyone, and nobody deals with it; see SetFans")
	}
	p := &w.scratch.published // e stays on its sender's stack
	*p = *e
	w.fans.Publish(p)
	w.Unshare(p)
}
