package scenario

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/ecs"
	"orrery/scenario/value"
)

// peers are a group less one of its nodes: a view, since a list for each node
// of a large group would take the square of its size.
type peers struct {
	group   *group
	without int
}

var (
	_ starlark.Sequence   = (*peers)(nil)
	_ starlark.Sliceable  = (*peers)(nil)
	_ starlark.Mapping    = (*peers)(nil)
	_ starlark.Container  = (*peers)(nil)
	_ starlark.HasAttrs   = (*peers)(nil)
	_ starlark.HasBinary  = (*peers)(nil)
	_ starlark.Comparable = (*peers)(nil)
	_ value.Keepable      = (*peers)(nil)
)

// nodes returns the peers themselves.
func (p *peers) nodes() []ecs.Node {
	return slices.Concat(p.group.nodes[:p.without], p.group.nodes[p.without+1:])
}

// all is the group of the peers.
func (p *peers) all() *group { return &group{script: p.group.script, nodes: p.nodes()} }

func (p *peers) String() string        { return p.all().String() }
func (p *peers) Type() string          { return "group" }
func (p *peers) Freeze()               {}
func (p *peers) Truth() starlark.Bool  { return p.Len() > 0 }
func (p *peers) Hash() (uint32, error) { return 0, fmt.Errorf("a group cannot be a key") }
func (p *peers) Len() int              { return len(p.group.nodes) - 1 }

func (p *peers) Index(i int) starlark.Value {
	if i >= p.without {
		i++
	}
	return p.group.Index(i)
}

// Get finds a peer by number or by name.
func (p *peers) Get(key starlark.Value) (starlark.Value, bool, error) {
	if i, err := starlark.AsInt32(key); err == nil && i >= 0 && i < p.Len() {
		return p.Index(i), true, nil
	}
	return p.all().Get(key)
}

// Attr is as a group's.
func (p *peers) Attr(name string) (starlark.Value, error) { return p.all().Attr(name) }

func (p *peers) AttrNames() []string { return p.group.AttrNames() }

func (p *peers) Iterate() starlark.Iterator { return &peerIterator{peers: p} }

type peerIterator struct {
	peers *peers
	at    int
}

func (it *peerIterator) Next(v *starlark.Value) bool {
	if it.at == it.peers.Len() {
		return false
	}
	*v = it.peers.Index(it.at)
	it.at++
	return true
}

func (it *peerIterator) Done() {}

func (p *peers) Slice(start, end, step int) starlark.Value { return p.all().Slice(start, end, step) }

// Has is in: of a node, or of a name.
func (p *peers) Has(x starlark.Value) (bool, error) {
	n, ok := x.(value.Node)
	if !ok {
		return p.all().Has(x)
	}
	h := p.group.script.home(n.Number())
	return h != nil && h.group == p.group && h.index(n.Number()) != p.without, nil
}

func (p *peers) Binary(op syntax.Token, y starlark.Value, side starlark.Side) (starlark.Value, error) {
	return p.all().Binary(op, y, side)
}

func (p *peers) CompareSameType(op syntax.Token, y starlark.Value, depth int) (bool, error) {
	return p.all().CompareSameType(op, y, depth)
}

// Keep has a node for all its peers.
func (p *peers) Keep() (string, starlark.Value) {
	return "peers", p.group.Index(p.without)
}
