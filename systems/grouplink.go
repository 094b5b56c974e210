package systems

import "orrery/ecs"

// groupLinks are the links and networks of groups: what a node is given that
// joins one.
type groupLinks struct {
	wires    *ecs.Rows[wire]         // From or To is a group, or both are
	networks *ecs.Rows[groupNetwork] // in order of declaration
}

// groupNetwork is a group that was put into a network.
type groupNetwork struct {
	Network uint32
	Group   ecs.Node
}

func newGroupLinks(w *ecs.World) groupLinks {
	g := groupLinks{newWires(w, "group.link"), ecs.NewRows[groupNetwork](w, "group.network")}
	g.wires.Table().DigestIfUsed()
	g.networks.Table().DigestIfUsed()
	return g
}

// grouped reports whether any group has links.
func (l *Links) grouped() bool { return l.groups.wires.Len()+l.groups.networks.Len() > 0 }

// connectGroup links each member of one side to each of the other, one at
// least being a group, those that are members now and those that join.
func (l *Links) connectGroup(a, b ecs.Node, link Link) {
	l.keepGroup(a, b, link)
	if !link.OneWay && a != b {
		l.keepGroup(b, a, link)
	}
	l.between(a, b, func(x, y ecs.Node) {
		l.add(x, y, link)
		if !link.OneWay {
			l.add(y, x, link)
		}
	})
}

// keepGroup keeps a link of a group for who joins; a second one replaces the
// first, as with nodes.
func (l *Links) keepGroup(from, to ecs.Node, link Link) {
	rows := l.groups.wires
	for i := range rows.Len() {
		if x := rows.At(i); x.From == from && x.To == to {
			*rows.Edit(i) = makeWire(from, to, link)
			return
		}
	}
	rows.Add(makeWire(from, to, link))
}

// between calls f for each member of one side and each of the other; no node
// is linked to itself.
func (l *Links) between(a, b ecs.Node, f func(x, y ecs.Node)) {
	far := l.world.Members(b)
	for _, x := range l.world.Members(a) {
		for _, y := range far {
			if x != y {
				f(x, y)
			}
		}
	}
}

// joined gives a node, or the members of a group, that have joined a group the
// links of all groups that they are in now. Links that there are stay as they
// are.
func (l *Links) joined(member ecs.Node) {
	if !l.grouped() {
		return
	}
	for _, n := range l.world.Members(member) {
		l.linkMember(n)
		l.networkMember(n)
	}
}

func (l *Links) linkMember(n ecs.Node) {
	rows := l.groups.wires
	for i := range rows.Len() {
		x := *rows.At(i)
		if l.isOn(n, x.From) {
			l.between(n, x.To, func(a, b ecs.Node) { l.addMissing(a, b, &x) })
		}
		if l.isOn(n, x.To) {
			l.between(x.From, n, func(a, b ecs.Node) { l.addMissing(a, b, &x) })
		}
	}
}

// isOn reports whether a node is a side of a link, or in it.
func (l *Links) isOn(n, side ecs.Node) bool {
	return n == side || side.IsGroup() && l.world.In(n, side)
}

func (l *Links) addMissing(from, to ecs.Node, like *wire) {
	if l.index.find(uint64(from), uint64(to)) >= 0 {
		return
	}
	made := *like
	made.From, made.To = from, to
	l.insert(made)
}

func (l *Links) networkMember(n ecs.Node) {
	rows := l.groups.networks
	for i := range rows.Len() {
		x := rows.At(i)
		if net := int(x.Network); l.world.In(n, x.Group) && l.networks.member(net, n) < 0 {
			l.changes++
			l.networks.join(net, n)
		}
	}
}
