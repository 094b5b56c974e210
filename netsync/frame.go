package netsync

import "fmt"

// Frame is one message of the publish endpoint.
type Frame struct {
	Topic  string
	Header []byte // JSON
	Body   []byte // of which the header says what it is
}

// Parts are the frame as ZeroMQ moves it.
func (f Frame) Parts() [][]byte { return [][]byte{[]byte(f.Topic), f.Header, f.Body} }

// Bytes is what the frame weighs.
func (f Frame) Bytes() int64 { return int64(len(f.Topic) + len(f.Header) + len(f.Body)) }

// ParseFrame takes the parts of a message for a frame. It keeps them.
func ParseFrame(parts [][]byte) (Frame, error) {
	switch {
	case len(parts) != 3:
		return Frame{}, fmt.Errorf("a frame of %d parts; it has three: topic, header, body", len(parts))
	case len(parts[0]) > MaxTopic:
		return Frame{}, &LimitError{"bytes of a topic", MaxTopic}
	case len(parts[1]) > MaxHeader:
		return Frame{}, &LimitError{"bytes of a frame's header", MaxHeader}
	case uint64(len(parts[2])) > maxBody:
		return Frame{}, &LimitError{"bytes of a frame's body", maxBody}
	}
	return Frame{string(parts[0]), parts[1], parts[2]}, nil
}
