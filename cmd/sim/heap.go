package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// heapGrowth is by how much the heap grows at least between two collections.
// Worlds are mostly small, and what scripts leave behind is much more than what
// they keep: at Go's own pace a world of 1 MB would be walked after every 4 MB.
const heapGrowth int64 = 28 << 20

// goFloor is Go's own floor at 100 percent; it grows with the percentage.
const goFloor int64 = 4 << 20

// growHeapFirst has the collector wait for heapGrowth, unless the user says when
// it is to run. A heap larger than that doubles, as Go has it.
func growHeapFirst() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		growTo(&collected{})
	}
}

// collected is garbage from the start, so that its finalizer runs after each
// collection.
type collected struct{ _ *byte }

// growTo sets the growth until the next collection, in percent of what lives.
func growTo(c *collected) {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	bytes := max(goFloor, int64(live[0].Value.Uint64()))
	debug.SetGCPercent(int(max(100, heapGrowth*100/bytes)))
	runtime.SetFinalizer(c, growTo)
}
