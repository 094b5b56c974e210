package zmq

import (
	"bufio"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// BenchmarkToPyzmq compares frames of 64 KiB from here to pyzmq with those
// from pyzmq to pyzmq, in turn, and gives the ratio of the medians.
func BenchmarkToPyzmq(b *testing.B) {
	const count, size = 4000, 64 << 10
	var ours, theirs []float64
	for range 5 {
		ours = append(ours, toPyzmq(b, count, size))
		theirs = append(theirs, pyzmqToPyzmq(b, count, size))
	}
	for b.Loop() {
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	b.ReportMetric(ours[2]/1e6, "MB/s")
	b.ReportMetric(theirs[2]/1e6, "libzmq-MB/s")
	b.ReportMetric(ours[2]/theirs[2], "ratio")
}

func flood(b *testing.B, args ...string) (*exec.Cmd, func() string) {
	c := exec.Command("/usr/bin/python3", append([]string{"testdata/flood.py"}, args...)...)
	out, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewReader(out)
	return c, func() string {
		line, _ := lines.ReadString('\n')
		return strings.TrimSpace(line)
	}
}

// rate reads what a receiver says: frames, bytes, seconds.
func rate(b *testing.B, line string, count int) float64 {
	var n int
	var size, seconds float64
	if _, err := fmt.Sscan(line, &n, &size, &seconds); err != nil || n != count-1 {
		b.Fatalf("the receiver says %q, of %d: %v", line, count, err)
	}
	return size / seconds
}

func toPyzmq(b *testing.B, count, size int) float64 {
	m := [][]byte{[]byte("topic"), []byte(strings.Repeat(`{"v": 1}`, 10)), make([]byte, size)}
	var given atomic.Int64
	given.Store(int64(count) + 1) // nothing, until it has subscribed
	p := publisher(b, PublisherConfig{Next: func(ID) ([][]byte, bool) {
		switch n := given.Add(1); {
		case n <= int64(count):
			return m, true
		case n == int64(count)+1:
			return message("topic"), true
		}
		return nil, false
	}})
	defer p.Close()
	receiver, says := flood(b, "sub", p.Endpoint())
	until(b, p.events, Subscribed)
	given.Store(0)
	p.Wake()
	line := says()
	receiver.Wait()
	return rate(b, line, count)
}

func pyzmqToPyzmq(b *testing.B, count, size int) float64 {
	sender, port := flood(b, "pub", fmt.Sprint(count), fmt.Sprint(size))
	receiver, says := flood(b, "sub", "tcp://127.0.0.1:"+port())
	line := says()
	receiver.Wait()
	sender.Process.Kill() // it may linger
	sender.Wait()
	return rate(b, line, count)
}

// BenchmarkWake is what it costs to say that there is something next.
func BenchmarkWake(b *testing.B) {
	for _, viewers := range []int{0, 1, 20} {
		b.Run(fmt.Sprint(viewers), func(b *testing.B) {
			p := publisher(b, PublisherConfig{})
			defer p.Close()
			for range viewers {
				dial(b, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
				until(b, p.events, Joined)
			}
			for b.Loop() {
				p.Wake()
			}
		})
	}
}
