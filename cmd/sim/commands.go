package main

import (
	"fmt"

	"orrery/cmd/sim/internal/publish"
	"orrery/ecs"
	"orrery/netsync"
	"orrery/scheduler"
	"orrery/systems"
)

// carryOut does what a client has asked for, at the boundary of a tick.
func (l *live) carryOut(e *edge, d *driver, c *publish.Command) {
	var result any
	var failed *netsync.Error
	at := d.run.World.Tick()
	switch c.Do {
	case netsync.DoExport:
		var topics []string
		topics, failed = l.station.Export(c, func(ecs.Node) []string { return nil })
		result = map[string]any{"topics": topics}
	case netsync.DoUnexport:
		failed = l.station.Unexport(c.Topic)
	case netsync.DoPause:
		l.paused, l.steps = true, 0
	case netsync.DoResume:
		l.paused, l.steps = false, 0
		failed = l.setPace(e, d, l.pace)
	case netsync.DoStep:
		l.paused, l.steps = true, max(0, at)+ecs.Tick(c.Ticks)
	case netsync.DoPace:
		failed = l.setPace(e, d, *c.Pace)
	case netsync.DoFault:
		at, failed = fault(d.run, &c.Request)
	default:
		failed = publish.Refuse(netsync.CodeRefused, fmt.Sprintf("%s is not built yet", c.Do), "send the node a message from the scenario: at(…, send(…))")
	}
	c.Done(at, result, failed)
}

// setPace sets the pace from now on; 0 is as fast as it goes.
func (l *live) setPace(e *edge, d *driver, pace float64) *netsync.Error {
	if pace == 0 {
		l.pace, d.pacer = 0, nil
		return nil
	}
	p, err := scheduler.NewPacer(pace, d.run.World.Config().TickLength, ecs.Nanoseconds(e.now()), max(0, d.run.World.Tick()))
	if err != nil {
		return publish.Refuse(netsync.CodeRange, err.Error(), "1 is in step with the clock")
	}
	l.pace, d.pacer = pace, p
	return nil
}

// verbs are the faults that a client may ask for.
var verbs = map[string]systems.Verb{
	"crash": systems.Crash, "restart": systems.Start, "start": systems.Start, "stop": systems.Stop,
	"pause": systems.Pause, "resume": systems.Resume, "cut": systems.CutOff, "heal": systems.Heal,
}

// fault has a fault take effect at the next tick, as a command: the trace has
// it, so that the run replays without its viewers.
func fault(run *scheduler.Run, r *netsync.Request) (ecs.Tick, *netsync.Error) {
	verb, ok := verbs[r.Fault]
	if !ok {
		return 0, publish.Refuse(netsync.CodeNone, fmt.Sprintf("there is no fault %q from outside", r.Fault), "crash, restart, stop, pause, resume, cut and heal are")
	}
	a := systems.Action{Verb: verb, Down: ecs.Nanoseconds(r.Lasting)}
	near, others := matching(run.World, r.Nodes), matching(run.World, r.Others)
	switch {
	case verb == systems.Heal:
	case len(near) == 0:
		return 0, publish.Refuse(netsync.CodeNone, "no node has such a name", `"nodes" are patterns of names, as store[*]`)
	case verb == systems.CutOff && len(others) == 0:
		return 0, publish.Refuse(netsync.CodeNone, "a cut needs two sides", `give the far side as "others"`)
	case verb == systems.CutOff:
		a.Lists = [][]ecs.Node{near, others}
	default:
		a.Nodes = near
	}
	return run.Command(a), nil
}

// matching are the nodes whose names fit one of the patterns.
func matching(w *ecs.World, patterns []string) []ecs.Node {
	var all []ecs.Node
	for id := ecs.GroupProgram + 1; int(id) < w.Programs() && len(patterns) > 0; id++ {
		for row := range w.ProgramRows(id) {
			if w.LifeAt(id, row).Status == ecs.Absent {
				continue
			}
			n := w.NodeOfRow(id, row)
			for _, p := range patterns {
				if netsync.Match(p, w.NodeName(n)) {
					all = append(all, n)
					break
				}
			}
		}
	}
	return all
}
