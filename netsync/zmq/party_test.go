// These tests hold endpoints to giving nobody all places, and to saying when
// there are none.
package zmq

import (
	"errors"
	"maps"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// However connections come and others make room, the parties that have asked for
// their share have it: none has two more than one that was refused, or ended.
func TestSharesOfParties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const places = 6
		serving := map[ID]*conn{}
		from := func(n int) party {
			return party{place: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}), 32)}
		}
		count := func(p party) (n int) {
			for _, k := range serving {
				if k.from == p {
					n++
				}
			}
			return n
		}
		for i, n := range rapid.SliceOfN(rapid.IntRange(0, 4), 1, 40).Draw(t, "parties") {
			p, most := from(n), 0
			for k := range maps.Values(serving) {
				most = max(most, count(k.from))
			}
			if len(serving) == places {
				own := count(p)
				id, _ := greediest(serving, p)
				if (id == 0) != (most <= own+1) {
					t.Fatalf("it has %d, and another %d; %d makes room", own, most, id)
				}
				if id == 0 {
					continue
				}
				loser := serving[id].from
				if count(loser) != most {
					t.Fatalf("one of %d makes room, and another has %d", count(loser), most)
				}
				for other, k := range serving {
					if k.from == loser && other > id {
						t.Fatalf("%d makes room and %d is newer", id, other)
					}
				}
				delete(serving, id)
			}
			serving[ID(i+1)] = &conn{from: p}
		}
	})
}

func TestPartiesAreByKeyIfKeysSaySomething(t *testing.T) {
	ours, theirs := socketPair()
	defer ours.Close()
	defer theirs.Close()
	k, _ := newGuardPair(ours, theirs, true)
	for keys, want := range map[*ServerKeys]party{nil: {}, {Any: true}: {}, {}: {key: k.peer.key}} {
		s := server{role: &role{server: keys}}
		if got := s.partyOf(k); got != want {
			t.Errorf("keys %+v: %s, want %s", keys, got, want)
		}
	}
}

// Who has all places of a publisher gives one to who has none, and is told of as
// who was cut; where all are one party the next is refused. Both are said.
func TestOnePartyMayNotHaveAllPlaces(t *testing.T) {
	server, greedy, modest := NewKeyPair(), NewKeyPair(), NewKeyPair()
	keys := &ServerKeys{KeyPair: server, Clients: []Key{greedy.Public, modest.Public}}
	p := publisher(t, PublisherConfig{Keys: keys, Limits: Limits{Connections: 3}})
	for range 3 {
		dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB", Keys: &ClientKeys{greedy, server.Public}})
		until(t, p.events, Joined)
	}
	k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB", Keys: &ClientKeys{modest, server.Public}})
	e := until(t, p.events, Left)
	if !errors.Is(e.Err, errLimit) || e.Viewer != 3 || !strings.Contains(e.Err.Error(), "3 connections, the most of them (3) with key "+greedy.Public.String()) {
		t.Errorf("%d left because of %v", e.Viewer, e.Err)
	}
	joined := until(t, p.events, Joined) // after who made room has left
	p.give(joined.Viewer, message("t", "in"))
	if got := receive(t, k); got[1] != "in" {
		t.Errorf("got %q", got)
	}
	dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB", Keys: &ClientKeys{greedy, server.Public}})
	if e := until(t, p.events, Refused, Left); e.Kind != Refused || !strings.Contains(e.Err.Error(), "3 connections") {
		t.Errorf("%s because of %v", e.Kind, e.Err)
	}
}
