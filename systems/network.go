package systems

import (
	"fmt"

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
	joined  index // (network, node) to member
	paired  index // (from, to) to pair
	scratch wire  // the wire made for one envelope
	at      int   // its member
	pair    int   // its pair, or -1
}

// member is a node in a network. Those of a network lie together.
type member struct {
	Free    ecs.Nanoseconds
	Network uint32
	Node    ecs.Node
}

type pair struct {
	Last     ecs.Tick
	From, To ecs.Node
}

func newNetworks(w *ecs.World) networks {
	return networks{
		world: w, nets: ecs.NewRows[wire](w, "network"),
		members: ecs.NewRows[member](w, "network.member"), pairs: ecs.NewRows[pair](w, "network.pair"),
	}
}

// Network joins nodes so that everyone reaches everyone: as a mesh, without
// an edge stored. Bandwidth and queue are each member's way out. A link of two
// members goes before the network, and so does an earlier network of both.
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
	for _, node := range nodes {
		if node == 0 || node.IsGroup() {
			panic(fmt.Sprintf("systems: a network joins nodes, and %s is none; pass the members of a group", l.world.NodeName(node)))
		}
		if n.joined.find(uint64(net), uint64(node)) < 0 {
			n.joined.put(uint64(net), uint64(node), n.members.Add(member{Network: uint32(net), Node: node}))
		}
	}
}

// find returns the wire from one node to another in the first network that
// has both. The wire is good until the next find; keep stores its state.
func (n *networks) find(from, to ecs.Node) (*wire, bool) {
	for net := range n.nets.Len() {
		i := n.joined.find(uint64(net), uint64(from))
		if i < 0 || n.joined.find(uint64(net), uint64(to)) < 0 {
			continue
		}
		n.scratch = *n.nets.At(net)
		n.scratch.Free = n.members.At(i).Free
		n.at, n.pair = i, -1
		if n.scratch.FIFO {
			n.pair = n.findPair(from, to)
			n.scratch.Last = n.pairs.At(n.pair).Last
		}
		return &n.scratch, true
	}
	return nil, false
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
	m := n.members.At(n.at)
	if m.Free != x.Free {
		n.members.Edit(n.at).Free = x.Free
	}
	if n.pair >= 0 {
		n.pairs.Edit(n.pair).Last = x.Last
	}
	net := n.nets.Edit(int(m.Network))
	net.Sent, net.Dropped = x.Sent, x.Dropped
}

// has reports whether a node is in any network.
func (n *networks) has(node ecs.Node) bool {
	for net := range n.nets.Len() {
		if n.joined.find(uint64(net), uint64(node)) >= 0 {
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
		if m.Node == node || n.joined.find(uint64(m.Network), uint64(node)) < 0 || linked.find(uint64(node), uint64(m.Node)) >= 0 {
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
		if n.joined.find(uint64(net), uint64(a)) >= 0 && n.joined.find(uint64(net), uint64(b)) >= 0 {
			return true
		}
	}
	return false
}

func (n *networks) rebuild() {
	n.joined.clear()
	n.paired.clear()
	for i := range n.members.Len() {
		m := n.members.At(i)
		n.joined.put(uint64(m.Network), uint64(m.Node), i)
	}
	for i := range n.pairs.Len() {
		p := n.pairs.At(i)
		n.paired.put(uint64(p.From), uint64(p.To), i)
	}
}
