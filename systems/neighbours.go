package systems

import "orrery/ecs"

// neighbours are the links by sender, one sender's after another's: an index
// that is made from the rows when it is asked for.
type neighbours struct {
	places index      // (node, 0) to place
	first  []int32    // of a place's targets in list; one more at the end
	list   []ecs.Node // targets, by place, in the order of declaration
	stale  bool
	others []ecs.Node // of the node asked for last, if it is in a network
}

// Neighbours returns the nodes that a node has a link to, in the order of
// declaration, then those it shares a network with, each once. The slice is
// for reading, until the next call.
func (l *Links) Neighbours(n ecs.Node) []ecs.Node {
	x := &l.neighbours
	if x.stale {
		x.build(l.wires)
	}
	var linked []ecs.Node
	if i := x.places.find(uint64(n), 0); i >= 0 {
		linked = x.list[x.first[i]:x.first[i+1]]
	}
	if l.networks.nets.Len() == 0 || !l.networks.has(n) {
		return linked
	}
	x.others = l.networks.others(n, append(x.others[:0], linked...), &l.index)
	return x.others
}

// build is a counting sort of the wires by sender.
func (x *neighbours) build(wires *ecs.Rows[wire]) {
	x.stale = false
	x.places.clear()
	x.first = x.first[:0]
	for i := range wires.Len() {
		from := uint64(wires.At(i).From)
		place := x.places.find(from, 0)
		if place < 0 {
			place = len(x.first)
			x.places.put(from, 0, place)
			x.first = append(x.first, 0)
		}
		x.first[place]++
	}
	end := int32(0)
	for place, n := range x.first {
		end += n
		x.first[place] = end
	}
	x.first = append(x.first, end)
	x.list = append(x.list[:0], make([]ecs.Node, end)...)
	for i := wires.Len() - 1; i >= 0; i-- {
		w := wires.At(i)
		place := x.places.find(uint64(w.From), 0)
		x.first[place]--
		x.list[x.first[place]] = w.To
	}
}

// Reach returns how many nodes there are to draw from with [Links.Reached]: as
// many as a node has links and fellow members of networks. One that it is
// joined to twice counts twice.
func (l *Links) Reach(n ecs.Node) int {
	reach := len(l.linked(n))
	for net := range l.networks.nets.Len() {
		if l.networks.member(net, n) >= 0 {
			reach += l.networks.size(net) - 1
		}
	}
	return reach
}

// Reached returns one of the nodes that a node reaches, 0 to Reach-1, without a
// list of a network's members.
func (l *Links) Reached(n ecs.Node, i int) ecs.Node {
	linked := l.linked(n)
	if i < len(linked) {
		return linked[i]
	}
	i -= len(linked)
	for net := range l.networks.nets.Len() {
		own := l.networks.member(net, n)
		if own < 0 {
			continue
		}
		others := l.networks.size(net) - 1
		if i >= others {
			i -= others
			continue
		}
		row := l.networks.first(net) + i
		if row >= own {
			row++
		}
		return l.networks.members.At(row).Node
	}
	panic("systems: a neighbour was asked for beyond the last")
}

// linked returns the nodes that a node has links to.
func (l *Links) linked(n ecs.Node) []ecs.Node {
	x := &l.neighbours
	if x.stale {
		x.build(l.wires)
	}
	if i := x.places.find(uint64(n), 0); i >= 0 {
		return x.list[x.first[i]:x.first[i+1]]
	}
	return nil
}
