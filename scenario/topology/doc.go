// Package topology reads maps of networks: graphs in GML and GraphML, and
// matrices of latency in CSV.
//
// # Contract
//
// Bytes in, a plain value out. Nothing is opened, nothing kept, no state is
// shared, and equal bytes give an equal value or an equal error on every
// architecture. Nodes, links and names come in file order. No input makes a
// parser panic, and what one takes in time and memory is bounded by limits that
// the error names when they are hit.
//
// An error begins with line and column, so that a caller writes the file's name
// and a colon before it: "map.gml:12:5: …". Columns count bytes, as Go's do. It
// says what is wrong and what to write instead. The first error ends the
// reading.
//
// # Labels
//
// A label is a node's name in a scenario, so it is made fit for one: white space
// and control characters at its ends are cut off, within they become one space.
// A node without one is labelled with its id. The first node of a label, in file
// order, keeps it; a later one has " (id)" appended, as often as it takes to be
// like no other. The id stays what it was when nodes are added to the file, as a
// count would not. A label of one node only is therefore always as written.
//
// # Latency of a link
//
// The first of these that the file has:
//
//   - an attribute latency or delay. A bare number is milliseconds; the unit is
//     otherwise the value's, "50 ms", or the name's, latency_us. Units are ns,
//     us or µs, ms and s.
//   - an attribute length, distance or dist, at 200 km a millisecond, which is
//     light in fibre. A bare number is kilometres; the unit is otherwise the
//     value's or the name's, as before. Units are km and m.
//   - the distance of the two ends' places, over a sphere with the Earth's mean
//     radius, rounded to the metre. It becomes the link's length also where a
//     latency is given.
//   - nothing: 0.
//
// Latencies never pass through a float: the decimal digits are multiplied as an
// integer and rounded once to the nanosecond, halves up. Distances over the
// sphere do, through orrery/ecs/detmath.
//
// Names of attributes are compared without case, and "-" and a space in them are
// as "_". Places are lat or latitude and lon, lng or longitude, in degrees, both
// or neither. Everything else, such as LinkSpeedRaw, type or graphics, is passed
// over. An attribute with an empty value is as none.
//
// # What is kept as it is
//
// Links from a node to itself, parallel links and unconnected parts are facts of
// the file. What they mean is the caller's to decide.
package topology
