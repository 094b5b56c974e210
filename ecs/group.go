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
	changed *Rows[firstChange] // see DigestGroupsIfChanged; nil: they count always
	rosters []roster           // by ordinal-1: an index of members
	changes uint64             // of membership so far, in this process
}

// roster is who a group was given, in the order of joining.
type roster struct {
	list   []Node
	set    map[Node]struct{} // of a long list, for looking up; made when needed
	nested bool              // some member is, or was, a group
}

// longRoster is from where on a set is quicker than looking at all.
const longRoster = 32

func (r *roster) has(n Node) bool {
	if len(r.list) < longRoster {
		return slices.Contains(r.list, n)
	}
	if r.set == nil {
		r.set = make(map[Node]struct{}, 2*len(r.list))
		for _, m := range r.list {
			r.set[m] = struct{}{}
		}
	}
	_, ok := r.set[n]
	return ok
}

func (r *roster) add(n Node) {
	r.list = append(r.list, n)
	r.nested = r.nested || n.IsGroup()
	if r.set != nil {
		r.set[n] = struct{}{}
	}
}

func (r *roster) drop(n Node) {
	i := slices.Index(r.list, n)
	r.list = slices.Delete(r.list, i, i+1)
	delete(r.set, n)
}

type membership struct {
	Group, Member Node
}

// firstChange is when membership first changed in the run.
type firstChange struct{ At Tick }

// DigestGroupsIfChanged has membership count in the digest only from its first
// change in the run on. Who is in a group when the run begins is then of what is
// declared, as programs are: a group that nobody uses shifts no digest. It is
// called before there are groups.
func (w *World) DigestGroupsIfChanged() {
	w.groups.members.table.still = true
	w.groups.changed = NewRows[firstChange](w, "group.changed")
	w.groups.changed.table.DigestIfUsed()
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
	w.name(p, name, p.births+1, 1, true)
	p.births++
	g := makeNode(GroupProgram, p.births)
	w.groups.rosters = append(w.groups.rosters, roster{})
	for _, m := range members {
		w.Join(g, m)
	}
	return g
}

// Join adds a node to a group; one that is in it already stays once, and one
// that has died stays out.
func (w *World) Join(g, member Node) {
	w.checkGroup(g)
	if !w.wasBorn(member) {
		panic(fmt.Sprintf("ecs: %s cannot join group %q: it was never born", w.NodeName(member), w.NodeName(g)))
	}
	if w.reaches(member, g) {
		panic(fmt.Sprintf("ecs: group %q cannot be in itself", w.NodeName(g)))
	}
	r := w.roster(g)
	if r.has(member) || w.died(member) {
		return
	}
	r.add(member)
	w.groups.members.Add(membership{g, member})
	w.regrouped(4, g, member)
}

// regrouped counts a change of membership in the digest.
func (w *World) regrouped(how uint64, g, member Node) {
	w.groups.changes++
	if still := &w.groups.members.table.still; *still {
		if w.tick < 0 {
			return
		}
		w.groups.changed.Add(firstChange{w.tick})
		*still = false
	}
	w.Fold(how, uint64(g), uint64(member))
}

func (w *World) roster(g Node) *roster { return &w.groups.rosters[g.Ordinal()-1] }

// reaches reports whether a node is a group or has it within, at any depth.
func (w *World) reaches(n, g Node) bool {
	return n == g || n.IsGroup() && w.roster(n).nested &&
		slices.ContainsFunc(w.roster(n).list, func(m Node) bool { return m.IsGroup() && w.reaches(m, g) })
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
	w.roster(g).drop(member)
	w.regrouped(5, g, member)
}

// leaveAll takes a node that dies out of all groups: it does not come back, and
// what is sent to them would reach for it for ever.
func (w *World) leaveAll(n Node) {
	for i := range w.groups.rosters {
		if w.groups.rosters[i].has(n) {
			w.Leave(makeNode(GroupProgram, uint32(i)+1), n)
		}
	}
}

// GroupNodes returns all groups, in the order of their making.
func (w *World) GroupNodes() []Node {
	all := make([]Node, len(w.groups.rosters))
	for i := range all {
		all[i] = makeNode(GroupProgram, uint32(i)+1)
	}
	return all
}

func (w *World) checkGroup(g Node) {
	if !g.IsGroup() || int(g.Ordinal()) > len(w.groups.rosters) {
		panic(fmt.Sprintf("ecs: %s is not a group", w.NodeName(g)))
	}
}

// Members returns the nodes of a group, those of groups within it included,
// each once, in the order of joining. The members of a node are itself.
func (w *World) Members(n Node) []Node {
	if !n.IsGroup() {
		return []Node{n}
	}
	return slices.Clone(w.flat(n))
}

// In reports whether a node is in a group, or in one within it, at any depth.
// A group is not in itself.
func (w *World) In(n, g Node) bool {
	w.checkGroup(g)
	r := w.roster(g)
	return r.has(n) || r.nested && slices.ContainsFunc(r.list, func(m Node) bool { return m.IsGroup() && w.In(n, m) })
}

// MembershipChanges returns a number that rises whenever somebody joins or
// leaves, and with a restore: for who keeps what [World.Members] returned.
func (w *World) MembershipChanges() uint64 { return w.groups.changes }

// flat is Members for reading until somebody joins or leaves.
func (w *World) flat(g Node) []Node {
	w.checkGroup(g)
	r := w.roster(g)
	if !r.nested {
		return r.list
	}
	var all []Node
	seen := make(map[Node]struct{}, len(r.list))
	for _, m := range r.list {
		if !m.IsGroup() {
			all = unseen(all, seen, m)
			continue
		}
		for _, n := range w.flat(m) {
			all = unseen(all, seen, n)
		}
	}
	return all
}

func unseen(list []Node, seen map[Node]struct{}, n Node) []Node {
	if _, there := seen[n]; there {
		return list
	}
	seen[n] = struct{}{}
	return append(list, n)
}

// rebuildGroups makes the index again from the rows.
func (w *World) rebuildGroups() {
	w.groups.changes++
	w.groups.members.table.still = w.groups.changed != nil && w.groups.changed.Len() == 0
	w.groups.rosters = make([]roster, w.programs[GroupProgram].births)
	for _, m := range w.groups.members.All() {
		w.roster(m.Group).add(m.Member)
	}
}

// fanOut calls f with a copy of an envelope for each member of the group it
// is for. A copy's identity derives from the member's name, so that who else
// is in the group changes nothing for it.
func (w *World) fanOut(e *Envelope, f func(*Envelope)) {
	for _, m := range w.flat(e.To) {
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
