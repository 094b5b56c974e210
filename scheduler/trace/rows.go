package trace

import (
	"encoding/binary"

	"orrery/ecs"
)

// rows are hashes of ticks, as columns that are in no message yet.
type rows struct {
	names   []string
	columns [][]byte // the tick first
	last    ecs.Tick
}

func newRows(names ...string) rows {
	return rows{names: names, columns: make([][]byte, len(names)+1)}
}

func (r *rows) len() int { return len(r.columns[0]) / 8 }

// add adds a tick's row, if it has as many values as there are columns.
func (r *rows) add(t ecs.Tick, values ...uint64) {
	if len(values) != len(r.names) {
		return
	}
	r.last = t
	r.columns[0] = binary.LittleEndian.AppendUint64(r.columns[0], uint64(t))
	for i, v := range values {
		r.columns[i+1] = binary.LittleEndian.AppendUint64(r.columns[i+1], v)
	}
}

func (r *rows) frame() []byte {
	f := Frame{Version: Revision, Kind: keyframe, Rows: r.len(), Tick: ecs.Tick(binary.LittleEndian.Uint64(r.columns[0]))}
	f.Columns = append(f.Columns, FrameCell{Name: "tick", Type: "int64"})
	for _, name := range r.names {
		f.Columns = append(f.Columns, FrameCell{Name: name, Type: "uint64"})
	}
	return appendFrame(nil, &f, r.columns)
}

func (r *rows) clear() {
	for i := range r.columns {
		r.columns[i] = r.columns[i][:0]
	}
}
