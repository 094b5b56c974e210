package systems

import (
	"fmt"
	"math/bits"

	"orrery/ecs"
)

// Cuts are what separates nodes from each other for a while. A cut takes one
// or more of 64 bits: an envelope is cut if its sender is on the near side of
// a bit whose far side its target is on, so that any number of cuts costs two
// look-ups a send, and none at all while nothing is cut.
type Cuts struct {
	world *ecs.World
	sides *ecs.Rows[side]
	index index // (node, 0) to side
	used  uint64
	fan   *fan // which looks into fans in flight
}

type side struct {
	Out, In uint64 // bits whose near, whose far side the node is on
	Node    ecs.Node
	_       [4]byte
}

// MaxCuts is how many bits there are: a one-way cut takes one, a two-way cut
// two, a partition one a side.
const MaxCuts = 64

// NewCuts returns the cuts of a world: none yet.
func NewCuts(w *ecs.World) *Cuts { return &Cuts{world: w, sides: ecs.NewRows[side](w, "cut")} }

// Cut names a cut, so that it can be healed by itself: its bits.
type Cut uint64

// Between cuts what is sent from one side to the other, and back unless
// oneWay. Sides may be groups.
func (c *Cuts) Between(a, b ecs.Node, oneWay bool) Cut {
	return c.separate(c.world.Members(a), c.world.Members(b), oneWay)
}

func (c *Cuts) separate(near, far []ecs.Node, oneWay bool) Cut {
	cut := c.oneWay(near, far)
	if !oneWay {
		cut |= c.oneWay(far, near)
	}
	return cut
}

// Partition cuts sides from each other; who is on none is reached by all, and
// nobody is on two.
func (c *Cuts) Partition(sides ...ecs.Node) Cut {
	members := make([][]ecs.Node, len(sides))
	for i, side := range sides {
		members[i] = c.world.Members(side)
	}
	return c.split(members)
}

// OnTwoSides returns a node that is on two of some sides, and which they are; 0
// if there is none.
func OnTwoSides(sides [][]ecs.Node) (n ecs.Node, one, other int) {
	at := map[ecs.Node]int{} // looked up only
	for i, side := range sides {
		for _, n := range side {
			if j, known := at[n]; known && j != i {
				return n, j, i
			}
			at[n] = i
		}
	}
	return 0, 0, 0
}

// split cuts sides from each other. Who is on two would be cut from those who
// are on either of them with it, which nobody can mean.
func (c *Cuts) split(sides [][]ecs.Node) Cut {
	if n, one, other := OnTwoSides(sides); n != 0 {
		panic(fmt.Sprintf("systems: a partition has %s on sides %d and %d; have it on one, by itself or by a group (to part all members of a group, give each as a side)", c.world.NodeName(n), one+1, other+1))
	}
	var cut Cut
	for i, near := range sides {
		var far []ecs.Node
		for j := range sides {
			if j != i {
				far = append(far, sides[j]...)
			}
		}
		cut |= c.oneWay(near, far)
	}
	return cut
}

// oneWay takes no bit for a side on which nobody is.
//
// Invariant: each bit in use is in some row, so that the rows say which are.
func (c *Cuts) oneWay(from, to []ecs.Node) Cut {
	if len(from) == 0 || len(to) == 0 {
		return 0
	}
	bit := c.bit()
	c.add(from, bit, 0)
	c.add(to, 0, bit)
	return bit
}

func (c *Cuts) bit() Cut {
	if c.used == 1<<MaxCuts-1 {
		panic(&ecs.LimitError{Limit: "cuts at a time", Max: MaxCuts, Where: "a cut or partition; heal some first (a one-way cut counts once, a two-way one twice, a partition once a side)"})
	}
	bit := uint64(1) << bits.TrailingZeros64(^c.used)
	c.used |= bit
	return Cut(bit)
}

func (c *Cuts) add(nodes []ecs.Node, out, in Cut) {
	for _, n := range nodes {
		i := c.index.find(uint64(n), 0)
		if i < 0 {
			i = c.sides.Add(side{Node: n})
			c.index.put(uint64(n), 0, i)
		}
		s := c.sides.Edit(i)
		s.Out |= uint64(out)
		s.In |= uint64(in)
	}
}

// Heal ends a cut.
func (c *Cuts) Heal(cut Cut) {
	c.used &^= uint64(cut)
	if c.used == 0 {
		c.HealAll()
		return
	}
	for i := range c.sides.Len() {
		s := c.sides.Edit(i)
		s.Out &^= uint64(cut)
		s.In &^= uint64(cut)
	}
}

// HealAll ends all cuts.
func (c *Cuts) HealAll() {
	c.used = 0
	c.sides.Truncate(0)
	c.index.clear()
}

// cuts reports whether a cut lies between two nodes, in that direction.
func (c *Cuts) cuts(from, to ecs.Node) bool { return c.used != 0 && c.between(from, to) != 0 }

// parted reports whether a cut lies between two nodes, in either direction: then
// neither can find out that the other is down.
func (l *Links) parted(a, b ecs.Node) bool { return l.cuts.cuts(a, b) || l.cuts.cuts(b, a) }

// between returns the cuts between two nodes. None separates a node from
// itself, though it may be on both sides.
func (c *Cuts) between(from, to ecs.Node) Cut {
	if from == to {
		return 0
	}
	i, j := c.index.find(uint64(from), 0), c.index.find(uint64(to), 0)
	if i < 0 || j < 0 {
		return 0
	}
	return Cut(c.sides.At(i).Out & c.sides.At(j).In)
}

// DropInFlight drops what is under way across a cut.
func (c *Cuts) DropInFlight(cut Cut) {
	c.world.Purge(ecs.DroppedCut, func(e *ecs.Envelope) bool {
		if e.IsFan() {
			return c.fan.prune(e, c, cut)
		}
		return c.between(e.From, e.To)&cut != 0
	})
}

// rebuild makes what is derived from the rows again, after a restore.
func (c *Cuts) rebuild() {
	c.index.clear()
	c.used = 0
	for i := range c.sides.Len() {
		s := c.sides.At(i)
		c.index.put(uint64(s.Node), 0, i)
		c.used |= s.Out | s.In
	}
}
