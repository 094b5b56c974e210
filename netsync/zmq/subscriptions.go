package zmq

import "fmt"

// subscriptions are the prefixes a viewer wants. They add up, and do not
// merge: one wanted twice is cancelled twice (RFC 37, "The Publish-Subscribe
// Pattern").
type subscriptions struct {
	most, mostBytes int
	prefixes        map[string]int
	count           int
}

// A change is what a viewer's message did.
type change struct {
	prefix string
	on     bool // wanted from now on; else not any more
}

// apply takes a viewer's message: 1 or 0, and a prefix. Changed is false for
// one that is wanted already, or still, or never was.
func (s *subscriptions) apply(parts [][]byte) (c change, changed bool, err error) {
	if len(parts) != 1 || len(parts[0]) == 0 || parts[0][0] > 1 {
		return c, false, fmt.Errorf("%w: a viewer's message is no subscription", errProtocol)
	}
	if len(parts[0])-1 > s.mostBytes {
		return c, false, fmt.Errorf("%w: subscription of over %d bytes", errLimit, s.mostBytes)
	}
	c = change{string(parts[0][1:]), parts[0][0] == 1}
	n := s.prefixes[c.prefix]
	switch {
	case c.on && s.count >= s.most:
		return c, false, fmt.Errorf("%w: over %d subscriptions", errLimit, s.most)
	case c.on:
		if s.prefixes == nil {
			s.prefixes = map[string]int{}
		}
		s.prefixes[c.prefix] = n + 1
		s.count++
		changed = n == 0
	case n == 0:
		return c, false, nil // as libzmq: no harm done
	case n == 1:
		delete(s.prefixes, c.prefix)
		s.count--
		changed = true
	default:
		s.prefixes[c.prefix] = n - 1
		s.count--
	}
	return c, changed, nil
}
