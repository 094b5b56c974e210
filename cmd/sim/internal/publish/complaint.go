package publish

import (
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"orrery/netsync/zmq"
)

// A complaint is one kind of trouble that peers make. As they may make much of
// it, it is said once a second at most, with how much there was.
type complaint struct {
	what  string
	count uint64
	last  string
	said  time.Time
}

func (c *complaint) add(n uint64, format string, args ...any) {
	c.count, c.last = c.count+n, fmt.Sprintf(format, args...)
}

func (c *complaint) tell(now time.Time, say func(format string, args ...any)) {
	if c.count == 0 || now.Sub(c.said) < time.Second {
		return
	}
	say("%s: %d, the last %s", c.what, c.count, c.last)
	c.count, c.said = 0, now
}

// leave complains of one that did not leave by itself.
func (c *complaint) leave(e zmq.Event) {
	if e.Err != nil && !isGone(e.Err) {
		c.add(1, "because %v", e.Err)
	}
}

// isGone reports whether a connection just ended at the other end, as those of
// programs do that end.
func isGone(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
