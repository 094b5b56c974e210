// Proves that the four protocols keep what their checks promise, for many
// seeds: some by default, two hundred with -seeds 200, as CI runs them.
package scenario

import (
	"flag"
	"fmt"
	"os"
	"path"
	"testing"

	"orrery/systems"
)

var seedsWanted = flag.Uint64("seeds", 0, "how many seeds each protocol is run with; 0: as many as fit in some seconds")

func TestProtocolsHold(t *testing.T) {
	for _, p := range []struct {
		file  string
		quick uint64 // seeds that take about a second
	}{
		{"scenarios/raft.star", 4},
		{"protocols/swim.star", 2},
		{"scenarios/two_phase_commit.star", 30},
		{"protocols/gossip_map.star", 60},
	} {
		n := p.quick
		if *seedsWanted > 0 {
			n = *seedsWanted
		}
		for part := range uint64(2) { // beside each other
			t.Run(fmt.Sprintf("%s/%d", path.Base(p.file), part), func(t *testing.T) {
				t.Parallel()
				for seed := 1 + part; seed <= n; seed += 2 {
					keeps(t, p.file, Options{Seed: seed})
				}
			})
		}
	}
}

// keeps runs a protocol and looks at its checks. What must be seen sometimes is
// promised of seeds together, and linearizable is only recorded yet.
func keeps(t *testing.T, file string, o Options) {
	s, err := Load(os.DirFS("../testdata"), file, o)
	must(t, err)
	must(t, s.Run.RunUntil(s.Until))
	for _, c := range s.Run.End().Checks {
		if c.Outcome != systems.Held && c.Kind != systems.Linearizable {
			t.Errorf("%s, seed %d: %s %q is %s at %d", file, o.Seed, c.Kind, c.Name, c.Outcome, c.At)
		}
	}
}
