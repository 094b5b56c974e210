// Proves that a large trace is read wherever it is cut: after each byte of its
// last megabyte what is whole before is found, none of it is lost, and reading
// takes no more memory than it says. What is found changes where a record ends
// alone, so that everything is read and verified there, and at every byte it is
// looked at which records those are.
package trace_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"strings"
	"testing"

	"orrery/scheduler/trace"
)

const megabyte = 1 << 20

// large is a trace of some megabytes, whose last has chunks of all sorts.
func large(t testing.TB) []byte {
	c := newChatter(1, 0)
	config := c.config(trace.None)
	config.Messages, config.Every = true, 2000*ms
	var b bytes.Buffer
	if _, err := trace.Record(&b, config, 9000); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// ends returns where the records of a trace end, and how many chunks there are
// before each.
func recordEnds(b []byte) (ends, chunks []int) {
	n := 0
	for at := 8; at+9 <= len(b); {
		const chunk = 6
		if b[at] == chunk {
			n++
		}
		at += 9 + int(binary.LittleEndian.Uint64(b[at+1:]))
		ends, chunks = append(ends, at), append(chunks, n)
	}
	return ends, chunks
}

func TestCutInTheLastMegabyte(t *testing.T) {
	b := large(t)
	if len(b) < 2*megabyte {
		t.Fatalf("%d bytes are no large trace", len(b))
	}
	step := 1
	if testing.Short() {
		step = 61
	}
	ends, chunks := recordEnds(b)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	at, cuts := 0, uint64(0)
	for n := len(b) - megabyte; n < len(b); n += step {
		for at < len(ends) && ends[at] <= n {
			at++
		}
		f, err := trace.Open(bytes.NewReader(b[:n]), int64(n))
		if err != nil || f.Cut() != "it ends before its index" || f.Chunks() != chunks[at-1] {
			t.Fatalf("%d of %d bytes: %v, %q, %d chunks; want %d", n, len(b), err, f.Cut(), f.Chunks(), chunks[at-1])
		}
		cuts++
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / cuts; each > 64<<10 {
		t.Errorf("to open a cut trace took %d bytes", each)
	}
	t.Logf("%d cuts of %d bytes", cuts, len(b))
}

// At each end of a record of the last megabyte, and a byte to either side, all
// that is whole is read; at some, it is verified.
func TestCutBetweenRecords(t *testing.T) {
	b := large(t)
	written, all := contents(t, b)
	ends, _ := recordEnds(b)
	most, verified := 0, 0
	for i, end := range ends {
		if end < len(b)-megabyte {
			continue
		}
		for n := end - 1; n <= min(end+1, len(b)-1); n++ {
			got := readAll(t, b[:n], written)
			if got < most {
				t.Fatalf("%d bytes have %d messages, and fewer had %d", n, got, most)
			}
			most = got
		}
		if i%40 > 0 {
			continue
		}
		digests, err := trace.Verify(open(t, b[:end-1]), newChatter(1, 0).Run)
		var m *trace.Mismatch
		if err != nil && !errors.As(err, &m) || m != nil && !strings.Contains(m.Want, "final") || digests < verified {
			t.Fatalf("%d bytes: %d digests, %v; fewer bytes had %d", end-1, digests, err, verified)
		}
		verified = digests
	}
	if most != all || verified == 0 {
		t.Errorf("cut in its index, a trace has %d messages of %d; %d digests were verified", most, all, verified)
	}
}
