package ecs

import (
	"fmt"
	"slices"

	"orrery/ecs/random"
)

// groups are the nodes of program 0: names for several nodes together.
// Groups nest; the members of a group in a group are members.
type groups struct {
	members *Rows[membership]
	lists   [][]Node // by ordinal-1: an index of members, in the order of joining
}

type membership struct {
	Group, Member Node
}

func (w *World) groupProgram() *program {
	p := &program{id: GroupProgram, schema: Schema{Name: "group"}}
	p.lifeTable = &Table{name: "group.life"}
	w.groups.members = NewRows[membership](w, "group")
	return p
}

// Group makes a group of nodes, which is a node: what is sent to it is sent to
// each member.
func (w *World) Group(name string, members []Node) Node {
	p := w.programs[GroupProgram]
	p.births++
	p.names.add(name, p.births, 1, true)
	g := makeNode(GroupProgram, p.births)
	w.groups.lists = append(w.groups.lists, nil)
	for _, m := range members {
		w.Join(g, m)
	}
	return g
}

// Join adds a node to a group; one that is in it already stays once.
func (w *World) Join(g, member Node) {
	w.checkGroup(g)
	if member == g || member.IsGroup() && slices.Contains(w.Members(member), g) {
		panic(fmt.Sprintf("ecs: group %s cannot be in itself", w.NodeName(g)))
	}
	list := &w.groups.lists[g.ordinal()-1]
	if slices.Contains(*list, member) {
		return
	}
	*list = append(*list, member)
	w.groups.members.Add(membership{g, member})
	w.Fold(4, uint64(g), uint64(member))
}

// Leave takes a node out of a group.
func (w *World) Leave(g, member Node) {
	w.checkGroup(g)
	rows := w.groups.members
	i := slices.Index(rows.All(), membership{g, member})
	if i < 0 {
		return
	}
	for ; i+1 < rows.Len(); i++ {
		*rows.Edit(i) = *rows.At(i + 1)
	}
	rows.Truncate(rows.Len() - 1)
	list := &w.groups.lists[g.ordinal()-1]
	*list = slices.Delete(*list, slices.Index(*list, member), slices.Index(*list, member)+1)
	w.Fold(5, uint64(g), uint64(member))
}

func (w *World) checkGroup(g Node) {
	if !g.IsGroup() || int(g.ordinal()) > len(w.groups.lists) {
		panic(fmt.Sprintf("ecs: %s is not a group", w.NodeName(g)))
	}
}

// Members returns the nodes of a group, those of groups within it included,
// each once, in the order of joining. The members of a node are itself.
func (w *World) Members(n Node) []Node {
	if !n.IsGroup() {
		return []Node{n}
	}
	var all []Node
	for _, m := range w.groups.lists[n.ordinal()-1] {
		if !m.IsGroup() {
			all = append(all, m)
			continue
		}
		all = append(all, w.Members(m)...)
	}
	return unique(all)
}

// unique keeps the first of equal nodes.
func unique(list []Node) []Node {
	seen := make(map[Node]bool, len(list))
	kept := list[:0]
	for _, n := range list {
		if !seen[n] {
			seen[n] = true
			kept = append(kept, n)
		}
	}
	return kept
}

// rebuildGroups makes the index again from the rows.
func (w *World) rebuildGroups() {
	w.groups.lists = make([][]Node, w.programs[GroupProgram].births)
	for _, m := range w.groups.members.All() {
		list := &w.groups.lists[m.Group.ordinal()-1]
		*list = append(*list, m.Member)
	}
}

// fanOut calls f with a copy of an envelope for each member of the group it
// is for. A copy's identity derives from the member's name, so that who else
// is in the group changes nothing for it.
func (w *World) fanOut(e *Envelope, f func(*Envelope)) {
	w.checkGroup(e.To)
	for _, m := range w.Members(e.To) {
		c := *e
		c.To = m
		c.tag = random.Mix(uint64(e.ID())^w.nameHash(m))&^flagsMask | e.tag&flagsMask
		if c.tag&slabFlag != 0 {
			w.slab.share(c.A)
		}
		f(&c)
	}
	if e.tag&slabFlag != 0 {
		w.slab.release(e.A)
	}
}
