package zmq

import (
	"fmt"
	"net/netip"
)

// A party is to whom connections belong, as far as can be told: who has a key,
// or all at one address. Without keys all are on this machine, and one party:
// whoever may run programs here is trusted not to keep others out, or is kept
// out by ipc or by keys.
type party struct {
	key   Key
	place netip.Prefix
}

func (p party) String() string {
	switch {
	case p.key != Key{}:
		return "with key " + p.key.String()
	case p.place.IsValid():
		return "from " + p.place.String()
	}
	return "from this machine"
}

// partyOf tells who a peer is. A key says nothing if any will do: one may make
// as many as one likes.
func (s *server) partyOf(k *conn) party {
	if s.role.server != nil && !s.role.server.Any {
		return party{key: k.peer.key}
	}
	return party{place: placeOf(k.guard.RemoteAddr())}
}

// makeRoom ends a connection for one of another party, if that then has no more
// than the one which has most: so nobody keeps others out by taking all places.
// It is the newest, as the older ones have been of use. The caller holds mu.
func (s *server) makeRoom(to party) (*conn, error) {
	id, most := greediest(s.serving, to)
	if id == 0 {
		return nil, fmt.Errorf("%w: %d connections, the most of them (%d) %s", errLimit, s.limits.Connections, most.count, most.party)
	}
	k := s.serving[id]
	delete(s.serving, id)
	k.end(fmt.Errorf("%w: %d connections, the most of them (%d) %s, and one came %s", errLimit, s.limits.Connections, most.count, most.party, to))
	return k, nil
}

// A share is how many connections a party has.
type share struct {
	party party
	count int
}

// greediest picks the newest connection of the party that has most; 0 if a
// newcomer's party would then have more than that.
func greediest(serving map[ID]*conn, to party) (newest ID, most share) {
	count := map[party]int{}
	for _, k := range serving {
		count[k.from]++
	}
	for id, k := range serving {
		if n := count[k.from]; n > most.count || n == most.count && id > newest {
			newest, most = id, share{k.from, n}
		}
	}
	if most.count <= count[to]+1 {
		newest = 0
	}
	return newest, most
}
