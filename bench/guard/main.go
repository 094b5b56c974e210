// Command guard runs one short fixed workload, so that its instructions can be
// counted: see bench/guard.sh.
package main

import (
	"fmt"
	"os"
	"slices"

	"orrery/bench"
	"orrery/ecs"
	"orrery/scheduler"
)

type workload struct {
	name  string
	run   func() *scheduler.Run
	until ecs.Tick
}

var workloads = []workload{
	{"phold-columns", func() *scheduler.Run { return bench.Coarse(1000).Columns(ecs.Config{}) }, 3000},
	{"phold-columns-100k", func() *scheduler.Run { return bench.Uniform(100_000).Columns(ecs.Config{Envelopes: 100_000}) }, 40},
	{"phold-calls", func() *scheduler.Run { return bench.Coarse(1000).Calls(ecs.Config{}) }, 3000},
	{"phold-far", func() *scheduler.Run { return bench.Fine(1000).Columns(ecs.Config{}) }, 60_000},
	{"ring-links", func() *scheduler.Run { return bench.Ring(1000) }, 150_000},
	{"recurring", func() *scheduler.Run { return bench.Beats(10_000) }, 150},
}

func main() {
	if len(os.Args) == 1 {
		for _, w := range workloads {
			fmt.Println(w.name)
		}
		return
	}
	i := slices.IndexFunc(workloads, func(w workload) bool { return w.name == os.Args[1] })
	if i < 0 {
		fmt.Fprintf(os.Stderr, "guard: no workload %q\n", os.Args[1])
		os.Exit(2)
	}
	run := workloads[i].run()
	if err := run.RunUntil(workloads[i].until); err != nil {
		fmt.Fprintln(os.Stderr, "guard:", err)
		os.Exit(1)
	}
	fmt.Printf("%d delivered, digest %x\n", run.World.Counts().Delivered, run.End().Digest)
}
