package systems

import (
	"fmt"

	"orrery/ecs"
)

// Groups are who is in which group while a run is under way. A group is a node
// whose members lie in rows of the world: what is sent to it, and what is done
// to it, is so to each that is in it at that time.
//
// A handler's joins and leaves are carried out at the end of the tick: in one
// tick all nodes see the same members, and from the next tick on the new ones.
// Membership is the group's, not the node's: no crash and no exit ends it. One
// that dies for good leaves all groups: nobody else has its number.
//
// What is linked with a group is linked with each member, and with each node
// that joins later. A node that leaves keeps its links: a reply that it owes
// finds its way, and who wants them cut says so.
type Groups struct {
	world *ecs.World
	links *Links
	asked []joining
}

// joining is a join or a leave that a handler asked for in the tick under way.
type joining struct {
	group, member ecs.Node
	leaves        bool
}

// NewGroups wires groups to the links that those who join are given.
func NewGroups(w *ecs.World, l *Links) *Groups { return &Groups{world: w, links: l} }

// Join has a node, or a group, join a group now, for building a world and for
// the input phase. A handler asks for it by [Me.Join], or [Groups.AskJoin].
func (g *Groups) Join(group, member ecs.Node) {
	g.world.Join(group, member)
	g.links.movers.add(member)
	g.links.joined(member)
}

// Leave has a node, or a group, leave a group now.
func (g *Groups) Leave(group, member ecs.Node) {
	g.links.movers.add(member)
	g.world.Leave(group, member)
}

// AskJoin has a node join a group at the end of the tick under way.
func (g *Groups) AskJoin(group, member ecs.Node) { g.ask(joining{group, member, false}) }

// AskLeave has a node leave a group at the end of the tick under way.
func (g *Groups) AskLeave(group, member ecs.Node) { g.ask(joining{group, member, true}) }

func (g *Groups) ask(j joining) {
	if !j.group.IsGroup() {
		panic(fmt.Sprintf("systems: %s was to join or leave %s, which is no group; groups are made with World.Group", g.world.NodeName(j.member), g.world.NodeName(j.group)))
	}
	g.asked = append(g.asked, j)
}

// Settle carries out the tick's joins and leaves, in the order in which they
// were asked for. Who has died in this tick joins nothing.
func (g *Groups) Settle() {
	if len(g.asked) > 0 {
		g.settle()
	}
}

func (g *Groups) settle() {
	for _, j := range g.asked {
		switch {
		case j.leaves:
			g.Leave(j.group, j.member)
		case j.member.IsGroup() || g.world.Life(j.member).Status != ecs.Absent:
			g.Join(j.group, j.member)
		}
	}
	g.asked = g.asked[:0]
}

// rebuild forgets a tick that a restore has undone.
func (g *Groups) rebuild() { g.asked = g.asked[:0] }

// Join has the node join a group at the end of the tick. One that is in it
// already stays once.
func (m *Me) Join(group ecs.Node) { m.set.Groups.AskJoin(group, m.Self()) }

// Leave has the node leave a group at the end of the tick, if it is in it by
// itself: a group within it, it does not leave.
func (m *Me) Leave(group ecs.Node) { m.set.Groups.AskLeave(group, m.Self()) }
