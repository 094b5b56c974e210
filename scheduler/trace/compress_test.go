// Proves that a chunk that says that it refers far back, or that it holds much,
// costs no memory that it does not fill.
package trace

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestWindows(t *testing.T) {
	text := bytes.Repeat([]byte("orrery "), 100)
	for _, tc := range []struct {
		window int
		ok     bool
	}{{1 << 10, true}, {8 << 20, true}, {16 << 20, false}, {512 << 20, false}} {
		var b bytes.Buffer // not in one piece: the writer does not know how much comes
		w, err := zstd.NewWriter(&b, zstd.WithWindowSize(tc.window), zstd.WithEncoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		w.Write(text[:300])
		w.Flush()
		w.Write(text[300:])
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		var got []byte
		used := allocated(func() { got, err = decompress(Zstd, b.Bytes(), uint64(len(text))) })
		if ok := err == nil; ok != tc.ok || ok && !bytes.Equal(got, text) {
			t.Errorf("a window of %d: %v", tc.window, err)
		}
		if used > 20<<20 {
			t.Errorf("a window of %d: %d bytes of memory", tc.window, used)
		}
		t.Logf("a window of %d: %d bytes of memory, %v", tc.window, used, err)
	}
}

// What we write is read, in one segment and in several.
func TestChunksOfAllSizes(t *testing.T) {
	for _, kind := range []Compression{Zstd, LZ4} {
		c, err := newCompressor(kind)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, 100, 1 << 20, 5 << 20, 20 << 20} {
			data := bytes.Repeat([]byte("0123456789abcdef, and so on\n"), n/28+1)[:n]
			packed, err := c.compress(data)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := decompress(kind, packed, uint64(n)); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s: %d bytes: %v", kind, n, err)
			}
			if _, err := decompress(kind, packed, uint64(n-1)); err == nil {
				t.Errorf("%s: %d bytes are taken for one less", kind, n)
			}
		}
	}
}
