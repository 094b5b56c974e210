// Package publish shows a run to viewers while it goes on. It stands between
// the thread that runs the world and the sockets.
//
// A [Tap] is what the simulation's thread knows of all this: at the end of a
// tick it looks whether an order has come (one atomic load), copies what the
// order names into images, and hands them back. It waits for nobody, and what
// it does is the same for one viewer and for a hundred.
//
// A [Station] is everything else, on goroutines of its own: the hub with its
// topics and viewers, the endpoints, and the requests, of which those that act
// on the world become commands that the tap carries to a tick's boundary.
package publish
