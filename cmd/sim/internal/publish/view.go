package publish

import (
	"orrery/ecs"
	"orrery/netsync"
	"orrery/netsync/zmq"
)

// A view is rows of the world that are exported as a table of the hub. Its
// source is read by the simulation's thread, its table belongs to the hub.
type view struct {
	table  *netsync.Table
	source source
	unused *netsync.Image
	asked  zmq.ID // the client that did; 0: the scenario exports it
	said   bool   // that it cannot be published
	epoch  uint64 // in which the source was asked last; the simulation thread's
	// filled has the images of these rows, and when they were; the simulation
	// thread's. Looked up only.
	filled map[*netsync.Image]ecs.Reading
}

// mostFilled bounds the images that are known: some are in use, and some the
// hub may have let go of.
const mostFilled = 8

// forget has everything copied again: the rows are others, or the world is.
func (v *view) forget() { v.filled = nil }

// fill brings an image up to date, by what has changed since it was last.
func (v *view) fill(w *ecs.World, im *netsync.Image, now ecs.Reading) {
	v.source.fill(w, im.Columns, v.filled[im])
	if v.filled == nil || len(v.filled) >= mostFilled {
		v.filled = map[*netsync.Image]ecs.Reading{}
	}
	v.filled[im] = now
}

// blank returns an image to fill.
func (v *view) blank() *netsync.Image {
	if im := v.unused; im != nil {
		v.unused = nil
		return im
	}
	return v.table.Image()
}

// publish begins to publish what was filled, unless the world has stood still.
func (v *view) publish(now netsync.Nanos, im *netsync.Image) (*netsync.Publication, error) {
	if v.table.Has(im.Tick) {
		v.unused = im
		return nil, nil
	}
	return v.table.Begin(now, im)
}

func (v *view) rename(keys []string, tick ecs.Tick) {
	v.table.SetKeys(keys, tick)
	v.unused = nil
}

// A source fills images of one table.
type source interface {
	// columns are what there is; they do not change.
	columns() []netsync.Column
	// keys returns what the rows are called, and whether that has changed since
	// it was asked last.
	keys(w *ecs.World) (names []string, changed bool)
	// forget has keys look again: the world is at another moment.
	forget()
	// fill copies the rows into columns that are long enough, and have what the
	// rows were at a reading of the world.
	fill(w *ecs.World, columns [][]byte, since ecs.Reading)
}
