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
// It is three words. Two would need an allocation that all handles of a world
// share, to save eight bytes where handles are made once a node anyway.
type Node struct {
	resolver Resolver
	number   ecs.Node
}

var (
	_ starlark.HasSetField    = Node{}
	_ starlark.TotallyOrdered = Node{}
)

// MakeNode returns the handle of node n.
func MakeNode(n ecs.Node, r Resolver) Node { return Node{r, n} }

// Number returns the node's number in its world.
func (n Node) Number() ecs.Node { return n.number }

func (n Node) String() string        { return n.resolver.NodeName(n.number) }
func (n Node) Type() string          { return "node" }
func (n Node) Freeze()               {}
func (n Node) Truth() starlark.Bool  { return true }
func (n Node) Hash() (uint32, error) { return uint32(n.number) * 0x9e3779b1, nil }
func (n Node) AttrNames() []string   { return n.resolver.AttrNames(n.number) }

func (n Node) Attr(name string) (starlark.Value, error) { return n.resolver.Attr(n.number, name) }

func (n Node) SetField(name string, v starlark.Value) error {
	return n.resolver.SetAttr(n.number, name, v)
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
