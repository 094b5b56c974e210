package netsync_test

import (
	"encoding/binary"
	"fmt"
	"math"

	"orrery/ecs"
	"orrery/netsync"
)

// A table of two nodes is published, and a viewer keeps a replica of it.
func Example() {
	hub, err := netsync.NewHub(netsync.Config{Run: "example"})
	if err != nil {
		fmt.Println(err)
		return
	}
	table, err := hub.Table("client", []netsync.Column{{Name: "load", Type: ecs.Float64}}, netsync.Rate{})
	if err != nil {
		fmt.Println(err)
		return
	}
	table.SetKeys([]string{"client[0]", "client[1]"}, 0)

	viewer, _ := hub.Join()
	if err := viewer.Subscribe("columns/"); err != nil {
		fmt.Println(err)
		return
	}
	replica := netsync.NewReplica("columns/client")
	for tick := range ecs.Tick(3) {
		now := netsync.Nanos(tick) * netsync.Second / 30
		for _, due := range hub.Due(now, tick, nil) {
			image := due.Image()
			image.Tick = tick
			binary.LittleEndian.PutUint64(image.Columns[0][8:], math.Float64bits(0.5*float64(tick)))
			if err := due.Publish(now, image); err != nil {
				fmt.Println(err)
			}
		}
		for frame, ok := viewer.Next(); ok; frame, ok = viewer.Next() {
			verdict, _ := replica.Apply(frame)
			load := math.Float64frombits(binary.LittleEndian.Uint64(replica.Values("load")[8:]))
			fmt.Println(verdict, replica.Tick(), load)
		}
	}
	// Output:
	// applied 0 0
	// applied 1 0.5
	// applied 2 1
}
