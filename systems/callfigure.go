package systems

import "orrery/ecs"

// callFigures are how calls of each service ended, and how long those took that
// ended with a value: a row for each known name, as measures are kept. They
// stand outside the digest.
type callFigures struct {
	ended *ecs.Rows[endedRow]
	took  spreads
	last  uint64 // the service that was counted last, and
	row   int    // its row: mostly the next is the same
}

// MaxFigured is of how many services, of those whose names came up first, the
// ends of calls are kept apart: each takes some 30 KiB.
const MaxFigured = 1000

type endedRow struct{ By [reasons]uint64 }

func newCallFigures(w *ecs.World) callFigures {
	f := callFigures{ended: ecs.NewRows[endedRow](w, "service.ended"), took: newSpreads(w, "service.took"), row: -1}
	f.ended.Table().OutsideDigest()
	return f
}

// countEnd counts the end of a call of a service that has a name.
func (s *Services) countEnd(service uint64, why Reason, took ecs.Nanoseconds) {
	f := &s.figures
	if f.row < 0 || f.last != service {
		i := s.known.index.find(service, 0)
		if i < 0 || i >= MaxFigured {
			return
		}
		for f.ended.Len() <= i {
			f.ended.Add(endedRow{})
			f.took.add()
		}
		f.last, f.row = service, i
	}
	f.ended.Edit(f.row).By[why]++
	if why == NoReason {
		f.took.record(f.row, int64(took))
	}
}

// rebuild forgets a row that a restore may have taken away.
func (f *callFigures) rebuild() { f.row = -1 }
