//go:build !debug

// Proves what a node and an envelope cost in memory beside what a program
// declares: what is still there after a garbage collection, by the runtime's
// own account. Not under -tags debug, which keeps copies.
package ecs

import (
	"runtime"
	"testing"
)

// held returns the bytes that what build returns keeps alive.
func held(build func() *World) (int, *World) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	w := build()
	runtime.GC()
	runtime.ReadMemStats(&after)
	return int(after.HeapAlloc) - int(before.HeapAlloc), w
}

func TestMemoryOfNodes(t *testing.T) {
	const n = 1_000_000
	for _, tc := range []struct {
		name  string
		state any
		size  int
		dies  bool
		most  float64
	}{
		{"stateless", nil, 0, false, 64},
		{"64 bytes of state", state64{}, 64, false, 64},
		// Once rows and numbers part, two maps between them take 8 bytes.
		{"one has died", nil, 0, true, 68},
	} {
		bytes, w := held(func() *World {
			w := NewWorld(Config{})
			nodes := w.Nodes(w.Program(Schema{Name: "p", State: tc.state}), "n", n)
			w.StateHash()
			if tc.dies {
				w.Bury(nodes[7])
				w.Structure()
			}
			return w
		})
		each := float64(bytes)/n - float64(tc.size)
		t.Logf("%s: %.1f bytes a node beside its state", tc.name, each)
		if each > tc.most {
			t.Errorf("%s: %.1f bytes a node beside its state, want at most %.0f", tc.name, each, tc.most)
		}
		runtime.KeepAlive(w)
	}
}

func TestMemoryOfEnvelopes(t *testing.T) {
	const n = 1_000_000
	for _, tc := range []struct {
		name    string
		presize int
		delay   Tick
		most    float64
	}{
		{"near, room made before", n, 60, 40},
		{"far, room made before", n, 50_000, 40},
		{"near, grown", 0, 60, 40},
		{"far, grown", 0, 50_000, 40},
	} {
		empty, _ := held(func() *World { return NewWorld(Config{}) })
		bytes, w := held(func() *World {
			w := NewWorld(Config{Envelopes: tc.presize})
			to := w.Node(w.Program(Schema{Name: "p"}), "n")
			for i := range Tick(n) {
				w.Post(&Envelope{To: to}, tc.delay+i%tc.delay)
			}
			return w
		})
		each := float64(bytes-empty) / n
		t.Logf("%s: %.1f bytes an envelope", tc.name, each)
		if each > tc.most {
			t.Errorf("%s: %.1f bytes an envelope, want at most %.0f", tc.name, each, tc.most)
		}
		runtime.KeepAlive(w)
	}
}
