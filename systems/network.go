package systems

import (
	"cmp"
	"fmt"
	"slices"
	"sort"

	"orrery/ecs"
)

// networks are links that no edge is stored for: each member reaches each
// other. What a network does is one row; a member's row holds the state of its
// way out, and a pair's row, made when it is first needed, keeps order between
// two members of a FIFO network.
type networks struct {
	world   *ecs.World
	nets    *ecs.Rows[wire] // From and To are not used
	members *ecs.Rows[member]
	pairs   *ecs.Rows[pair]
	spans   [][]span // by network, in order of nodes
	starts  []int    // by network: the row of its first member; one more at the end
	paired  index    // (from, to) to pair
	scratch wire     // the wire made for one envelope
	net, at int      // its network and member
	pair    int      // its pair, or -1
}

// member is a node in a network. Those of a network lie together.
type member struct {
	Free    ecs.Nanoseconds
	Network uint32
	Node    ecs.Node
}

// span is nodes with consecutive numbers whose rows follow each other: mostly
// all that were declared together, so that a member is found without a table
// as large as the network.
type span struct {
	first  ecs.Node
	count  uint32
	member int // row of the first
}

type pair struct {
	Last     ecs.Tick
	From, To ecs.Node
}

func newNetworks(w *ecs.World) networks {
	return networks{
		world: w, nets: newWires(w, "network"),
		members: ecs.NewRows[member](w, "network.member"), pairs: ecs.NewRows[pair](w, "network.pair"),
	}
}

// Network joins nodes so that everyone reaches everyone: as a mesh, without
// an edge stored. Bandwidth and queue are each member's way out. A link of two
// members goes before the network, and so does an earlier network of both. Of a
// group its members are in it, those that it has and those that join.
func (l *Links) Network(nodes []ecs.Node, link Link) {
	err := link.validate()
	if err == nil && link.OneWay {
		err = fmt.Errorf("it is OneWay, and in a network everyone reaches everyone; use Connect")
	}
	if err != nil {
		panic(fmt.Sprintf("systems: network of %d nodes: %v", len(nodes), err))
	}
	n := &l.networks
	net := n.nets.Add(makeWire(0, 0, link))
	l.changes++
	n.spans = append(n.spans, nil)
	nodes = l.withoutGroups(nodes, uint32(net))
	known := map[ecs.Node]bool{} // of a list out of order, which may have nodes twice
	ordered := increasing(nodes)
	for _, node := range nodes {
		if node == 0 {
			panic(fmt.Sprintf("systems: a network joins nodes, and %s is none", l.world.NodeName(node)))
		}
		if ordered || !known[node] {
			if !ordered {
				known[node] = true
			}
			n.extend(net, node, n.members.Add(member{Network: uint32(net), Node: node}))
		}
	}
	n.sort()
	n.count()
}

// withoutGroups has the members of groups in their place, and keeps for a
// network which groups they were.
func (l *Links) withoutGroups(nodes []ecs.Node, net uint32) []ecs.Node {
	if !slices.ContainsFunc(nodes, ecs.Node.IsGroup) {
		return nodes
	}
	var all []ecs.Node
	for _, n := range nodes {
		if n.IsGroup() {
			l.groups.networks.Add(groupNetwork{net, n})
		}
		all = append(all, l.world.Members(n)...)
	}
	return all
}

// join puts a node into a network that there is, behind its members: those of
// later networks move on by one.
func (n *networks) join(net int, node ecs.Node) {
	at := n.starts[net+1]
	n.members.Add(member{})
	for i := n.members.Len() - 1; i > at; i-- {
		*n.members.Edit(i) = *n.members.At(i - 1)
	}
	*n.members.Edit(at) = member{Network: uint32(net), Node: node}
	for later := net + 1; later < len(n.starts); later++ {
		n.starts[later]++
	}
	for _, spans := range n.spans[net+1:] {
		for i := range spans {
			spans[i].member++
		}
	}
	n.extend(net, node, at)
	n.sort()
}

// increasing reports whether each number is above the one before: then no node
// is there twice.
func increasing(nodes []ecs.Node) bool {
	for i := 1; i < len(nodes); i++ {
		if nodes[i] <= nodes[i-1] {
			return false
		}
	}
	return true
}

// extend adds a member to the last span of a network, or begins one. The spans
// are in order only after sort.
func (n *networks) extend(net int, node ecs.Node, row int) {
	all := n.spans[net]
	if k := len(all) - 1; k >= 0 && node == all[k].first+ecs.Node(all[k].count) && row == all[k].member+int(all[k].count) {
		all[k].count++
		return
	}
	n.spans[net] = append(all, span{node, 1, row})
}

func (n *networks) sort() {
	for _, all := range n.spans {
		slices.SortStableFunc(all, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	}
}

// count notes where each network's members begin.
func (n *networks) count() {
	n.starts = n.starts[:0]
	for i := range n.members.Len() {
		for int(n.members.At(i).Network) >= len(n.starts) {
			n.starts = append(n.starts, i)
		}
	}
	for len(n.starts) <= n.nets.Len() {
		n.starts = append(n.starts, n.members.Len())
	}
}

// first returns the row of a network's first member, size how many it has.
func (n *networks) first(net int) int { return n.starts[net] }
func (n *networks) size(net int) int  { return n.starts[net+1] - n.starts[net] }

// member returns a node's row in a network, or -1.
func (n *networks) member(net int, node ecs.Node) int {
	if x := n.span(net, node); x != nil {
		return x.member + int(node-x.first)
	}
	return -1
}

// span returns the span of a network that a node is in, or nil.
func (n *networks) span(net int, node ecs.Node) *span {
	all := n.spans[net]
	low, high := 0, len(all)
	for low < high {
		if mid := (low + high) / 2; all[mid].first > node {
			high = mid
		} else {
			low = mid + 1
		}
	}
	if low == 0 {
		return nil
	}
	if x := &all[low-1]; uint32(node-x.first) < x.count {
		return x
	}
	return nil
}

// find returns the wire from one node to another in the first network that
// has both. The wire is good until the next find; keep stores its state.
func (n *networks) find(from, to ecs.Node) (*wire, bool) {
	for net := range n.nets.Len() {
		i := n.member(net, from)
		if i < 0 || n.member(net, to) < 0 {
			continue
		}
		if x := n.nets.At(net); x.Bandwidth == 0 && !x.FIFO { // all of its state is the network's
			return n.nets.Edit(net), true
		}
		n.scratch = *n.nets.At(net)
		if n.scratch.Bandwidth > 0 {
			n.scratch.Free = n.members.At(i).Free
		}
		n.net, n.at, n.pair = net, i, -1
		if n.scratch.FIFO {
			n.pair = n.findPair(from, to)
			n.scratch.Last = n.pairs.At(n.pair).Last
		}
		return &n.scratch, true
	}
	return nil, false
}

// stretch returns the first network that a node and the first of some
// subscribers are both in, -1 if there is none, and how many of them have it in
// common with the node.
func (n *networks) stretch(from ecs.Node, all []subscriber) (net, count int) {
	net = n.common(from, all[0].node)
	first := 0
	for first < len(n.spans) && n.member(first, from) < 0 {
		first++
	}
	switch {
	case first == len(n.spans): // it is in none
		return -1, len(all)
	case first == net: // and so is all of a span
		x := n.span(net, all[0].node)
		end := x.first + ecs.Node(x.count)
		return net, sort.Search(len(all), func(i int) bool { return all[i].node >= end })
	}
	for count = 1; count < len(all) && n.common(from, all[count].node) == net; {
		count++
	}
	return net, count
}

// common returns the first network that two nodes are both in, or -1.
func (n *networks) common(from, to ecs.Node) int {
	for net := range n.nets.Len() {
		if n.member(net, from) >= 0 && n.member(net, to) >= 0 {
			return net
		}
	}
	return -1
}

func (n *networks) findPair(from, to ecs.Node) int {
	i := n.paired.find(uint64(from), uint64(to))
	if i < 0 {
		i = n.pairs.Add(pair{From: from, To: to})
		n.paired.put(uint64(from), uint64(to), i)
	}
	return i
}

// keep stores the state of the wire that find returned last.
func (n *networks) keep(x *wire) {
	if x != &n.scratch {
		return
	}
	if x.Bandwidth > 0 {
		n.members.Edit(n.at).Free = x.Free
	}
	if n.pair >= 0 {
		n.pairs.Edit(n.pair).Last = x.Last
	}
	net := n.nets.Edit(n.net)
	net.Sent, net.Dropped, net.Bytes = x.Sent, x.Dropped, x.Bytes
}

// has reports whether a node is in any network.
func (n *networks) has(node ecs.Node) bool {
	for net := range n.nets.Len() {
		if n.member(net, node) >= 0 {
			return true
		}
	}
	return false
}

// others appends the nodes that share a network with a node and have neither a
// link from it nor an earlier network in common.
func (n *networks) others(node ecs.Node, list []ecs.Node, linked *index) []ecs.Node {
	for i := range n.members.Len() {
		m := n.members.At(i)
		if m.Node == node || n.member(int(m.Network), node) < 0 || linked.find(uint64(node), uint64(m.Node)) >= 0 {
			continue
		}
		if !n.share(node, m.Node, int(m.Network)) {
			list = append(list, m.Node)
		}
	}
	return list
}

// share reports whether two nodes are in one of the networks before one.
func (n *networks) share(a, b ecs.Node, before int) bool {
	for net := range before {
		if n.member(net, a) >= 0 && n.member(net, b) >= 0 {
			return true
		}
	}
	return false
}

func (n *networks) rebuild() {
	n.spans = make([][]span, n.nets.Len())
	n.paired.clear()
	for i := range n.members.Len() {
		m := n.members.At(i)
		n.extend(int(m.Network), m.Node, i)
	}
	n.sort()
	n.count()
	for i := range n.pairs.Len() {
		p := n.pairs.At(i)
		n.paired.put(uint64(p.From), uint64(p.To), i)
	}
}
