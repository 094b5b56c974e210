package publish

import (
	"encoding/binary"
	"fmt"
	"testing"

	"orrery/ecs"
	"orrery/netsync"
)

// A row of .services is how things stand with a service, and how calls of it have
// ended, and how long those took that got a value.
func TestRowsOfServices(t *testing.T) {
	s := loaded(t, `
def work(me, x):
    return x

def done(me, reply):
    pass

def ask(me):
    for i in range(5):
        me.call("work", i, then = done, timeout = "1s")

worker = program(provides = {"work": serve(work, time = "10ms", slots = 1, queue = 2), "idle": work})
w = nodes("w", 2, worker)
n = nodes("n", 1, program(on_start = ask))
network(w + n, latency = "1ms")
run(until = "50ms")
`)
	from := &serviceSource{services: s.Run.Services}
	for _, at := range []struct {
		tick int
		want string
	}{{5, "[[2 2] [3 0] [1 0] [2 0] [0 0] [2 0] [0 0] [0 0] [0 0] [0 0] [0 0] [0 0] [2 0] [0 0] [0 0] [0 0] [0 0] [0 0] [0 0]]"}, {50, "[[2 2] [0 0] [0 0] [0 0] [3 0] [2 0] [3 0] [0 0] [0 0] [0 0] [0 0] [0 0] [2 0] [0 0] [0 0] [0 0] [22020095 0] [32000000 0] [32000000 0]]"}} {
		if err := s.Run.RunUntil(ecs.Tick(at.tick)); err != nil {
			t.Fatal(err)
		}
		from.keys(s.Run.World)
		im := &netsync.Image{Columns: make([][]byte, len(from.columns()))}
		im.Resize(from.columns(), from.known)
		from.fill(s.Run.World, im.Columns, 0)
		var got [][]uint64
		for _, c := range im.Columns {
			var column []uint64
			for ; len(c) >= 8; c = c[8:] {
				column = append(column, binary.LittleEndian.Uint64(c))
			}
			got = append(got, column)
		}
		if text := fmt.Sprint(got); text != at.want {
			t.Errorf("at tick %d services are %s, want %s", at.tick, text, at.want)
		}
	}
}
