// These tests hold endpoints of requests to answer who sends a message over the
// limits: it is read past and told so, and what comes after it is as it was sent.
package zmq

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Of messages of any parts those within the limits arrive as they are, those over
// them are shown as such and never with more than a byte over, and all come in
// order, until one is over what is read past.
func TestMessagesOverTheLimitsAreReadPast(t *testing.T) {
	limits := Limits{FrameBytes: 3000, MessageBytes: 5000, Parts: 20}.withDefaults(1)
	rapid.Check(t, func(t *rapid.T) {
		ours, theirs := socketPair()
		defer ours.Close()
		defer theirs.Close()
		in, out := newGuardPair(ours, theirs, rapid.Bool().Draw(t, "curve"))
		in.guard.limits, in.guard.past = limits, limits.readPast()
		size := rapid.OneOf(rapid.IntRange(0, 300), rapid.SampledFrom([]int{2999, 3000, 3001, 5000, 5001, 12000}))
		messages := rapid.SliceOfN(rapid.SliceOfN(size, 1, 6), 1, 8).Draw(t, "sizes")
		go func() {
			for i, message := range messages {
				var parts [][]byte
				for _, n := range message {
					parts = append(parts, []byte(strings.Repeat(fmt.Sprint(i), n)))
				}
				out.send(parts, true)
			}
		}()
		for i, message := range messages {
			most, total := 0, 0
			for _, n := range message {
				most, total = max(most, n), total+n
			}
			parts, err := in.receive()
			if int64(total) > limits.readPast() {
				if !errors.Is(err, errLimit) {
					t.Fatalf("message %d of %d bytes: %v", i, total, err)
				}
				return
			}
			if err != nil || len(parts) != len(message) {
				t.Fatalf("message %d: %d parts, %v", i, len(parts), err)
			}
			over := int64(most) > limits.FrameBytes || int64(total) > limits.MessageBytes
			if told := limits.fit(parts); (told != nil) != over {
				t.Fatalf("message %d of %v: %v", i, message, told)
			}
			shown := 0
			for j, n := range message {
				if want := strings.Repeat(fmt.Sprint(i), n); !strings.HasPrefix(want, string(parts[j])) || !over && len(parts[j]) != n {
					t.Fatalf("part %d of message %d: %.20q of %d bytes, want %d", j, i, parts[j], len(parts[j]), n)
				}
				shown += len(parts[j])
			}
			if int64(shown) > limits.MessageBytes+1 {
				t.Fatalf("message %d: %d bytes are shown", i, shown)
			}
		}
	})
}

func TestRequestsOverTheLimitsAreAnswered(t *testing.T) {
	server, mine := NewKeyPair(), NewKeyPair()
	for _, keys := range []*ServerKeys{nil, {KeyPair: server, Clients: []Key{mine.Public}}} {
		for _, kind := range []string{"DEALER", "REQ"} {
			config := DialConfig{Type: kind}
			if keys != nil {
				config.Keys = &ClientKeys{mine, server.Public}
			}
			r := requests(t, RequestsConfig{Keys: keys, Waiting: 2})
			config.Endpoint = r.Endpoint()
			k := dial(t, config)
			for range 5 { // more than may wait: each is answered
				k.Send([][]byte{make([]byte, requestFrameBytes+1)})
				if got := receive(t, k); len(got) != 1 || got[0] != "error: over a limit: over 65536 bytes in one part" {
					t.Errorf("%s: got %q", kind, got)
				}
			}
			if e := until(t, r.events, Limited); !errors.Is(e.Err, errLimit) {
				t.Errorf("%s: it says %v", kind, e.Err)
			}
			k.Send(bytesOf([]string{"get"}))
			q := take(t, r)
			r.Reply(q, q.Parts)
			if got := receive(t, k); len(got) != 1 || got[0] != "get" {
				t.Errorf("%s: then got %q", kind, got)
			}
			k.Send([][]byte{make([]byte, 4*requestFrameBytes+100)})
			if e := until(t, r.events, Left); !errors.Is(e.Err, errLimit) {
				t.Errorf("%s: left because of %v", kind, e.Err)
			}
		}
	}
}

// Who is within the limits pays nothing for those who are not.
func TestFramesWithinTheLimitsCostNoAllocation(t *testing.T) {
	in := bufio.NewReader(bytes.NewReader(bytes.Repeat([]byte("\x00\x01x"), 1100)))
	g := newGuard(&pulse{}, in, Limits{}.withDefaults(100), "ROUTER")
	var p [16]byte
	if n := testing.AllocsPerRun(1000, func() {
		for range 2 { // its header, and its body
			if _, err := g.Read(p[:]); err != nil {
				t.Fatal(err)
			}
		}
	}); n > 0 {
		t.Errorf("%v allocations a frame", n)
	}
}
