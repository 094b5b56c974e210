package topology

import "orrery/ecs"

// A Graph is nodes and links in file order.
type Graph struct {
	Name     string // empty if the file gives none
	Directed bool   // a link leads from From to To only
	Nodes    []Node // at least one
	Edges    []Edge
}

// A Node is a place on the map.
type Node struct {
	ID       string  // as the file's links refer to it, tidied as a label is; unique
	Label    string  // what a scenario calls it; unique and never empty
	Lat, Lon float64 // degrees north and east, if HasPlace
	HasPlace bool
}

// An Edge is a link between two nodes, given as indices into Nodes.
type Edge struct {
	From, To int
	LengthKm float64         // 0 if neither given nor known from the places
	Latency  ecs.Nanoseconds // by the rule in the package comment; never negative
}
