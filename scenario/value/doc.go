// Package value holds the values of the scenario language that Starlark has
// not, the functions over values that every scenario may call ([Universe]), and
// the canonical bytes of any value ([Encoder], [Decode]). It knows nodes by
// number only and runs no script by itself.
//
// # Values
//
// A [Duration] is int64 nanoseconds and a type of its own, so that a number
// without a unit is an error. A [Record] is what struct(…) makes, a [Message]
// what a handler is given, a [Bound] what bind(…) makes: all three immutable,
// though a list within one may change until it is frozen. A [Node] is an
// address; what more it shows is up to a [Resolver], since a handler may see
// less than a check. Of a record the order of fields cannot be observed: it
// prints, lists and encodes them by name.
//
// Printing any of them ends and stays below about a megabyte, even if a value
// contains itself.
//
// # Canonical bytes
//
// A value has one encoding, and each encoding is of one value: what a script
// could tell apart differs in its bytes, and nothing else does. So dicts and
// sets keep the order of insertion, -0.0 is not 0.0, 1 is not 1.0, and all
// NaNs are one. Lists, dicts and sets have identity: one that is met again,
// even within itself, is written as its index in the order of first meetings.
// Identity is kept within one encoding, and not between two. Tuples, records
// and the like have none, and are written again.
//
//	None 0 · False 1 · True 2
//	int      3 zigzag varint; 4 magnitude beyond int64, 5 its negative: bytes, big-endian
//	float    6 8 bytes, little-endian
//	string   7 bytes · bytes 8 bytes
//	list     9 count, values · tuple 10 likewise
//	dict    11 count, keys and values · set 12 count, values
//	again   13 index of the list, dict or set
//	Duration 14 zigzag varint of nanoseconds
//	Record  15 fields
//	Node    16 4 bytes, little-endian
//	Bound   17 function, count, values
//	function 18 name
//	Message 19 kind, source, fields
//	other   20 kind, value: what is [Keepable]
//	frozen  21 before a list, dict or set that cannot be changed, if the Codec
//	        keeps that; so are then those within it
//
// Counts and lengths are shortest varints, "bytes" a length and that many;
// "fields" a count and pairs of name (bytes) and value, by name. The payload
// of a message is its fields alone.
//
// Values nest 200 deep at most, and take at most [Codec.MaxBytes]. A function
// is kept by its name if the [Functions] at hand know it, which are those made
// while loading; one made in a handler is refused, with the cure. Errors say
// where in the value: `.data["x"][3]`.
//
// Bytes may be anyone's: decoding never panics, takes memory in proportion to
// their number (at most about 400 bytes for one) and refuses everything that
// encoding would not have written.
//
// # Threads
//
// A [Codec] and an [Encoder] are for one goroutine at a time. What Universe
// returns may be shared, if the Codec's Functions may.
package value
