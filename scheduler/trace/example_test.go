package trace_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"orrery/scheduler/trace"
)

// A run is recorded, and one that is made anew is held against its trace: as
// a regression test, with the trace kept in a file. A program that counts
// otherwise from tick 420 on is found out.
func Example() {
	var kept bytes.Buffer
	if _, err := trace.Record(&kept, trace.Config{Run: newChatter(1, 0).Run, Compression: trace.Zstd}, 800); err != nil {
		fmt.Println(err)
		return
	}
	file, err := trace.Open(bytes.NewReader(kept.Bytes()), int64(kept.Len()))
	if err != nil {
		fmt.Println(err)
		return
	}
	verified, err := trace.Verify(file, newChatter(1, 0).Run)
	fmt.Println(verified, "digests:", err)

	_, err = trace.Verify(file, newChatter(1, 420).Run)
	fmt.Println(err)
	// Output:
	// 286 digests: <nil>
	// the run parts from its trace at tick 429: the trace has digest cf05a2d679091703, the run 2fd825ca55d9bf58
}

// TestGoldenTrace: a trace that was written once is met again, by engine and
// reader. It is written anew with -update, and the engine's revision raised, if
// digests change on purpose.
func TestGoldenTrace(t *testing.T) {
	const name = "testdata/chatter.mcap"
	if *update {
		if err := os.WriteFile(name, record(t, newChatter(1, 0), trace.Zstd, 300, nil), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := trace.Verify(open(t, b), newChatter(1, 0).Run); err != nil || n < 100 {
		t.Errorf("%d digests, %v", n, err)
	}
}
