package systems

import "orrery/ecs"

// parts are which nodes links and networks join with each other, whichever way
// they lead and however many lie between: nodes of different parts cannot hear
// of each other. Cuts, and nodes that are down, divide no part.
//
// Invariant: it is derived, from links and networks. Both are only ever added,
// so parts grow together and never come apart.
type parts struct {
	of    nodeRows   // by node: its part
	first []int32    // of a part's nodes in list; one more at the end
	list  []ecs.Node // by part, in the order in which links name them

	// In hand.
	places nodeRows // by node: its place in seen
	seen   []ecs.Node
	parent []int32 // by place: one that is nearer to the root of its tree
}

// find returns the part that a node is in, -1 if no link has it.
func (x *parts) find(n ecs.Node) int { return x.of.find(n) }

// nodes returns the nodes of a part, the dead too; for reading.
func (x *parts) nodes(part int) []ecs.Node { return x.list[x.first[part]:x.first[part+1]] }

// len returns how many parts there are.
func (x *parts) len() int { return max(0, len(x.first)-1) }

// build finds the parts by joining trees (Galler and Fischer, 1964), each path
// halved when it is gone along.
func (x *parts) build(l *Links) {
	x.of.clear()
	x.places.clear()
	x.seen, x.parent, x.first, x.list = x.seen[:0], x.parent[:0], x.first[:0], x.list[:0]
	for i := range l.wires.Len() {
		w := l.wires.At(i)
		x.join(x.place(w.From), x.place(w.To))
	}
	for net := range l.networks.nets.Len() {
		from, size := l.networks.first(net), l.networks.size(net)
		if size < 2 {
			continue // who is alone in it reaches nobody
		}
		one := x.place(l.networks.members.At(from).Node)
		for i := from + 1; i < from+size; i++ {
			x.join(one, x.place(l.networks.members.At(i).Node))
		}
	}
	x.number()
}

// place returns the place of a node, a new one if it has none.
func (x *parts) place(n ecs.Node) int32 {
	if i := x.places.find(n); i >= 0 {
		return int32(i)
	}
	i := len(x.seen)
	x.places.set(n, i)
	x.seen, x.parent = append(x.seen, n), append(x.parent, int32(i))
	return int32(i)
}

func (x *parts) root(i int32) int32 {
	for x.parent[i] != i {
		x.parent[i] = x.parent[x.parent[i]]
		i = x.parent[i]
	}
	return i
}

// join joins two trees under the root that was seen first, so that a part's
// number follows from where its first node is named.
func (x *parts) join(a, b int32) {
	a, b = x.root(a), x.root(b)
	x.parent[max(a, b)] = min(a, b)
}

// number gives parts their numbers, and lists their nodes by a counting sort.
func (x *parts) number() {
	for i, n := range x.seen {
		root := x.root(int32(i))
		if root == int32(i) {
			x.of.set(n, len(x.first))
			x.first = append(x.first, 0)
		}
		part := x.of.find(x.seen[root])
		x.of.set(n, part)
		x.first[part]++
	}
	end := int32(0)
	for part, n := range x.first {
		end += n
		x.first[part] = end
	}
	x.first = append(x.first, end)
	x.list = append(x.list, make([]ecs.Node, end)...)
	for i := len(x.seen) - 1; i >= 0; i-- {
		part := x.of.find(x.seen[i])
		x.first[part]--
		x.list[x.first[part]] = x.seen[i]
	}
}
