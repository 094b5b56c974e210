package netsync

import "fmt"

// Version is the revision of the wire, which every header and request bears.
const Version = 1

// Nanos is a moment or a span of wall time in nanoseconds. Moments count from
// whenever the caller likes, and never go back.
type Nanos int64

// Second is a span.
const Second Nanos = 1e9

// Limits of what is taken from a wire, whoever sent it.
const (
	MaxHeader  = 256 << 10 // bytes of a frame's header
	MaxRows    = 1 << 26   // of a table
	MaxColumns = 1024      // of a table
	MaxTopic   = 255       // bytes of a topic
	MaxRequest = 64 << 10  // bytes of a request
	MaxDepth   = 32        // of JSON in a request
	// MaxReplyDepth is that of a reply: what values may have, and what is around
	// them.
	MaxReplyDepth = 256
	MaxArguments  = 256     // of a call, or fields of a message
	MaxPrefixes   = 256     // subscriptions of a viewer
	MaxTopics     = 4096    // of a hub
	maxBody       = 1 << 32 // bytes of a frame's body
)

// A LimitError says which limit was hit, and that nothing was done.
type LimitError struct {
	What  string // as "bytes of a request"
	Limit int64
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("more than %d %s", e.Limit, e.What)
}
