package trace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"orrery/ecs"
	"orrery/scheduler"
)

// Begin returns the tick at which the recording began: -1 for a run from its
// start, and else that of the snapshot it goes on from.
func (f *File) Begin() ecs.Tick {
	about, err := f.Metadata("run")
	if err != nil {
		return -1
	}
	t, err := strconv.ParseInt(about["begin"], 10, 64)
	if err != nil {
		return -1
	}
	return ecs.Tick(t)
}

// Comparable refuses a trace of another engine: its digests are not ours.
func (f *File) Comparable() error {
	about, err := f.Metadata("run")
	if err != nil {
		return err
	}
	if about["engine"] != fmt.Sprint(scheduler.Revision) {
		return &RevisionError{"engine", about["engine"], scheduler.Revision}
	}
	return nil
}

// Digest is the digest at the end of a tick.
type Digest struct {
	Tick   ecs.Tick
	Digest ecs.Digest
}

// EachDigest calls do with the digests after a tick, in order.
func (f *File) EachDigest(run *scheduler.Run, after ecs.Tick, do func(d Digest) error) error {
	return f.Each(Digests, uint64(max(0, run.World.Time(after+1))), 0, func(m *Entry) error {
		frame, err := ParseFrame(m.Data)
		if err != nil {
			return err
		}
		ticks, sums := frame.Column("tick"), frame.Column("digest")
		if len(ticks) != len(sums) {
			return errors.New("a frame of digests has not as many as ticks")
		}
		for ; len(ticks) >= 8; ticks, sums = ticks[8:], sums[8:] {
			d := Digest{ecs.Tick(binary.LittleEndian.Uint64(ticks)), ecs.Digest(binary.LittleEndian.Uint64(sums))}
			if d.Tick <= after {
				continue
			}
			if err := do(d); err != nil {
				return err
			}
		}
		return nil
	})
}

// Moments returns the ticks of the trace's snapshots.
func (f *File) Moments(run *scheduler.Run) []ecs.Tick {
	var all []ecs.Tick
	for i := range f.chunks {
		if c := &f.chunks[i]; f.isSnapshot(c) {
			all = append(all, f.tickOf(run, c))
		}
	}
	return all
}

func (f *File) isSnapshot(c *chunkEntry) bool {
	return len(c.indexes) == 1 && f.topics[c.indexes[0].channel] == Snapshots
}

// tickOf returns the tick of a snapshot by its log time.
func (f *File) tickOf(run *scheduler.Run, c *chunkEntry) ecs.Tick {
	return ecs.Tick(min(c.start, 1<<62) / uint64(run.World.Config().TickLength))
}

// Restore takes a run that was made anew to the latest snapshot at or before a
// tick, or leaves it at its start if there is none; it returns the tick. What
// is damaged is passed over for an earlier one.
func (f *File) Restore(run *scheduler.Run, t ecs.Tick) (ecs.Tick, error) {
	if err := f.Comparable(); err != nil {
		return 0, err
	}
	if err := f.Give(run); err != nil {
		return 0, err
	}
	for i := len(f.chunks) - 1; i >= 0; i-- {
		c := &f.chunks[i]
		if !f.isSnapshot(c) || f.tickOf(run, c) > t {
			continue
		}
		err := f.restoreChunk(run, c)
		if err == nil {
			return run.World.Tick(), nil
		}
		f.damage(fmt.Errorf("the snapshot at byte %d: %w", c.offset, err))
	}
	if begin := f.Begin(); run.World.Tick() < begin {
		return 0, fmt.Errorf("the trace begins at tick %d with a snapshot, and it has none that can be read: %w", begin, errors.Join(f.damaged...))
	}
	return run.World.Tick(), nil
}

func (f *File) restoreChunk(run *scheduler.Run, c *chunkEntry) (err error) {
	records, err := f.chunk(c)
	if err != nil {
		return err
	}
	return f.inChunk(records, Snapshots, 0, 1<<63, func(m *Entry) error { return f.restore(run, m.Data) })
}

// InconsistentError says that what a trace has as a run's state is none, though
// its sums fit: somebody made it up.
type InconsistentError struct{ Cause any }

func (e *InconsistentError) Error() string {
	return fmt.Sprintf("it is inconsistent: what it has as a run's state is none: %v", e.Cause)
}

// Guard calls what works on a run that was taken to a snapshot of the trace, or
// given its commands. That a snapshot's bytes are the world's is checked when they
// are read; what systems make of their tables is not, nor whether a command can
// be meant, so that a panic after either is the trace's fault, and one without is
// ours.
func (f *File) Guard(do func() error) (err error) {
	defer func() {
		cause := recover()
		switch {
		case cause == nil:
		case !f.trusted:
			panic(cause)
		default:
			err = &InconsistentError{cause}
		}
	}()
	return do()
}

// restore takes a run to a snapshot's bytes.
func (f *File) restore(run *scheduler.Run, b []byte) error {
	f.trusted = true
	return f.Guard(func() error {
		var s ecs.Snapshot
		if err := run.World.DecodeSnapshot(b, &s); err != nil {
			return err
		}
		return run.Restore(&s)
	})
}

// Replay runs a run that was made anew up to a tick, and holds it against the
// trace: every digest there is, from the latest snapshot before from on. It
// returns how many it was held against; an error is a [Mismatch] if they
// differ.
func (f *File) Replay(run *scheduler.Run, from, until ecs.Tick) (verified int, err error) {
	return f.Play(run, from, until, func(ecs.Tick) error { return nil })
}

// Play is Replay for who looks at it on the way: before is called with each tick
// that is next, and with the last, and may let the time before it pass. An error
// of it ends the replay.
func (f *File) Play(run *scheduler.Run, from, until ecs.Tick, before func(next ecs.Tick) error) (verified int, err error) {
	err = f.Guard(func() error {
		verified, err = f.play(run, from, until, before)
		return err
	})
	return verified, err
}

func (f *File) play(run *scheduler.Run, from, until ecs.Tick, before func(next ecs.Tick) error) (verified int, err error) {
	at, err := f.Restore(run, from)
	if err != nil {
		return 0, err
	}
	passed := f.passed
	err = f.EachDigest(run, at, func(d Digest) error {
		if d.Tick > until {
			return ErrStop
		}
		if err := before(d.Tick); err != nil {
			return err
		}
		if f.passed > passed { // digests before this one could not be read
			passed = f.passed
			if err := run.RunUntil(d.Tick - 1); err != nil {
				return err
			}
		}
		if m, err := follow(run, d); m != nil || err != nil {
			if m != nil && f.lost {
				err = fmt.Errorf("from tick %d on it cannot be verified: what came from outside was in a part of it that is damaged", d.Tick)
			} else if m != nil {
				err = m
			}
			return err
		}
		verified++
		return nil
	})
	if err != nil {
		return verified, err
	}
	end := min(until, max(f.last(run), run.World.Tick()))
	if err := before(end); err != nil {
		return verified, err
	}
	return verified, run.RunUntil(end)
}

// last returns the tick up to which the trace goes.
func (f *File) last(run *scheduler.Run) ecs.Tick {
	if end, err := f.Metadata("end"); err == nil {
		if t, err := strconv.ParseInt(end["tick"], 10, 64); err == nil {
			return ecs.Tick(t)
		}
	}
	_, to := f.Span()
	return ecs.Tick(to / uint64(run.World.Config().TickLength))
}

// Last returns the tick up to which the trace goes.
func (f *File) Last(run *scheduler.Run) ecs.Tick { return f.last(run) }

// follow runs to a tick that the trace has a digest of.
func follow(run *scheduler.Run, d Digest) (*Mismatch, error) {
	if next := run.Next(); next != d.Tick {
		t := min(next, d.Tick)
		if next < d.Tick {
			return &Mismatch{Tick: t, Want: "nothing due", Got: "something"}, nil
		}
		return &Mismatch{Tick: t, Want: "something due", Got: "nothing"}, nil
	}
	if _, err := run.Step(); err != nil { // the trace's went on
		return &Mismatch{Tick: d.Tick, Want: fmt.Sprintf("digest %016x", uint64(d.Digest)), Got: "a failure: " + err.Error()}, nil
	}
	if got := run.World.Digest(); got != d.Digest {
		return &Mismatch{Tick: d.Tick, Want: fmt.Sprintf("digest %016x", uint64(d.Digest)), Got: fmt.Sprintf("%016x", uint64(got))}, nil
	}
	return nil, nil
}

// Verify replays a run that was made anew against a whole trace, its end too.
func Verify(f *File, run *scheduler.Run) (verified int, err error) {
	verified, err = f.Replay(run, f.Begin(), f.last(run))
	if err != nil {
		return verified, errors.Join(err, errors.Join(f.damaged...))
	}
	return f.End(run, verified)
}

// End ends a run that was replayed to the trace's last tick, and holds the end
// against the trace's.
func (f *File) End(run *scheduler.Run, verified int) (int, error) {
	if len(f.damaged) > 0 {
		return verified, errors.Join(f.damaged...)
	}
	end, missing := f.Metadata("end")
	if missing != nil {
		return verified, nil // cut: what there was is verified
	}
	s := run.End()
	if got := fmt.Sprintf("%016x", uint64(s.Digest)); got != end["digest"] {
		return verified, &Mismatch{Tick: s.Tick, Want: "the final digest " + end["digest"], Got: got}
	}
	return verified + 1, run.Failed()
}
