// Proves that what came from outside is a part of a trace that holds in all that
// is made of it: a fork from before it has it too, as a command, so that the
// fork's own trace replays, and so has a fork of that.
package trace_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/rand"
	"strings"
	"testing"

	"orrery/ecs"
	"orrery/scheduler/trace"
	"orrery/systems"
)

// commanded records a run to which things are done from outside: a message, a
// crash, a cut for a while, whose end is asked for with it.
func commanded(t *testing.T, kind trace.Compression) []byte {
	c := newChatter(1, 0)
	var b bytes.Buffer
	r, err := trace.NewRecorder(&b, c.config(kind))
	if err != nil {
		t.Fatal(err)
	}
	for c.Next() <= 800 {
		switch c.World.Tick() {
		case 200:
			c.Command(systems.Action{Verb: systems.Message, Target: c.nodes[5], Kind: c.hello, A: 77, Payload: []byte("from outside")})
		case 300:
			at := c.Command(systems.Action{Verb: systems.CutOff, Lists: [][]ecs.Node{c.nodes[:2], c.nodes[2:]}, Label: 1<<63 | 1})
			c.CommandAt(at+100, systems.Action{Verb: systems.Heal, Label: 1<<63 | 1})
		case 500:
			c.Command(systems.Action{Verb: systems.Crash, Nodes: c.nodes[4:6], Down: 20 * ms})
			c.Command(systems.Action{Verb: systems.Slow, Target: c.nodes[0], A: 5000})
		}
		if _, err := c.Step(); err != nil {
			t.Fatal(err)
		}
	}
	s := c.End()
	if err := r.Close(&s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// forked goes on from a moment of a trace as it went, and records that.
func forked(t *testing.T, f *trace.File, at ecs.Tick) []byte {
	child := newChatter(1, 0)
	if _, err := f.Replay(child.Run, at, at); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := trace.Record(&b, child.config(trace.Zstd), 800); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func inputs(t *testing.T, f *trace.File) (all []string) {
	err := f.Each(trace.Inputs, 0, 0, func(m *trace.Entry) error {
		all = append(all, string(m.Data))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What is written by the end of a tick has all that came from outside in it, and
// the digests up to there.
func TestCommandsAreWrittenByTheEndOfTheirTick(t *testing.T) {
	c := newChatter(1, 0)
	var b bytes.Buffer
	if _, err := trace.NewRecorder(&b, c.config(trace.Zstd)); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 5; n++ {
		if err := c.RunUntil(ecs.Tick(100 * n)); err != nil {
			t.Fatal(err)
		}
		at := c.Command(systems.Action{Verb: systems.Message, Target: c.nodes[5], Kind: c.hello, A: uint64(n)})
		for c.World.Tick() < at {
			if _, err := c.Step(); err != nil {
				t.Fatal(err)
			}
		}
		f := open(t, bytes.Clone(b.Bytes()))
		if all := inputs(t, f); len(all) != n {
			t.Errorf("of %d commands %d are written: %q", n, len(all), all)
		}
		again := newChatter(1, 0)
		if _, err := trace.Verify(f, again.Run); err != nil || again.World.Tick() != at || again.World.Digest() != c.World.Digest() {
			t.Errorf("command %d at tick %d: verified up to %d, %v", n, at, again.World.Tick(), err)
		}
	}
}

// Who has lost commands cannot tell whether a run parts from its trace.
func TestLostCommandsAreNoDivergence(t *testing.T) {
	b := commanded(t, trace.None)
	b[bytes.Index(b, []byte(`"verb":"cut"`))] ^= 1
	f := open(t, b)
	_, err := trace.Verify(f, newChatter(1, 0).Run)
	var m *trace.Mismatch
	if err == nil || errors.As(err, &m) || !strings.Contains(err.Error(), "on it cannot be verified: what came from outside was in a part of it that is damaged") {
		t.Error(err)
	}
}

func TestForkBeforeCommands(t *testing.T) {
	b := commanded(t, trace.Zstd)
	parent := open(t, b)
	if _, err := trace.Verify(parent, newChatter(1, 0).Run); err != nil {
		t.Fatal(err)
	}
	if n := len(inputs(t, parent)); n != 5 {
		t.Fatalf("%d inputs", n)
	}
	for _, tc := range []struct {
		at     ecs.Tick
		inputs int
	}{{0, 5}, {150, 5}, {200, 5}, {250, 4}, {350, 3}, {450, 2}, {700, 0}} {
		f := open(t, forked(t, open(t, b), tc.at))
		if n := len(inputs(t, f)); n != tc.inputs {
			t.Errorf("a fork at %d has %d inputs; %d were to come", tc.at, n, tc.inputs)
		}
		if n, err := trace.Verify(f, newChatter(1, 0).Run); err != nil || n < 10 {
			t.Errorf("the trace of a fork at %d: %d digests, %v", tc.at, n, err)
		}
		if ends(t, f)["digest"] != ends(t, parent)["digest"] {
			t.Errorf("a fork at %d that goes on as its parent went ends elsewhere", tc.at)
		}
		again := open(t, forked(t, f, max(400, tc.at)))
		if _, err := trace.Verify(again, newChatter(1, 0).Run); err != nil || ends(t, again)["digest"] != ends(t, parent)["digest"] {
			t.Errorf("a fork of the fork at %d: %v", tc.at, err)
		}
	}
}

// A run that is taken to one moment after another is given each command once.
func TestCommandsAreGivenOnce(t *testing.T) {
	f := open(t, commanded(t, trace.Zstd))
	c := newChatter(1, 0)
	for _, at := range []ecs.Tick{100, 400, 100} {
		if _, err := f.Restore(c.Run, at); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, in := range c.Inputs() {
			if in.Command {
				n++
			}
		}
		if n != 5 {
			t.Errorf("taken to %d, the run has %d commands of 5", at, n)
		}
	}
	if err := c.RunUntil(800); err != nil {
		t.Fatal(err)
	}
}

// A command that somebody made up ends in an error, a divergence or no
// difference, and never in a panic.
func TestForgedCommands(t *testing.T) {
	b := commanded(t, trace.None)
	random := rand.New(rand.NewSource(1))
	failed, parted := 0, 0
	for range 300 {
		forged := forgeDigit(b, random)
		f := open(t, forged)
		_, err := trace.Verify(f, newChatter(1, 0).Run)
		var m *trace.Mismatch
		switch {
		case len(f.Damaged()) > 0:
			t.Fatal(f.Damaged())
		case errors.As(err, &m):
			parted++
		case err != nil:
			failed++
		}
	}
	if parted < 100 || failed < 3 {
		t.Errorf("%d parted and %d failed of 300", parted, failed)
	}
	t.Logf("%d parted and %d failed of 300", parted, failed)
}

// forgeDigit changes some digits of the commands of a trace that is not
// compressed, and puts the sum of their chunk right.
func forgeDigit(b []byte, random *rand.Rand) []byte {
	b = bytes.Clone(b)
	const chunk, head, fields = 6, 9, 8 + 8 + 8 + 4 + 4 + 8
	for at := 8; at+head <= len(b); {
		n := int(binary.LittleEndian.Uint64(b[at+1:]))
		if records := b[at+head : at+head+n]; b[at] == chunk {
			records = records[fields:]
			var digits []int
			for from := 0; ; {
				i := bytes.Index(records[from:], []byte(`"exact":{`))
				if i < 0 {
					break
				}
				for from += i; records[from] != '}'; from++ {
					if c := records[from]; c >= '0' && c <= '9' {
						digits = append(digits, from)
					}
				}
			}
			for i := 0; i < 1+random.Intn(3) && len(digits) > 0; i++ {
				records[digits[random.Intn(len(digits))]] = byte('0' + random.Intn(10))
			}
			binary.LittleEndian.PutUint32(b[at+head+24:], crc32.ChecksumIEEE(records))
		}
		at += head + n
	}
	return b
}
