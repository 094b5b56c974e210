// Proves that clients and publisher find each other gone by keep-alives of TCP, which
// the system keeps a timer for.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const askAndStay = `
import sys
sys.path.insert(0, sys.argv[1])
import orrery
world = orrery.attach(sys.argv[2], timeout=20)
world.get("clock")
world.ask("hello")
sys.stdin.read()
`

const askAndStayInNode = `
const { attach } = require(process.argv[1] + "/orrery.js")
const world = attach(process.argv[2], { timeout: 20000 })
world.get("clock").then(() => world.ask("hello")).then(() => process.stdin.resume().on("end", () => process.exit(0)))
`

func TestClientsKeepConnectionsAlive(t *testing.T) {
	for _, kind := range []string{"python", "node"} {
		t.Run(kind, func(t *testing.T) {
			sim := startSim(t, written(t, actedOn), "--seed", "1", "--publish", "tcp://127.0.0.1:0", "--pace", "0.1", "--quiet")
			clients := filepath.Join(house, "clients")
			// The port of requests follows that of frames only if the user chose it.
			command := exec.Command("/usr/bin/python3", "-B", "-c", strings.Replace(askAndStay, "timeout=20", "timeout=20, requests=sys.argv[3]", 1), clients+"/python", sim.frames, sim.requests)
			if kind == "node" {
				command = exec.Command("node", "-e", strings.Replace(askAndStayInNode, "timeout: 20000", "timeout: 20000, requests: process.argv[3]", 1), clients+"/js", sim.frames, sim.requests)
				command.Env = append(os.Environ(), "NODE_PATH="+nodePath())
			}
			command.Stderr = os.Stderr
			in, err := command.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { in.Close(); command.Wait() }()
			var ports []string
			for _, endpoint := range []string{sim.frames, sim.requests} {
				var port int
				if _, err := fmt.Sscanf(endpoint, "tcp://127.0.0.1:%d", &port); err != nil {
					t.Fatal(err)
				}
				ports = append(ports, fmt.Sprintf("0100007F:%04X", port))
			}
			for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
				alive, all := keptAlive(t, ports)
				if alive == 4 { // both ends of both
					return
				}
				if time.Since(began) > 30*time.Second {
					t.Fatalf("%d of 4 ends have a timer: %s", alive, all)
				}
			}
		})
	}
}

// keptAlive counts ends of established connections whose timer is that of keep-alives.
func keptAlive(t *testing.T, ports []string) (alive int, all string) {
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) < 6 || f[3] != "01" || f[1] != ports[0] && f[1] != ports[1] && f[2] != ports[0] && f[2] != ports[1] {
			continue
		}
		all += line
		var when int64 // hundredths of a second
		if _, err := fmt.Sscanf(f[5], "02:%x", &when); err == nil && when <= 1500 {
			alive++
		}
	}
	return alive, all
}
