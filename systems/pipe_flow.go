package systems

import "orrery/ecs"

// flowRow is a pipe from one source to one target. Each end learns of the
// other's part by envelopes alone, but for a figure: when an item was pushed.
//
// What every item needs at both ends lies in the first half, a line of the cache;
// what acknowledgements need, and there are fewer, in the second. Positions are
// counts from the last item pushed or received, which makes them fit.
type flowRow struct {
	From, To ecs.Node
	Ring     int32 // of the items kept; one more than its first row, 0: none
	Ahead    int32 // items that came before others, in order: one more than a row
	Pipe     Pipe
	Log      uint8 // of the ring's size
	Owed     uint8 // items since the target has acknowledged
	Bytes    bool  // an item that is kept may be bytes
	Again    bool  // or was sent again
	Timing   bool  // the way there and back of one is being timed
	Doubts   doubts
	Kept     uint32   // items pushed that the target is not known to have pulled
	Waiting  uint32   // items that the target has, without a gap, and has not pulled
	Next     uint64   // number of the last item pushed
	Received uint64   // up to which the target has all
	Last     ecs.Tick // when the source has pushed last
	Recent   uint64   // when it has pushed the last items; see pushing

	Acked    uint64   // up to which the target has all, as far as the source knows
	Resend   ecs.Tick // when something is sent again; 0: nothing is kept
	AckDue   ecs.Tick // when the target acknowledges; 0: there is nothing to say
	Pace     int32    // row of its link, if that has a queue; one more than it, 0: it has none
	Unsent   uint32   // items pushed that wait for room there
	Timed    uint32   // end of the number of the item that is being timed
	RTT      int32    // 8 times the smoothed time there and back, in units; 0: not known
	RTTVar   int32    // 4 times its variation
	Seen     uint32   // which of the items after Acked the target has too, as far as it has said
	AheadEnd int32
	FromEnd  int32 // rows of ends
	ToEnd    int32
	Session  uint16 // incarnation of the target that was heard of last
	Backoff  uint8
	Scale    uint8 // a unit is so many times doubled a tick
}

// base returns the item up to which the target has pulled, as far as the source
// knows.
func (f *flowRow) base() uint64 { return f.Next - uint64(f.Kept) }

// taken returns the item up to which the target has pulled.
func (f *flowRow) taken() uint64 { return f.Received - uint64(f.Waiting) }

// timed returns the item that is being timed, 0 for none.
func (f *flowRow) timed() uint64 {
	if !f.Timing {
		return 0
	}
	return numbered(uint64(f.Timed), f.Next)
}

const (
	// recentGap is how many ticks may lie between two items that follow each
	// other, if when the first was pushed is to be told from Recent: then eight
	// are within the 128 that seven bits tell apart.
	recentGap = 16
	recentBit = 1 << 7 // of a byte of Recent that says something
)

// pushing counts an item that is pushed. Recent has a byte for each of the last
// eight, the latest lowest: the low bits of its tick. It spares who pulls a look
// at the ring, which is a miss of the cache.
func (f *flowRow) pushing(now ecs.Tick) {
	if now-f.Last >= recentGap {
		f.Recent = 0
	}
	f.Recent = f.Recent<<8 | recentBit | uint64(now)&(recentBit-1)
	f.Last = now
	f.Next++
	f.Kept++
}

// pushedAt returns when an item that is kept was pushed.
func (p *Pipes) pushedAt(f *flowRow, seq uint64) ecs.Tick {
	if t := uint8(f.Recent >> (8 * (f.Next - seq))); t != 0 {
		return f.Last - ecs.Tick((uint8(f.Last)-t)&(recentBit-1))
	}
	return p.rings.At(f.slot(seq)).Pushed
}
