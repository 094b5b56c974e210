package value

import (
	"go.starlark.net/starlark"

	"orrery/ecs"
)

// Resolver says what handles show. It decides by what is being run: to a
// handler, another node is only an address.
type Resolver interface {
	NodeName(n ecs.Node) string
	// Attr returns a nil value for what a node of the kind has not.
	Attr(n ecs.Node, name string) (starlark.Value, error)
	AttrNames(n ecs.Node) []string
	// SetAttr is n.name = v.
	SetAttr(n ecs.Node, name string, v starlark.Value) error
}

// Node is a handle of a node: it compares, sorts and hashes by number, which is
// the order of declaration, and prints as the name.
//
// It is one pointer, which an interface holds without an allocation.
type Node struct{ *cell }

// cell is what a Node points to: one of a row, so that those of nodes
// declared together lie together.
type cell struct {
	row    *Handles
	number ecs.Node
}

var (
	_ starlark.HasSetField    = Node{}
	_ starlark.TotallyOrdered = Node{}
)

// Handles are the handles of nodes with consecutive numbers.
type Handles struct {
	resolver Resolver
	list     []cell
}

// MakeHandles returns the handles of n nodes from the first on.
func MakeHandles(first ecs.Node, n int, r Resolver) *Handles {
	h := &Handles{resolver: r, list: make([]cell, n)}
	for i := range h.list {
		h.list[i] = cell{h, first + ecs.Node(i)}
	}
	return h
}

// Len returns the number of nodes.
func (h *Handles) Len() int { return len(h.list) }

// At returns the handle of the i-th node.
func (h *Handles) At(i int) Node { return Node{&h.list[i]} }

// MakeNode returns the handle of node n.
func MakeNode(n ecs.Node, r Resolver) Node { return MakeHandles(n, 1, r).At(0) }

// Number returns the node's number in its world.
func (n Node) Number() ecs.Node { return n.number }

func (n Node) String() string        { return n.row.resolver.NodeName(n.number) }
func (n Node) Type() string          { return "node" }
func (n Node) Freeze()               {}
func (n Node) Truth() starlark.Bool  { return true }
func (n Node) Hash() (uint32, error) { return uint32(n.number) * 0x9e3779b1, nil }
func (n Node) AttrNames() []string   { return n.row.resolver.AttrNames(n.number) }

func (n Node) Attr(name string) (starlark.Value, error) { return n.row.resolver.Attr(n.number, name) }

func (n Node) SetField(name string, v starlark.Value) error {
	return n.row.resolver.SetAttr(n.number, name, v)
}

// Cmp compares by number.
func (n Node) Cmp(y starlark.Value, _ int) (int, error) {
	other, _ := y.(Node)
	switch {
	case n.number < other.number:
		return -1, nil
	case n.number > other.number:
		return 1, nil
	}
	return 0, nil
}
