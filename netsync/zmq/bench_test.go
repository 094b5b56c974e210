package zmq

import (
	"bufio"
	"fmt"
	"os/exec"
	"slices"
	"strings"
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
	p := publisher(b, PublisherConfig{})
	defer p.Close()
	receiver, says := flood(b, "sub", p.Endpoint())
	id := until(b, p.events, Subscribed).Viewer
	m := Message{Parts: [][]byte{[]byte("topic"), []byte(strings.Repeat(`{"v": 1}`, 10)), make([]byte, size)}, Whole: true}
	for range count {
		if !p.Give(id, m) {
			until(b, p.events, Drained)
		}
	}
	p.Give(id, whole("topic"))
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

// BenchmarkPublish is what a call costs the simulation, for any number of
// viewers.
func BenchmarkPublish(b *testing.B) {
	for _, viewers := range []int{0, 1, 20} {
		b.Run(fmt.Sprint(viewers), func(b *testing.B) {
			p := publisher(b, PublisherConfig{})
			defer p.Close()
			for range viewers {
				k := dial(b, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
				defer k.Close()
				k.Subscribe("")
				until(b, p.events, Subscribed)
				go func() {
					for {
						if _, err := k.Receive(); err != nil {
							return
						}
					}
				}()
			}
			m := whole("topic", "{}", strings.Repeat("x", 64<<10))
			for b.Loop() {
				p.Publish(m)
			}
		})
	}
}
