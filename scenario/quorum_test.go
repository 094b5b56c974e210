// Proves that quorum.star measures what its matrix implies: the distribution of
// the fifth-fastest of nine round trips, computed exactly.
package scenario

import (
	"math"
	"os"
	"testing"

	"orrery/ecs"
	"orrery/scenario/topology"
	"orrery/systems"
)

func TestQuorumIsAsTheMatrixImplies(t *testing.T) {
	const writes, jitter = 2000, 8e6
	s, err := Load(os.DirFS("../testdata"), "scenarios/quorum.star", Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run.RunUntil(writes*1000 + 999); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("../testdata/latency/ibm-cloud-2024-08-25.csv")
	if err != nil {
		t.Fatal(err)
	}
	m, err := topology.ParseLatencyCSV(data, true)
	if err != nil {
		t.Fatal(err)
	}
	// By the inequality of Dvoretzky, Kiefer and Wolfowitz with Massart's
	// constant, a sample of this size is further off once in a million times.
	off := math.Sqrt(math.Log(2e6) / (2 * writes))
	for _, part := range s.Run.Measures.Parts(s.Run.Measures.Distribution("write takes")) {
		i := indexOf(m.Names, part.Key)
		if i < 0 || part.Count != writes || part.Unit != systems.Duration {
			t.Errorf("%s: %d writes in %ss, want %d in durations", part.Key, part.Count, part.Unit, writes)
			continue
		}
		takes := majority(m, i, jitter)
		for _, q := range []struct {
			rank float64
			got  int64
		}{{0.50, part.P50}, {0.99, part.P99}} {
			top := float64(q.got) / 1e6
			bottom := top/(1+1.0/64) - 1 // a quantile may be 1/64 too high, and a tick is one value
			if takes(top) < q.rank-off || takes(bottom) > q.rank+off {
				t.Errorf("%s: the %v-quantile is %.1f ms, below which the matrix has %.3f to %.3f of the writes",
					part.Key, q.rank, top, takes(bottom), takes(top))
			}
		}
	}
}

func indexOf(names []string, name string) int {
	for i, n := range names {
		if n == name {
			return i
		}
	}
	return -1
}

// majority returns the distribution function, of milliseconds, of the time
// after which five of a region's nine peers have answered.
func majority(m *topology.Matrix, i int, jitter float64) func(ms float64) float64 {
	return func(ms float64) float64 {
		exactly := [11]float64{0: 1} // k peers have answered
		for j := range m.Names {
			if j == i {
				continue
			}
			p := answered(m.Latency[i][j], m.Latency[j][i], jitter, int(ms))
			for k := 9; k >= 0; k-- {
				exactly[k+1] += exactly[k] * p
				exactly[k] *= 1 - p
			}
		}
		sum := 0.0
		for _, p := range exactly[5:] {
			sum += p
		}
		return sum
	}
}

// answered is the probability that there and back take at most so many ticks:
// each way is rounded up to a tick.
func answered(there, back ecs.Nanoseconds, jitter float64, ticks int) float64 {
	within := func(latency ecs.Nanoseconds, ticks int) float64 {
		return min(1, max(0, (float64(ticks)*1e6-float64(latency))/jitter))
	}
	sum := 0.0
	for first := 1; first < ticks; first++ {
		sum += (within(there, first) - within(there, first-1)) * within(back, ticks-first)
	}
	return sum
}
