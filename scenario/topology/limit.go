package topology

import "orrery/ecs"

// The largest map tried, of the world's backbones, has 3,815 nodes and 5,189
// links in 783 kB. These leave room, and bound what a broken or hostile file can
// cost to some seconds and some hundred MB.
const (
	maxBytes    = 16 << 20
	maxNodes    = 100_000
	maxEdges    = 250_000
	maxNesting  = 32      // lists in lists, elements in elements
	maxKeys     = 10_000  // <key> declarations of a GraphML file
	maxName     = 256     // bytes of a label, an id or a graph's name
	maxNumber   = 64      // characters of a number
	maxExponent = 400     // of ten, beyond a float64
	maxToken    = 1 << 20 // bytes of one XML tag, text or comment
	maxRegions  = 1_000   // rows of a matrix
	maxCommas   = (maxRegions + 1) * (maxRegions + 1)
)

// maxLatency is a year. Far below where a sum of latencies could overflow, far
// above any wire.
const maxLatency ecs.Nanoseconds = 365 * 24 * 3600 * 1e9
