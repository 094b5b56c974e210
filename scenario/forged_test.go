// Proves that a trace that somebody made up ends in an error and not in a crash:
// bytes of a snapshot are changed and the sums put right, so that nothing but
// what they mean is wrong. What systems make of them may be an error, a
// divergence, or, where nothing depends on them, no difference.
package scenario

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/rand"
	"testing"
	"time"

	"github.com/zeebo/xxh3"

	"orrery/ecs"
	"orrery/scheduler"
	"orrery/scheduler/trace"
)

// forger changes the first snapshot of a trace that is not compressed.
type forger struct {
	file        []byte
	chunk, size int // the chunk's records
	at, length  int // the snapshot in the file
}

func newForger(t *testing.T, s *Scenario, until ecs.Tick) *forger {
	t.Helper()
	var b bytes.Buffer
	c := s.Recording()
	c.Compression, c.Every = trace.None, s.Run.World.Time(until)/2+1
	if _, err := trace.Record(&b, c, until); err != nil {
		t.Fatal(err)
	}
	f := &forger{file: b.Bytes()}
	const channel, chunk, head, fields, front = 4, 6, 9, 8 + 8 + 8 + 4 + 4 + 8, 22
	snapshots := byte(255)
	for at := 8; at+head <= len(f.file) && f.length == 0; {
		n := int(binary.LittleEndian.Uint64(f.file[at+1:]))
		record := f.file[at+head : at+head+n]
		if f.file[at] == channel && bytes.HasPrefix(record[8:], []byte(trace.Snapshots)) {
			snapshots = record[0]
		}
		if f.file[at] == chunk && record[fields+head] == snapshots {
			f.chunk, f.size = at, n-fields
			f.at, f.length = at+head+fields+head+front, n-fields-head-front
		}
		at += head + n
	}
	if f.length == 0 {
		t.Fatal("no snapshot was found")
	}
	return f
}

// forge returns the trace with some bytes of the snapshot changed.
func (f *forger) forge(random *rand.Rand) []byte {
	b := bytes.Clone(f.file)
	snapshot := b[f.at : f.at+f.length]
	for range 1 + random.Intn(3) {
		at := random.Intn(len(snapshot) - 8)
		for at > 0 && snapshot[at] == 0 { // most are of figures, and count nothing
			at--
		}
		switch random.Intn(5) {
		case 0:
			snapshot[at] ^= 1 << random.Intn(8)
		case 1:
			snapshot[at] = byte(random.Intn(256))
		case 2:
			binary.LittleEndian.PutUint32(snapshot[at&^3:], uint32(random.Intn(300)))
		case 3:
			binary.LittleEndian.PutUint32(snapshot[at&^3:], ^uint32(0)>>random.Intn(3))
		case 4:
			copy(snapshot[at&^3:len(snapshot)-8], snapshot[random.Intn(len(snapshot)-8)&^3:][:4])
		}
	}
	n := len(snapshot) - 8
	binary.LittleEndian.PutUint64(snapshot[n:], xxh3.Hash(snapshot[:n]))
	records := b[f.chunk+9+40 : f.chunk+9+40+f.size]
	binary.LittleEndian.PutUint32(b[f.chunk+9+24:], crc32.ChecksumIEEE(records))
	return b
}

func TestForgedSnapshots(t *testing.T) {
	tries := 100
	if testing.Short() {
		tries = 20
	}
	for _, x := range sources() {
		if x.name == "sir" || x.name == "world" { // nothing that others have not
			continue
		}
		t.Run(x.name, func(t *testing.T) {
			until := min(x.until, 600)
			f := newForger(t, x.load(t, 5), until)
			random := rand.New(rand.NewSource(1))
			damaged, parted, failed, same := 0, 0, 0, 0
			slowest := time.Duration(0)
			for range tries {
				began := time.Now()
				b := f.forge(random)
				file, err := trace.Open(bytes.NewReader(b), int64(len(b)))
				if err != nil {
					t.Fatal(err)
				}
				s := x.load(t, 5)
				_, err = file.Replay(s.Run, until-1, until)
				if err == nil {
					err = file.Guard(func() error { s.Run.Summary(); s.Run.End(); return s.Run.Failed() })
				}
				var m *trace.Mismatch
				switch {
				case len(file.Damaged()) > 0:
					damaged++
				case errors.As(err, &m):
					parted++
					if err := file.Locate(m, func() (*scheduler.Run, error) { return x.load(t, 5).Run, nil }); err != nil {
						failed++
					}
				case err != nil:
					failed++
				default:
					same++
				}
				slowest = max(slowest, time.Since(began))
			}
			t.Logf("%d bytes: %d refused, %d parted, %d failed, %d as if nothing had been; %v at most", f.length, damaged, parted, failed, same, slowest)
		})
	}
}
