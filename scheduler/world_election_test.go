package scheduler_test

import (
	"orrery/ecs"
	"orrery/scheduler"
	"orrery/systems"
)

type role uint32

const (
	follower role = iota
	candidate
	leader
)

type voter struct {
	Term  uint64
	Voted ecs.Node // in this term
	Votes uint32
	Role  role
	Beats uint32
}

const voters = 5

// election is a program that elects leaders, in a lossy network, while nodes
// crash, pause and are cut off from each other.
func election(c ecs.Config) *scheduler.Run {
	run := scheduler.New(c)
	e := &electing{
		ask: run.World.Kind("ask", 8), vote: run.World.Kind("vote", 8), beat: run.World.Kind("beat", 8),
		timeout: run.World.TimerKind("timeout"), patience: run.World.Stream("patience"), elected: run.Measures.Counter("elected"),
	}
	program := systems.AddNode(run.Set, systems.Node[voter]{
		Name: "voter", Durable: []string{"Term", "Voted"},
		Start: func(me *systems.Me, s *voter) { e.wait(me) },
		Stop:  func(me *systems.Me, s *voter) { me.Send(e.all, e.vote, 0, 0) },
		On: []systems.On[voter]{
			{Kind: e.timeout, Do: e.stand}, {Kind: e.ask, Do: e.asked}, {Kind: e.vote, Do: e.voted}, {Kind: e.beat, Do: e.heard},
		},
		Every: []systems.EveryNode[voter]{{Name: "beat", Period: 10 * ms, Do: e.lead}},
	})
	nodes := run.World.Nodes(program, "v", voters)
	e.all = run.World.Group("all", nodes)
	run.Links.Network(nodes, systems.Link{Latency: 2 * ms, Jitter: 6 * ms, Loss: chance(1, 20)})
	electionChecks(run, program)
	electionFaults(run, nodes)
	run.Start(nodes...)
	return run
}

// electing is what the handlers share: numbers, which hold in a fork too.
type electing struct {
	ask, vote, beat, timeout ecs.Kind
	patience                 ecs.Stream
	elected                  systems.Counter
	all                      ecs.Node
}

// wait arms the one timer of a node anew.
func (e *electing) wait(me *systems.Me) {
	draws := me.Draws(e.patience)
	me.AfterKeyed(1, 40*ms+ecs.Nanoseconds(draws.Below(uint64(60*ms))), e.timeout, 0)
}

func (e *electing) stand(me *systems.Me, s *voter, _ *ecs.Envelope) {
	s.Term, s.Role, s.Voted, s.Votes = s.Term+1, candidate, me.Self(), 0
	me.Send(e.all, e.ask, s.Term, 0)
	e.wait(me)
}

// catchUp makes a node a follower in a later term.
func (s *voter) catchUp(term uint64) {
	if term > s.Term {
		s.Term, s.Role, s.Voted = term, follower, 0
	}
}

func (e *electing) asked(me *systems.Me, s *voter, m *ecs.Envelope) {
	s.catchUp(m.A)
	if m.A == s.Term && (s.Voted == 0 || s.Voted == m.From) {
		s.Voted = m.From
		me.Send(m.From, e.vote, s.Term, 0)
		e.wait(me)
	}
}

func (e *electing) voted(me *systems.Me, s *voter, m *ecs.Envelope) {
	if m.A != s.Term || s.Role != candidate {
		return
	}
	if s.Votes++; s.Votes > voters/2 {
		s.Role = leader
		me.Count(e.elected, 1)
		me.Cancel(1)
	}
}

func (e *electing) heard(me *systems.Me, s *voter, m *ecs.Envelope) {
	s.catchUp(m.A)
	if m.A == s.Term && s.Role != leader {
		s.Beats++
		e.wait(me)
	}
}

func (e *electing) lead(me *systems.Me, s *voter) {
	if s.Role == leader {
		me.Send(e.all, e.beat, s.Term, 0)
	}
}

func electionChecks(run *scheduler.Run, program ecs.ProgramID) {
	leaders := func(w *ecs.World) (n int, same bool) {
		column := ecs.Column[voter](w, program)
		for i := range column {
			if column[i].Role != leader {
				continue
			}
			n++
			for k := range column[:i] {
				same = same || column[k].Role == leader && column[k].Term == column[i].Term
			}
		}
		return n, same
	}
	run.Checks.Add(systems.Check{Name: "one leader a term", Kind: systems.NeverHolds, Holds: func(w *ecs.World) bool { _, same := leaders(w); return same }})
	run.Checks.Add(systems.Check{Name: "a leader at last", Kind: systems.EventuallyHolds, After: 900 * ms, Within: 250 * ms,
		Holds: func(w *ecs.World) bool { n, _ := leaders(w); return n == 1 }})
	run.Checks.Add(systems.Check{Name: "two leaders", Kind: systems.SometimesHolds, Every: 5 * ms, Holds: func(w *ecs.World) bool { n, _ := leaders(w); return n > 1 }})
	run.Measures.Series("leaders", 25*ms, func(w *ecs.World) float64 { n, _ := leaders(w); return float64(n) })
}

func electionFaults(run *scheduler.Run, nodes []ecs.Node) {
	minority, majority := run.World.Group("minority", nodes[:2]), run.World.Group("majority", nodes[2:])
	run.At(150, systems.Action{Verb: systems.Crash, Target: nodes[0], Down: 40 * ms}, systems.Action{Verb: systems.Pause, Target: nodes[3]})
	run.At(210, systems.Action{Verb: systems.Resume, Target: nodes[3]})
	run.At(300, systems.Action{Verb: systems.Partition, Sides: []ecs.Node{minority, majority}, InFlight: true})
	run.At(500, systems.Action{Verb: systems.Restart, Target: minority}, systems.Action{Verb: systems.Stop, Target: nodes[4], Code: 3})
	run.At(600, systems.Action{Verb: systems.Heal}, systems.Action{Verb: systems.Start, Target: nodes[4]})
	run.At(700, systems.Action{Verb: systems.CutOff, Target: majority, Other: nodes[0], OneWay: true})
	run.At(720, systems.Action{Verb: systems.Pause, Target: majority})
	run.At(760, systems.Action{Verb: systems.Resume, Target: majority}, systems.Action{Verb: systems.Crash, Target: nodes[2]})
	run.At(800, systems.Action{Verb: systems.Restart, Target: nodes[2]})
	run.At(900, systems.Action{Verb: systems.Heal})
}
