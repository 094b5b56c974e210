// Proves that a trace that is cut, damaged or made up is read as far as it is
// whole, that what is read was written, and that nothing panics.
package trace_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/foxglove/mcap/go/mcap"

	"orrery/scheduler"
	"orrery/scheduler/trace"
)

// small is a trace of few ticks, so that all its bytes can be tried.
func small(t testing.TB, kind trace.Compression) []byte {
	return record(t, newChatter(1, 0), kind, 230, nil)
}

// readAll reads everything; it returns the messages' count. What is read and
// was not written is an error.
func readAll(t *testing.T, b []byte, written map[string]bool) int {
	t.Helper()
	f, err := trace.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return -1
	}
	n := 0
	err = f.Each("", 0, 0, func(m *trace.Entry) error {
		if n++; !written[string(m.Data)] {
			t.Fatalf("a message of %s was never written: %.80q", m.Topic, m.Data)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Sources()
	return n
}

// stride leaves out bytes where nothing differs from what was tried with zstd.
func stride(kind trace.Compression) int {
	if kind == trace.Zstd {
		return 1
	}
	return 29
}

func contents(t *testing.T, b []byte) (written map[string]bool, n int) {
	written = map[string]bool{}
	open(t, b).Each("", 0, 0, func(m *trace.Entry) error {
		written[string(m.Data)] = true
		n++
		return nil
	})
	return written, n
}

func TestCutAnywhere(t *testing.T) {
	for _, kind := range kinds {
		b := small(t, kind)
		written, all := contents(t, b)
		most := -1
		step := stride(kind)
		for n := 0; n < len(b); n += step {
			got := readAll(t, b[:n], written)
			if got < most {
				t.Fatalf("%q: %d bytes have %d messages, and fewer had %d", kind, n, got, most)
			}
			most = got
		}
		if most != all {
			t.Errorf("%q: cut in its index, a trace has %d messages of %d", kind, most, all)
		}
	}
}

func TestCutTracesAreVerified(t *testing.T) {
	b := record(t, newChatter(1, 0), trace.Zstd, 800, nil)
	before := -1
	for n := len(b) - 1; n > 0; n -= 211 {
		f, err := trace.Open(bytes.NewReader(b[:n]), int64(n))
		if err != nil {
			continue
		}
		if f.Cut() == "" {
			t.Fatalf("%d of %d bytes are taken for all", n, len(b))
		}
		verified, err := trace.Verify(f, newChatter(1, 0).Run)
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if before >= 0 && verified > before {
			t.Fatalf("%d bytes have %d digests, more had %d", n, verified, before)
		}
		before = verified
	}
}

// One bit anywhere: all but a chunk is read, and a replay never takes damage
// for a divergence.
func TestBitsFlipped(t *testing.T) {
	for _, kind := range kinds {
		b := small(t, kind)
		written, all := contents(t, b)
		for at := 0; at < len(b); at += 13 * stride(kind) {
			flipped := bytes.Clone(b)
			flipped[at] ^= 1 << (at % 8)
			n := readAll(t, flipped, written)
			if n >= 0 && n < all {
				f := open(t, flipped)
				f.Each("", 0, 0, func(*trace.Entry) error { return nil })
				if f.Cut() == "" && len(f.Damaged()) == 0 {
					t.Fatalf("%q: byte %d was changed, %d of %d messages are left, and nobody says so", kind, at, n, all)
				}
			}
			if at%26 != 0 || n < 0 {
				continue
			}
			_, err := trace.Verify(open(t, flipped), newChatter(1, 0).Run)
			var m *trace.Mismatch
			if errors.As(err, &m) && !strings.Contains(err.Error(), "final digest") {
				t.Fatalf("%q: byte %d was changed, and it is taken for a divergence: %v", kind, at, err)
			}
		}
	}
}

func TestNoTraces(t *testing.T) {
	for _, tc := range []struct{ b, want string }{
		{"", "it is no trace"},
		{"a = 1\n", "it is no trace"},
		{"\x89MCAP0\r\n", "it was cut before"},
		{"\x89MCAP0\r\n\x01\xff\xff\xff\xff\xff\xff\xff\x7f", "it was cut before"},
	} {
		if _, err := trace.Open(strings.NewReader(tc.b), int64(len(tc.b))); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%q: %v", tc.b, err)
		}
	}
}

func TestOtherRevisionsAreRefused(t *testing.T) {
	b := small(t, trace.None)
	for _, tc := range []struct{ from, to, want string }{
		{"\x05\x00\x00\x00trace\x01\x00\x00\x001", "\x05\x00\x00\x00trace\x01\x00\x00\x007", `it was written by trace revision "7", and this is revision 1: use the sim that wrote it`},
		{fmt.Sprintf("engine\x01\x00\x00\x00%d", scheduler.Revision), "engine\x01\x00\x00\x009", `it was written by engine revision "9"`},
	} {
		other := bytes.Replace(b, []byte(tc.from), []byte(tc.to), 1)
		if bytes.Equal(other, b) {
			t.Fatalf("no %q", tc.from)
		}
		f, err := trace.Open(bytes.NewReader(other), int64(len(other)))
		if err == nil {
			err = f.Comparable()
		}
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v: want %s", err, tc.want)
		}
	}
}

// fullDisk has room for so many bytes, and none for what comes after.
type fullDisk struct{ room, refused int }

var errFull = errors.New("no space left on device")

func (d *fullDisk) Write(b []byte) (int, error) {
	if d.room -= len(b); d.room < 0 {
		d.refused++
		return 0, errFull
	}
	return len(b), nil
}

// Wherever the disk is full, the one who records is told, at the front, on the
// way or with the last byte of the index, and nothing is written after.
func TestFullDisk(t *testing.T) {
	var whole bytes.Buffer
	if _, err := trace.Record(&whole, newChatter(1, 0).config(trace.None), 800); err != nil {
		t.Fatal(err)
	}
	for room := 0; room < whole.Len(); room += 1 + min(1777, (whole.Len()-room)/2) {
		disk := &fullDisk{room: room}
		_, err := trace.Record(disk, newChatter(1, 0).config(trace.None), 800)
		if !errors.Is(err, errFull) || disk.refused != 1 {
			t.Errorf("room for %d of %d bytes: %v, asked %d times when it was full", room, whole.Len(), err, disk.refused)
		}
	}
}

// What Tail gives makes the file readable up to the moment.
func TestTail(t *testing.T) {
	c := newChatter(1, 0)
	var b bytes.Buffer
	r, err := trace.NewRecorder(&b, c.config(trace.Zstd))
	if err != nil {
		t.Fatal(err)
	}
	for _, until := range []int{3, 57, 58, 101, 333} {
		for c.Next() <= 333 && int(c.World.Tick()) < until {
			c.Step()
		}
		now := append(bytes.Clone(b.Bytes()), r.Tail()...)
		again := newChatter(1, 0)
		if n, err := trace.Verify(open(t, now), again.Run); err != nil || again.World.Tick() != c.World.Tick() || n != int(c.World.Counts().Ticks) {
			t.Errorf("killed after tick %d: %d ticks up to %d are left of %d, %v", c.World.Tick(), n, again.World.Tick(), c.World.Counts().Ticks, err)
		}
	}
}

// Of lz4 each chunk takes 4 MiB of memory for a frame, and most of the time:
// TestBitsFlipped has it. The seeds are short, so that what is changed is
// seldom what is changed elsewhere as well.
func FuzzOpen(f *testing.F) {
	for _, kind := range []trace.Compression{trace.None, trace.Zstd} {
		f.Add(record(f, newChatter(1, 0), kind, 120, nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := trace.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		file.Each("", 0, 0, func(m *trace.Entry) error {
			trace.ParseFrame(m.Data)
			return nil
		})
		file.Sources()
		file.Replay(newChatter(1, 0).Run, 100, 115)
	})
}

// What is recovered is a whole trace of what there was, for the library too.
func TestRecover(t *testing.T) {
	whole := record(t, newChatter(1, 0), trace.Zstd, 800, nil)
	written, _ := contents(t, whole)
	for n := len(whole); n > 4000; n -= 1777 {
		cut := open(t, whole[:n])
		want := 0
		cut.Each("", 0, 0, func(*trace.Entry) error { want++; return nil })
		var b bytes.Buffer
		r, err := trace.Recover(cut, &b)
		if err != nil || r.Lost > 0 || int(r.Messages) != want {
			t.Fatalf("%d bytes: %+v, %v; want %d messages", n, r, err, want)
		}
		f := open(t, b.Bytes())
		if f.Cut() != "" || readAll(t, b.Bytes(), written) != want {
			t.Errorf("what was recovered of %d bytes is not whole: %s", n, f.Cut())
		}
		if _, err := trace.Verify(f, newChatter(1, 0).Run); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
		if n == len(whole) && !bytes.Equal(b.Bytes(), whole) && len(f.Damaged()) > 0 {
			t.Error(f.Damaged())
		}
		info, err := mcapInfo(b.Bytes())
		if err != nil || int(info.Statistics.MessageCount) != want || len(info.ChunkIndexes) != r.Chunks {
			t.Errorf("the library finds %v, %v", info, err)
		}
	}
}

func mcapInfo(b []byte) (*mcap.Info, error) {
	r, err := mcap.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return r.Info()
}
