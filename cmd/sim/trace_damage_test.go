// Proves that of a trace that is damaged in many places a few are told, and how
// many more there are.
package main

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMuchDamageIsToldInFewLines(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run.mcap")
	var out, said bytes.Buffer
	if code := run([]string{"run", written(t, token), "--seed", "3", "--quiet", "--trace", file, "--trace-interval", "10ms"}, nil, &out, &said); code != exitFine {
		t.Fatal(code, &said)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	chunks := 0
	const chunk, head = 6, 9
	for at := 8; at+head <= len(b); {
		n := int(binary.LittleEndian.Uint64(b[at+1:]))
		if b[at] == chunk {
			chunks++
			b[at+head+n-1] ^= 0xff
		}
		at += head + n
	}
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if code := run([]string{"log", "cat", file}, nil, &out, &said); code != exitFine || chunks < 100 {
		t.Fatal(code, chunks, &said)
	}
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	if len(lines) != maxDamage+1 || !strings.Contains(lines[0], "the chunk at byte ") || !strings.Contains(lines[maxDamage], ": and ") || !strings.HasSuffix(lines[maxDamage], " more that cannot be read") {
		t.Errorf("of %d chunks that are damaged: %s", chunks, &said)
	}
}
